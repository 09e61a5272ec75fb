"""Say which topic each complaint belongs to, under the version in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from feedback.series import bucket_of
from feedback.store import topics
from feedback.store.embeddings import decode_vectors
from feedback.store.topics import Assigned, StoredVersion
from jobs.context import Context
from jobs.published import published
from models.artifacts import TopicModel

BATCH = 4096


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Assign what was received before `now` and has a vector, a batch a transaction."""
    current = published(context)
    if current is None:
        return {"assigned": 0}
    return {"assigned": assign_pending(context, current.version, current.model, now)}


def assign_pending(context: Context, version: StoredVersion, model: TopicModel, now: datetime) -> int:
    """Assign all that `version` hasn't judged yet; how many complaints they were."""
    done = 0
    while True:
        with context.database.read() as connection:
            rows = topics.vectors_to_assign(connection, version, now, BATCH)
        if not rows:
            return done
        with context.write() as connection:
            topics.assign(connection, version.id, judged(context, model, rows))
        done += len(rows)


def moved(context: Context, version: StoredVersion, model: TopicModel, now: datetime) -> list[Assigned]:
    """The complaints of the whole history that `model` gives another topic than the one they are stored with."""
    with context.database.read() as connection:
        rows = topics.embedded_complaints(connection, version.encoder_version, now)
        before = topics.assigned_topics(connection, version.id)
    unknown = object()
    return [each for each in judged(context, model, rows) if before.get(each.complaint_id, unknown) != each.topic_id]


def judged(context: Context, model: TopicModel, rows: Sequence[Row[Any]]) -> list[Assigned]:
    """Rows (id, received_at, language, vector) with the topic that the model gives them."""
    if not rows:
        return []
    places, cosines = model.assign(decode_vectors([row.vector for row in rows]), [row.language for row in rows])
    zone = context.settings.zone
    return [
        Assigned(
            row.id, model.topic_ids[place] if place >= 0 else None, float(cosine), bucket_of(row.received_at, zone)
        )
        for row, place, cosine in zip(rows, places.tolist(), cosines.tolist(), strict=True)
    ]
