"""Judge what fixes achieved, and watch for what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from feedback.domain import OUTCOME_RULES, Fix, Outcome, OutcomeVerdict
from feedback.notify.outcomes import is_told
from feedback.outcome import is_news
from feedback.series import bucket_start, day_of
from feedback.store.events import planned_events
from feedback.store.fixes import fixes, outcomes_of, store_outcomes
from jobs.context import Context
from jobs.notices import write_outcome
from jobs.panel import DatedPanel, dated_panel
from jobs.published import Published, published
from jobs.watermark import watermark
from models.detect.panel import Flags, Floats
from models.outcome import controls_of, course, end_of, estimate, eve, is_back, learn, scatter_of, verdict_of

HELPED = (OutcomeVerdict.WORKED, OutcomeVerdict.PARTLY)

TEACHERS = 40
"""So many topics, the busiest, say how topics run; rarer ones have little to say."""


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Judge the fixes that are watched, as of `now`. What brings no news is not written; all or none of it is."""
    current = published(context)
    with context.database.read() as connection:
        watched = fixes(connection, now - OUTCOME_RULES.watched, now)
        judging = _judging(context, connection, current, watched, now) if current and watched else None
        last = {each.id: next(reversed(outcomes_of(connection, each.id)), None) for each in watched}
    if judging is None:
        return {"watched": len(watched), "judged": 0}
    by_id = {each.id: each for each in watched}
    found = [(last[each.id], judging.outcome(each, last[each.id], now)) for each in watched]
    judged = [(before, after) for before, after in found if after is not None]
    news = [(before, after) for before, after in judged if is_news(before, after)]
    with context.write() as connection:
        store_outcomes(connection, [after for _, after in news])
        told = [after for before, after in news if is_told(before, after)]
        notices = sum(write_outcome(context, connection, by_id[each.fix_id], each, now) for each in told)
    return {"watched": len(watched), "judged": len(judged), "news": len(news), "notices": notices}


def _judging(
    context: Context, connection: Connection, current: Published, watched: Sequence[Fix], now: datetime
) -> _Judging | None:
    ids, zone = [each.id for each in current.topics], context.settings.zone
    dated = dated_panel(context, connection, current.version.id, ids, now)
    if dated is None:
        return None
    come_in = watermark(connection, now).until
    closed = np.array([bucket_start(day + timedelta(days=1), zone) <= come_in for day in dated.days])
    homes = {each.id: current.rule.curation.home(each.topic_id) for each in watched}
    expected = {topic: expected_days(connection, topic, dated.days) for topic in homes.values()}
    return _Judging(context, dated, closed & ~dated.panel.gaps, watched, homes, expected)


def expected_days(connection: Connection, topic: UUID, days: Sequence[date]) -> Flags:
    """(days,): those of planned events on which the topic was expected to rise."""
    planned = [each for each in planned_events(connection, days[0], days[-1]) if each.expected and each.concerns(topic)]
    return np.array([any(each.overlaps(day, day) for each in planned) for day in days])


@dataclass(frozen=True, eq=False)
class _Judging:
    """What all fixes of a run share. `usable` (days,) have data and are over; `expected` are a topic's planned days."""

    context: Context
    dated: DatedPanel
    usable: Flags
    watched: Sequence[Fix]
    homes: Mapping[int, UUID]
    expected: Mapping[UUID, Flags]

    def outcome(self, fix: Fix, last: Outcome | None, now: datetime) -> Outcome | None:
        """None where the counts say nothing of the fix, was judged as of later, or has regressed: that is the end."""
        place = self._place(fix)
        if place is None or (last is not None and (last.judged_at >= now or last.regressed_at is not None)):
            return None
        following = self._next_fix(fix)
        daily = self._daily(fix, place, self._day(following) if following else None)
        past = course(*daily.numbers, place, daily.phi, weighed=daily.weighed)
        if past.days == 0:
            return None
        if last is not None and last.verdict in HELPED and self._is_back(daily, place, last.ratio):
            return replace(last, judged_at=now, regressed_at=now)
        found = estimate(past, eve(past, self.common))
        numbers = {name: value for name, value in asdict(found).items() if name in Outcome.__slots__}
        ended = following.at if following and self._day(following) <= end_of(place) else None
        return Outcome(fix.id, now, verdict_of(found, fix.expect), **numbers, next_fix_at=ended)

    def _place(self, fix: Fix) -> int | None:
        """The day of the fix among those of the panel; None where that or the topic is not there."""
        day = self._day(fix)
        there = 0 <= day < len(self.dated.days) and self.homes[fix.id] in self.dated.topics
        return day if there else None

    def _day(self, fix: Fix) -> int:
        return (day_of(fix.at, self.context.settings.zone) - self.dated.days[0]).days

    def _next_fix(self, fix: Fix) -> Fix | None:
        """The next one of its topic; what is done on one day cannot be told apart."""
        own = (each for each in self.watched if self.homes[each.id] == self.homes[fix.id])
        return next((each for each in own if self._day(each) > self._day(fix)), None)

    def _daily(self, fix: Fix, place: int, end: int | None) -> _Daily:
        """Up to the day `end`: with those after it the fix would have the credit of the next one."""
        panel, topic = self.dated.panel, self.homes[fix.id]
        row = self.dated.topics.index(topic)
        mended = np.array([each in self.expected for each in self.dated.topics])
        controls = panel.exposure
        if controls is None:
            controls = controls_of(panel.counts, panel.total, panel.left_out, row, mended, place)
        usable = self.usable & ~self.expected[topic]
        phi = scatter_of(panel.counts, panel.total, self.usable, place)
        numbers = panel.counts[row, :end].astype(np.float64), controls[:end], usable[:end]
        return _Daily(numbers, float(phi[row]), panel.exposure is None)

    def _is_back(self, daily: _Daily, place: int, achieved: float) -> bool:
        return is_back(
            *daily.numbers, place, self.common, daily.phi, achieved, weighed=daily.weighed, rules=OUTCOME_RULES
        )

    @cached_property
    def common(self) -> Floats:
        """How topics run, of those without a fix; up to the last day of all, for any fix."""
        panel, end = self.dated.panel, self.dated.panel.days - 1
        phi = scatter_of(panel.counts, panel.total, self.usable, end)
        free = [row for row, topic in enumerate(self.dated.topics) if topic not in self.expected]
        busiest = sorted(free, key=lambda row: (-int(panel.counts[row].sum()), row))[:TEACHERS]
        controls = [(row, (panel.total - panel.counts[row]).astype(np.float64)) for row in busiest]
        return learn(
            [
                course(panel.counts[row].astype(np.float64), others, self.usable, end, float(phi[row]))
                for row, others in controls
            ]
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Daily:
    """The topic's counts, its controls and the usable days, each (days,), and what goes with them."""

    numbers: tuple[Floats, Floats, Flags]
    phi: float
    weighed: bool
