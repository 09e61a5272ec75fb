"""What a version saw rising, when it was published, in what had been judged before: that alone opens no alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from feedback.domain import Signal
from feedback.series import bucket_of
from feedback.store import counts, topics
from feedback.store.topics import StoredVersion
from jobs.context import Context
from jobs.panel import DatedPanel, dated_panel
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
    """The series without what was received on the moment's day after it."""
    zone = context.settings.zone
    with context.database.read() as connection:
        ids = [each.id for each in topics.topics_of(connection, version.id)]
        dated = dated_panel(context, connection, version.id, ids, moment)
        later = counts.received_from(connection, version.id, bucket_of(moment, zone), moment)
    if dated is None or dated.panel.complete:
        return dated
    panel = replace(dated.panel, counts=dated.panel.counts.copy(), total=dated.panel.total.copy())
    # what was assigned a moment ago may not be counted yet
    panel.counts[:, -1] = np.maximum(panel.counts[:, -1] - [later.get(topic, 0) for topic in dated.topics], 0)
    panel.total[-1] = max(panel.total[-1] - sum(later.values()), panel.counts[:, -1].sum())
    return replace(dated, panel=panel)
