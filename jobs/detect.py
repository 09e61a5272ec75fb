"""Judge every topic's series, and open, feed or resolve alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from feedback.alerts import decide
from feedback.domain import Alert, Reason, Segment, SegmentCount, Signal, Span
from feedback.series import bucket_start
from feedback.severity import severity_of
from feedback.store import alerts
from feedback.store.complaints import came_late
from feedback.store.topics import StoredVersion, last_judged, store_judged
from jobs.context import Context
from jobs.evidence import Usual, Why, calm_before, evidence, usual_before
from jobs.hindsight import Hindsight, hindsight
from jobs.mutes import dismissed, end_with
from jobs.notices import hasten, write_graver, write_notices, write_together
from jobs.panel import DatedPanel, dated_panel
from jobs.published import published
from jobs.segments import SegmentSeries, segment_series
from jobs.severity import severity
from jobs.sources import tell_sources
from jobs.support import Backgrounds
from jobs.telling import Move, tell
from jobs.thresholds import SEGMENTS, Limit, Limits, limits
from jobs.watermark import watermark
from models.detect.combined import Combined
from models.detect.eb7 import EB7, Stages
from models.detect.panel import Scores
from models.detect.rises import Rises, find_rises
from models.detect.segments import SegmentRises, find_rises_in, find_segment_rises, time_of_year

LATE = ", late"
"""Added to a detector's name where it judges a week that is over anew."""

LATE_DAYS = 35
"""How far back complaints that come in late are looked at."""

NOTABLE = 0.05
"""Signals with a larger p are kept only for topics with an open alert."""


Late = Mapping[tuple[UUID, datetime], int]
"""How many complaints of each topic and bucket have come in late."""

LASTING = ("severity", "group")
"""What an alert keeps beside the evidence of its latest rise."""


