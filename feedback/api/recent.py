"""The counts of the last days, up to the one that is still filling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from feedback.domain import Segment, Span
from feedback.series import bucket, bucket_start, day_of, judged_days
from feedback.store.sight import Seen, seen_counts
from feedback.store.topics import LineageEntry

SPARKLINE_DAYS = 28
CURRENT_DAYS = 7
BEFORE_DAYS = 21
"""What is usual, is so of that many days before the current ones, at least."""


@dataclass(frozen=True, slots=True)
class Recent:
    """`daily` holds each topic's complaints a day, oldest first; `current` spans the last `days` of them. The last 28
    are the sparkline; its first day begins at `first`."""

    current: Span
    first: datetime
    daily: Mapping[UUID, tuple[int, ...]]
    days: int = CURRENT_DAYS

    def sparkline(self, topic_id: UUID) -> tuple[int, ...]:
        return self.daily.get(topic_id, (0,) * SPARKLINE_DAYS)[-SPARKLINE_DAYS:]

    def complaints(self, topic_id: UUID) -> int:
        """How many there are in the current days."""
        return sum(self.daily.get(topic_id, ())[-self.days :])

    def usual(self, topic_id: UUID) -> float:
        """How many so many days had on average in the weeks before: a rule of thumb, no prediction."""
        before = self.daily.get(topic_id, (0,) * (self.days + 1))[: -self.days]
        return sum(before) / len(before) * self.days


@dataclass(frozen=True, slots=True)
class AllTopics:
    """What is read of all topics at once to tell of one; `names` are those of topics that are no more, too."""

    seen: Seen
    recent: Recent
    lineage: Sequence[LineageEntry]
    names: Mapping[UUID, str]


def recent_counts(
    connection: Connection,
    seen: Seen,
    now: datetime,
    zone: ZoneInfo,
    days: int = CURRENT_DAYS,
    segments: Sequence[Segment] = (),
) -> Recent:
    """What the jobs have counted of what is `seen`, of complaints in all of `segments`; the days are those that a
    detection at `now` would judge."""
    begun, _ = judged_days(day_of(now, zone) - timedelta(days=1), now, zone)
    last, length = begun[-1], max(SPARKLINE_DAYS, days + BEFORE_DAYS)
    first = last - timedelta(days=length - 1)
    span = Span(bucket_start(first, zone), bucket(last, zone).end)
    daily: dict[UUID, list[int]] = {}
    for start, topic_id, complaints in seen_counts(connection, seen, span, segments):
        numbers = daily.setdefault(topic_id, [0] * length)
        numbers[(day_of(start, zone) - first).days] += complaints
    current = Span(bucket_start(last - timedelta(days=days - 1), zone), span.end)
    shown = bucket_start(last - timedelta(days=SPARKLINE_DAYS - 1), zone)
    return Recent(current, shown, {topic_id: tuple(numbers) for topic_id, numbers in daily.items()}, days)
