"""Clusters unit vectors: graphs of nearest neighbours in several views, then Leiden communities.

What else was tried, by the adjusted Rand index over all texts at the best resolution by hindsight (MASSIVE, five
languages centred / Banking77; one or two seeds, which differ by 0.01):

- 15 neighbours by squared cosine, either direction .40 / .49, mutual .38 / .42; 30 neighbours .41 / .48
- the same by Jaccard index of neighbours .39 / .49; with cross-domain local scaling (CSLS) .41 / .48, by language .39;
  as many neighbours from each language .41, but .29 instead of .41 where each language has subjects of its own
- directions: whitened .27 / .43, half-whitened .35 / .50, without the first .40 / .52
- vectors smoothed over the graph .41 / .49; offsets by cluster and language .42; discriminants alone .42 / .52
- after Leiden: k-means steps .39 / .48 and falling; few clusters by joining many .39 / .48; joint occurrence .42 / .52
- spectral coordinates and k-means .43 / .49
- UMAP's weights .43 / .52, then the neighbours' vote .43 / .52, then the views of the vectors used here .43 / .56
- further rounds of discriminants .42, averaged over rounds .43, over seeds .42; fewer neighbours in them .43
- with the wording, too, by pieces of 3 to 5 letters .46 / .57, by words .45, projected to 512 dimensions .44 / .56, to
  192 principal ones .43 / .56; by pieces of 4 letters .45 / .58; in the first clusters, too, as here .46 to .48 / .58

The nearest of the true centroids, for which the intents must be known, gives .53 / .69.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin

from models.centre import Floats, Ints
from models.granularity import Granularity, choose_resolution
from models.graph import clusters_of, neighbour_graph
from models.metric import discriminants, main_directions
from models.wording import wordings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SCALES = (1.0, 2.0, 4.0)
"""Resolutions of the first clusters, one set for each further view."""

FIRST_VIEWS = 1.5
"""The weight of the edges of each of the first two views; the later ones have 1."""

WORDING = 2.0
"""The weight of the edges between texts that are worded alike."""

ALIKE_IN_WORDS = 10
"""A text's neighbours by wording."""

ENOUGH = 15_000
"""So many texts tell which granularity comes again."""

FEW = 10
"""With fewer clusters, there are too few directions between them to tell texts apart by."""


class KnnLeiden(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Leiden communities (Traag et al. 2019) of the graph of nearest neighbours by cosine, see `topic_graph`.

    Expects unit rows (n, d). `labels_` (n,) numbers clusters from 0 by falling size; -1 is a text whose cluster has
    fewer than `min_size` members (by default a number that grows with n, see `smallest_cluster`). The same input and
    seed give the same labels.

    `resolution` sets how fine they are; None chooses it from the texts, not far from `resolution_before` if there is
    one, see `choose_resolution`. `resolution_` is the one that was used, and `stability_`, where it was chosen, how
    stable it is; both are None for one or two texts.

    Where `fit` is given the clusters of before, `continuity` says how much they count, see `leaning`.
    """

    def __init__(
        self,
        neighbours: int = 15,
        resolution: float | None = None,
        min_size: int | None = None,
        seed: int = 0,
        continuity: float = 0.0,
        resolution_before: float | None = None,
    ) -> None:
        self.neighbours = neighbours
        self.resolution = resolution
        self.min_size = min_size
        self.seed = seed
        self.continuity = continuity
        self.resolution_before = resolution_before

    def fit(self, X: Floats, y: Ints | None = None, texts: Sequence[str] = ()) -> Self:  # noqa: N803  scikit-learn's
        """Find clusters of the rows; `y` (n,) are those they were in before, -1 for none.

        With their `texts` (n,), those that are worded alike are held together.
        """
        smallest = smallest_cluster(len(X)) if self.min_size is None else self.min_size
        self.resolution_: float | None = self.resolution
        self.stability_: float | None = None
        if len(X) <= 2:
            self.labels_ = _by_size(np.zeros(len(X), np.intp), smallest)
            return self
        graph = topic_graph(X, self.neighbours, self.seed, texts)
        resolution = self.resolution
        if resolution is None:
            chosen = self._chosen(graph, X, texts)
            resolution, self.stability_ = chosen.resolution, chosen.stability
        if y is not None:
            graph = leaning(graph, y, self.continuity)
        self.resolution_ = resolution
        self.labels_ = _by_size(clusters_of(graph, resolution, self.seed), smallest)
        return self

    def _chosen(self, graph: csr_matrix, vectors: Floats, texts: Sequence[str]) -> Granularity:
        """The granularity, from a sample where there are many texts: it hardly depends on their number."""
        if len(vectors) > ENOUGH:
            rows = np.sort(np.random.default_rng(self.seed).permutation(len(vectors))[:ENOUGH])
            vectors, texts = vectors[rows], [texts[row] for row in rows.tolist()] if texts else ()
            graph = topic_graph(vectors, self.neighbours, self.seed, texts)
        return choose_resolution(graph, vectors, before=self.resolution_before, seed=self.seed)


def smallest_cluster(n: int) -> int:
    """The least members a cluster needs among n texts: 5 up to 600, 20 at 10,000, 45 at 50,000."""
    return max(5, round(0.2 * math.sqrt(n)))


def topic_graph(vectors: Floats, neighbours: int = 15, seed: int = 0, texts: Sequence[str] = ()) -> csr_matrix:
    """The weighted sum (n, n) of the neighbour graphs of several views of the same unit rows (n, d).

    The first views are the rows as they are, their main directions and, with `texts` (n,), their wording. They are
    clustered together at a few scales, and each set of clusters gives a view in which these lie apart. Each view errs
    in its own way; an edge that several have is more to be trusted than one that only one has.
    """
    graph = FIRST_VIEWS * (neighbour_graph(vectors, neighbours) + neighbour_graph(main_directions(vectors), neighbours))
    if texts:
        graph = graph + WORDING * neighbour_graph(wordings(texts), ALIKE_IN_WORDS)
    total = graph
    for scale in SCALES:
        labels = clusters_of(graph, scale, seed)
        if labels.max(initial=-1) >= FEW:
            total = total + neighbour_graph(discriminants(vectors, labels), neighbours)
    return total.tocsr()


def leaning(graph: csr_matrix, before: Ints, continuity: float) -> csr_matrix:
    """The graph (n, n) leaning towards the clusters `before` (n,), -1 for none.

    Edges within one weigh 1 + `continuity` times as much, edges between two as much less; others stay. Clusters then
    change where the texts speak clearly for it, and not by the chance of a border. The idea is that of evolutionary
    clustering (Chakrabarti, Kumar and Tomkins 2006): what a change gains must outweigh what it breaks.
    """
    edges = graph.tocoo()
    one, other = before[edges.row], before[edges.col]
    factor = np.where((one >= 0) & (other >= 0), np.where(one == other, 1 + continuity, 1 / (1 + continuity)), 1.0)
    edges.data = edges.data * factor
    return edges.tocsr()


def _by_size(labels: Ints, smallest: int) -> Ints:
    """Labels renumbered by falling size, the small ones -1; equal sizes in order of their first member."""
    values, first, places, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -counts))
    names = np.full(len(values), -1, np.intp)
    kept = order[counts[order] >= smallest]
    names[kept] = np.arange(len(kept))
    return names[places] if len(values) else np.empty(0, np.intp)
