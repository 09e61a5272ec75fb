"""The graph of nearest neighbours: exact, by cosine, with weights that adapt to how dense each place is."""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.centre import Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CHUNK = 512
"""Rows of the similarity matrix in memory at a time: 100 MB for 50,000 texts."""

GROUP = 64
"""Columns of which only the greatest cosine is looked at first; a third of the time of a selection from all."""

HALVINGS = 32
"""Steps of the search for a width; the bracket is then narrower than single precision."""


def neighbour_graph(vectors: Floats | csr_matrix, neighbours: int) -> csr_matrix:
    """Symmetric graph (n, n) of each unit row's nearest others, with the weights of UMAP's fuzzy graph.

    Rows may be dense, or sparse and nowhere negative; rows that have nothing in common are no neighbours.

    A row's weights fall from 1 at its nearest neighbour, with a width that gives every row the same sum; the two
    directions join as probabilities, a + b - ab. After McInnes, Healy and Melville (2018), section 3.1: dense and
    sparse places, and languages that lie closer together than others, so have neighbours of equal weight.
    """
    from scipy.sparse import csr_matrix

    n = vectors.shape[0]
    k = min(neighbours, n - 1)
    columns, cosines = nearest(vectors, k)
    weights = memberships(cosines) * (cosines > 0)
    directed = csr_matrix((weights.ravel(), columns.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    both = directed.multiply(directed.T)
    graph = (directed + directed.T - both).tocsr()
    graph.eliminate_zeros()
    return graph


def nearest(vectors: Floats | csr_matrix, k: int) -> tuple[NDArray[np.int32], Floats]:
    """The k nearest others of each row and their cosines, both (n, k), nearest first, by exact matrix product."""
    n = vectors.shape[0]
    columns = np.empty((n, k), np.int32)
    cosines = np.empty((n, k), np.float32)
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        columns[start:stop], cosines[start:stop] = _nearest(_cosines(vectors, start, stop), start, k)
    return columns, cosines


def _cosines(vectors: Floats | csr_matrix, start: int, stop: int) -> Floats:
    product = vectors[start:stop] @ vectors.T
    return product if isinstance(product, np.ndarray) else np.asarray(product.toarray(), np.float32)


def _nearest(cosines: Floats, start: int, k: int) -> tuple[NDArray[np.int32], Floats]:
    rows = np.arange(len(cosines))
    cosines[rows, rows + start] = -np.inf
    candidates = _candidates(cosines, k)
    values = np.take_along_axis(cosines, candidates, axis=1)
    picked = np.argpartition(values, -k, axis=1)[:, -k:]
    columns, values = np.take_along_axis(candidates, picked, axis=1), np.take_along_axis(values, picked, axis=1)
    order = np.lexsort((columns, -values), axis=1)
    return np.take_along_axis(columns, order, axis=1).astype(np.int32), np.take_along_axis(values, order, axis=1)


def _candidates(cosines: Floats, k: int) -> Ints:
    """Columns among which each row's k greatest are: those of the k groups with the greatest maxima."""
    rows, n = cosines.shape
    groups = n // GROUP
    if groups <= k:
        return np.broadcast_to(np.arange(n), (rows, n))
    maxima = cosines[:, : groups * GROUP].reshape(rows, groups, GROUP).max(axis=2)
    best = np.argpartition(maxima, -k, axis=1)[:, -k:]
    inside = (best[:, :, None] * GROUP + np.arange(GROUP)).reshape(rows, -1)
    rest = np.broadcast_to(np.arange(groups * GROUP, n), (rows, n - groups * GROUP))
    return np.hstack([inside, rest])


def memberships(cosines: Floats) -> NDArray[np.float64]:
    """Weights (n, k) of neighbours, nearest first: exp(-(distance - least) / width), each row's sum log2(k)."""
    distances = np.sqrt(np.maximum(2 - 2 * cosines.astype(np.float64), 0))
    beyond = distances - distances[:, :1]
    target = math.log2(max(cosines.shape[1], 2))
    low, high = np.full((len(beyond), 1), 1e-6), np.full((len(beyond), 1), 4.0)
    for _ in range(HALVINGS):
        width = (low + high) / 2
        wide = np.exp(-beyond / width).sum(axis=1, keepdims=True) > target
        low, high = np.where(wide, low, width), np.where(wide, width, high)
    return np.asarray(np.exp(-beyond / high))


def communities(graph: csr_matrix, resolution: float, seed: int) -> Ints:
    """Leiden communities (n,) of a symmetric weighted graph (Traag et al. 2019), numbered as they come."""
    from sknetwork.clustering import Leiden

    if graph.nnz == 0:
        return np.arange(graph.shape[0], dtype=np.intp)
    # scikit-network 0.33 refines with the C library's rand(), which its random_state does not seed
    ctypes.CDLL(None).srand(seed + 1)
    leiden = Leiden(resolution=resolution, random_state=seed, sort_clusters=False, return_probs=False)
    return np.asarray(leiden.fit_predict(graph), np.intp)


def by_vote(graph: csr_matrix, labels: Ints, rounds: int = 2) -> Ints:
    """Labels (n,) after each text took, `rounds` times, the cluster to which most of its edges' weight goes."""
    from scipy.sparse import csr_matrix

    rows = np.arange(len(labels))
    for _ in range(rounds):
        members = csr_matrix((np.ones(len(labels)), (rows, labels)))
        votes = (graph @ members).tocsr()
        most = np.concatenate([_greatest(votes[start : start + CHUNK]) for start in range(0, len(labels), CHUNK)])
        own = np.asarray(votes.sum(axis=1)).ravel() > 0
        labels = np.where(own, most, labels)
    return labels


def _greatest(votes: csr_matrix) -> Ints:
    """The column of each row's maximum; dense, for a sparse argmax takes ten times as long."""
    return np.asarray(votes.toarray().argmax(axis=1), np.intp)


def clusters_of(graph: csr_matrix, resolution: float, seed: int = 0) -> Ints:
    """Communities (n,) of a graph, with the texts at their borders settled by their neighbours' vote."""
    return by_vote(graph, communities(graph, resolution, seed))
