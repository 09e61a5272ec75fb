"""What the detector would find in one's own history: rises planted into the real series, each alone in turn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.detect.budget import Threshold, highest, openings
from models.detect.combined import Combined
from models.detect.fdr import NO_BOUND
from models.detect.held import History
from models.detect.panel import Flags, Floats, Panel

Integers = NDArray[np.int64]

KINDS = ("step", "ramp", "new", "spike")
"""A step stays; a ramp grows over three weeks; a new topic was silent before; a spike brings the complaints that a week
of the step would bring within two days."""

HORIZON = 21
"""Days from the onset within which a rise is found, or not."""

RAMP, SPIKE, WEEK = 21, 2, 7

SOURCES = 8
"""Weeks before the onset whose days are copied."""

NEVER = np.inf


@dataclass(frozen=True, slots=True)
class Planted:
    """A kind of rise, and by how much: a lift of 2 doubles the complaints. A new topic has none."""

    kind: str
    lift: float | None

    def copies(self, day: int) -> float:
        """How many of the topic's own days are added to the so-manieth day of the rise."""
        more = (self.lift or 1.0) - 1.0
        match self.kind:
            case "step":
                return more
            case "ramp":
                return more * min(1.0, (day + 1) / RAMP)
            case "spike":
                return more * WEEK / SPIKE if day < SPIKE else 0.0
            case _:
                return 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """What became of each planted rise, arrays (n,): the topic's row, its complaints a week in the eight weeks before,
    and the days from the onset to the end of the day on which it was found, `NEVER` if not within `HORIZON`.
    """

    planted: Planted
    topics: Integers
    weekly: Floats
    delays: Floats

    def found(self, days: int) -> float:
        """The share found within so many days; NaN without a trial."""
        return float((self.delays <= days).mean()) if len(self.delays) else float("nan")

    def of_size(self, low: float, high: float) -> Trials:
        """Those of topics with so many complaints a week, `low` included."""
        chosen = (self.weekly >= low) & (self.weekly < high)
        return Trials(self.planted, self.topics[chosen], self.weekly[chosen], self.delays[chosen])


