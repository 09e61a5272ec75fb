"""How two topic model versions differ when both judge the same complaints, and which of them is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedback.domain import Fate
from models.centre import Floats, Ints, unit_rows
from models.coherence import coherence, held_out
from models.evaluate import agreement, coverage, language_mixing
from models.match import MAJORITY
from models.topics import Words, describe, quotes

Flow = NDArray[np.intp]
"""Texts (k + 1, k + 1) by the topic before and the topic after; last come those without one."""

Rows = Mapping[int, tuple[int, ...]]
"""Texts by topic, those that speak best for it first."""

QUOTES = 3
NEIGHBOURS = 3
"""So many topics are named that a topic's texts came from or went to."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What one version makes of n texts: `labels` (n,) number the k topics of both versions alike, -1 for none.

    `topics` (k,) marks those that this version has; `vectors` (n, d) are the texts as unit rows centred by it.
    """

    labels: Ints
    topics: NDArray[np.bool_]
    vectors: Floats


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a topic. `other` is the topic that it was merged into or split from, None for one split up.

    `before` and `after` count its texts and `stayed` those that it has in both versions. `came` and `went` are
    (topic, texts), the most first; topic -1 is none.
    """

    fate: Fate
    other: int | None
    before: int
    after: int
    stayed: int
    came: tuple[tuple[int, int], ...]
    went: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a version is on the texts.

    `coverage` is the share with a topic, `language_mixing` the mean share of a topic in its commonest language,
    `coherence` the mean NPMI over topics, None with too few texts to say; `by_topic` has it topic by topic.
    `words` are by topic, found in the texts that were not held out.
    """

    topics: int
    coverage: float
    language_mixing: float
    coherence: float | None
    by_topic: Mapping[int, float]
    words: Mapping[int, Words]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How the version before differs from the one after, on `texts` texts.

    `changes` has an entry for each of the k topics. `kept` is the share that keeps its topic among the texts with a
    topic in both; `gained` and `lost` are the shares of all that have one only after or only before; `ari` is the
    adjusted Rand index of both over all texts. `places` (k, 2) is a map of the topics; NaN for one without texts.
    `came` and `went` are texts that are in a topic only after or only before; `typical_before` and `typical_after`
    speak for it.
    """

    texts: int
    changes: tuple[Change, ...]
    kept: float
    gained: float
    lost: float
    ari: float
    before: Quality
    after: Quality
    places: NDArray[np.float64]
    came: Rows
    went: Rows
    typical_before: Rows
    typical_after: Rows


def compare(before: Judged, after: Judged, texts: Sequence[str], languages: Sequence[str]) -> Comparison:
    """Compare two versions by what they make of the same n texts."""
    flow = _flow(before, after)
    had, has = before.labels >= 0, after.labels >= 0
    same = before.labels == after.labels
    return Comparison(
        texts=len(texts),
        changes=tuple(changes(flow, before.topics, after.topics)),
        kept=_share(same[had & has]),
        gained=_share(has & ~had),
        lost=_share(had & ~has),
        ari=agreement(after.labels, before.labels).ari if len(texts) else 0.0,
        before=quality(before, texts, languages),
        after=quality(after, texts, languages),
        places=_places(before, after),
        came=_typical(after, np.where(same, -1, after.labels), languages),
        went=_typical(before, np.where(same, -1, before.labels), languages),
        typical_before=_typical(before, before.labels, languages),
        typical_after=_typical(after, after.labels, languages),
    )


def quality(judged: Judged, texts: Sequence[str], languages: Sequence[str]) -> Quality:
    """How good a version is. Its words are found anew in four texts of five, and judged by the fifth."""
    aside = held_out(texts)
    words = _described(judged.labels, ~aside, texts, languages)
    rows = np.flatnonzero(aside).tolist()
    found = coherence(words, [texts[row] for row in rows], [languages[row] for row in rows])
    return Quality(
        topics=int(judged.topics.sum()),
        coverage=coverage(judged.labels),
        language_mixing=language_mixing(judged.labels, languages),
        coherence=float(np.mean(list(found.values()))) if found else None,
        by_topic=found,
        words=words,
    )


def _described(
    labels: Ints, seen: NDArray[np.bool_], texts: Sequence[str], languages: Sequence[str]
) -> Mapping[int, Words]:
    rows = np.flatnonzero(seen)
    picked = rows.tolist()
    return describe([texts[row] for row in picked], [languages[row] for row in picked], labels[rows])


