"""How far counts scatter around their prediction, learned from out-of-sample errors."""

from __future__ import annotations

from copy import copy
from typing import Self

import numpy as np

from models.detect.panel import Flags, Floats

DAYS_HALF_LIFE, WEEKS_HALF_LIFE = 1000.0, 365.0
"""Days after which an error counts half. How a topic scatters from day to day outlasts what is usual for it by far, and
takes years to know; how far predictions are off changes as they become better, as they do once there is a year."""

WINSOR, DAILY_WINSOR = 6.0, 9.0
"""Squared standardised errors above this count as this: a rise in the past is not scatter."""

FIRST_PHI, FIRST_KAPPA = 1.5, 0.02
"""What is believed before there is any error to learn from, with the weight of `FIRST_WINDOWS` windows each."""

FIRST_MEANS = (3.0, 30.0)
FIRST_WINDOWS = 20.0

DAYS_PRIOR, WEEKS_PRIOR = 14.0, 100.0
"""How many days of its own, or weeks, a topic needs to count as much as the others together."""


class DailyScatter:
    """Each topic's variance ratio from day to day; arrays are (replicates, topics).

    A day is compared with the same weekday one week before, given the sum of the two and the volumes of both days
    (the binomial dispersion test): neither the topic's weekdays nor its level need be known, and there are seven
    errors a week. A topic's ratio is shrunk to that of all.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.keep = 0.5 ** (1 / DAYS_HALF_LIFE)
        self.excess = np.zeros(shape)
        self.days = np.zeros(shape)
        self.ratio = np.full(shape, FIRST_PHI)

    def add(self, today: Floats, before: Floats, share: Floats, usable: Flags) -> None:
        """Learn from a day and the one a week before; `share` is the former's part of the volume of both."""
        both = today + before
        usable = usable & (both > 0) & (share > 0) & (share < 1)
        spread = np.maximum(both * share * (1 - share), 1e-9)
        error = np.minimum((today - both * share) ** 2 / spread, DAILY_WINSOR * self.ratio)
        # a single complaint scatters the same whatever the ratio: it says nothing
        self.excess = self.excess * self.keep + usable * (error - 1)
        self.days = self.days * self.keep + usable * (1 - 1 / np.maximum(both, 1))
        self._shrink()

    def _shrink(self) -> None:
        excess, days = (part.sum(axis=-1, keepdims=True) for part in (self.excess, self.days))
        pooled = np.maximum((excess + DAYS_PRIOR * (FIRST_PHI - 1)) / (days + DAYS_PRIOR), 0.0)
        own = (self.excess + DAYS_PRIOR * pooled) / (self.days + DAYS_PRIOR)
        self.ratio = 1 + np.maximum(own, 0.0)


class Dispersion:
    """The variance φ m + κ m² of a window's count.

    The pooled variance is a weighted regression of the squared errors of past predictions on ρ m and m², with ρ the
    topic's variance ratio from day to day; a topic's own factor on it is its mean squared standardised error, shrunk
    to one. Arrays are (replicates, topics), pooled over topics within a replicate.
    """

    def __init__(self, shape: tuple[int, ...], window: int) -> None:
        self.window = window
        self.keep = 0.5 ** (1 / WEEKS_HALF_LIFE)
        self.excess = np.zeros(shape)
        self.windows = np.zeros(shape)
        self.pooled_phi = np.ones((shape[0], 1))
        self.pooled_kappa = np.full((shape[0], 1), FIRST_KAPPA)
        self.normal = np.tile(_first_equations(), (shape[0], 1))
        self.daily = DailyScatter(shape)

    def copy(self) -> Self:
        """One that learns on its own from here; arrays are replaced, never written to."""
        other = copy(self)
        other.daily = copy(self.daily)
        return other

    @property
    def factor(self) -> Floats:
        return np.asarray((WEEKS_PRIOR + self.excess) / (WEEKS_PRIOR + self.windows))

    @property
    def phi(self) -> Floats:
        return np.asarray(np.maximum(self.factor * self.pooled_phi * self.daily.ratio, 1.0))

    @property
    def kappa(self) -> Floats:
        return np.asarray(self.factor * self.pooled_kappa)

    def add(self, observed: Floats, mean: Floats, doubt: Floats, usable: Flags) -> None:
        """Learn from one window a topic; windows overlap, so each counts 1 / window."""
        mean = np.maximum(mean, 1e-9)
        near, far, doubtful = self.daily.ratio * mean, mean**2, doubt * mean**2
        scatter = self.pooled_phi * near + self.pooled_kappa * far
        pooled = scatter + doubtful
        error = np.minimum((observed - mean) ** 2, WINSOR * (self.factor * scatter + doubtful))
        self._regress(error - doubtful, near, far, usable / pooled**2)
        # a mean far below one says hardly anything about dispersion
        weight = usable / self.window / (1 + 0.5 / mean)
        self.excess = self.excess * self.keep + weight * error / pooled
        self.windows = self.windows * self.keep + weight

    def _regress(self, error: Floats, near: Floats, far: Floats, weight: Floats) -> None:
        parts = (near * near, near * far, far * far, near * error, far * error)
        sums = np.stack([(weight * part).sum(axis=-1) for part in parts], axis=-1) / self.window
        self.normal = self.normal * self.keep + sums + _first_equations() * (1 - self.keep)
        self.pooled_phi, self.pooled_kappa = _solve(self.normal)


def _first_equations() -> Floats:
    mean = np.array(FIRST_MEANS)
    near, far = FIRST_PHI * mean, mean**2
    variance = near + FIRST_KAPPA * far
    parts = (near * near, near * far, far * far, near * variance, far * variance)
    return np.array([FIRST_WINDOWS * (part / variance**2).sum() for part in parts])


def _solve(normal: Floats) -> tuple[Floats, Floats]:
    """The factors of ρ m, at least .5, and of m², at least 0, from the normal equations (replicates, 5)."""
    a11, a12, a22, b1, b2 = (normal[:, [i]] for i in range(5))
    det = np.maximum(a11 * a22 - a12**2, 1e-12)
    near, far = (b1 * a22 - b2 * a12) / det, (b2 * a11 - b1 * a12) / det
    near, far = np.where(far < 0, b1 / a11, near), np.maximum(far, 0.0)
    flat = near < 0.5
    return np.where(flat, 0.5, near), np.where(flat, np.maximum((b2 - 0.5 * a12) / a22, 0.0), far)
