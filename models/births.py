"""Finds a new subject among the recent complaints that no topic claims, or none firmly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.centre import Floats, Ints, unit_rows
from models.copies import copies

Days = NDArray[np.float64]
Mask = NDArray[np.bool_]
Texts = Callable[[Sequence[int]], Sequence[str]]
"""What the complaints of some rows say."""

BLOCK = 1024

SCREEN = 0.01
"""Texts whose neighbourhood is as recent as this by chance are not looked at further."""

SEEDS = 100
"""So many texts, the most surprising, are tried as the middle of a new subject."""

ALIKE = 0.95
"""Of texts from this cosine on one is tried: a flood of copies near a known topic would use up all the tries."""

STEPS = 3

SAME = 0.995
"""From this cosine on, two texts of one customer are copies."""


@dataclass(frozen=True, slots=True)
class BirthParams:
    """When a group is a new topic.

    Each of `windows_days` back from now is judged; older ones are the background. A text is in a group from a
    cosine of `radius` to its centre. It takes `min_size` complaints (copies counted once) from `min_customers`
    people, spread over more than `min_spread_days` or so sharp that `min_size` came within `sharp_days`; a centre
    at most `distinct` like a published one; a share of the recent complaints `min_ratio` times that of the older ones,
    with chance giving as many in less than `max_p` of cases. At most `limit` recent texts are looked at, the latest.
    """

    windows_days: tuple[float, ...] = (1.0, 2.0, 7.0)
    min_size: int = 6
    min_customers: int = 5
    min_spread_days: float = 0.5
    sharp_days: float = 1 / 24
    pair: float = 0.4
    radius: float = 0.45
    distinct: float = 0.7
    min_ratio: float = 3.0
    max_p: float = 5e-5
    limit: int = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Birth:
    """A new subject: `centroid` (d,) a unit vector, `members` rows of the input, copies included.

    `size` counts complaints without copies, `customers` the people, `expected` what the older complaints would have
    led to expect and `p` the chance of `size` given that.
    `first_day` and `last_day` span the members.
    """

    centroid: Floats
    members: tuple[int, ...]
    size: int
    customers: int
    expected: float
    p: float
    first_day: float
    last_day: float


def find_births(
    vectors: Floats,
    days: Days,
    customers: Sequence[str | None],
    hashes: Sequence[str],
    centroids: Floats,
    params: BirthParams | None = None,
    now: float | None = None,
    texts: Texts | None = None,
) -> list[Birth]:
    """New subjects among complaints that no topic claims firmly, the surest first; no complaint is in two.

    Give it the unassigned and those whose cosine is below `TopicModel.loose`, recent and older: a new fault is often
    like an old subject, and few of its complaints fall below the floor.

    `vectors` (n, d) are centred unit rows, `days` (n,) their times in days (the fraction is the time of day),
    `customers` who wrote (None: unknown, then each counts as another), `hashes` of the texts, `centroids` (k, d) the
    published topics. `now`, in days, defaults to the latest complaint. With `texts`, near-copies of a text count once,
    whoever sent them: a chain message is no subject. They are asked for only of complaints that would be born.

    A scan (Kulldorff 1997) with balls around the texts: for each recent text, count the recent and the older ones
    near it; a group is new where the recent share is beyond chance by the share of all complaints that are recent.
    """
    chosen = params or BirthParams()
    if len(vectors) == 0:
        return []
    days = np.asarray(days, np.float64)
    end = float(days.max()) if now is None else now
    copy_of = original(vectors, customers, hashes)
    while True:
        group = _Complaints(days, customers, copy_of)
        scans = (_Scan.of(group, vectors, end - window, centroids, chosen) for window in chosen.windows_days)
        births = _apart([birth for scan in scans for birth in scan.births()], chosen.radius)
        again = _collapsed(copy_of, births, texts) if texts else copy_of
        if (again == copy_of).all():
            return births
        copy_of = again


def _apart(births: Sequence[Birth], radius: float) -> list[Birth]:
    """The surest first, without those that another window found as well."""
    kept: list[Birth] = []
    for birth in sorted(births, key=lambda birth: birth.p):
        if all(float(birth.centroid @ other.centroid) < radius for other in kept):
            kept.append(birth)
    return kept


def _collapsed(copy_of: Ints, births: Sequence[Birth], texts: Texts) -> Ints:
    """The same with near-copies among the births' members."""
    rows = np.unique(copy_of[[row for birth in births for row in birth.members]])
    if len(rows) == 0:
        return copy_of
    found = copy_of.copy()
    found[rows] = rows[copies(texts(rows.tolist()))]
    return found[found]


def original(vectors: Floats, customers: Sequence[str | None], hashes: Sequence[str]) -> Ints:
    """For each row the first row it copies, itself if none: the same text, or nearly, by the same customer."""
    copy_of = np.arange(len(vectors))
    by_customer: dict[str, dict[str, int]] = {}
    for row, (customer, text) in enumerate(zip(customers, hashes, strict=True)):
        if customer is not None:
            copy_of[row] = by_customer.setdefault(customer, {}).setdefault(text, row)
    for first in by_customer.values():
        if len(first) > 1:
            _join_copies(vectors, list(first.values()), copy_of)
    return copy_of[copy_of]


def _join_copies(vectors: Floats, rows: Sequence[int], copy_of: Ints) -> None:
    """Let each of a customer's `rows` that says the same as an earlier one copy the first that does."""
    same = vectors[rows] @ vectors[rows].T > SAME
    first: list[int] = []
    for place, row in enumerate(rows):
        near = [each for each in first if same[each, place]]
        if near:
            copy_of[row] = rows[near[0]]
        else:
            first.append(place)


