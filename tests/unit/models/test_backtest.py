from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.backtest import HORIZON, KINDS, NEVER, Backtest, Planted, Trials, q_alone
from models.detect import Panel
from models.detect.budget import Threshold
from models.detect.fdr import q_values

THRESHOLD = Threshold(3.0, 1.0, 1.0, 0.1, 100, 4, 0, q_bound=0.1)


def steady(topics: int = 10, days: int = 200) -> Panel:
    rates = np.geomspace(0.1, 10, topics)[:, None]
    return Panel.of(np.random.default_rng(5).poisson(rates, (topics, days)))


def planted(kind: str, lift: float | None = 3.0, **changes: object) -> Trials:
    test = Backtest(steady(), 140, THRESHOLD)
    return replace(test, **changes).plant(Planted(kind, lift), 6, np.random.default_rng(1))  # type: ignore[arg-type]


def test_a_step_of_one_is_hardly_ever_found_and_a_great_one_nearly_always() -> None:
    assert planted("step", 1.0).found(HORIZON) < 0.05
    assert planted("step", 30.0).found(HORIZON) > 0.9


def test_the_greater_a_rise_the_more_is_found() -> None:
    shares = [planted("step", lift).found(14) for lift in (1.5, 2.0, 3.0, 6.0)]
    assert shares == sorted(shares)
    assert shares[-1] > shares[0]


def test_a_ramp_is_found_later_than_a_step_and_both_are_more_with_time() -> None:
    step, ramp = planted("step", 6.0), planted("ramp", 6.0)
    assert ramp.found(7) < step.found(7)
    for trials in (step, ramp):
        assert trials.found(7) <= trials.found(14) <= trials.found(21)


def test_a_new_topic_is_found_though_nothing_is_added() -> None:
    found = planted("new", None)
    assert found.of_size(7, np.inf).found(14) > 0.9


def test_great_topics_rise_more_visibly() -> None:
    trials = planted("step", 2.0)
    assert trials.of_size(20, np.inf).found(21) > trials.of_size(0, 2).found(21)
    parts = [trials.of_size(*span) for span in ((0, 1), (1, 20), (20, np.inf))]
    assert sum(len(part.delays) for part in parts) == len(trials.delays)


@pytest.mark.parametrize("kind", KINDS)
def test_delays_are_whole_days_within_three_weeks_or_never(kind: str) -> None:
    trials = planted(kind)
    found = trials.delays[trials.delays != NEVER]
    assert ((found >= 1) & (found <= HORIZON) & (found == found.round())).all()
    assert len(trials.topics) == len(trials.weekly) == len(trials.delays) > 0


def test_the_same_seed_plants_the_same() -> None:
    np.testing.assert_array_equal(planted("ramp").delays, planted("ramp").delays)


def test_a_topic_that_was_alerted_all_along_gets_no_rise() -> None:
    panel = steady()
    excluded = panel.excluded.copy()
    excluded[4] = True
    assert 4 not in planted("step", panel=replace(panel, excluded=excluded)).topics


def test_a_higher_threshold_finds_less_and_opens_less() -> None:
    low, high = (Backtest(steady(), 140, replace(THRESHOLD, score=score)) for score in (1.5, 5.0))
    assert low.opened_a_week() > high.opened_a_week() == 0
    one, other = (each.plant(Planted("step", 2.0), 4, np.random.default_rng(2)) for each in (low, high))
    assert one.found(14) > other.found(14)


@pytest.mark.parametrize("judged", [HORIZON, 201])
def test_what_cannot_be_judged_is_refused(judged: int) -> None:
    with pytest.raises(ValueError, match="cannot judge"):
        Backtest(steady(), judged, THRESHOLD)


CHANCES = st.floats(1e-12, 1.0)


@given(st.lists(CHANCES, max_size=20), CHANCES)
@settings(max_examples=100, deadline=None)
def test_the_value_of_one_among_others_is_that_of_all_together(others: list[float], p: float) -> None:
    rest: NDArray[np.float64] = np.array([others], np.float64).reshape(1, -1)
    together = q_values(np.array([p, *others]))[0]
    assert q_alone(np.array([[p]]), rest)[0, 0] == pytest.approx(together)
