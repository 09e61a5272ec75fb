"""Sources from which nothing has come for longer than chance explains, and what is heard without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from feedback.domain import SilentSource, Span
from feedback.series import bucket_start, day_of, days
from feedback.store import complaints, counts
from jobs.context import Context
from jobs.watermark import overdue_after
from models.detect.heard import heard
from models.detect.panel import Counts, Heard
from models.detect.silence import GONE, HISTORY, silence, silences

REACH = 224
"""Days: at four half-lives of what is usual, a silence that was before hardly counts."""


def silent_sources(context: Context, connection: Connection, now: datetime) -> list[SilentSource]:
    """Those that are silent on the last of their days that should have come in by now, the longest silent first."""
    last = day_of(now, context.settings.zone) - timedelta(days=1)
    sources, found = by_source(context, connection, days(last - timedelta(days=HISTORY + GONE), last), now)
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


def heard_of(
    context: Context,
    connection: Connection,
    version_id: UUID,
    topics: Sequence[UUID],
    span: Sequence[date],
    known: int,
    now: datetime,
) -> Heard | None:
    """What part of each topic comes on these days, the first `known` of which have come in, through sources that were
    not silent; None where none was. What was received after `now` is not seen, so that a run done again finds the same.
    """
    before = max(len(span) - REACH, 0)
    span = span[before:]
    sources, found = by_source(context, connection, span, now)
    silent = silences(found, known - before)
    if not silent:
        return None
    through, of = [], []
    for each in silent:
        by_topic = counts.counts_by_source_and_topic(connection, version_id, _within(context, span[each.usual]))
        usual = found[:, each.usual].sum(axis=1)
        through.append(_in_order(usual[each.source], [by_topic.get(sources[each.source], {})], topics))
        beside = [by_topic.get(sources[other], {}) for other in each.beside]
        of.append(_in_order(usual[list(each.beside)].sum(), beside, topics))
    return heard(silent, through, of, len(span)).after(before)


def _in_order(everything: int, by_topic: Sequence[Mapping[UUID, int]], topics: Sequence[UUID]) -> Counts:
    """(1 + topics,): everything, then each topic."""
    return np.array([everything, *(sum(each.get(topic, 0) for each in by_topic) for topic in topics)], np.int64)


def by_source(
    context: Context, connection: Connection, span: Sequence[date], now: datetime
) -> tuple[Sequence[str], Counts]:
    """The sources that sent anything by `now` on these days, which follow one another, and what each did, (sources,
    days)."""
    edges = [min(bucket_start(day, context.settings.zone), now) for day in (*span, span[-1] + timedelta(days=1))]
    found = {each: complaints.received_between(connection, each, edges) for each in complaints.sources(connection)}
    heard = {source: numbers for source, numbers in found.items() if any(numbers)}
    return tuple(heard), np.array(list(heard.values()), np.int64).reshape(len(heard), len(span))


def _within(context: Context, span: Sequence[date]) -> Span:
    zone = context.settings.zone
    return Span(bucket_start(span[0], zone), bucket_start(span[-1] + timedelta(days=1), zone))
