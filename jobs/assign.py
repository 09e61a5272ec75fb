"""Say which topic each complaint belongs to, under the version in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from feedback.series import bucket_of
from feedback.store import topics
from feedback.store.complaints import still_there
from feedback.store.embeddings import decode_vectors
from feedback.store.topics import Assigned, StoredVersion
from jobs.context import Advance, Context
from jobs.published import Rule, published

BATCH = 4096


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Assign what was received before `now` and has a vector, a batch a transaction."""
    current = published(context)
    if current is None:
        return {"assigned": 0}
    return {"assigned": assign_pending(context, current.version, current.rule, now)}


def assign_pending(
    context: Context,
    version: StoredVersion,
    rule: Rule,
    now: datetime,
    advance: Advance = lambda done: None,
    since: datetime | None = None,
) -> int:
    """Assign all that `version` hasn't judged yet, if so only of what came after `since`; how many they were."""
    done, after = 0, (since, UUID(int=0)) if since else None
    while True:
        with context.database.read() as connection:
            rows = topics.vectors_to_assign(connection, version, now, BATCH, after)
        if not rows:
            return done
        found = judged(context, rule, rows)
        with context.write() as connection:
            there = still_there(connection, [each.complaint_id for each in found])
            topics.assign(connection, version.id, [each for each in found if each.complaint_id in there])
        done, after = done + len(rows), (rows[-1].received_at, rows[-1].id)
        advance(done)


def moved(
    context: Context, connection: Connection, version: StoredVersion, rule: Rule, now: datetime
) -> Iterator[list[Assigned]]:
    """Of what `version` has assigned, the complaints that `rule` gives another topic; a batch at a time."""
    after = None
    while rows := topics.assigned_vectors(connection, version, now, BATCH, after):
        found = zip(judged(context, rule, rows), rows, strict=True)
        yield [each for each, row in found if each.topic_id != row.topic_id]
        after = (rows[-1].received_at, rows[-1].id)


def judged(context: Context, rule: Rule, rows: Sequence[Row[Any]]) -> list[Assigned]:
    """Rows (id, received_at, language, vector) with the topic that the rule gives them."""
    if not rows:
        return []
    vectors, languages = decode_vectors([row.vector for row in rows]), [row.language for row in rows]
    places, cosines = rule.model.assign(vectors, languages)
    zone = context.settings.zone
    return [
        Assigned(row.id, rule.places.get(row.id, topic), float(cosine), bucket_of(row.received_at, zone))
        for row, topic, cosine in zip(rows, rule.model.topics_at(places), cosines.tolist(), strict=True)
    ]
