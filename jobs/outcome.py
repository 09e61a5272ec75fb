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
from models.outcome import (
    UNSEEN,
    WEEK,
    Estimate,
    controls_of,
    course,
    end_of,
    estimate,
    eve,
    is_back,
    learn,
    scatter_of,
    verdict_of,
)

HELPED = (OutcomeVerdict.WORKED, OutcomeVerdict.PARTLY)

ENOUGH_HEARD = 0.5
"""A day on which less of the topic than this came through sources that were not silent says nothing of a fix."""

TEACHERS = 40
"""So many topics, the busiest, say how topics run; rarer ones have little to say."""


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Judge the fixes that are watched, as of `now`, and those that were entered too late for it. What brings no news
    is not written; all or none of it is."""
    current = published(context)
    with context.database.read() as connection:
        made = fixes(connection, until=now)
        last = {each.id: next(reversed(outcomes_of(connection, each.id)), None) for each in made}
        watched = [each for each in made if not _is_settled(each, last[each.id], now)]
        judging = _judging(context, connection, current, made, watched, now) if current and watched else None
    if judging is None:
        return {"watched": len(watched), "judged": 0}
    by_id = {each.id: each for each in watched}
    found = [(last[each.id], judging.outcome(each, last[each.id])) for each in watched]
    judged = [(before, after) for before, after in found if after is not None]
    news = [(before, after) for before, after in judged if is_news(before, after)]
    with context.write() as connection:
        store_outcomes(connection, [after for _, after in news])
        told = [after for before, after in news if is_told(before, after)]
        notices = sum(write_outcome(context, connection, by_id[each.fix_id], each, now) for each in told)
    return {"watched": len(watched), "judged": len(judged), "news": len(news), "notices": notices}


def _is_settled(fix: Fix, last: Outcome | None, now: datetime) -> bool:
    return last is not None and last.final and _is_past(fix, now)


def _is_past(fix: Fix, now: datetime) -> bool:
    return fix.at + OUTCOME_RULES.watched < now


def _judging(
    context: Context,
    connection: Connection,
    current: Published,
    made: Sequence[Fix],
    watched: Sequence[Fix],
    now: datetime,
) -> _Judging | None:
    ids, zone = [each.id for each in current.topics], context.settings.zone
    dated = dated_panel(context, connection, current.version.id, ids, now)
    if dated is None:
        return None
    come_in = watermark(connection, now).until
    closed = np.array([bucket_start(day + timedelta(days=1), zone) <= come_in for day in dated.days])
    homes = {each.id: current.rule.curation.home(each.topic_id) for each in made}
    expected = {topic: expected_days(connection, topic, dated.days) for topic in {homes[each.id] for each in watched}}
    return _Judging(context, now, dated, int(closed.sum()), closed & ~dated.panel.gaps, made, homes, expected)


def expected_days(connection: Connection, topic: UUID, days: Sequence[date]) -> Flags:
    """(days,): those of planned events on which the topic was expected to rise."""
    planned = [each for each in planned_events(connection, days[0], days[-1]) if each.expected and each.concerns(topic)]
    return np.array([any(each.overlaps(day, day) for each in planned) for day in days])


def _finished(outcome: Outcome) -> Outcome:
    """No more data will be used: what is open stays open."""
    is_open = outcome.verdict is OutcomeVerdict.UNKNOWN
    return replace(outcome, verdict=OutcomeVerdict.UNTOLD if is_open else outcome.verdict, final=True)


@dataclass(frozen=True, eq=False)
class _Judging:
    """What all fixes of a run share. Of the panel's days the first `over` are over, and those `usable` (days,) have
    data too. `made` are all fixes, the first first, and `homes` their topics; `expected` are the planned days of the
    topics of those that are watched."""

    context: Context
    now: datetime
    dated: DatedPanel
    over: int
    usable: Flags
    made: Sequence[Fix]
    homes: Mapping[int, UUID]
    expected: Mapping[UUID, Flags]

    def outcome(self, fix: Fix, last: Outcome | None) -> Outcome | None:
        """None where the counts say nothing of the fix yet, it was judged as of later, or has regressed: that is the
        end."""
        if last is not None and (last.judged_at >= self.now or last.regressed_at is not None):
            return None
        place = self._day(fix)
        if place < 0 or self.homes[fix.id] not in self.dated.topics:
            is_over = place < 0 or _is_past(fix, self.now)
            return replace(_finished(last or self._told(fix, UNSEEN)), judged_at=self.now) if is_over else None
        return self._judged(fix, place, last) if place < self.dated.panel.days else None

    def _judged(self, fix: Fix, place: int, last: Outcome | None) -> Outcome | None:
        watched_until = place + 1 + OUTCOME_RULES.watched.days
        following = self._next_fix(fix)
        end = min(self._day(following), watched_until) if following else watched_until
        daily = self._daily(fix, place, end)
        after = last
        ended = following.at if following and end < end_of(place) else None
        if last is None or not last.final or last.next_fix_at != ended:
            after = self._estimated(fix, place, daily, final=min(end, end_of(place)) <= self.over)
            after = after and replace(after, next_fix_at=ended)
        known = last or after
        if known is None or known.verdict not in HELPED:
            return after
        end = min(end, self.dated.panel.days)
        # what is judged for the first time was not looked at before either
        looks = [end] if last else range(end, place, -WEEK)
        back = next((look for look in reversed(looks) if self._is_back(daily, place, look, known.ratio)), None)
        return replace(known, judged_at=self.now, regressed_at=self._as_of(back), final=True) if back else after

    def _estimated(self, fix: Fix, place: int, daily: _Daily, *, final: bool) -> Outcome | None:
        """None where no day after it has data, and one may have yet."""
        past = course(*daily.numbers, place, daily.phi, weighed=daily.weighed)
        if not past.days and not final:
            return None
        found = estimate(past, eve(past, self.common)) if past.days else replace(UNSEEN, known_days=past.known_days)
        return _finished(self._told(fix, found)) if final else self._told(fix, found)

    def _told(self, fix: Fix, found: Estimate) -> Outcome:
        numbers = {name: value for name, value in asdict(found).items() if name in Outcome.__slots__}
        return Outcome(fix.id, self.now, verdict_of(found, fix.expect), **numbers)

    def _as_of(self, end: int) -> datetime:
        """When a day was over, of those that are."""
        if end >= self.dated.panel.days:
            return self.now
        return bucket_start(self.dated.days[end], self.context.settings.zone)

    def _day(self, fix: Fix) -> int:
        """Which of the panel's days it was made on; below 0 before the first of them."""
        return (day_of(fix.at, self.context.settings.zone) - self.dated.days[0]).days

    def _next_fix(self, fix: Fix) -> Fix | None:
        """The next one of its topic; what is done on one day cannot be told apart."""
        own = (each for each in self.made if self.homes[each.id] == self.homes[fix.id])
        return next((each for each in own if self._day(each) > self._day(fix)), None)

    def _daily(self, fix: Fix, place: int, end: int) -> _Daily:
        """Up to the day `end`: with those after it the fix would have the credit of the next one."""
        panel, topic = self.dated.panel, self.homes[fix.id]
        row = self.dated.topics.index(topic)
        near = range(place - end_of(0), end_of(place))
        mended = {self.homes[each.id] for each in self.made if self._day(each) in near}
        controls = panel.exposure
        if controls is None:
            moved = np.array([each in mended for each in self.dated.topics])
            controls = controls_of(panel.counts, panel.total, panel.left_out, row, moved, place)
            controls = controls if panel.heard is None else panel.heard.whole(controls)
        heard = np.ones(panel.days) if panel.heard is None else panel.heard.topics[row]
        usable = self.usable & ~self.expected[topic] & (heard >= ENOUGH_HEARD)
        phi = scatter_of(panel.counts, panel.total, self.undisturbed, place)
        numbers = panel.counts[row, :end].astype(np.float64), (controls * heard)[:end], usable[:end]
        return _Daily(numbers, float(phi[row]), panel.exposure is None)

    def _is_back(self, daily: _Daily, place: int, end: int, achieved: float) -> bool:
        counts, controls, usable = daily.numbers
        numbers = counts[:end], controls[:end], usable[:end]
        return is_back(*numbers, place, self.common, daily.phi, achieved, weighed=daily.weighed, rules=OUTCOME_RULES)

    @cached_property
    def undisturbed(self) -> Flags:
        """(days,): the usable ones on which no source was silent."""
        heard = self.dated.panel.heard
        return self.usable if heard is None else self.usable & heard.is_whole

    @cached_property
    def common(self) -> Floats:
        """How topics run, of those without a fix; up to the last day of all, for any fix."""
        panel, end = self.dated.panel, self.dated.panel.days - 1
        phi = scatter_of(panel.counts, panel.total, self.undisturbed, end)
        free = [row for row, topic in enumerate(self.dated.topics) if topic not in self.expected]
        busiest = sorted(free, key=lambda row: (-int(panel.counts[row].sum()), row))[:TEACHERS]
        controls = [(row, (panel.total - panel.counts[row]).astype(np.float64)) for row in busiest]
        return learn(
            [
                course(panel.counts[row].astype(np.float64), others, self.undisturbed, end, float(phi[row]))
                for row, others in controls
            ]
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Daily:
    """The topic's counts, its controls and the usable days, each (days,), and what goes with them."""

    numbers: tuple[Floats, Floats, Flags]
    phi: float
    weighed: bool
