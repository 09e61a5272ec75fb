from __future__ import annotations

import numpy as np
import pytest

from feedback.errors import FeedbackError
from feedback.found_chart import found_chart
from jobs.backtest import BacktestPlan, report_on
from jobs.progress import Silent
from models.detect import Panel


def steady(days: int) -> Panel:
    rates = np.geomspace(0.1, 10, 12)[:, None]
    return Panel.of(np.random.default_rng(5).poisson(rates, (12, days)))


def test_great_rises_are_found_and_the_parts_add_up() -> None:
    plan = BacktestPlan(kinds=("step", "new"), lifts=(1.1, 20.0), budgets=(1.0, 3.0), repeats=3)
    report = report_on(steady(180), plan, Silent())
    small, great, new = report.rises
    assert small["within_2"] < 0.3
    assert great["within_2"] > 0.8
    assert new["planted"] > 0
    assert sum(each["planted"] for each in report.sizes) == sum(each["planted"] for each in report.rises)
    assert [each["budget"] for each in report.budgets] == [1.0, 3.0]
    assert report.budgets[0]["threshold"] > report.budgets[1]["threshold"]
    assert report.budgets[0]["within_2"] <= report.budgets[1]["within_2"]
    assert {kind: list(lines) for kind, lines in report.curves.items()} == {
        "step": ["×1.1", "×20"],
        "new": ["as usual for the topic"],
    }
    assert found_chart(report.curves).startswith(b"\x89PNG")


def test_the_same_plan_gives_the_same_report() -> None:
    plan = BacktestPlan(kinds=("spike",), lifts=(3.0,), repeats=2)
    assert report_on(steady(120), plan, Silent()) == report_on(steady(120), plan, Silent())


def test_a_short_history_is_refused_with_what_is_needed() -> None:
    with pytest.raises(FeedbackError, match="9 weeks of complaints; a backtest needs 10"):
        report_on(steady(69), BacktestPlan(), Silent())


def test_without_a_curve_there_is_no_picture() -> None:
    with pytest.raises(ValueError, match="at least one curve"):
        found_chart({"step": {}})
