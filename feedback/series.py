"""Buckets: days in the operator's time zone, half open, named by the UTC moment they begin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from feedback.domain import Span


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The operator's day that `moment` falls in."""
    return moment.astimezone(zone).date()


def bucket_start(day: date, zone: ZoneInfo) -> datetime:
    """When the operator's `day` begins, in UTC. A midnight that a clock change skips or repeats begins at its first."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def bucket_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """The start, in UTC, of the bucket that holds `moment`."""
    return bucket_start(day_of(moment, zone), zone)


def bucket(day: date, zone: ZoneInfo) -> Span:
    """The operator's `day`: 23, 24 or 25 hours."""
    return Span(bucket_start(day, zone), bucket_start(day + timedelta(days=1), zone))


def days(first: date, last: date) -> Sequence[date]:
    """Every day from `first` to `last`, both included; empty when `last` comes before."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def judged_days(first: date, now: datetime, zone: ZoneInfo) -> tuple[Sequence[date], bool]:
    """The days from `first` that have begun before `now`, and whether the last of them is over.

    At a midnight the day that just ended is the last one, and it is complete.
    """
    today = day_of(now, zone)
    if bucket_start(today, zone) == now:
        return days(first, today - timedelta(days=1)), True
    return days(first, today), False
