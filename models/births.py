"""Finds a new subject among the recent complaints: many that are nearer to one another than to their own topics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.centre import Floats, Ints, unit_rows
from models.copies import copies

Days = NDArray[np.float64]
Mask = NDArray[np.bool_]
Texts = Callable[[Sequence[int]], Sequence[str]]
"""What the complaints of some rows say."""

BLOCK = 256

SCREEN = 0.01
"""Texts whose neighbourhood is as recent as this by chance are not looked at further."""

SEEDS = 100
"""So many texts, the most surprising, are tried at once as the middle of a new subject."""

ROUNDS = 5
"""Where a crowd was found, the texts outside it are tried as well, so often: it must not hide a smaller one."""

ALIKE = 0.95
"""Of texts from this cosine on one is tried: a flood of copies near a known topic would use up all the tries."""

STEPS = 3
"""So often a group's centre moves to where its texts are."""

PAIR_WEIGHT = 0.5
"""What the nearness to the own topic counts beside that to a single text; beside that to a centre it counts in full.

A text is less near to another of its subject than to the middle of them all.
"""

CLOSEST = 5
"""The chance is not taken of fewer neighbours than this, the text itself counted: nearly any text has some."""

SAMPLE = 4000
"""So many of the older texts, evenly spread, do to see where it is worth counting all of them."""

LOOK_AGAIN = 1e-3
"""Up to this chance, by the sample, all older texts are counted."""

ALONE = 0.4
"""A text that is less near than this to every topic counts as this near to one: it must come nearer to a new subject
than texts do that have nothing in common."""

SAME = 0.995
"""From this cosine on, two texts of one customer are copies."""


TOGETHER = 0.5
"""From this cosine on, two groups are told of one subject: one fault comes in several wordings, one after the other.

Of banking77's 77 intents two are nearer than that in 3.6 of 100 pairs, halves of 8 texts of one intent always.
"""