@dataclass(frozen=True, eq=False)
class Backtest:
    """The panel, its last `judged` days to plant rises into, and from when on they are alerts.

    Every day is judged at its end; what is planted comes on top of everything else and changes no other topic. Raises
    ValueError when the panel has not got so many days, or they leave no room for a rise.
    """

    panel: Panel
    judged: int
    threshold: Threshold

    def __post_init__(self) -> None:
        if not HORIZON < self.judged <= self.panel.days:
            raise ValueError(f"cannot judge {self.judged} of {self.panel.days} days; a rise takes {HORIZON}")

    def opened_a_week(self) -> float:
        """Alerts a week in the days judged, as they are: false ones, and rises that were real."""
        above = np.where(self._rising(self._calm), self._calm, 0.0)
        return float(openings(above, self.threshold.score, 1, settling=0)[0]) * WEEK / self.judged

    def plant(self, planted: Planted, repeats: int, rng: np.random.Generator) -> Trials:
        """Plant the rise into each topic, at so many random days each, and look for it."""
        onsets = self._onsets(repeats, rng)
        counts = self._counts[:, None, :].repeat(repeats, axis=1)
        if planted.kind == "new":
            counts[np.arange(len(counts))[:, None, None] < onsets] = 0
        for day in range(HORIZON):
            self._add(counts, onsets, day, planted.copies(day), rng)
        return self._trials(planted, onsets, self._rising(self._scores(counts)), self._rising(self._calm)[:, 0])

    @cached_property
    def _counts(self) -> Integers:
        return np.ascontiguousarray(self.panel.counts.T)

    @cached_property
    def _usable(self) -> Flags:
        """(days, topics): days with data on which the topic was neither alerted nor expected to rise."""
        return np.asarray(~(self.panel.left_out.T | self.panel.gaps[:, None]))

    def _onsets(self, repeats: int, rng: np.random.Generator) -> Integers:
        """Random days (repeats, topics) after which the topic was calm anyway; the number of days where there is none.

        The week before is calm as well, so that no alert is open.
        """
        first, days = self.panel.days - self.judged + 1, self.panel.days - (not self.panel.complete)
        usable = self._usable
        span = np.arange(-WEEK, HORIZON)
        starts = np.arange(max(first, WEEK), days - HORIZON + 1)
        if not len(starts):
            return np.full((repeats, self.panel.topics), self.panel.days)
        calm = usable[starts[:, None] + span].all(axis=1)
        drawn = (rng.random((repeats, *calm.shape)) * calm).argmax(axis=1)
        return np.where(calm.any(axis=0), starts[drawn], self.panel.days)

    def _add(self, counts: Integers, onsets: Integers, day: int, copies: float, rng: np.random.Generator) -> None:
        """Add copies of real days of the topic, of the same weekday, to a day of the rise; a part of one by lot."""
        known = onsets < self.panel.days
        row, topic = np.nonzero(known)
        at = onsets[row, topic]
        for share in (*[1.0] * int(copies), copies - int(copies)):
            if share > 0:
                source = self._source(at + day % WEEK, topic, rng)
                counts[at + day, row, topic] += rng.binomial(source, share)

    def _source(self, days: Integers, topics: Integers, rng: np.random.Generator) -> Integers:
        """The topic's count (n,) one to eight weeks before the day, at random among the usable; 0 if none is."""
        candidates = days - WEEK * np.arange(1, SOURCES + 1)[:, None]
        usable = (candidates >= 0) & self._usable[candidates, topics]
        chosen = (rng.random(candidates.shape) * usable).argmax(axis=0)
        picked = np.arange(len(days))
        return np.where(usable[chosen, picked], self._counts[candidates[chosen, picked], topics], 0)

    @cached_property
    def _calm(self) -> Floats:
        """The scores (judged, 1, topics) with nothing planted."""
        return self._scores(self._counts[:, None, :])

    def _scores(self, counts: Integers) -> Floats:
        """The combination's scores (judged, repeats, topics), each series as if it alone had changed."""
        real = History.of(self.panel)
        history = real._replace(counts=counts.astype(np.float64), excluded=np.broadcast_to(real.excluded, counts.shape))
        held = Combined().held(history, self.judged)
        scores = {name: -np.log10(each.p()) for name, each in held.items()}
        return highest(scores, self.threshold.margins)

    def _rising(self, scores: Floats) -> Flags:
        """Whether each score is an alert while nothing is planted into the other topics."""
        above = scores >= self.threshold.score
        if self.threshold.q_bound >= NO_BOUND:
            return np.asarray(above)
        p, others = 10**-scores, 10 ** -self._calm[:, 0]
        for topic in np.flatnonzero(above.any(axis=(0, 1))):
            q = q_alone(p[:, :, topic], np.delete(others, topic, axis=1))
            above[:, :, topic] &= q <= self.threshold.q_bound
        return np.asarray(above)

    def _trials(self, planted: Planted, onsets: Integers, rising: Flags, before: Flags) -> Trials:
        row, topic = np.nonzero(onsets < self.panel.days)
        at = onsets[row, topic]
        place = at - (self.panel.days - self.judged)
        # a topic that was rising anyway proves nothing
        calm = ~before[place - 1, topic] if len(place) else np.zeros(0, bool)
        row, topic, at, place = row[calm], topic[calm], at[calm], place[calm]
        seen = rising[place[:, None] + np.arange(HORIZON), row[:, None], topic[:, None]]
        delays = np.where(seen.any(axis=1), seen.argmax(axis=1) + 1.0, NEVER)
        past = np.vstack([np.zeros((1, self.panel.topics)), np.cumsum(self._counts, axis=0)])
        start = np.maximum(at - WEEK * SOURCES, 0)
        weekly = (past[at, topic] - past[start, topic]) * WEEK / np.maximum(at - start, 1)
        return Trials(planted, topic, weekly, delays)


def q_alone(p: Floats, others: Floats) -> Floats:
    """Benjamini-Hochberg values (days, n) of each p (days, n) alone among the day's others (days, m)."""
    ordered = np.sort(others, axis=1)
    number = others.shape[1] + 1
    rank = (ordered[:, None, :] < p[:, :, None]).sum(axis=2) + 1
    above = ordered[:, None, :] >= p[:, :, None]
    # those above the p move up by one rank
    scaled = np.where(above, ordered[:, None, :] * number / (np.arange(1, number) + 1), np.inf)
    return np.asarray(np.minimum(np.minimum(p * number / rank, scaled.min(axis=2, initial=np.inf)), 1.0))
