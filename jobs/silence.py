"""Sources from which nothing has come for longer than chance explains."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from feedback.domain import SilentSource, Span
from feedback.series import bucket_start, day_of, days
from feedback.store import counts
from jobs.context import Context
from models.detect.silence import HISTORY, silence

TOLD_FOR = 28
"""After so many days a source is taken to be gone for good."""


def silent_sources(context: Context, connection: Connection, version_id: UUID, now: datetime) -> list[SilentSource]:
    """Those that are silent on the last day that is over, the longest silent first."""
    zone = context.settings.zone
    last = day_of(now, zone) - timedelta(days=1)
    span = days(last - timedelta(days=HISTORY + TOLD_FOR), last)
    found = counts.counts_by_source(
        connection, version_id, Span(bucket_start(span[0], zone), bucket_start(last + timedelta(days=1), zone))
    )
    places = {bucket_start(day, zone): place for place, day in enumerate(span)}
    silent = []
    for source, numbers in found.items():
        counted = np.zeros(len(span), np.int64)
        for start, number in numbers.items():
            counted[places[start]] = number
        first = int(np.argmax(counted > 0))
        told = silence(counted[first:])
        if told.is_notable and told.days <= TOLD_FOR:
            silent.append(SilentSource(source, last - timedelta(days=told.days), told.usual))
    return sorted(silent, key=lambda each: (each.last_day, each.source))
