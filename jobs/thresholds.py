"""From which score a topic is rising, as a whole and in a segment; set anew when what it was set for has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from feedback.domain import Segment
from feedback.settings import Settings
from feedback.store import alerts
from feedback.store.topics import StoredVersion
from jobs.context import Context
from jobs.panel import DatedPanel
from jobs.segments import segment_series, segments_worth_judging
from models.detect.budget import Threshold, threshold_for
from models.detect.combined import Combined
from models.detect.segments import BUDGET_SHARE, segment_threshold

EVALUATIONS_PER_DAY = 4
AGE = timedelta(days=14)
MORE_TOPICS = 0.2
"""A threshold is set anew after so long, with another budget, or with a fifth more or fewer topics."""

SEGMENTS = "EB7 in segments"
"""What judges segments, by the name that signals and thresholds carry."""


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
    """What holds since `set_at`; `in_segments` is None where no segment is judged."""

    set_at: datetime
    whole: Limit
    in_segments: Limit | None

    @property
    def segments(self) -> tuple[Segment, ...]:
        return self.in_segments.segments if self.in_segments else ()


def limits(context: Context, version: StoredVersion, dated: DatedPanel, now: datetime) -> Limits:
    """Those in force, set by simulation when there are none or what they were set for changed."""
    stored = _stored(context, now)
    if stored and _holds(stored, context.settings, dated, now):
        return stored
    fresh = _set(context, version, dated, now)
    with context.write() as connection:
        for name, limit in ((Combined().name, fresh.whole), (SEGMENTS, fresh.in_segments)):
            if limit:
                alerts.store_threshold(connection, version.id, name, now, limit.threshold.score, limit.as_dict())
    return fresh


def _stored(context: Context, now: datetime) -> Limits | None:
    with context.database.read() as connection:
        whole, parts = (alerts.stored_threshold(connection, name, now) for name in (Combined().name, SEGMENTS))
    if whole is None:
        return None
    together = parts is not None and parts[0] == whole[0]
    return Limits(whole[0], Limit.read(whole[2]), Limit.read(parts[2]) if parts and together else None)


def _holds(stored: Limits, settings: Settings, dated: DatedPanel, now: datetime) -> bool:
    # not anew for every publication: what was just below would be just above, and an alert open by it alone
    whole = stored.whole
    budget = settings.false_alarms_per_week * whole_share(with_segments=bool(stored.segments))
    alike = abs(len(dated.topics) - whole.topics) <= MORE_TOPICS * whole.topics
    wanted = all(each.attribute in settings.segments for each in stored.segments)
    return alike and wanted and whole.threshold.budget == budget and now - stored.set_at < AGE


def whole_share(*, with_segments: bool) -> float:
    """The part of the false alarms that is for topics as a whole; the rest is for all segments together."""
    return 1 - BUDGET_SHARE if with_segments else 1.0


def _set(context: Context, version: StoredVersion, dated: DatedPanel, now: datetime) -> Limits:
    with context.database.read() as connection:
        segments = segments_worth_judging(context, connection, version, dated)
        series = segment_series(context, connection, version, dated, segments) if segments else None
    budget, share = context.settings.false_alarms_per_week, whole_share(with_segments=bool(segments))
    threshold = threshold_for(dated.panel, budget * share, evaluations_per_day=EVALUATIONS_PER_DAY)
    topics = len(dated.topics)
    in_segments = Limit(segment_threshold(series.panel, budget * (1 - share)), topics, segments) if series else None
    return Limits(now, Limit(threshold, topics), in_segments)
