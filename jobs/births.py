"""Make a new subject a provisional topic, without waiting for a training.

A new fault is often like an old subject, so it is looked for among all complaints, not only among those that no topic
took. And it is told in several wordings and languages, which are found one after the other: what is found near a
subject born lately makes that one grow, and is no topic of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
from models.artifacts import TopicModel
from models.assign import assign
from models.births import Birth, elder, find_births
from models.centre import Floats
from models.topics import NAMELESS, Words, describe, name_of

BACKGROUND = timedelta(days=56)
"""How far back complaints are looked at, to tell a new subject from one that was always there."""

YOUNG = timedelta(days=14)
"""So long after its birth a topic can grow by what is found near it."""

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
        young = topics.born_since(connection, now - YOUNG)
    vectors = _vectors(current, rows)
    births = _births(context, current, rows, vectors, now)
    if births:
        nursery = _Nursery(context, current, rows, vectors, now)
        _keep(context, current, nursery.grown(births, young), now)
    repeating = sum(len(birth.members) - birth.size for birth in births)
    return {"births": len(births), "looked_at": len(rows), "copies": repeating}


def _vectors(current: Published, rows: Sequence[Row[Any]]) -> Floats:
    vectors = decode_vectors([row.vector for row in rows])
    return current.model.offsets.apply(vectors, [row.language for row in rows]) if len(rows) else vectors


def _births(
    context: Context, current: Published, rows: Sequence[Row[Any]], vectors: Floats, now: datetime
) -> list[Birth]:
    return find_births(
        vectors,
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


@dataclass(frozen=True, slots=True, eq=False)
class _Nursery:
    """What a run looks at: `rows` of complaints with their centred `vectors` (n, d), as of `now`."""

    context: Context
    current: Published
    rows: Sequence[Row[Any]]
    vectors: Floats
    now: datetime

    def grown(self, births: Sequence[Birth], young: Collection[UUID]) -> list[StoredTopic]:
        """The topics that the births make: new ones, and `young` ones that are larger by them."""
        known = {each.id: each for each in self.current.topics if each.id in young}
        model, changed = self.current.model, dict[UUID, StoredTopic]()
        for birth in births:
            place = elder(birth, model.centroids, np.array([id_ in known for id_ in model.topic_ids], np.bool_))
            found = self._born(birth) if place is None else self._larger(known[model.topic_ids[place]], model, birth)
            known[found.id] = changed[found.id] = found
            model = with_births(model, [replace(found, centroid=_bytes(birth))])
        return list(changed.values())

    def _born(self, birth: Birth) -> StoredTopic:
        words = self._words(birth.members)
        areas = {each.id: each.area for each in self.current.topics if each.area}
        return StoredTopic(
            id=derived_id("topic", self.current.version.id, "born", self.now, self.rows[birth.members[0]].id),
            kind=TopicKind.PROVISIONAL,
            name=name_of(words) or NAMELESS,
            owner=None,
            area=nearest_area(self.current.model, birth.centroid, areas),
            born_at=self.now,
            words=words,
            size=birth.size,
            centroid=_bytes(birth),
        )

    def _larger(self, topic: StoredTopic, model: TopicModel, birth: Birth) -> StoredTopic:
        places, _ = assign(self.vectors, model.centroids, model.floors)
        mine = {row for row, place in enumerate(places.tolist()) if place >= 0 and model.topic_ids[place] == topic.id}
        members = sorted(mine.union(birth.members))
        centroids = (topic.centroid or b"") + _bytes(birth)
        return replace(topic, words=self._words(members), size=len(members), centroid=centroids)

    def _words(self, members: Sequence[int]) -> Words:
        texts = _texts(self.context, [row.id for row in self.rows])
        labels = np.full(len(self.rows), -1, np.intp)
        labels[list(members)] = 0
        return describe(texts, [row.language for row in self.rows], labels)[0]


def _bytes(birth: Birth) -> bytes:
    return birth.centroid.astype(np.float32).tobytes()


def _keep(context: Context, current: Published, grown: Sequence[StoredTopic], now: datetime) -> None:
    """In one transaction: a topic without its complaints, left by a killed run, would hide the next birth."""
    rule = replace(current.rule, model=with_births(current.model, grown))
    with context.write() as connection:
        topics.add_topics(connection, current.version.id, grown)
        for changed in moved(context, connection, current.version, rule, now):
            topics.assign(connection, current.version.id, changed)
