"""What a rise is made of: attribute values, names and words over-represented in it against the topic's own past."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import lgamma
from typing import Self

import numpy as np
from numpy.typing import NDArray

from feedback.domain import Driver

Records = Sequence[Mapping[str, str]]
Named = Mapping[str, Sequence[str]]
"""What a text names: several values may belong to one attribute, each once."""
Shares = Mapping[str, Mapping[str, float]]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST_BASELINE = 20
"""Fewer complaints do not say what is usual."""

MANY_VALUES = 100
"""An attribute with more values than this, or with a new value in every other complaint, is a name, not a group."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the texts name: of each complaint of the window and of the baseline, in their order; None where not read.

    `population` are texts of all complaints, which stand for the baseline where the topic has hardly any.
    """

    window: Sequence[Named | None]
    baseline: Sequence[Named | None]
    population: Sequence[Named] = ()


@dataclass(frozen=True, slots=True)
class _Value:
    """One attribute value: how many window and baseline complaints have it, of how many that state the attribute.

    `known_share` stands for the baseline where the topic has hardly any. What is `in_text` is stated by all read.
    """

    attribute: str
    value: str
    observed: int
    stated: int
    before: int
    before_stated: int
    known_share: float | None
    in_text: bool = False

    @property
    def baseline_share(self) -> float:
        if self.known_share is not None:
            return self.known_share
        return self.before / self.before_stated if self.before_stated else 0.0

    @property
    def excess(self) -> float:
        return self.observed / self.stated - self.baseline_share


def find_drivers(
    window: Records,
    baseline: Records,
    population: Shares | None = None,
    told: Told | None = None,
    *,
    fdr: float = 0.05,
    least_count: int = 3,
    least_excess: float = 0.1,
    least_baseline: int = LEAST_BASELINE,
    limit: int = 5,
) -> list[Driver]:
    """What makes up more of the window than of the topic's baseline, strongest first: attribute values, and what the
    texts name.

    A complaint is a mapping of attribute to value; one that lacks an attribute, or holds an empty value, does not
    count in it, so a driver's `total` is the window's complaints that state the attribute. The test is Fisher's exact
    one, one-sided with the mid-p correction (Lancaster 1961), corrected after Benjamini and Hochberg over all values
    in the window. Where fewer than `least_baseline` baseline complaints state an attribute, `population` (attribute →
    value → share among all complaints) takes its place in a binomial test. A value must be in `least_count`
    complaints of the window and exceed its baseline share by `least_excess`. Of values that say the same thing
    (market DE and language de), the stronger is kept. At most `limit` are returned.

    What texts name is there or not, among all that were read. Looked at, and so corrected for, is what is in as many
    texts of window and baseline together as it takes to stand out: the test does not depend on that sum.
    """
    values = _values(window, baseline, population or {}, least_baseline)
    if told:
        values += _told_values(told, least_baseline, least_count, least_excess)
    if not values:
        return []
    p = _p_values(values)
    q = _corrected(p)
    order = sorted(range(len(values)), key=lambda i: (p[i], -values[i].excess, values[i].attribute, values[i].value))
    wanted = [
        i for i in order if q[i] <= fdr and values[i].observed >= least_count and values[i].excess >= least_excess
    ]
    candidates = [values[i] for i in wanted]
    now = _Side.of(window, told.window if told else (), candidates)
    before = _Side.of(baseline, told.baseline if told else (), candidates)
    kept = _distinct(candidates, now, before, limit)
    return [_driver(values[i], float(p[i]), float(q[i])) for i in wanted if values[i] in kept]


def _driver(value: _Value, p: float, q: float) -> Driver:
    numbers = value.observed, value.stated, value.baseline_share, p, q
    return Driver(value.attribute, value.value, *numbers, in_text=value.in_text)


def _values(window: Records, baseline: Records, population: Shares, least_baseline: int) -> list[_Value]:
    now, before = _count(window), _count(baseline)
    values: list[_Value] = []
    for attribute in sorted(now):
        counts, past = now[attribute], before.get(attribute, Counter())
        if not _groups(counts, past):
            continue
        shares = population.get(attribute) if past.total() < least_baseline else None
        values += [
            _Value(
                attribute,
                value,
                observed,
                counts.total(),
                past[value],
                past.total(),
                shares.get(value, 0.0) if shares else None,
            )
            for value, observed in sorted(counts.items())
            if shares or past
        ]
    return values


def _told_values(told: Told, least_baseline: int, least_count: int, least_excess: float) -> list[_Value]:
    window = [each for each in told.window if each is not None]
    before = [each for each in told.baseline if each is not None]
    known = len(before) < least_baseline
    past = list(told.population) if known else before
    if not window or not past:
        return []
    now, then = _count_named(window), _count_named(past)
    least = max(least_count, least_excess * len(window))
    looked_at = sorted(pair for pair in now.keys() | then.keys() if now[pair] + then[pair] >= least)
    return [
        _Value(
            *pair,
            now[pair],
            len(window),
            then[pair],
            len(past),
            then[pair] / len(past) if known else None,
            in_text=True,
        )
        for pair in looked_at
    ]


def _count_named(texts: Iterable[Named]) -> Counter[tuple[str, str]]:
    return Counter(pair for text in texts for pair in _pairs(text))


def _pairs(text: Named) -> Iterator[tuple[str, str]]:
    return ((attribute, value) for attribute, values in text.items() for value in values)


def _count(records: Records) -> dict[str, Counter[str]]:
    pairs = Counter(pair for record in records for pair in record.items())
    counts: dict[str, Counter[str]] = {}
    for (attribute, value), number in pairs.items():
        if value:
            counts.setdefault(attribute, Counter())[value] = number
    return counts


def _groups(now: Counter[str], before: Counter[str]) -> bool:
    """Whether the attribute sorts complaints into groups rather than naming each."""
    distinct, stated = len(now.keys() | before.keys()), now.total() + before.total()
    return distinct <= MANY_VALUES and (distinct <= 5 or distinct <= stated / 2)


def _p_values(values: list[_Value]) -> Floats:
    """One-sided mid-p of each value; 1 where it is no more common than before."""
    p = np.ones(len(values))
    for tail, rows in (
        (_binomial, [i for i, v in enumerate(values) if v.known_share is not None and v.excess > 0]),
        (_fisher, [i for i, v in enumerate(values) if v.known_share is None and v.excess > 0]),
    ):
        if rows:
            p[rows] = tail([values[i] for i in rows])
    return p


def _fisher(values: list[_Value]) -> Floats:
    observed, stated, before, before_stated = _numbers(values)
    holders = observed + before
    first = _log_choose(holders, observed)
    first += _log_choose(stated + before_stated - holders, stated - observed)
    first -= _log_choose(stated + before_stated, stated)
    spare = before_stated - holders

    def ratio(k: Floats) -> Floats:
        return (holders - k) * (stated - k) / ((k + 1) * np.maximum(spare + k + 1, 1))

    return _mid_tail(observed, np.exp(first), ratio)


def _binomial(values: list[_Value]) -> Floats:
    observed, stated, _, _ = _numbers(values)
    # a value nobody had before is not impossible, only rarer than the window can tell
    share = np.maximum([value.baseline_share for value in values], 0.5 / (stated + 1))
    odds = share / np.maximum(1 - share, 1e-12)
    first = _log_choose(stated, observed) + observed * np.log(share)
    first += (stated - observed) * np.log(np.maximum(1 - share, 1e-12))
    return _mid_tail(observed, np.exp(first), lambda k: (stated - k) / (k + 1) * odds)


def _numbers(values: list[_Value]) -> tuple[Floats, Floats, Floats, Floats]:
    rows = np.array([(v.observed, v.stated, v.before, v.before_stated) for v in values], dtype=float)
    return rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3]


def _log_choose(n: Floats, k: Floats) -> Floats:
    return np.array([lgamma(a + 1) - lgamma(b + 1) - lgamma(a - b + 1) for a, b in zip(n, k, strict=True)])


def _mid_tail(observed: Floats, first: Floats, ratio: Callable[[Floats], Floats]) -> Floats:
    """Half the chance of `observed` and all of what lies above; `ratio` leads from each count's chance to the next.

    Above the mean the chances fall ever faster, so the sum is complete once the last one no longer counts.
    """
    term, total, k = first, first / 2, observed
    while (term > 1e-17 * total).any():
        term, k = term * np.maximum(ratio(k), 0.0), k + 1
        total = total + term
    return np.minimum(total, 1.0)


def _corrected(p: Floats) -> Floats:
    order = np.argsort(p, kind="stable")
    scaled = p[order] * (len(p) / np.arange(1, len(p) + 1))  # so that q is never below p by a rounding
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """The window or the baseline: which rows hold each candidate (n,), and whose texts were read (n,)."""

    held: Mapping[tuple[str, str, bool], Flags]
    read: Flags

    @classmethod
    def of(cls, records: Records, texts: Sequence[Named | None], candidates: Sequence[_Value]) -> Self:
        held = {_key(each): np.zeros(len(records), bool) for each in candidates}
        read = np.zeros(len(records), bool)
        for row, record in enumerate(records):
            for attribute, value in record.items():
                if (found := held.get((attribute, value, False))) is not None:
                    found[row] = True
        for row, text in enumerate(texts):
            read[row] = text is not None
            for attribute, value in _pairs(text or {}):
                if (found := held.get((attribute, value, True))) is not None:
                    found[row] = True
        return cls(held, read)

    def pair(self, one: _Value, other: _Value) -> tuple[Flags, Flags]:
        """Which rows hold the one and the other, of those where both can be known."""
        first, second = self.held[_key(one)], self.held[_key(other)]
        if one.in_text or other.in_text:
            return first[self.read], second[self.read]
        return first, second


def _key(value: _Value) -> tuple[str, str, bool]:
    return value.attribute, value.value, value.in_text


def _distinct(candidates: list[_Value], window: _Side, baseline: _Side, limit: int) -> list[_Value]:
    """Candidates, strongest first, that a stronger one does not explain."""
    kept: list[_Value] = []
    for candidate in candidates:
        if len(kept) == limit:
            break
        if not any(_explains(stronger, candidate, window, baseline) for stronger in kept):
            kept.append(candidate)
    return kept


def _explains(stronger: _Value, weaker: _Value, window: _Side, baseline: _Side) -> bool:
    """Whether the weaker is no longer over-represented among complaints alike in the stronger.

    Cochran-Mantel-Haenszel's test over two strata, with and without the stronger value. Where the baseline cannot
    tell, two values that are mostly in the same complaints of the window say the same.
    """
    has, also = window.pair(stronger, weaker)
    if stronger.known_share is not None or weaker.known_share is not None:
        return bool((has & also).sum() >= 0.7 * (has | also).sum())
    has_before, also_before = baseline.pair(stronger, weaker)
    excess = variance = 0.0
    for side in (True, False):
        inside, before = has == side, has_before == side
        n, m = int(inside.sum()), int(before.sum())
        holders = int(also[inside].sum()) + int(also_before[before].sum())
        size = n + m
        if size > 1:
            excess += int(also[inside].sum()) - n * holders / size
            variance += n * m * holders * (size - holders) / (size**2 * (size - 1))
    return excess < 1.645 * variance**0.5 or variance == 0
