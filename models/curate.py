"""What people decided about topics, done to a topic model. The files of a version stay as they were trained."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from uuid import UUID

import numpy as np

from feedback.domain import TopicKind
from models.artifacts import TopicModel
from models.assign import assign
from models.centre import Floats, Ints, unit_rows

CLOSE = 0.75
"""From this cosine between the phrases of two pinned topics on, they can hardly be told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class PartVectors:
    """A part of the split topic `of`: `vectors` (n, d) of complaints that show it, as the encoder gave them."""

    id: UUID
    of: UUID
    name: str
    vectors: Floats
    languages: Sequence[str]


def with_parts(model: TopicModel, parts: Sequence[PartVectors]) -> TopicModel:
    """The model with the parts of split topics in place of these; parts that it has already stay as they are."""
    fresh = [part for part in parts if part.id not in model.topic_ids and len(part.vectors)]
    for part in fresh:
        centroid = model.offsets.apply(part.vectors, part.languages).mean(axis=0)
        model = model.with_topic(part.id, TopicKind.DISCOVERED, centroid, part.name, {}, len(part.vectors))
    return without(model, {part.of for part in parts if part.id in model.topic_ids})


def without(model: TopicModel, gone: Collection[UUID]) -> TopicModel:
    """The model without the rows of some topics."""
    rows = [row for row, id_ in enumerate(model.topic_ids) if id_ not in gone]
    if len(rows) == len(model.topic_ids):
        return model
    return replace(
        model,
        topic_ids=tuple(model.topic_ids[row] for row in rows),
        kinds=tuple(model.kinds[row] for row in rows),
        centroids=model.centroids[rows],
        floors=model.floors[rows],
        names=tuple(model.names[row] for row in rows),
        words=tuple(model.words[row] for row in rows),
        sizes=tuple(model.sizes[row] for row in rows),
    )


def curated(
    model: TopicModel, homes: Mapping[UUID, UUID], pinned: Collection[UUID], retired: Collection[UUID]
) -> TopicModel:
    """The model with merged topics' rows under the topic that took them, pinned and retired ones marked.

    A retired topic keeps its place, so that its complaints do not go to its neighbours: they belong to none.
    """
    ids = tuple(homes.get(id_, id_) for id_ in model.topic_ids)
    known = dict(zip(model.topic_ids, zip(model.kinds, model.names, strict=True), strict=True))
    described = [known.get(id_, own) for id_, own in zip(ids, zip(model.kinds, model.names, strict=True), strict=True)]
    return replace(
        model,
        topic_ids=ids,
        kinds=tuple(_kind(id_, kind, pinned, retired) for id_, (kind, _) in zip(ids, described, strict=True)),
        names=tuple(name for _, name in described),
    )


def _kind(topic_id: UUID, kind: TopicKind, pinned: Collection[UUID], retired: Collection[UUID]) -> TopicKind:
    if topic_id in retired:
        return TopicKind.RETIRED
    return TopicKind.PINNED if topic_id in pinned else kind


def split(vectors: Floats, parts: int, seed: int = 0) -> Ints:
    """Cut the complaints of one topic, centred unit rows (n, d), into `parts` groups: labels (n,), the largest first.

    Clusters at a fine resolution are joined, nearest centroids first, until as many are left as were asked for; where
    clustering finds fewer, k-means cuts. Raises ValueError with fewer complaints than parts.
    """
    if len(vectors) < parts:
        raise ValueError(f"{len(vectors)} complaints cannot be cut into {parts} parts")
    from models.cluster import KnnLeiden  # the API process assigns by this module, and never clusters

    labels = KnnLeiden(resolution=2.0, min_size=max(2, len(vectors) // (10 * parts)), seed=seed).fit(vectors).labels_
    found = int(labels.max(initial=-1)) + 1
    if found < parts:
        from sklearn.cluster import KMeans

        return _largest_first(KMeans(parts, n_init=10, random_state=seed).fit_predict(vectors).astype(np.intp))
    centroids = unit_rows(np.array([vectors[labels == label].mean(axis=0) for label in range(found)]))
    if found > parts:
        from sklearn.cluster import AgglomerativeClustering

        groups = AgglomerativeClustering(parts, metric="cosine", linkage="average").fit_predict(centroids)
        centroids = unit_rows(np.array([centroids[groups == group].mean(axis=0) for group in range(parts)]))
    nearest, _ = assign(vectors, centroids, -1.0)
    return _largest_first(nearest)


def _largest_first(labels: Ints) -> Ints:
    order = np.argsort(-np.bincount(labels), kind="stable")
    return np.argsort(order)[labels].astype(np.intp)


def indistinct(names: Sequence[str], anchors: Floats, close: float = CLOSE) -> list[tuple[str, str, float]]:
    """Pairs of pinned topics that can hardly be told apart, the worst first, with their cosine.

    `anchors` (k, d) are the unit centroids of the topics' phrases.
    """
    cosines = (anchors @ anchors.T).tolist()
    pairs = [(names[one], names[two], cosines[one][two]) for one, two in combinations(range(len(names)), 2)]
    return sorted((pair for pair in pairs if pair[2] >= close), key=lambda pair: -pair[2])