@dataclass(frozen=True, slots=True)
class BirthParams:
    """When a group is a new topic.

    Each of `windows_days` back from now is judged; older ones are the background. It takes `min_size` complaints
    (copies counted once) from `min_customers` people, spread over more than `min_spread_days` or so sharp that
    `min_size` came within `sharp_days`; a centre at most `distinct` like a published one or one born with it; a share
    of the recent complaints `min_ratio` times that of the older ones, with chance giving as many in less than `max_p`
    of cases. The chance is the least of many that are looked at, and complaints come less evenly than chance has it, so
    `max_p` is far below what a single one would need: `benchmarks/births_in_time.py` tells what lies below and above.

    A group's edge is where chance is least among its `core` nearest texts, but no further out than where a text gains
    `nearer` by it: what lies clearly nearer to a published topic is that topic's. At most `limit` recent texts are
    looked at, the latest. Those of the first window are tried as the middle of a group: a new subject goes on.

    From a cosine of `together` on, a birth is more of the young topic nearest to it and no other topic.
    """

    windows_days: tuple[float, ...] = (2.0, 7.0)
    min_size: int = 6
    min_customers: int = 5
    min_spread_days: float = 0.5
    sharp_days: float = 1 / 24
    core: int = 15
    nearer: float = -0.05
    distinct: float = 0.9
    together: float = TOGETHER
    min_ratio: float = 6.0
    max_p: float = 1e-8
    limit: int = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Birth:
    """A new subject: `centroid` (d,) a unit vector, `members` rows of the input, copies included.

    `size` counts complaints without copies, `customers` the people, `expected` what the older complaints would have
    led to expect and `p` the chance of as many, given that.
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
    """New subjects among complaints, the surest first; no complaint is in two.

    Give it all complaints, recent and older: a new fault is often like an old subject, and then a topic claims its
    complaints firmly.

    `vectors` (n, d) are centred unit rows, `days` (n,) their times in days (the fraction is the time of day),
    `customers` who wrote (None: unknown, then each counts as another), `hashes` of the texts, `centroids` (k, d) the
    published topics. `now`, in days, defaults to the latest complaint. With `texts`, near-copies of a text count once,
    whoever sent them: a chain message is no subject. They are asked for only of complaints that would be born.

    A scan (Kulldorff 1997) around the texts: for each recent text, count the recent and the older ones near it; a
    group is new where the recent share is beyond chance by the share of all complaints that are recent. Near is a
    text by its gain: its cosine to the centre less that to the nearest published topic, as in a likelihood ratio. A
    ball of the cosine alone would hold more of the neighbouring topic's complaints, old ones, than of the new ones.
    """
    chosen = params or BirthParams()
    if len(vectors) == 0:
        return []
    days = np.asarray(days, np.float64)
    end = float(days.max()) if now is None else now
    copy_of = original(vectors, customers, hashes)
    own = _nearest_topic(vectors, centroids)
    while True:
        group = _Complaints(days, customers, copy_of)
        scans = (_Scan.of(group, vectors, own, end, window, centroids, chosen) for window in chosen.windows_days)
        births = _apart((birth for scan in scans for birth in scan.births()), chosen.distinct)
        again = _collapsed(copy_of, births, texts) if texts else copy_of
        if (again == copy_of).all():
            return births
        copy_of = again


def elder(birth: Birth, centroids: Floats, young: Mask, params: BirthParams | None = None) -> int | None:
    """The row of the `young` (k,) topic that a birth is more of, see `BirthParams`; None for a subject of its own.

    `centroids` (k, d) are all topics, those born before it in the same run included.
    """
    if not young.any():
        return None
    cosines = centroids @ birth.centroid
    nearest = int(cosines.argmax())
    near = float(cosines[nearest]) >= (params or BirthParams()).together
    return nearest if near and young[nearest] else None


def _nearest_topic(vectors: Floats, centroids: Floats) -> Floats:
    """The cosine of each text (n,) to the published topic nearest to it, ALONE for one that lies near none."""
    return np.asarray((vectors @ centroids.T).max(axis=1, initial=ALONE))


def _apart(births: Iterable[Birth], distinct: float) -> list[Birth]:
    """The surest first, without those that lie near a surer one or share a complaint with it."""
    kept: list[Birth] = []
    for birth in sorted(births, key=lambda birth: birth.p):
        if all(
            float(birth.centroid @ other.centroid) <= distinct and set(birth.members).isdisjoint(other.members)
            for other in kept
        ):
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

    def first_days(self, members: Sequence[int]) -> Days:
        """When the members came, those without copies."""
        rows = np.array(members, np.intp)
        return np.asarray(self.days[rows[self.copy_of[rows] == rows]])

    def people(self, rows: Ints) -> int:
        return len({self.customers[row] or row for row in rows.tolist()})


@dataclass(frozen=True, slots=True, eq=False)
class _Texts:
    """Vectors (n, d) of texts and the cosine of each to its nearest topic (n,)."""

    vectors: Floats
    own: Floats

    def gains(self, centres: Floats, weight: float = 1.0) -> Floats:
        """How much nearer each text is to each centre (c, d) than to its own topic, (c, n)."""
        return np.asarray(centres @ self.vectors.T - np.float32(weight) * self.own)

    def gains_of_groups(self, groups: Mask) -> Floats:
        """Gains (g, n) towards the centres of groups (g, n) of these texts, each text left out of its own.

        A centre lies nearer to the texts it was made of than to any other; the older ones would seem farther off.
        """
        totals = groups.astype(np.float32) @ self.vectors
        along = totals @ self.vectors.T
        squares = (totals**2).sum(axis=1, keepdims=True)
        lengths = np.sqrt(np.maximum(squares - groups * (2 * along - 1), 1e-12))
        return np.asarray((along - groups) / lengths - self.own, np.float32)

    def centres(self, groups: Mask) -> Floats:
        return unit_rows(groups.astype(np.float32) @ self.vectors)

    def sample(self, size: int) -> Self:
        step = max(1, -(-len(self.own) // size))
        return type(self)(self.vectors[::step], self.own[::step])


@dataclass(frozen=True, slots=True, eq=False)
class _Crowds:
    """Groups (g, r) of the recent texts, the size `expected` (g,) of each and the chance `p` (g,) of its size."""

    groups: Mask
    expected: Days
    p: Days

    def unlikely(self, p: float) -> Self:
        """Those that chance gives so seldom, the surest first."""
        kept = np.argsort(self.p, kind="stable")[: int((self.p <= p).sum())]
        return type(self)(self.groups[kept], self.expected[kept], self.p[kept])


@dataclass(frozen=True, slots=True, eq=False)
class _Scan:
    """One window: the `recent` complaints, of these `rows`, and the `older` ones, of which the `sample` is a part.

    Those at the places `middles` (m,) of the recent ones are tried as the middle of a group.
    """

    group: _Complaints
    rows: Ints
    middles: Ints
    recent: _Texts
    older: _Texts
    sample: _Texts
    centroids: Floats
    params: BirthParams

    @classmethod
    def of(
        cls,
        group: _Complaints,
        vectors: Floats,
        own: Floats,
        end: float,
        window: float,
        centroids: Floats,
        params: BirthParams,
    ) -> Self:
        rows, before = group.since(end - window, params.limit)
        middles = np.flatnonzero(group.days[rows] > end - params.windows_days[0])
        recent, older = _Texts(vectors[rows], own[rows]), _Texts(vectors[before], own[before])
        return cls(group, rows, middles, recent, older, older.sample(SAMPLE), centroids, params)

    def births(self) -> list[Birth]:
        if len(self.middles) == 0:
            return []
        p, balls = self._balls()
        found: list[Birth] = []
        for _ in range(ROUNDS):
            seeds = self._seeds(p)
            crowds = self._crowds(self._groups(balls[seeds]))
            found += [birth for birth in self._births(crowds) if self._is_new(birth)]
            p[seeds] = 1.0
            p[np.isin(self.middles, np.flatnonzero(crowds.groups.any(axis=0)))] = 1.0
            if len(crowds.p) == 0:
                break
        return found

    def _balls(self) -> tuple[Days, Ints]:
        """For each text tried the chance (m,) of its neighbourhood, and the recent texts in it (m, core + 1).

        As many of the nearest belong to it as chance is least for; the other places are -1.
        """
        starts = range(0, len(self.middles), BLOCK)
        parts = [self._balls_around(self.middles[start : start + BLOCK]) for start in starts]
        return np.concatenate([p for p, _ in parts]), np.concatenate([balls for _, balls in parts])

    def _balls_around(self, middles: Ints) -> tuple[Days, Ints]:
        centres, each = self.recent.vectors[middles], np.arange(len(middles))
        gains = self.recent.gains(centres, PAIR_WEIGHT)
        gains[each, middles] = np.inf
        places, edges = _first(gains, self.params.core + 1)
        near = _counts(self.sample.gains(centres, PAIR_WEIGHT), edges)
        # the text itself, which comes first, is no evidence
        others = np.arange(places.shape[1])
        p = _chance(others[None, :], near, len(self.rows), len(self.sample.own))
        p[:, : CLOSEST - 1] = 1.0
        best = p.argmin(axis=1)
        return p[each, best], np.where(others[None, :] <= best[:, None], places, -1)

    def _seeds(self, p: Days) -> Ints:
        """The texts to try, as places in `middles`: those in a crowd beyond chance, the most surprising first."""
        vectors = self.recent.vectors[self.middles]
        seeds: list[int] = []
        for place in np.argsort(p, kind="stable")[: int((p <= SCREEN).sum())].tolist():
            if len(seeds) < SEEDS and (vectors[seeds] @ vectors[place] < ALIKE).all():
                seeds.append(place)
        return np.array(seeds, np.intp)

    def _groups(self, balls: Ints) -> Mask:
        """The same as groups (g, r)."""
        groups = np.zeros((len(balls), len(self.rows) + 1), np.bool_)
        np.put_along_axis(groups, balls, True, axis=1)  # -1 is the column too many
        return groups[:, :-1]

    def _crowds(self, groups: Mask) -> _Crowds:
        """What the groups (g, r) lead to and is beyond chance."""
        for _ in range(STEPS - 1):
            groups = _once(self._moved(groups, self.sample).unlikely(LOOK_AGAIN).groups)
        crowds = self._moved(groups, self.older).unlikely(LOOK_AGAIN)
        full = np.flatnonzero(crowds.groups.sum(axis=1) >= self.params.core)
        for each in full.tolist():
            crowds.groups[each], crowds.expected[each], crowds.p[each] = self._whole(crowds.groups[each])
        return crowds.unlikely(self.params.max_p)

    def _moved(self, groups: Mask, older: _Texts) -> _Crowds:
        """Around each group's centre (g, r), the group that chance explains least."""
        if len(groups) == 0:
            return _Crowds(groups, np.zeros(0), np.zeros(0))
        each = np.arange(len(groups))
        places, edges = _first(self.recent.gains_of_groups(groups), self.params.core)
        expected, p = self._unlikely(edges, older, self.recent.centres(groups))
        best = p.argmin(axis=1)
        moved = np.zeros_like(groups)
        np.put_along_axis(moved, places, np.arange(places.shape[1])[None, :] <= best[:, None], axis=1)
        return _Crowds(moved, expected[each, best], p[each, best])

    def _whole(self, core: Mask) -> tuple[Mask, float, float]:
        """A group (r,) whose edge may lie further out than its core's, the size expected and the chance of it.

        Where most of what is recent is of one subject, fifteen of it are no surprise, all of them are.
        """
        groups = core[None, :]
        places, edges = _first(self.recent.gains_of_groups(groups), len(core))
        expected, p = self._unlikely(edges, self.older, self.recent.centres(groups))
        last = self.params.core - 1 + int(p[0, self.params.core - 1 :].argmin())
        whole = np.zeros_like(core)
        whole[places[0, : last + 1]] = True
        return whole, float(expected[0, last]), float(p[0, last])

    def _unlikely(self, edges: Floats, older: _Texts, centres: Floats) -> tuple[Days, Days]:
        """The size expected within each edge (g, m) around the centres (g, d), and the chance of 1, 2, … m texts.

        The chance is 1 where they are too few, or too far away.
        """
        sizes = np.arange(1, edges.shape[1] + 1)[None, :]
        near, background = _counts(older.gains(centres), edges), len(older.own)
        expected = (near + 0.5) * len(self.rows) / max(background, 1)
        few = (sizes < self.params.min_size) | (sizes < self.params.min_ratio * expected)
        p = _chance(sizes, near, len(self.rows), background)
        return expected, np.where(few | (edges < self.params.nearer), 1.0, p)

    def _births(self, crowds: _Crowds) -> list[Birth]:
        centres = self.recent.centres(crowds.groups)
        return [
            self._birth(self.rows[group], centre, expected, p)
            for group, centre, expected, p in zip(
                crowds.groups, centres, crowds.expected.tolist(), crowds.p.tolist(), strict=True
            )
        ]

    def _birth(self, rows: Ints, centre: Floats, expected: float, p: float) -> Birth:
        return Birth(
            centroid=centre,
            members=tuple(np.flatnonzero(np.isin(self.group.copy_of, rows)).tolist()),
            size=len(rows),
            customers=self.group.people(rows),
            expected=expected,
            p=p,
            first_day=float(self.group.days[rows].min()),
            last_day=float(self.group.days[rows].max()),
        )

    def _is_new(self, birth: Birth) -> bool:
        nearest = float((self.centroids @ birth.centroid).max()) if len(self.centroids) else -1.0
        return (
            birth.customers >= self.params.min_customers
            and nearest <= self.params.distinct
            and self._lasting_or_sharp(np.sort(self.group.first_days(birth.members)))
        )

    def _lasting_or_sharp(self, moments: Days) -> bool:
        params = self.params
        if moments[-1] - moments[0] > params.min_spread_days:
            return True
        within = moments[params.min_size - 1 :] - moments[: len(moments) - params.min_size + 1]
        return bool((within <= params.sharp_days).any())


