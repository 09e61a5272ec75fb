"""Make a new subject a provisional topic, without waiting for a training.

A new fault is often like an old subject, so it is looked for among all complaints, not only among those that no topic
took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Row

from feedback.domain import Span, TopicKind, derived_id
from feedback.store import topics
from feedback.store.embeddings import decode_vectors
from feedback.store.topics import StoredTopic
from jobs.assign import moved
from jobs.context import Context
from jobs.published import Published, published, with_births
from models.areas import nearest_area
from models.births import Birth, find_births
from models.topics import describe, name_of

BACKGROUND = timedelta(days=56)
"""How far back complaints are looked at, to tell a new subject from one that was always there."""

AT_MOST = 20_000
"""So many complaints are looked at, the latest: with more in these weeks, fewer weeks tell as much."""

DAY = 86_400.0


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Look for births as of `now`; each joins the version in force, and the history is assigned with it."""
    current = published(context)
    if current is None:
        return {"births": 0}
    with context.database.read() as connection:
        span = Span(now - BACKGROUND, now)
        rows = topics.latest_complaints(connection, current.version.encoder_version, span, AT_MOST)
    births = _births(context, current, rows, now)
    if births:
        _give_birth(context, current, [_topic(context, current, rows, birth, now) for birth in births], now)
    repeating = sum(len(birth.members) - birth.size for birth in births)
    return {"births": len(births), "looked_at": len(rows), "copies": repeating}


def _births(context: Context, current: Published, rows: Sequence[Row[Any]], now: datetime) -> list[Birth]:
    vectors = decode_vectors([row.vector for row in rows])
    return find_births(
        current.model.offsets.apply(vectors, [row.language for row in rows]) if len(rows) else vectors,
        np.array([row.received_at.timestamp() / DAY for row in rows]),
        [row.customer_hash for row in rows],
        [row.text_hash for row in rows],
        current.model.centroids,
        now=now.timestamp() / DAY,
        texts=lambda picked: _texts(context, [rows[place].id for place in picked]),
    )


def _texts(context: Context, ids: Sequence[UUID]) -> list[str]:
    """What complaints say; nothing for one that was deleted meanwhile."""
    with context.database.read() as connection:
        found = topics.texts_of(connection, ids)
    return [found.get(each, "") for each in ids]


def _topic(context: Context, current: Published, rows: Sequence[Row[Any]], birth: Birth, now: datetime) -> StoredTopic:
    texts = _texts(context, [row.id for row in rows])
    labels = np.full(len(rows), -1, np.intp)
    labels[list(birth.members)] = 0
    words = describe(texts, [row.language for row in rows], labels)[0]
    areas = {each.id: each.area for each in current.topics if each.area}
    return StoredTopic(
        id=derived_id("topic", current.version.id, "born", now, rows[birth.members[0]].id),
        kind=TopicKind.PROVISIONAL,
        name=name_of(words) or "New subject",
        owner=None,
        area=nearest_area(current.model, birth.centroid, areas),
        born_at=now,
        words=words,
        size=birth.size,
        centroid=birth.centroid.astype(np.float32).tobytes(),
    )


def _give_birth(context: Context, current: Published, born: Sequence[StoredTopic], now: datetime) -> None:
    """In one transaction: a topic without its complaints, left by a killed run, would hide the next birth."""
    rule = replace(current.rule, model=with_births(current.model, born))
    with context.write() as connection:
        topics.add_topics(connection, current.version.id, born)
        for changed in moved(context, connection, current.version, rule, now):
            topics.assign(connection, current.version.id, changed)
