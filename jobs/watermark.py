"""How far complaints have come in: the delay between received and ingested says which day is complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from sqlalchemy import Connection

from feedback.domain import Span
from feedback.series import bucket_of
from feedback.store.complaints import delays
from jobs.context import Context

LEARNED_FROM = timedelta(days=28)
LONGEST = timedelta(days=3)
"""What comes later than this is late: the service does not wait for it."""

AWAITED = timedelta(days=7)
"""A day that is older is believed as it is, were complaints ever so late."""

NEGLIGIBLE = timedelta(minutes=15)

LEAST = 50
"""With fewer complaints to learn from, nothing is waited for."""

SHARE = 0.95
"""A day is complete once this share of it has come in on the median day; one file that is weeks late is no rule."""

SHARE_OF_DAYS = 0.9
"""Before anything is made of what is missing, so many days would have come in; a few that were later are no rule."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """Up to `until` complaints have come in, as far as is known at `now`; up to `surely` even if it is one of the days
    that come in later than most, such as the weekends that an export leaves out."""

    now: datetime
    until: datetime
    surely: datetime

    def judged_as_of(self, context: Context, last: datetime | None) -> datetime:
        """As of when to judge: the end of a day that became complete since `last`, so that it is judged once; else now.

        Only a complete day can be calm, and with complaints that are hours late none would ever be judged.
        """
        if self.until == self.now:
            return self.now
        midnight = bucket_of(self.until, context.settings.zone)
        became_complete = last is None or last - (self.now - self.until) < midnight
        return midnight if became_complete else self.now


def watermark(connection: Connection, now: datetime) -> Watermark:
    """Learned from what was received in the four weeks before the last three days.

    A source's history, taken in with its first file, says nothing of how late its complaints are.
    """
    found = delays(connection, _learned_from(now), now)
    if len(found) < LEAST:
        return Watermark(now, now, now)
    usual, longest = (timedelta(seconds=each) for each in np.quantile(_by_day(found), (0.5, SHARE_OF_DAYS)).tolist())
    return Watermark(now, _before(now, usual, LONGEST), _before(now, longest, AWAITED))


def overdue_after(connection: Connection, source: str, now: datetime) -> timedelta:
    """How late complaints of this source come on any day but a few."""
    found = delays(connection, _learned_from(now), now, source=source)
    return timedelta(seconds=max(0.0, float(np.quantile(_by_day(found), SHARE_OF_DAYS)))) if found else timedelta(0)


def _before(now: datetime, delay: timedelta, longest: timedelta) -> datetime:
    return now - min(delay, longest) if delay > NEGLIGIBLE else now


def _learned_from(now: datetime) -> Span:
    end = now - LONGEST
    return Span(end - LEARNED_FROM, end)


def _by_day(found: Sequence[tuple[datetime, timedelta]]) -> list[float]:
    """After how many seconds each day was complete."""
    by_day: dict[date, list[float]] = {}
    for received, delay in found:
        by_day.setdefault(received.date(), []).append(delay.total_seconds())
    return [float(np.quantile(each, SHARE)) for each in by_day.values()]
