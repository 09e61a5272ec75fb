"""Areas: topics of a kind, one level above topics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np

from models.artifacts import TopicModel
from models.centre import Floats, unit_rows
from models.cluster import KnnLeiden

NEIGHBOURS = 4
RESOLUTION = 1.0
"""One level above topics: with 30 to 100 topics, areas of about five."""

NEAR = 0.25
"""The least cosine to a topic of an area to belong there too; praise is in no area of complaints."""


def areas_of(model: TopicModel, known: Mapping[UUID, str]) -> dict[UUID, str]:
    """The area of each topic of a version.

    A topic with a `known` area stays in it, whatever the training has changed. Others are grouped by Leiden over their
    centroids and take the area of the nearest topic of their group that has one and is near; what is left of a group is
    a new area, named like its largest topic.
    """
    ids = list(dict.fromkeys(model.topic_ids))
    if not ids:
        return {}
    centres = _centres(model, ids)
    groups = KnnLeiden(neighbours=NEIGHBOURS, resolution=RESOLUTION, min_size=1).fit(centres).labels_
    found = {id_: known[id_] for id_ in ids if id_ in known}
    for group in range(int(groups.max()) + 1):
        rows = np.flatnonzero(groups == group)
        joined = _joined([ids[row] for row in rows.tolist()], centres[rows], known)
        left = [ids[row] for row in rows.tolist() if ids[row] not in joined and ids[row] not in known]
        found |= joined | dict.fromkeys(left, _largest(model, left) if left else "")
    return found


def nearest_area(model: TopicModel, centroid: Floats, known: Mapping[UUID, str]) -> str | None:
    """The area of the topic nearest to a new topic's centroid (d,) that has one; None where none is near."""
    rows = [row for row, id_ in enumerate(model.topic_ids) if id_ in known]
    if not rows:
        return None
    cosines = model.centroids[rows] @ centroid
    nearest = rows[int(cosines.argmax())]
    return known[model.topic_ids[nearest]] if float(cosines.max()) >= NEAR else None


def _centres(model: TopicModel, ids: Sequence[UUID]) -> Floats:
    """Unit centres (k, d) of the topics; one on several rows lies between them."""
    rows = np.array([ids.index(id_) for id_ in model.topic_ids])
    return unit_rows(np.array([model.centroids[rows == place].mean(axis=0) for place in range(len(ids))]))


def _joined(ids: Sequence[UUID], centres: Floats, known: Mapping[UUID, str]) -> dict[UUID, str]:
    """Those without an area that are near a topic of their group with one."""
    settled = [place for place, id_ in enumerate(ids) if id_ in known]
    if not settled:
        return {}
    cosines = centres @ centres[settled].T
    nearest = cosines.argmax(axis=1).tolist()
    return {
        id_: known[ids[settled[near]]]
        for id_, near, cosine in zip(ids, nearest, cosines.max(axis=1).tolist(), strict=True)
        if id_ not in known and cosine >= NEAR
    }


def _largest(model: TopicModel, ids: Sequence[UUID]) -> str:
    """The name of the largest of some topics."""
    sizes: Counter[UUID] = Counter()
    for id_, size in zip(model.topic_ids, model.sizes, strict=True):
        sizes[id_] += size
    first = max(ids, key=lambda id_: sizes[id_])
    return model.names[model.topic_ids.index(first)]
