"""Whether a source has fallen silent, or all of them: nothing came for longer than chance explains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.detect.panel import Counts, Flags

DAY, WEEK = 24, 7
HISTORY = 56
"""Days before the silence that tell what is usual."""

LEAST_HISTORY = 14
CERTAIN = 1e-4
"""A silence that chance makes as likely as this is told. Looked at once a day, calm series of .1 to 60 complaints a day
with variance ratios up to 4 are called silent once in eight years."""


GAP = 1e-3
"""Days without anything are a gap if chance makes them as rare as this: then they are no zeros."""

GONE = 28
"""After so many days a source is taken to be gone for good."""


class Silence(NamedTuple):
    """`days` without anything, `usual` complaints a day before, and the chance `p` of so long a silence."""

    days: int
    usual: float
    p: float

    @property
    def is_notable(self) -> bool:
        return self.p <= CERTAIN


def silence(counts: Counts) -> Silence:
    """How long nothing has come, by the counts (days,) of complete days, oldest first.

    The days missing are held against the same weekdays of the eight weeks before, and the chance is that of a negative
    binomial with the variance they show. With fewer than two weeks before, or none missing, p is 1.
    """
    busy = np.flatnonzero(counts)
    missing = len(counts) - 1 - int(busy[-1]) if len(busy) else 0
    days = np.arange(len(counts))
    before = days[: len(counts) - missing][-HISTORY:]
    usual = float(counts[before].mean()) if len(before) else 0.0
    if missing == 0 or len(before) < LEAST_HISTORY:
        return Silence(missing, usual, 1.0)
    return Silence(missing, usual, _chance(counts, before, days[len(counts) - missing :]))


def gaps(counts: Counts, *, complete: bool = True) -> Flags:
    """(days,): the days without anything that chance does not explain, by what was usual before, or after where too
    little was before. A last day that is not `complete` is no gap."""
    found, days = np.zeros(len(counts), bool), np.arange(len(counts))
    for start, stop in stretches(counts[: len(counts) - (not complete)] == 0):
        known = days[:start][~found[:start]][-HISTORY:]
        if len(known) < LEAST_HISTORY:
            known = np.concatenate([known, days[stop:]])[:HISTORY]
        if len(known) >= LEAST_HISTORY and _chance(counts, known, days[start:stop]) <= GAP:
            found[start:stop] = True
    return found


def gaps_in_hours(counts: Counts) -> Flags:
    """(hours,): those of days that are gaps, counting days back from the last hour; a quiet hour alone is none."""
    begun = len(counts) % DAY
    found = np.repeat(gaps(counts[begun:].reshape(-1, DAY).sum(axis=1)), DAY)
    return np.concatenate([np.zeros(begun, bool), found])


RENAMED, AS_MUCH = 3, 0.5
"""A source is one that fell silent under another name if it begins no more than so many days before or after, and
brings so much of that."""


class Silenced(NamedTuple):
    """The days from `start` to before `stop` on which a source was silent, and those that tell what is usual of it,
    held against all the sources that it is `beside`. Where it `begins` with `stop` it had never been heard, and is
    beside itself and those that were before."""

    source: int
    start: int
    stop: int
    usual: slice
    beside: tuple[int, ...]
    begins: bool = False


def silences(by_source: Counts, known: int) -> list[Silenced]:
    """When each source had fallen silent or had not begun; `by_source` is (sources, days), of which the first `known`
    are complete.

    One that ends where another begins that brings about as much is the same under another name.
    """
    first, found = (by_source > 0).argmax(axis=1), list[Silenced]()
    order = np.argsort(first, kind="stable").tolist()
    for place, source in enumerate(order):
        found += _fallen(by_source, source, known)
        found += _not_begun(by_source, tuple(order[: place + 1]), int(first[source] - first.min()))
    usual = [float(by_source[each.source, each.usual].mean()) for each in found]
    numbered = list(zip(found, usual, strict=True))
    return [
        each for each, number in numbered if not any(_is_same(each, other, its / number) for other, its in numbered)
    ]


def _fallen(by_source: Counts, source: int, known: int) -> Iterator[Silenced]:
    counts = by_source[source]
    first = int((counts > 0).argmax())
    for start, stop in stretches(gaps(counts[first:known])):
        since, heard = first + start, np.flatnonzero(counts[first + stop :])
        over = first + stop + int(heard[0]) if len(heard) else len(counts)
        enough = since >= LEAST_HISTORY
        usual = slice(max(since - HISTORY, 0), since) if enough else slice(over, over + HISTORY)
        yield Silenced(source, since, over, usual, tuple(range(len(by_source))))


def _not_begun(by_source: Counts, beside: tuple[int, ...], missing: int) -> Iterator[Silenced]:
    """The `missing` days before the first of a source, the last of those `beside`, if chance does not explain that
    others were heard alone."""
    source, counts = beside[-1], by_source[beside[-1]]
    first, days = int((counts > 0).argmax()), np.arange(len(counts))
    usual = slice(first, first + HISTORY)
    if missing >= LEAST_HISTORY and _chance(counts, days[usual], days[first - missing : first]) <= GAP:
        yield Silenced(source, 0, first, usual, beside, begins=True)


def _is_same(each: Silenced, other: Silenced, as_much: float) -> bool:
    """Whether the one fell silent as the other began, which brings so many times as much."""
    ended, began = (other.start, each.stop) if each.begins else (each.start, other.stop)
    return each.begins != other.begins and abs(ended - began) <= RENAMED and as_much >= AS_MUCH


def stretches(flags: Flags) -> list[tuple[int, int]]:
    """Where flags (days,) are set, half open."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _chance(counts: Counts, known: NDArray[np.int64], missing: NDArray[np.int64]) -> float:
    """That nothing comes on the `missing` days, by the same weekdays of the `known` ones."""
    before, weekday = counts[known].astype(np.float64), known % WEEK
    sums, of_weekday = (np.bincount(weekday, weights, WEEK) for weights in (before, None))
    usual = np.where(of_weekday > 0, sums / np.maximum(of_weekday, 1), before.mean())
    fitted = usual[weekday]
    freedom = max(len(before) - WEEK, 1)
    ratio = max(1.0, float(((before - fitted) ** 2 / np.maximum(fitted, 0.5)).sum()) / freedom)
    # P(0) of a negative binomial of that mean and variance ratio; its limit at a ratio of 1 is Poisson's
    power = np.log(ratio) / (ratio - 1) if ratio > 1 + 1e-9 else 1.0
    return float(np.exp(-usual[missing % WEEK].sum() * power))
