"""Which new topic is which old one, so that topics keep their identity from version to version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedback.domain import Fate
from models.centre import Floats, Ints

Scores = NDArray[np.float64]

THRESHOLD = 0.6
BAND = 0.15
MAJORITY = 0.5
"""A topic that has this share of its documents in another went into it (merged) or came out of it (split)."""


@dataclass(frozen=True, slots=True)
class Descent:
    """One line of lineage: rows of the new and the old centroids, and how alike they are, 0 to 1.

    *Kept* names both; *merged*: the old one went into the new one, which is also something else; *split*: the new
    one came out of the old one; *born* has no old, *retired* no new one.
    """

    fate: Fate
    new: int | None
    old: int | None
    score: float


@dataclass(frozen=True, slots=True)
class Matching:
    """`kept` pairs (new, old) are sure. `doubtful` ones, with their score, lie in the band below the
    threshold: an analyst decides.

    `lineage` tells the fate of every new and every old topic; a doubtful pair is not kept there.
    """

    kept: tuple[tuple[int, int], ...]
    doubtful: tuple[tuple[int, int, float], ...]
    lineage: tuple[Descent, ...]


def match(
    new_centroids: Floats,
    old_centroids: Floats,
    new_labels: Ints | None = None,
    old_labels: Ints | None = None,
    *,
    threshold: float = THRESHOLD,
    band: float = BAND,
    fixed: Sequence[tuple[int, int]] = (),
) -> Matching:
    """Match one to one by Hungarian assignment (Kuhn 1955) on the mean of centroid cosine and shared documents.

    Centroids are unit rows (k, d) and (m, d). Labels (n,), -1 for none, say to which row the same n documents belong
    now and before; their Jaccard index is the share of documents in common. Without labels the cosine alone counts.
    `fixed` pairs (new, old) are kept whatever their score.
    """
    shared = _shared(new_labels, old_labels, len(new_centroids), len(old_centroids))
    scores = _scores(new_centroids, old_centroids, shared)
    pairs = _assigned(scores, threshold - band, fixed)
    sure = [pair for pair in pairs if scores[pair] >= threshold]
    kept = sorted([*fixed, *sure])
    doubtful = [(*pair, float(scores[pair])) for pair in sorted(set(pairs) - set(sure))]
    inside = _inside(scores, shared, threshold)
    return Matching(tuple(kept), tuple(doubtful), tuple(_lineage(kept, scores, *inside)))


def _shared(new: Ints | None, old: Ints | None, k: int, m: int) -> Scores | None:
    """Documents by new and old topic, with a last row and column for those without: (k + 1, m + 1)."""
    if new is None or old is None:
        return None
    table = np.zeros((k + 1, m + 1))
    np.add.at(table, (new, old), 1)
    return table


def _scores(new: Floats, old: Floats, shared: Scores | None) -> Scores:
    cosines = np.clip(new.astype(np.float64) @ old.T.astype(np.float64), 0, 1)
    if shared is None or not cosines.size:
        return np.asarray(cosines)
    both = shared[:-1, :-1]
    # only documents that have a topic on both sides say anything about it
    either = both.sum(axis=1)[:, None] + both.sum(axis=0)[None, :] - both
    return np.asarray((cosines + both / np.maximum(either, 1)) / 2)


def _assigned(scores: Scores, least: float, fixed: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The best one-to-one pairs scoring at least `least`, leaving the fixed rows and columns out."""
    from scipy.optimize import linear_sum_assignment

    allowed = np.where(scores >= least, scores, 0.0)
    for new, old in fixed:
        allowed[new, :] = 0
        allowed[:, old] = 0
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [pair for pair in pairs if allowed[pair] > 0]


def _inside(scores: Scores, shared: Scores | None, threshold: float) -> tuple[Scores, Scores]:
    """How much of each old topic is in each new one, and of each new in each old, both (k, m); 1 is all of it."""
    if shared is None:
        near = np.where(scores >= threshold, scores, 0.0)
        return near, near
    both = shared[:-1, :-1]
    of_old = both / np.maximum(shared.sum(axis=0)[None, :-1], 1)
    of_new = both / np.maximum(shared.sum(axis=1)[:-1, None], 1)
    return of_old, of_new


def _lineage(kept: Sequence[tuple[int, int]], scores: Scores, of_old: Scores, of_new: Scores) -> list[Descent]:
    news, olds = {new for new, _ in kept}, {old for _, old in kept}
    lines = [Descent(Fate.KEPT, new, old, float(scores[new, old])) for new, old in kept]
    merged = _majorities(of_old.T, olds)
    lines += [Descent(Fate.MERGED, new, old, float(scores[new, old])) for old, new in merged.items()]
    split = {new: old for new, old in _majorities(of_new, news).items() if merged.get(old) != new}
    lines += [Descent(Fate.SPLIT, new, old, float(scores[new, old])) for new, old in split.items()]
    lines += [Descent(Fate.BORN, new, None, 0.0) for new in range(len(scores)) if new not in news and new not in split]
    gone = set(range(scores.shape[1])) - olds - set(merged) - set(split.values())
    return lines + [Descent(Fate.RETIRED, None, old, 0.0) for old in sorted(gone)]


def _majorities(shares: Scores, settled: set[int]) -> dict[int, int]:
    """For each row not settled, the column that holds most of it, if that is a majority."""
    if not shares.size:
        return {}
    best = shares.argmax(axis=1)
    rows = (row for row in range(len(shares)) if row not in settled)
    return {row: int(best[row]) for row in rows if shares[row, best[row]] >= MAJORITY}
