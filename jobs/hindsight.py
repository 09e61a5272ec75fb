"""What a version saw rising, when it was published, in what had been judged before: that alone opens no alert."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from feedback.domain import Segment, Signal
from feedback.series import bucket_of
from feedback.store import topics
from feedback.store.topics import StoredVersion
from jobs.context import Context
from jobs.panel import DatedPanel, dated_panel, with_day_until
from jobs.segments import segment_series
from jobs.thresholds import Limits
from models.detect.rises import find_rises
from models.detect.segments import find_segment_rises

Seen = tuple[UUID, Segment | None]


@dataclass(frozen=True, slots=True)
class Hindsight:
    """For each topic and segment that rose in hindsight: its score, and the end of what had been judged by then."""

    seen: Mapping[Seen, tuple[float, datetime]]

    def explains(self, signal: Signal) -> bool:
        """Whether the signal says no more than was seen in hindsight.

        What came in since has then not made the rise any surer, so that only the publication would speak for it.
        """
        if (signal.topic_id, signal.segment) not in self.seen:
            return False
        score, end = self.seen[signal.topic_id, signal.segment]
        return signal.window.start < end and signal.score <= score


def hindsight(
    context: Context, version: StoredVersion, limits: Limits, fdr: float, before: datetime | None
) -> Hindsight:
    """That of the version in force; looked into once, at the first judgement after its publication.

    `before` is as of when was judged last; without any judgement there is no hindsight.
    """
    with context.database.read() as connection:
        stored = topics.hindsight_of(connection, version.id)
    if stored is None:
        stored = _risen(context, version, limits, fdr, before) if before else {}
        with context.write() as connection:
            topics.store_hindsight(connection, version.id, stored)
    return Hindsight({_read(key): (each["score"], datetime.fromisoformat(each["end"])) for key, each in stored.items()})


def _read(key: str) -> Seen:
    topic, *segment = key.split(" ", 2)
    return UUID(topic), Segment(*segment) if segment else None


def _risen(
    context: Context, version: StoredVersion, limits: Limits, fdr: float, before: datetime
) -> dict[str, dict[str, Any]]:
    """What the version finds rising in the complaints received before a moment."""
    found: dict[str, float] = {}
    dated = _as_of(context, version, before)
    if dated is not None:
        rises = find_rises(dated.panel, limits.whole.threshold, fdr=fdr)
        for row in np.flatnonzero(rises.rising[:, -1]):
            found[str(dated.topics[row])] = float(rises.scores.score[row, -1])
        found |= _risen_in_segments(context, version, limits, fdr, bucket_of(before, context.settings.zone))
    return {key: {"score": score, "end": before.isoformat()} for key, score in found.items()}


def _risen_in_segments(
    context: Context, version: StoredVersion, limits: Limits, fdr: float, midnight: datetime
) -> dict[str, float]:
    """Scores by topic and segment, of the days that were over: segments are judged by whole days."""
    if limits.in_segments is None:
        return {}
    with context.database.read() as connection:
        dated = _panel(context, connection, version, midnight)
        if dated is None:
            return {}
        series = segment_series(context, connection, version, dated, limits.segments)
    rises = find_segment_rises(series.panel, limits.in_segments.threshold, fdr)
    return {
        f"{series.topics[row]} {series.segments[place].attribute} {series.segments[place].value}": -math.log10(p)
        for place, row in np.argwhere(rises.rising).tolist()
        if (p := float(rises.p[place, row]))
    }


def _as_of(context: Context, version: StoredVersion, moment: datetime) -> DatedPanel | None:
    """The series of what had been received by then."""
    with context.database.read() as connection:
        dated = _panel(context, connection, version, moment)
        return with_day_until(context, connection, dated, version.id, moment) if dated else None


def _panel(context: Context, connection: Connection, version: StoredVersion, moment: datetime) -> DatedPanel | None:
    ids = [each.id for each in topics.topics_of(connection, version.id)]
    return dated_panel(context, connection, version.id, ids, moment)
