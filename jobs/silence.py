"""Sources from which nothing has come for longer than chance explains."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from feedback.domain import SilentSource, Span
from feedback.series import bucket_start, day_of, days
from feedback.store import counts
from jobs.context import Context
from jobs.watermark import overdue_after
from models.detect.panel import Counts
from models.detect.silence import GONE, HISTORY, silence


def silent_sources(context: Context, connection: Connection, version_id: UUID, now: datetime) -> list[SilentSource]:
    """Those that are silent on the last of their days that should have come in by now, the longest silent first."""
    last = day_of(now, context.settings.zone) - timedelta(days=1)
    sources, found = by_source(context, connection, version_id, days(last - timedelta(days=HISTORY + GONE), last))
    silent = []
    for source, counted in zip(sources, found, strict=True):
        awaited, told = 0, silence(counted[int(np.argmax(counted > 0)) :])
        if told.is_notable:
            awaited = _awaited(context, connection, source, now)
            told = silence(counted[int(np.argmax(counted > 0)) : len(counted) - awaited])
        if told.is_notable and told.days <= GONE:
            silent.append(SilentSource(source, last - timedelta(days=awaited + told.days), told.usual))
    return sorted(silent, key=lambda each: (each.last_day, each.source))


def _awaited(context: Context, connection: Connection, source: str, now: datetime) -> int:
    """How many days that are over may still come in: an import at night brings the day before, or the weekend."""
    zone = context.settings.zone
    return (day_of(now, zone) - day_of(now - overdue_after(connection, source, now), zone)).days


def by_source(
    context: Context, connection: Connection, version_id: UUID, span: Sequence[date]
) -> tuple[Sequence[str], Counts]:
    """The sources that sent anything on these days, which follow one another, and what each did, (sources, days)."""
    zone = context.settings.zone
    whole = Span(bucket_start(span[0], zone), bucket_start(span[-1] + timedelta(days=1), zone))
    found = counts.counts_by_source(connection, version_id, whole)
    places = {bucket_start(day, zone): place for place, day in enumerate(span)}
    counted = np.zeros((len(found), len(span)), np.int64)
    for row, numbers in enumerate(found.values()):
        for start, number in numbers.items():
            counted[row, places[start]] = number
    return tuple(found), counted