class Judged(NamedTuple):
    """A signal and, where it is a rise, what it follows from."""

    signal: Signal
    why: Why | None

    @property
    def is_late(self) -> bool:
        return self.why is not None and self.why.late


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Judge as of `now`. Signals, alerts and transitions are written in one transaction: all or none."""
    current = published(context)
    if current is None:
        return {"judged": 0}
    ids = [each.id for each in current.topics]
    with context.database.read() as connection:
        last, come_in = last_judged(connection), watermark(connection, now)
        moment = come_in.judged_as_of(context, last)
        dated = dated_panel(context, connection, current.version.id, ids, moment, come_in)
    if dated is None or (last is not None and last >= now):
        return {"judged": 0}
    found = limits(context, current.version, dated, now)
    known = hindsight(context, current.version, found, last)
    judging = _Judging(context, current.version, dated, found)
    judged = [*judging.now(), *(judging.late(Span(last, now)) if last else ())]
    with context.write() as connection:
        changes = _decide(context, connection, current.version, judged, known, now)
    tell_sources(context, now)
    topics = {each.signal.topic_id for each in judged}
    rising = {each.signal.topic_id for each in judged if each.signal.rising}
    return {"judged": len(topics), "rising": len(rising), "transitions": changes}


@dataclass(frozen=True, slots=True, eq=False)
class _Judging:
    """What all judgements of a run share; a cell is (topic, day), days counted back from the last, -1."""

    context: Context
    version: StoredVersion
    dated: DatedPanel
    limits: Limits

    def now(self) -> list[Judged]:
        """A judgement of each topic, about a window that ends with the panel's last day.

        A topic that is calm as a whole is judged by its segments: only once a day is over, for hardly any has enough
        complaints for a part of a day to say more.
        """
        rises = find_rises(self.dated.panel, self.limits.whole.threshold, eb7=self._detector)
        rows = np.flatnonzero(rises.scores.judged[:, -1]).tolist()
        whole = {row: self._judged(rises, (row, -1)) for row in rows}
        if self.limits.in_segments and (self.dated.panel.complete or any(e.signal.rising for e in whole.values())):
            return self._in_segments(whole, self.limits.in_segments)
        return list(whole.values())

    @property
    def _detector(self) -> EB7:
        """One that goes on from where the last judgement of the same past was."""
        return EB7(stages=self.context.memory.setdefault("stages", Stages()))

    def _in_segments(self, whole: Mapping[int, Judged], limit: Limit) -> list[Judged]:
        """The judgements of all topics, where those have risen that have, and of others that have in a segment."""
        series = self._series(limit)
        eb7 = EB7(stages=self.context.memory.setdefault("stages in segments", Stages()))
        season = time_of_year(self.dated.panel, self._detector)
        rises = find_segment_rises(series.panel, limit.threshold, eb7, season)
        found: list[Judged] = []
        for row, each in whole.items():
            if each.why:
                by = each.why.reason.detector
                where = self._where(series, rises, (row, by), rises.where(row, by))
                found.append(each._replace(why=replace(each.why, where=where)))
            else:
                found.append(each)
                if self.dated.panel.complete and rises.surest(row):
                    found.append(self._by_segment(series, rises, row, limit))
        return found

    def _series(self, limit: Limit) -> SegmentSeries:
        with self.context.database.read() as connection:
            return segment_series(self.context, connection, self.version, self.dated, limit.segments)

    def _by_segment(self, series: SegmentSeries, rises: SegmentRises, row: int, limit: Limit) -> Judged:
        """The judgement of the segment in which a topic has risen most surely."""
        places = rises.surest(row)
        by, segment = rises.by(places[0], row), series.segments[places[0]]
        judged = self._of_segment(rises.of(places[0]), (row, -1), segment, limit)
        where = self._where(series, rises, (row, by), places)
        return judged._replace(why=judged.why and replace(judged.why, where=where))

    def _of_segment(
        self, rises: Rises, cell: tuple[int, int], segment: Segment, limit: Limit, *, late: bool = False
    ) -> Judged:
        signal = replace(self._signal(rises, cell, SEGMENTS + LATE * late, limit), segment=segment)
        bound = limit.threshold.q_bound
        return Judged(signal, Why(self._reason(rises, cell), self.limits.set_at, limit.as_dict(), bound, late))

    def _where(
        self, series: SegmentSeries, rises: SegmentRises, found: tuple[int, str], places: Sequence[int]
    ) -> tuple[SegmentCount, ...]:
        """What a topic (its row) has in these segments, over the window of the detector that has found it rising."""
        row, by = found
        return tuple(_segment_count(series.segments[place], rises.of(place, by).scores, row) for place in places)

    def late(self, ingested: Span) -> list[Judged]:
        """Rises of weeks that are over, which complaints that came in late have made, in topics without an alert then;
        in a segment, where there is none as a whole.

        Without them the count would lie within its prediction interval: what else makes a past week stand out now,
        such as another version, is not told as late.
        """
        dated, zone, window = self.dated, self.context.settings.zone, EB7().window
        reach = min(LATE_DAYS, len(dated.days))
        span = Span(*(bucket_start(dated.days[place], zone) for place in (-reach, 1 - min(window, reach))))
        late = self._came_late(span, ingested)
        if not late:
            return []
        rises = find_rises(dated.panel, self.limits.whole.threshold, days=reach, eb7=self._detector)
        whole = {row: self._judged(rises, (row, end), late=True) for row, end in self._made_by(late, rises)}
        limit = self.limits.in_segments
        parts = self._late_in_segments(span, ingested, reach, limit) if limit else {}
        return list({**parts, **whole}.values())

    def _late_in_segments(self, span: Span, ingested: Span, reach: int, limit: Limit) -> dict[int, Judged]:
        """The surest late rise of each topic (its row) in a segment."""
        series = self._series(limit)
        days = min(reach, len(series.days))
        season = time_of_year(self.dated.panel, self._detector, days)
        found: dict[int, Judged] = {}
        for place, segment in enumerate(series.segments):
            if late := self._came_late(span, ingested, segment):
                rises = find_rises_in(series.panel, place, limit.threshold, days, season=season)
                for row, end in self._made_by(late, rises):
                    each = self._of_segment(rises, (row, end), segment, limit, late=True)
                    if row not in found or each.signal.score > found[row].signal.score:
                        found[row] = each
        return found

    def _came_late(self, span: Span, ingested: Span, segment: Segment | None = None) -> Late:
        with self.context.database.read() as connection:
            return came_late(connection, self.version.id, span, ingested, segment)

    def _made_by(self, late: Late, rises: Rises) -> list[tuple[int, int]]:
        """The surest of each topic's rises (topic, day) whose windows are over and would be as expected without what
        came in late."""
        reach = rises.rising.shape[1]
        zone, days = self.context.settings.zone, self.dated.days[-reach:]
        starts = [bucket_start(day, zone) for day in days]
        counts = np.array([[late.get((topic, start), 0) for start in starts] for topic in self.dated.topics])
        sums = np.concatenate([np.zeros((len(counts), 1), np.int64), np.cumsum(counts, axis=1)], axis=1)
        begin = np.maximum(np.arange(reach) + 1 - rises.scores.window, 0)
        within = sums[:, 1:] - np.take_along_axis(sums, begin, axis=1)
        as_expected = rises.scores.observed - within <= rises.scores.high
        made = rises.rising & (within > 0) & as_expected & ~self.dated.panel.excluded[:, -reach:]
        made[:, -1] = False
        best = np.where(made, rises.scores.score, -1.0).argmax(axis=1)
        return [(row, int(best[row]) - reach) for row in np.flatnonzero(made.any(axis=1)).tolist()]

    def _judged(self, rises: Rises, cell: tuple[int, int], *, late: bool = False) -> Judged:
        """The signal, and what it follows from if it is a rise."""
        whole = self.limits.whole
        signal = self._signal(rises, cell, Combined().name + LATE * late, whole)
        if not signal.rising:
            return Judged(signal, None)
        by_others, bound = self.dated.panel.exposure is None, whole.threshold.q_bound
        reason = replace(self._reason(rises, cell), exposure="" if by_others else self.context.settings.exposure)
        return Judged(signal, Why(reason, self.limits.set_at, whole.as_dict(), bound, late))

    def _reason(self, rises: Rises, cell: tuple[int, int]) -> Reason:
        reason = rises.reasons.of(*cell)
        return replace(reason, silent=self.dated.panel.silent(*cell, reason.window_days))

    def _signal(self, rises: Rises, cell: tuple[int, int], detector: str, limit: Limit) -> Signal:
        row, day = cell
        return signal_of(
            rises.scores,
            cell,
            topic_id=self.dated.topics[row],
            version_id=self.version.id,
            detector=detector,
            window=self._window(int(rises.scores.window[cell]), day),
            q=float(rises.q[cell]),
            threshold=limit.threshold.score,
            rising=bool(rises.rising[cell]),
            complete=self.dated.panel.complete or day < -1,
        )

    def _window(self, length: int, day: int) -> Span:
        zone, last = self.context.settings.zone, self.dated.days[day]
        start = bucket_start(last - timedelta(days=length - 1), zone)
        return Span(start, bucket_start(last + timedelta(days=1), zone))


def signal_of(scores: Scores, cell: tuple[int, int], **known: Any) -> Signal:
    """The signal with the numbers in one cell (topic, bucket) of the scores, and what else is `known` of it."""
    return Signal(
        observed=int(scores.observed[cell]),
        expected=float(scores.expected[cell]),
        low=float(scores.low[cell]),
        high=float(scores.high[cell]),
        p=float(scores.p[cell]),
        score=float(scores.score[cell]),
        **known,
    )


def _segment_count(segment: Segment, scores: Scores, row: int) -> SegmentCount:
    cell = (row, -1)
    low, high, p = float(scores.low[cell]), float(scores.high[cell]), float(scores.p[cell])
    return SegmentCount(segment, int(scores.observed[cell]), float(scores.expected[cell]), low, high, p)


def _start(window: Span) -> datetime:
    return window.start


def _decide(
    context: Context,
    connection: Connection,
    version: StoredVersion,
    judged: Sequence[Judged],
    known: Hindsight,
    now: datetime,
) -> int:
    """Keep the signals, and write what they do to the alerts; the number of transitions."""
    before = alerts.latest_alerts(connection, to_change=True)
    notable = [each for each in judged if each.signal.p <= NOTABLE or _has_open(before, each.signal.topic_id)]
    alerts.store_signals(connection, [each.signal for each in notable], now)
    store_judged(connection, version.id, now)
    told = [each for each in notable if _counts(each, before, known)]
    of_now = {each.signal.topic_id for each in told if each.signal.rising and not each.is_late}
    told = [each for each in told if not (each.is_late and each.signal.topic_id in of_now)]
    in_segments = {each.signal.topic_id for each in told if each.signal.segment}
    # calm as a whole is not calm
    told = [each for each in told if each.signal.segment or each.signal.topic_id not in in_segments]
    return decide_all(context, connection, version, before, told, now)


def decide_all(
    context: Context,
    connection: Connection,
    version: StoredVersion,
    before: Mapping[UUID, Alert],
    judged: Sequence[Judged],
    now: datetime,
) -> int:
    """Write what signals do to the alerts of `before`, the latest of each topic; the number of transitions."""
    rising = [each.signal for each in judged if each.signal.rising]
    # the longest window's start: what is usual must not hold any of the rises
    usual = usual_before(connection, version.id, min((each.window for each in rising), key=_start)) if rising else None
    returns = alerts.returns_of(connection, [each.id for each in before.values()])
    no_issue, backgrounds = dismissed(connection, before.values()), Backgrounds(context, connection, now)
    run = _Run(context, connection, version, usual, returns, no_issue, backgrounds, now)
    moves = [run.apply(before.get(each.signal.topic_id), each) for each in judged]
    moved = [each for each in moves if each]
    tellings = tell(context, connection, moved, now)
    for each in tellings:
        if each.group:
            write_together(context, connection, each.moved, each.group, each.area, now)
        else:
            write_notices(context, connection, *each.moved[0], now)
    told = {change.alert.id for each in tellings for change, _ in each.moved}
    for move in moved:
        if move.rising and move.alert.id not in told:
            write_graver(context, connection, move.alert, now)
    return sum(each.change is not None for each in moved)


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """What all decisions of a run share. `usual` is None where nothing has risen."""

    context: Context
    connection: Connection
    version: StoredVersion
    usual: Usual | None
    returns: Mapping[UUID, Sequence[datetime]]
    dismissed: Mapping[UUID, int]
    backgrounds: Backgrounds
    now: datetime

    def apply(self, before: Alert | None, judged: Judged) -> Move | None:
        """Store what a signal does to an alert; None where there is none, or where it stays as it is."""
        connection, now = self.connection, self.now
        came_back, no_issue = (self.returns[before.id], self.dismissed.get(before.id)) if before else ((), None)
        decision = decide(before, judged.signal, now, self.context.settings.alert_policy, came_back, no_issue)
        after, change = decision.alert, decision.transition
        if after is None or (after == before and not after.is_open):
            return None
        kept = alerts.evidence_of(connection, after.id) if before and before.id == after.id else {}
        if judged.why and self.usual:
            kept = self._evidence(judged.signal, judged.why, self.usual, kept, anew=change is not None)
        alerts.store_alert(connection, after, now, kept)
        position = None
        if change:
            position = alerts.add_transition(connection, change)
            end_with(connection, change)
        if graver := severity_of(kept):
            hasten(self.context, connection, after.id, graver)
        return Move(after, judged.signal.rising, change, position)

    def _evidence(
        self, signal: Signal, why: Why, usual: Usual, kept: Mapping[str, Any], *, anew: bool
    ) -> dict[str, Any]:
        """What to keep of a rise beside what lasts of `kept`."""
        context, connection = self.context, self.connection
        lasting = {name: kept[name] for name in LASTING if name in kept}
        found = {**lasting, **evidence(context, connection, signal, why, self.version, usual, kept)}
        calm = calm_before(context, connection, signal.topic_id, usual)
        found["severity"] = severity(context, connection, signal, calm, found, self.now, anew=anew)
        return {**found, "support": self.backgrounds.of(signal)}


def _counts(judged: Judged, before: Mapping[UUID, Alert], known: Hindsight) -> bool:
    """Whether alerts are to hear of it: not of a late rise in an alert about now, nor of what a publication shows."""
    if _has_open(before, judged.signal.topic_id):
        return not judged.is_late
    return not known.explains(judged.signal)


def _has_open(latest: Mapping[UUID, Alert], topic_id: UUID) -> bool:
    alert = latest.get(topic_id)
    return alert is not None and alert.is_open
