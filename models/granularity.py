"""How fine topics are to be: such that they come again in other texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.assign import assign
from models.centre import Floats, Ints, unit_rows
from models.graph import clusters_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

GRID = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0)
"""Resolutions to choose from, coarse to fine."""

STEP = 1.4
"""How much finer the next resolution is, about."""

TOLERANCE = 0.02
"""Stabilities that differ by less are alike; the error of one over three rounds is 0.002 to 0.015."""

FINE = 0.75
"""Where on the plateau of alike stabilities the choice lies: three quarters of the way to its fine end.

Rather too fine than too coarse: a rise is lost in a topic that holds three subjects, and seen in two thirds of one.
Adjusted Rand index at the middle of the plateau, here, at its fine end, and at the best resolution by hindsight:
MASSIVE dev .420 .443 .425 .438, test .430 .461 .475 .475; Banking77 test .536 .581 .599 .599, train .570 .581
.508 .577.
"""


@dataclass(frozen=True, slots=True)
class Granularity:
    """A resolution and how alike the topics are that two halves of the texts give with it, 0 to 1."""

    resolution: float
    stability: float


def choose_resolution(
    graph: csr_matrix,
    vectors: Floats,
    *,
    before: float | None = None,
    grid: Sequence[float] = GRID,
    rounds: int = 3,
    seed: int = 0,
) -> Granularity:
    """The finer among the resolutions at which topics come again about as well as at any other, see `FINE`.

    The resolution `before` stays unless topics come again clearly better a step coarser or finer: people are used to
    topics of that size. The stability is that of the most stable of those tried. `graph` is that of
    `models.cluster.topic_graph` for the unit rows (n, d).
    """
    if before is not None:
        grid = (before, max(before / STEP, GRID[0]), min(before * STEP, GRID[-1]))
    scores = stabilities(graph, vectors, grid, rounds, seed)
    best = max(score.stability for score in scores)
    alike = [score.resolution for score in scores if score.stability >= best - TOLERANCE]
    if before is not None and scores[0].stability >= best - TOLERANCE:
        return Granularity(before, best)
    return Granularity(float(np.exp(np.quantile(np.log(alike), FINE))), best)


def stabilities(
    graph: csr_matrix, vectors: Floats, grid: Sequence[float] = GRID, rounds: int = 3, seed: int = 0
) -> list[Granularity]:
    """How stable the topics are at each resolution, over several random halvings.

    The texts are halved, each half is clustered, and all texts are assigned to the nearest centroids of either half,
    as the product will assign them; the two assignments are compared by adjusted mutual information (Vinh, Epps and
    Bailey 2010), which does not favour large topics. After Ben-Hur, Elisseeff and Guyon (2002).
    """
    halves = [_halves(graph, np.random.default_rng([seed, turn])) for turn in range(rounds)]
    return [
        Granularity(resolution, float(np.mean([_alike(pair, vectors, resolution, seed) for pair in halves])))
        for resolution in grid
    ]


def _halves(graph: csr_matrix, picks: np.random.Generator) -> list[tuple[Ints, csr_matrix]]:
    """The rows of two random halves, and the graph among them."""
    order = picks.permutation(graph.shape[0])
    middle = len(order) // 2
    halves = [np.sort(order[:middle]), np.sort(order[middle:])]
    return [(rows, graph[rows][:, rows].tocsr()) for rows in halves]


def _alike(halves: list[tuple[Ints, csr_matrix]], vectors: Floats, resolution: float, seed: int) -> float:
    from sklearn.metrics import adjusted_mutual_info_score

    one, other = (_assigned(vectors, rows, clusters_of(graph, resolution, seed)) for rows, graph in halves)
    return float(adjusted_mutual_info_score(one, other))


def _assigned(vectors: Floats, rows: Ints, labels: Ints) -> Ints:
    """Which cluster of the rows (m,) each text (n,) is nearest to."""
    from scipy.sparse import csr_matrix

    names, codes = np.unique(labels, return_inverse=True)
    members = csr_matrix((np.ones(len(rows), np.float32), (codes, rows)), shape=(len(names), len(vectors)))
    return assign(vectors, unit_rows(members @ vectors), -1.0)[0]