def _first(gains: Floats, most: int) -> tuple[Ints, Floats]:
    """The places (g, m) of the greatest gains (g, n), at most so many, the greatest first, and these gains."""
    most = min(most, gains.shape[1])
    places = np.argpartition(-gains, most - 1, axis=1)[:, :most]
    found = np.take_along_axis(gains, places, axis=1)
    # where gains are the same, in order of time: the answer must not depend on the order of the input
    order = np.lexsort((places, -found), axis=1)
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(found, order, axis=1)


def _counts(gains: Floats, edges: Floats) -> Ints:
    """How many of the gains (g, o) are at least each edge (g, m), the greatest edge first."""
    inside = gains >= edges[:, -1:]
    ends = np.cumsum(inside.sum(axis=1))[:-1]
    sorted_ = (np.sort(each) for each in np.split(gains[inside], ends))
    counts = [len(each) - np.searchsorted(each, edge) for each, edge in zip(sorted_, edges, strict=True)]
    return np.array(counts, np.intp)


def _once(groups: Mask) -> Mask:
    """Every group (g, r) once."""
    return groups[np.sort(np.unique(np.packbits(groups, axis=1), axis=0, return_index=True)[1])]


def _chance(size: Ints, older: Ints, recent: int, background: int) -> Days:
    """The chance of at least `size` recent texts in a subject with so many older ones.

    Binomial: under no change, a text of the subject is as likely to be recent as any other.
    """
    from scipy.special import bdtrc

    total = size + older
    share = recent / max(recent + background, 1)
    return np.where(size > 0, bdtrc(np.maximum(size - 1, 0), total, share), 1.0)
