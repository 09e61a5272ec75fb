"""From which score a topic is rising, as a whole and in a segment; set anew when what it was set for has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from feedback.domain import Segment
from feedback.store import alerts
from feedback.store.topics import StoredVersion
from jobs.circumstances import Circumstances
from jobs.context import Context
from jobs.panel import DatedPanel
from jobs.segments import segment_series, segments_worth_judging
from models.detect.budget import Threshold, threshold_for
from models.detect.combined import Combined
from models.detect.outage import BUDGET_SHARE as HOURLY_SHARE
from models.detect.segments import BUDGET_SHARE as SEGMENTS_SHARE
from models.detect.segments import LEAST_A_DAY, MOST_SEGMENTS, segment_threshold

EVALUATIONS_PER_DAY = 4
AGE = timedelta(days=14)
"""A threshold is set anew after so long in any case."""

CLEARLY = 1.5
"""How many times what makes a segment worth judging a new one has to have, lest one at the edge comes and goes."""

SEGMENTS = f"{Combined().name} in segments"
"""What judges segments, by the name that signals and thresholds carry. In a release before, EB7 alone did, whose
thresholds say nothing of the ramp."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold, how many topics it was set for, and for which segments: none where it is for topics as a whole."""

    threshold: Threshold
    topics: int
    segments: tuple[Segment, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        names = [[each.attribute, each.value] for each in self.segments]
        return {**asdict(self.threshold), "topics": self.topics, "segments": names}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Limit:
        threshold = Threshold(**{each.name: stored[each.name] for each in fields(Threshold)})
        return cls(threshold, stored["topics"], tuple(Segment(*each) for each in stored.get("segments", ())))


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds since `set_at`, and what it was set for; `in_segments` is None where no segment is judged."""

    set_at: datetime
    set_for: Circumstances
    whole: Limit
    in_segments: Limit | None

    @property
    def segments(self) -> tuple[Segment, ...]:
        return self.in_segments.segments if self.in_segments else ()


def limits(context: Context, version: StoredVersion, dated: DatedPanel, now: datetime) -> Limits:
    """Those in force, set by simulation when there are none or what they were set for changed."""
    stored = _stored(context, now)
    if stored and _holds(stored, context, version, dated, now):
        return stored
    fresh = _set(context, version, dated, now)
    origin = {**fresh.whole.as_dict(), "set_for": fresh.set_for.as_dict()}
    with context.write() as connection:
        _store(connection, version, Combined().name, fresh.whole, now, origin)
        if fresh.in_segments:
            _store(connection, version, SEGMENTS, fresh.in_segments, now, fresh.in_segments.as_dict())
    return fresh


def _store(
    connection: Connection, version: StoredVersion, name: str, limit: Limit, now: datetime, origin: Mapping[str, Any]
) -> None:
    alerts.store_threshold(connection, version.id, name, now, limit.threshold.score, origin)


def _stored(context: Context, now: datetime) -> Limits | None:
    """The newest; None where there is none, or only those of an earlier release, which did not say what for."""
    with context.database.read() as connection:
        whole, parts = (alerts.stored_threshold(connection, name, now) for name in (Combined().name, SEGMENTS))
    set_for = Circumstances.read(whole[2].get("set_for")) if whole else None
    if whole is None or set_for is None:
        return None
    together = parts is not None and parts[0] == whole[0]
    return Limits(whole[0], set_for, Limit.read(whole[2]), Limit.read(parts[2]) if parts and together else None)


def _holds(stored: Limits, context: Context, version: StoredVersion, dated: DatedPanel, now: datetime) -> bool:
    return (
        now - stored.set_at < AGE
        and stored.set_for.hold(context.settings, dated)
        and not _has_new_segments(stored, context, version, dated)
    )


def _has_new_segments(stored: Limits, context: Context, version: StoredVersion, dated: DatedPanel) -> bool:
    """Whether there is a segment now that is worth judging beyond doubt; looked at when segments are, once a day."""
    if not dated.panel.complete or len(stored.segments) >= MOST_SEGMENTS:
        return False
    with context.database.read() as connection:
        worth = segments_worth_judging(context, connection, version, dated, CLEARLY * LEAST_A_DAY)
    return bool(set(worth) - set(stored.segments))


def whole_share(*, with_segments: bool) -> float:
    """The part of the false alarms that is for topics as a whole by days; the rest is for the hourly path, and for all
    segments together."""
    return 1 - HOURLY_SHARE - (SEGMENTS_SHARE if with_segments else 0.0)


def _set(context: Context, version: StoredVersion, dated: DatedPanel, now: datetime) -> Limits:
    with context.database.read() as connection:
        segments = segments_worth_judging(context, connection, version, dated)
        series = segment_series(context, connection, version, dated, segments) if segments else None
    budget, share = context.settings.false_alarms_per_week, whole_share(with_segments=bool(segments))
    threshold = threshold_for(dated.panel, budget * share, evaluations_per_day=EVALUATIONS_PER_DAY)
    topics = len(dated.topics)
    parts = Limit(segment_threshold(series.panel, budget * SEGMENTS_SHARE), topics, segments) if series else None
    return Limits(now, Circumstances.of(context.settings, dated), Limit(threshold, topics), parts)
