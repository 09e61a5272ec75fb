"""Which topic a text belongs to. History and live texts go through this one function."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.centre import Floats, Ints

CHUNK = 8192


def assign(vectors: Floats, centroids: Floats, floor: float | Floats) -> tuple[Ints, Floats]:
    """The nearest centroid of each text, if it is near enough.

    `vectors` (n, d) are centred unit rows, `centroids` (k, d) unit rows, `floor` a cosine for all or one a centroid
    (k,). Returns the centroid's row (n,), -1 for unassigned, and the cosine to the nearest centroid (n,), also of the
    unassigned; with no centroids all are unassigned at cosine -1.
    """
    places = np.full(len(vectors), -1, np.intp)
    cosines = np.full(len(vectors), -1, np.float32)
    if len(centroids) == 0:
        return places, cosines
    floors = np.broadcast_to(np.asarray(floor, np.float32), (len(centroids),))
    for start in range(0, len(vectors), CHUNK):
        part = slice(start, start + CHUNK)
        places[part], cosines[part] = _nearest(vectors[part], centroids)
    places[cosines < floors[places]] = -1
    return places, cosines


def _nearest(vectors: Floats, centroids: Floats) -> tuple[Ints, NDArray[np.float32]]:
    cosines = vectors @ centroids.T
    best = cosines.argmax(axis=1)
    return best, np.take_along_axis(cosines, best[:, None], axis=1)[:, 0]
