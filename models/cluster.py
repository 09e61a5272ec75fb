"""Clusters unit vectors: a nearest-neighbour graph, then Leiden communities."""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin

from models.centre import Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CHUNK = 512
"""Rows of the similarity matrix in memory at a time: 100 MB for 50,000 texts."""


class KnnLeiden(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Leiden communities (Traag et al. 2019) of the graph of nearest neighbours by cosine.

    Expects unit rows (n, d). `labels_` (n,) numbers clusters from 0 by falling size; -1 is a text whose cluster has
    fewer than `min_size` members (by default a number that grows with n, see `smallest_cluster`). The same input and
    seed give the same labels.
    """

    def __init__(
        self, neighbours: int = 15, resolution: float = 3.0, min_size: int | None = None, seed: int = 0
    ) -> None:
        self.neighbours = neighbours
        self.resolution = resolution
        self.min_size = min_size
        self.seed = seed

    def fit(self, X: Floats, y: object = None) -> Self:  # noqa: N803  scikit-learn's own name
        smallest = smallest_cluster(len(X)) if self.min_size is None else self.min_size
        if len(X) <= 2:
            self.labels_ = _by_size(np.zeros(len(X), np.intp), smallest)
            return self
        graph = neighbour_graph(X, self.neighbours)
        self.labels_ = _by_size(communities(graph, self.resolution, self.seed), smallest)
        return self


def smallest_cluster(n: int) -> int:
    """The least members a cluster needs among n texts: 5 up to 600, 20 at 10,000, 45 at 50,000."""
    return max(5, round(0.2 * math.sqrt(n)))


def neighbour_graph(vectors: Floats, neighbours: int) -> csr_matrix:
    """Symmetric graph (n, n) of each row's nearest others, weight max(cosine, 0)^2, by exact matrix product."""
    from scipy.sparse import csr_matrix

    n = len(vectors)
    k = min(neighbours, n - 1)
    columns = np.empty((n, k), np.int32)
    weights = np.empty((n, k), np.float32)
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        columns[start:stop], weights[start:stop] = _nearest(vectors, start, stop, k)
    directed = csr_matrix((weights.ravel(), columns.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    graph = directed.maximum(directed.T).tocsr()
    graph.eliminate_zeros()
    return graph


def _nearest(vectors: Floats, start: int, stop: int, k: int) -> tuple[NDArray[np.int32], Floats]:
    """The k nearest others of the rows from start to stop, and the weights of their edges."""
    cosines = vectors[start:stop] @ vectors.T
    rows = np.arange(stop - start)
    cosines[rows, rows + start] = -np.inf
    columns = np.argpartition(cosines, -k, axis=1)[:, -k:].astype(np.int32)
    weights = np.maximum(np.take_along_axis(cosines, columns, axis=1), 0) ** 2
    return columns, weights


def communities(graph: csr_matrix, resolution: float, seed: int) -> Ints:
    """Leiden communities (n,) of a symmetric weighted graph, numbered as they come."""
    from sknetwork.clustering import Leiden

    if graph.nnz == 0:
        return np.arange(graph.shape[0], dtype=np.intp)
    # scikit-network 0.33 refines with the C library's rand(), which its random_state does not seed
    ctypes.CDLL(None).srand(seed + 1)
    leiden = Leiden(resolution=resolution, random_state=seed, sort_clusters=False, return_probs=False)
    return np.asarray(leiden.fit_predict(graph), np.intp)


def _by_size(labels: Ints, smallest: int) -> Ints:
    """Labels renumbered by falling size, the small ones -1; equal sizes in order of their first member."""
    values, first, places, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -counts))
    names = np.full(len(values), -1, np.intp)
    kept = order[counts[order] >= smallest]
    names[kept] = np.arange(len(kept))
    return names[places] if len(values) else np.empty(0, np.intp)
