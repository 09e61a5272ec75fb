"""The counts of the last days, up to the one that is still filling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from feedback.domain import Span
from feedback.series import bucket, bucket_start, day_of, judged_days
from feedback.store.counts import counts

SPARKLINE_DAYS = 28
CURRENT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Recent:
    """`daily` holds each topic's complaints of the last 28 days, oldest first; `current` spans the last 7 of them."""

    current: Span
    first: datetime
    daily: Mapping[UUID, tuple[int, ...]]

    def sparkline(self, topic_id: UUID) -> tuple[int, ...]:
        return self.daily.get(topic_id, (0,) * SPARKLINE_DAYS)

    def complaints(self, topic_id: UUID) -> int:
        """How many there are in the last 7 days."""
        return sum(self.sparkline(topic_id)[-CURRENT_DAYS:])

    def usual(self, topic_id: UUID) -> float:
        """How many seven days had on average in the weeks before: a rule of thumb, no prediction."""
        before = self.sparkline(topic_id)[:-CURRENT_DAYS]
        return sum(before) / len(before) * CURRENT_DAYS


def recent_counts(connection: Connection, version_id: UUID | None, now: datetime, zone: ZoneInfo) -> Recent:
    """What the jobs have counted under this version; the days are those that a detection at `now` would judge."""
    begun, _ = judged_days(day_of(now, zone) - timedelta(days=1), now, zone)
    last = begun[-1]
    first = last - timedelta(days=SPARKLINE_DAYS - 1)
    span = Span(bucket_start(first, zone), bucket(last, zone).end)
    daily: dict[UUID, list[int]] = {}
    for start, topic_id, complaints, _ in counts(connection, version_id, span) if version_id else ():
        days = daily.setdefault(topic_id, [0] * SPARKLINE_DAYS)
        days[(day_of(start, zone) - first).days] += complaints
    current = Span(bucket_start(last - timedelta(days=CURRENT_DAYS - 1), zone), span.end)
    return Recent(current, span.start, {topic_id: tuple(days) for topic_id, days in daily.items()})
