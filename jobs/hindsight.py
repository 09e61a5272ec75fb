"""What a version saw rising, when it was published, in what had been judged before: that alone opens no alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from feedback.domain import Signal
from feedback.store import topics
from feedback.store.topics import StoredVersion
from jobs.context import Context
from jobs.panel import DatedPanel, dated_panel, with_day_until
from models.detect.budget import Threshold
from models.detect.rises import find_rises


@dataclass(frozen=True, slots=True)
class Hindsight:
    """For each topic that rose in hindsight: its score, and the end of what had been judged by then."""

    seen: Mapping[UUID, tuple[float, datetime]]

    def explains(self, signal: Signal) -> bool:
        """Whether the signal says no more than was seen in hindsight.

        What came in since has then not made the rise any surer, so that only the publication would speak for it.
        """
        if signal.topic_id not in self.seen:
            return False
        score, end = self.seen[signal.topic_id]
        return signal.window.start < end and signal.score <= score


def hindsight(
    context: Context, version: StoredVersion, threshold: Threshold, fdr: float, before: datetime | None
) -> Hindsight:
    """That of the version in force; looked into once, at the first judgement after its publication.

    `before` is as of when was judged last; without any judgement there is no hindsight.
    """
    with context.database.read() as connection:
        stored = topics.hindsight_of(connection, version.id)
    if stored is None:
        stored = _risen(context, version, threshold, fdr, before) if before else {}
        with context.write() as connection:
            topics.store_hindsight(connection, version.id, stored)
    read = ((UUID(topic), (each["score"], datetime.fromisoformat(each["end"]))) for topic, each in stored.items())
    return Hindsight(dict(read))


def _risen(
    context: Context, version: StoredVersion, threshold: Threshold, fdr: float, before: datetime
) -> dict[str, Any]:
    """What the version finds rising in the complaints received before a moment."""
    dated = _as_of(context, version, before)
    if dated is None:
        return {}
    rises = find_rises(dated.panel, threshold, fdr=fdr)
    rows = np.flatnonzero(rises.rising[:, -1])
    return {
        str(dated.topics[row]): {"score": float(rises.scores.score[row, -1]), "end": before.isoformat()} for row in rows
    }


def _as_of(context: Context, version: StoredVersion, moment: datetime) -> DatedPanel | None:
    """The series of what had been received by then."""
    with context.database.read() as connection:
        ids = [each.id for each in topics.topics_of(connection, version.id)]
        dated = dated_panel(context, connection, version.id, ids, moment)
        return with_day_until(context, connection, dated, version.id, moment) if dated else None