def changes(flow: Flow, had: NDArray[np.bool_], has: NDArray[np.bool_]) -> list[Change]:
    """What became of each of k topics, `had` (k,) by the version before and which the one after `has` (k,).

    A topic in both is kept. One that is gone was merged into the topic that has most of its texts, and a new one was
    split from the one that had most of its own; where none has a majority it was retired, or born. A topic that is
    gone and that others were split from is split, too.
    """
    gone, new = had & ~has, has & ~had
    merged = _majorities(flow, gone, has)
    # a topic that went into a new one makes that larger; it isn't also where it came from
    split = {topic: origin for topic, origin in _majorities(flow.T, new, had).items() if merged.get(origin) != topic}
    fates = [_fate(topic, had, has, merged, split) for topic in range(len(had))]
    others = {**merged, **split}
    return [_change(topic, fate, others.get(topic), flow) for topic, fate in enumerate(fates)]


def _majorities(flow: Flow, topics: NDArray[np.bool_], known: NDArray[np.bool_]) -> dict[int, int]:
    """For those of the `topics` (k,) where one of the `known` (k,) has a majority of the texts, that one."""
    found = {}
    for topic in np.flatnonzero(topics).tolist():
        inside = np.where(known, flow[topic, :-1], 0)
        best = int(inside.argmax())
        if inside[best] > 0 and inside[best] >= MAJORITY * flow[topic].sum():
            found[topic] = best
    return found


def _fate(
    topic: int,
    had: NDArray[np.bool_],
    has: NDArray[np.bool_],
    merged: Mapping[int, int],
    split: Mapping[int, int],
) -> Fate:
    if had[topic] and has[topic]:
        return Fate.KEPT
    if topic in split or (topic in split.values() and topic not in merged):
        return Fate.SPLIT
    if had[topic]:
        return Fate.MERGED if topic in merged else Fate.RETIRED
    return Fate.BORN


def _change(topic: int, fate: Fate, other: int | None, flow: Flow) -> Change:
    return Change(
        fate=fate,
        other=other,
        before=int(flow[topic].sum()),
        after=int(flow[:, topic].sum()),
        stayed=int(flow[topic, topic]),
        came=_most(flow[:, topic], topic),
        went=_most(flow[topic], topic),
    )


def _most(texts: NDArray[np.intp], itself: int) -> tuple[tuple[int, int], ...]:
    """Topics with the most of the texts (k + 1,) but `itself`; the last place is none, -1."""
    last = len(texts) - 1
    ranked = [place for place in np.argsort(-texts, kind="stable").tolist() if texts[place] and place != itself]
    return tuple((-1 if place == last else place, int(texts[place])) for place in ranked[:NEIGHBOURS])


def _flow(before: Judged, after: Judged) -> Flow:
    size = len(before.topics)
    table = np.zeros((size + 1, size + 1), np.intp)
    np.add.at(table, (before.labels, after.labels), 1)
    return table


def _share(chosen: NDArray[np.bool_]) -> float:
    return float(chosen.mean()) if chosen.size else 0.0


def _typical(judged: Judged, labels: Ints, languages: Sequence[str]) -> Rows:
    """Of the texts with these labels, those that are most like the topic as the version has it."""
    return quotes(judged.vectors, _centres(judged, judged.labels), labels, languages, QUOTES)


def _centres(judged: Judged, labels: Ints) -> Floats:
    """Unit means (k, d) of the texts of each topic; zeros without any."""
    size = len(judged.topics)
    sums = np.zeros((size + 1, judged.vectors.shape[1]), np.float32)
    np.add.at(sums, labels, judged.vectors)
    return unit_rows(sums[:-1])


def _places(before: Judged, after: Judged) -> NDArray[np.float64]:
    """Where the topics lie (k, 2), seen by the version after: one that is gone is where its texts are now."""
    now, then = _centres(after, after.labels), _centres(after, before.labels)
    centres = np.where(after.topics[:, None], now, then)
    known = np.flatnonzero(centres.any(axis=1))
    places = np.full((len(centres), 2), np.nan)
    places[known] = plane(centres[known])
    return places


def plane(points: Floats) -> NDArray[np.float64]:
    """The points (k, d) on the two axes along which they differ most (k, 2), by principal components.

    For unit rows that is classical scaling (Torgerson 1952) of their cosines. The same points give the same picture:
    on each axis the point farthest out is on the positive side.
    """
    apart = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64) if len(points) else points
    left, lengths, _ = np.linalg.svd(apart, full_matrices=False)
    axes = np.zeros((len(points), 2))
    size = min(2, len(lengths))
    axes[:, :size] = left[:, :size] * lengths[:size]
    if len(points):
        # of two points equally far out the first decides, whatever the last digit of a machine says
        far = np.abs(axes).round(6).argmax(axis=0)
        axes *= np.where(axes[far, [0, 1]] < 0, -1, 1)
    return axes


def landing(found: Ints, wanted: Ints, size: int) -> list[float | None]:
    """The share of each topic's examples that land in it, None without any.

    `found` (p,) are the examples' topics by a version, -1 for none, `wanted` (p,) those that they were written for.
    """
    mine = [found[wanted == topic] == topic for topic in range(size)]
    return [float(np.mean(hits)) if len(hits) else None for hits in mine]
