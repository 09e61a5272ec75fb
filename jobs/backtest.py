"""What the detector would find in the operator's own history, and what another budget would cost or bring."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from feedback.errors import FeedbackError
from feedback.series import bucket_start, day_of
from feedback.store import complaints
from jobs.context import Context, Progress
from jobs.panel import dated_panel
from jobs.published import published
from jobs.segments import segments_worth_judging
from jobs.thresholds import EVALUATIONS_PER_DAY, whole_share
from models.backtest import HORIZON, KINDS, WEEK, Backtest, Planted, Trials
from models.detect import Panel
from models.detect.budget import Threshold, simulated

WARM_UP, LEAST_WEEKS = 6, 4
"""Weeks that the detector needs to know what is usual, and the least that must be left to plant rises into."""

SIZES = {"under 1 a week": (0.0, 1.0), "1 to 5": (1.0, 5.0), "5 to 20": (5.0, 20.0), "20 or more": (20.0, math.inf)}
"""Topics by their complaints a week."""

PERIODS = (7, 14, 21)


@dataclass(frozen=True, slots=True)
class BacktestPlan:
    """What to plant: each of the `kinds` with each of the `lifts`, `repeats` times into each topic, in the last
    `weeks`; under each of the `budgets` of false alarms a week, the first of which is told in detail."""

    kinds: Sequence[str] = KINDS
    lifts: Sequence[float] = (1.5, 2.0, 3.0)
    budgets: Sequence[float] = (1.0,)
    weeks: int = 26
    repeats: int = 5
    seed: int = 1

    def rises(self) -> Iterator[Planted]:
        for kind in self.kinds:
            if kind == "new":
                yield Planted(kind, None)
            else:
                yield from (Planted(kind, lift) for lift in self.lifts)


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """Rows of numbers for tables: by rise, by size of topic and by budget; and the share found by day for a picture."""

    weeks: float
    topics: int
    part: float = 1.0
    rises: list[dict[str, Any]] = field(default_factory=list)
    sizes: list[dict[str, Any]] = field(default_factory=list)
    budgets: list[dict[str, Any]] = field(default_factory=list)
    curves: dict[str, dict[str, list[float]]] = field(default_factory=dict)


def run_backtest(context: Context, plan: BacktestPlan, now: datetime) -> BacktestReport:
    """Plant and judge as of `now`; nothing is written.

    Raises FeedbackError before the first topic model is published, and when there is too little history.
    """
    panel, with_segments = _panel(context, now)
    return report_on(panel, plan, context.progress, whole_share(with_segments=with_segments))


def report_on(panel: Panel, plan: BacktestPlan, progress: Progress, part: float = 1.0) -> BacktestReport:
    """What is found of the plan's rises in a panel, with this part of the budgets.

    Raises FeedbackError when the history is too short.
    """
    judged = min(plan.weeks * WEEK, panel.days - WARM_UP * WEEK)
    if judged < LEAST_WEEKS * WEEK:
        raise FeedbackError(
            f"There are {panel.days // WEEK} weeks of complaints; a backtest needs {WARM_UP + LEAST_WEEKS}, "
            f"{WARM_UP} of them to learn what is usual."
        )
    report = BacktestReport(judged / WEEK, panel.topics, part)
    rises = list(plan.rises())
    with progress.task("Planting rises", len(plan.budgets) * (len(rises) + 1)) as advance:
        done = 0
        simulation = simulated(panel, evaluations_per_day=EVALUATIONS_PER_DAY)
        for place, budget in enumerate(plan.budgets):
            threshold = simulation.threshold(budget * part)
            test = Backtest(panel, judged, threshold)
            advance(done := done + 1)
            trials: list[Trials] = []
            for rise in rises:
                trials.append(test.plant(rise, plan.repeats, np.random.default_rng([plan.seed, len(trials)])))
                advance(done := done + 1)
            report.budgets.append({"budget": budget, **_budget_row(test, threshold, trials)})
            if place == 0:
                _detail(report, trials)
    return report


def _panel(context: Context, now: datetime) -> tuple[Panel, bool]:
    """The series of all topics, and whether they are judged by segment as well."""
    current = published(context)
    if current is None:
        raise FeedbackError("There are no topics yet: `feedback run retrain` trains the first version.")
    with context.database.read() as connection:
        _, _, last = complaints.count_complaints(connection)
        # a history that ended last year is judged to its end
        end = min(now, _day_after(last, context.settings.zone)) if last else now
        dated = dated_panel(context, connection, current.version.id, [each.id for each in current.topics], end)
        if dated is None:
            raise FeedbackError("There are no complaints to plant rises among; `feedback ingest` reads them.")
        return dated.panel, bool(segments_worth_judging(context, connection, current.version, dated))


def _day_after(moment: datetime, zone: ZoneInfo) -> datetime:
    return bucket_start(day_of(moment, zone) + timedelta(days=1), zone)


def _detail(report: BacktestReport, trials: Sequence[Trials]) -> None:
    for each in trials:
        report.rises.append({**_name(each.planted), **_found(each)})
        by_day = [each.found(day) for day in range(1, HORIZON + 1)]
        if len(each.delays):
            report.curves.setdefault(each.planted.kind, {})[_lift_name(each.planted)] = by_day
        for size, span in SIZES.items():
            of_size = each.of_size(*span)
            if len(of_size.delays):
                report.sizes.append({**_name(each.planted), "size": size, **_found(of_size)})


def _budget_row(test: Backtest, threshold: Threshold, trials: Sequence[Trials]) -> dict[str, Any]:
    delays = np.concatenate([each.delays for each in trials])
    together = Trials(trials[0].planted, np.zeros(len(delays), np.int64), np.zeros(len(delays)), delays)
    return {
        "threshold": threshold.score,
        "simulated": threshold.achieved,
        "q_bound": threshold.q_bound,
        "opened_in_history": test.opened_a_week(),
        **_found(together),
    }


def _name(planted: Planted) -> dict[str, Any]:
    return {"kind": planted.kind, "lift": planted.lift}


def _lift_name(planted: Planted) -> str:
    return f"×{planted.lift:g}" if planted.lift else "as usual for the topic"


def _found(trials: Trials) -> dict[str, Any]:
    """The number planted, the share found within one, two and three weeks, and the median delay of those found."""
    found = trials.delays[np.isfinite(trials.delays)]
    shares = {f"within_{days // WEEK}": trials.found(days) if len(trials.delays) else None for days in PERIODS}
    return {"planted": len(trials.delays), **shares, "days": float(np.median(found)) if len(found) else None}