@dataclass(frozen=True, slots=True, eq=False)
class _Complaints:
    days: Days
    customers: Sequence[str | None]
    copy_of: Ints

    def since(self, start: float, limit: int) -> tuple[Ints, Ints]:
        """Rows without copies: the latest after `start`, in order of time, and those before."""
        once = self.copy_of == np.arange(len(self.copy_of))
        recent = np.flatnonzero(once & (self.days > start))
        recent = recent[np.argsort(self.days[recent], kind="stable")][-limit:]
        return recent, np.flatnonzero(once & (self.days <= start))

    def people(self, rows: Ints) -> int:
        return len({self.customers[row] or row for row in rows.tolist()})


@dataclass(frozen=True, slots=True, eq=False)
class _Scan:
    """One window: `rows` of the recent complaints, their vectors `recent` (r, d) and those of the `older` (o, d)."""

    group: _Complaints
    rows: Ints
    recent: Floats
    older: Floats
    centroids: Floats
    params: BirthParams

    @classmethod
    def of(cls, group: _Complaints, vectors: Floats, start: float, centroids: Floats, params: BirthParams) -> Self:
        rows, before = group.since(start, params.limit)
        return cls(group, rows, vectors[rows], vectors[before], centroids, params)

    def births(self) -> list[Birth]:
        found: list[Birth] = []
        free = np.ones(len(self.rows), np.bool_)
        for seed in self._seeds():
            birth = self._around(seed, free) if free[seed] else None
            if birth is not None:
                found.append(birth)
                free &= self.recent @ birth.centroid < self.params.radius
        return found

    def _seeds(self) -> list[int]:
        """Places of recent texts in a crowd beyond chance, the most surprising first."""
        crowd = _crowd(self.recent, self.recent, self.params.pair)
        busy = np.flatnonzero(crowd >= self.params.min_size / 2)
        before = _crowd(self.recent[busy], self.older, self.params.pair)
        _, p = _chance(crowd[busy], before, len(self.recent), len(self.older))
        seeds: list[int] = []
        for place in busy[np.lexsort((-crowd[busy], p))[: int((p <= SCREEN).sum())]].tolist():
            if len(seeds) < SEEDS and (self.recent[seeds] @ self.recent[place] < ALIKE).all():
                seeds.append(place)
        return seeds

    def _around(self, seed: int, free: Mask) -> Birth | None:
        """The group around a text, if it is a new subject: its centre moves to where the recent ones near it are."""
        near = free & (self.recent @ self.recent[seed] >= self.params.pair)
        for _ in range(STEPS):
            if near.sum() < self.params.min_size / 2:
                return None
            near = free & (self._to_the_others(near) >= self.params.radius)
        if near.sum() < self.params.min_size:
            return None
        birth = self._birth(near, int(free.sum()))
        return birth if self._is_new(birth, self.rows[near]) else None

    def _to_the_others(self, near: Mask) -> Floats:
        """Cosines of the recent texts (r,) to the centre of those near, each left out of its own.

        A centre lies nearer to the texts it was made of than to any other; the older ones would seem farther off.
        """
        total = self.recent[near].sum(axis=0)
        along = self.recent @ total
        lengths = np.sqrt(np.maximum(total @ total - near * (2 * along - 1), 1e-12))
        return np.asarray((along - near) / lengths)

    def _birth(self, inside: Mask, free: int) -> Birth:
        rows = self.rows[inside]
        centre = unit_rows(self.recent[inside].mean(axis=0, keepdims=True))[0]
        before = int((self.older @ centre >= self.params.radius).sum())
        expected, p = _chance(len(rows), before, free, len(self.older))
        return Birth(
            centroid=centre,
            members=tuple(np.flatnonzero(np.isin(self.group.copy_of, rows)).tolist()),
            size=len(rows),
            customers=self.group.people(rows),
            expected=float(expected),
            p=float(p),
            first_day=float(self.group.days[rows].min()),
            last_day=float(self.group.days[rows].max()),
        )

    def _is_new(self, birth: Birth, rows: Ints) -> bool:
        params = self.params
        nearest = float((self.centroids @ birth.centroid).max()) if len(self.centroids) else -1.0
        return (
            birth.customers >= params.min_customers
            and nearest <= params.distinct
            and birth.size >= params.min_ratio * birth.expected
            and birth.p <= params.max_p
            and self._lasting_or_sharp(np.sort(self.group.days[rows]))
        )

    def _lasting_or_sharp(self, moments: Days) -> bool:
        params = self.params
        if moments[-1] - moments[0] > params.min_spread_days:
            return True
        within = moments[params.min_size - 1 :] - moments[: len(moments) - params.min_size + 1]
        return bool((within <= params.sharp_days).any())


def _crowd(texts: Floats, others: Floats, pair: float) -> Ints:
    """How many of the others (o, d) lie near each text (n,)."""
    counts = np.zeros(len(texts), np.intp)
    for start in range(0, len(others), BLOCK):
        counts += (texts @ others[start : start + BLOCK].T >= pair).sum(axis=1)
    return counts


def _chance(size: ArrayLike, older: ArrayLike, recent: int, background: int) -> tuple[Days, Days]:
    """Expected size given the older texts of the subject, and the chance of at least `size` of them being recent.

    Binomial: under no change, a text of the subject is as likely to be recent as any other.
    """
    from scipy.stats import binom

    size, older = np.asarray(size), np.asarray(older)
    share = recent / max(recent + background, 1)
    expected = (older + 0.5) * recent / max(background, 1)
    return expected, np.asarray(binom.sf(size - 1, size + older, share))
