"""What a version saw rising, when it was published, in what had been judged before: that alone opens no alert."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
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
from models.detect.rises import Rises, find_rises
from models.detect.segments import find_segment_rises, time_of_year

About = tuple[UUID, Segment | None]


class Seen(NamedTuple):
    """A rise seen in hindsight: its score, how many more than expected it had, and the end of what was judged."""

    score: float
    excess: float
    end: datetime

    def as_dict(self) -> dict[str, Any]:
        return {"score": self.score, "excess": self.excess, "end": self.end.isoformat()}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Seen:
        return cls(stored["score"], stored.get("excess", 0.0), datetime.fromisoformat(stored["end"]))


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What rose in hindsight, by topic and segment."""

    seen: Mapping[About, Seen]

    def explains(self, signal: Signal) -> bool:
        """Whether the signal says no more than was seen in hindsight.

        What came in since has then not made the rise any surer, so that only the publication would speak for it: its
        score is no higher, or only because calm days have left the window, the excess having grown by no more than a
        day's chance.
        """
        seen = self.seen.get((signal.topic_id, signal.segment))
        if seen is None or signal.window.start >= seen.end:
            return False
        days = (signal.window.end - signal.window.start) / timedelta(days=1)
        a_days_chance = math.sqrt(signal.expected / days)
        return signal.score <= seen.score or signal.observed - signal.expected <= seen.excess + a_days_chance


def hindsight(context: Context, version: StoredVersion, limits: Limits, before: datetime | None) -> Hindsight:
    """That of the version in force; looked into once, at the first judgement after its publication.

    `before` is as of when was judged last; without any judgement there is no hindsight.
    """
    with context.database.read() as connection:
        stored = topics.hindsight_of(connection, version.id)
    if stored is None:
        stored = _risen(context, version, limits, before) if before else {}
        with context.write() as connection:
            topics.store_hindsight(connection, version.id, stored)
    return Hindsight({_about(key): Seen.read(each) for key, each in stored.items()})


def _about(key: str) -> About:
    topic, *segment = key.split(" ", 2)
    return UUID(topic), Segment(*segment) if segment else None


def _risen(context: Context, version: StoredVersion, limits: Limits, before: datetime) -> dict[str, dict[str, Any]]:
    """What the version finds rising in the complaints received before a moment."""
    dated = _as_of(context, version, before)
    if dated is None:
        return {}
    rises = find_rises(dated.panel, limits.whole.threshold)
    rows = [int(row) for row in np.flatnonzero(rises.rising[:, -1])]
    found = {str(dated.topics[row]): _seen(rises, row, before) for row in rows}
    midnight = bucket_of(before, context.settings.zone)
    return {key: each.as_dict() for key, each in (found | _in_segments(context, version, limits, midnight)).items()}


def _seen(rises: Rises, row: int, end: datetime) -> Seen:
    scores, cell = rises.scores, (row, -1)
    return Seen(float(scores.score[cell]), float(scores.observed[cell] - scores.expected[cell]), end)


def _in_segments(context: Context, version: StoredVersion, limits: Limits, midnight: datetime) -> dict[str, Seen]:
    """The same by topic and segment, of the days that were over: segments are judged by whole days."""
    if limits.in_segments is None:
        return {}
    with context.database.read() as connection:
        dated = _panel(context, connection, version, midnight)
        if dated is None:
            return {}
        series = segment_series(context, connection, version, dated, limits.segments)
    season = time_of_year(dated.panel)
    rises = find_segment_rises(series.panel, limits.in_segments.threshold, season=season)
    return {
        f"{series.topics[row]} {series.segments[place].attribute} {series.segments[place].value}": _seen(
            rises.of(place), row, midnight
        )
        for place, row in np.argwhere(rises.rising).tolist()
    }


def _as_of(context: Context, version: StoredVersion, moment: datetime) -> DatedPanel | None:
    """The series of what had been received by then."""
    with context.database.read() as connection:
        dated = _panel(context, connection, version, moment)
        return with_day_until(context, connection, dated, version.id, moment) if dated else None


def _panel(context: Context, connection: Connection, version: StoredVersion, moment: datetime) -> DatedPanel | None:
    ids = [each.id for each in topics.topics_of(connection, version.id)]
    return dated_panel(context, connection, version.id, ids, moment)
