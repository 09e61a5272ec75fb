"""What time of the year it is for each topic, once there is a year of history, and what all its years say.

The level, trend and harmonics of the year (`models.detect.harmonics`) are found in four-week sums, held against the
volume of everything else. The contrast of the window's time of the year to that of the baseline is a factor on what
EB7 expects, whose level forgets what is old. All of it together is a forecast of its own, see `models.detect.belief`.

Arrays have the axes (replicates, topics).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.detect.baseline import Entered
from models.detect.belief import Foretold
from models.detect.harmonics import Fit, Sums, fit_harmonics
from models.detect.panel import Floats

BLOCKS = 13
"""Sums in a year: a shorter one's scatter would only be smoothed away again, and a fit costs by their number."""

WITHIN = 0.75
"""A sum of which a smaller share of days counts is left out: those may lie far from its middle."""

REACH = 8
"""Half-lives of the baseline whose days are weighed anew with every fit."""

NEGLIGIBLE = 1e-6
"""Days of a baseline that has hardly any."""


class Past(NamedTuple):
    """A day as it goes into the past: counts, others' volume, how each day until it entered the baseline, and the
    topics' variance ratios."""

    counts: Floats
    others: Floats
    entered: Sequence[Entered]
    phi: Floats


class Season:
    """The sums of the past, the harmonics found in them, and what the year's course was in the baseline.

    `year` is in days or whatever the buckets are, infinite for none; `half_life` is that of the baseline; `prior` is
    how many complaints of others a day are added, so that the chance in a handful moves nothing.
    """

    def __init__(self, shape: tuple[int, ...], year: float, harmonics: int, half_life: float, prior: float) -> None:
        self.year, self.harmonics, self.half_life, self.prior = year, harmonics, half_life, prior
        self.block = max(1, round(year / BLOCKS)) if np.isfinite(year) else 0
        self.next = 0
        self.sum = np.zeros((3, *shape))
        self.sums: tuple[Floats, ...] = ()
        self.fit: Fit | None = None
        self.beta, self.covariance, self.origin = np.zeros(shape), np.zeros(shape), 0.0
        self.weight, self.level = np.zeros(shape), np.zeros(shape)

    def copy(self) -> Self:
        """One that goes on by itself from here; arrays are replaced, never written to."""
        return copy(self)

    def add(self, day: int, past: Past) -> None:
        """Take in one day; the fit is renewed with every full sum, from a year of them on."""
        if not self.block:
            return
        self.next = day + 1
        if self.fit is not None:
            self._follow(past.entered[-1:])
        weight = past.entered[-1].weight
        self.sum = self.sum + np.stack([weight * past.counts, weight * (past.others + self.prior), weight])
        if len(past.entered) % self.block == 0:
            self.sums, self.sum = (*self.sums, self.sum), np.zeros_like(self.sum)
            if len(self.sums) >= BLOCKS:
                self._renew(past)

    def factor(self, first: int, last: int) -> tuple[Floats, Floats]:
        """What these days usually bring over what those of the baseline do, and its squared relative error."""
        if self.fit is None:
            return np.ones_like(self.level), np.zeros_like(self.level)
        angles = self._angles(np.arange(first, last + 1)).mean(axis=0)
        usual = np.where(self.weight > NEGLIGIBLE, self.level / np.maximum(self.weight, NEGLIGIBLE), 1.0)
        contrast = angles - self._usual_angles()
        variance = self.covariance @ np.outer(contrast, contrast).ravel()
        return np.asarray(np.exp(self.beta @ angles) / usual), np.asarray(variance)

    def foretold(self, first: int, last: int, volume: Floats) -> Foretold | None:
        """Complaints a day that all years say these days bring at the `volume`; None before there is a year."""
        if self.fit is None:
            return None
        terms = self._terms(np.arange(first, last + 1)).mean(axis=0)
        rate = np.exp(np.clip(self.fit.beta @ terms, -20, 20)) * (volume + self.prior) / (1 + self.prior)
        return Foretold(rate, np.einsum("k,rtkl,l->rt", terms, self.fit.covariance, terms))

    def _terms(self, days: NDArray[np.int64] | Floats) -> Floats:
        """(days, 2 + 2 harmonics): level, trend in years since the fit's last sum, and the angles."""
        trend = (days - self.origin) / self.year
        return np.column_stack([np.ones_like(trend), trend, self._angles(days)])

    def _angles(self, days: NDArray[np.int64] | Floats) -> Floats:
        """The cosines and sines of the days, (days, 2 harmonics)."""
        angles = np.outer(days, self._speeds())
        return np.hstack([np.cos(angles), np.sin(angles)])

    def _speeds(self) -> Floats:
        return np.asarray(2 * np.pi / self.year * np.arange(1, self.harmonics + 1), np.float64)

    def _usual_angles(self) -> Floats:
        """What the cosines and sines are in the baseline, as if no day were left out and none the first."""
        keep, speeds = 0.5 ** (1 / self.half_life), self._speeds()
        usual = np.exp(1j * speeds * (self.next - 1)) * (1 - keep) / (1 - keep * np.exp(-1j * speeds))
        return np.concatenate([usual.real, usual.imag])

    def _renew(self, past: Past) -> None:
        """Fit to all sums there are, and see the baseline's days in the new light."""
        counts, others, days = np.stack(self.sums, axis=1)
        middle = np.asarray(self.next - self.block * (np.arange(len(self.sums))[::-1] + 0.5) - 0.5, np.float64)
        self.origin = float(middle[-1])
        usable = days >= WITHIN * self.block
        sums = Sums(counts, others / (1 + self.prior), usable, past.phi, self._terms(middle))
        self.fit = fit_harmonics(sums, self.fit)
        self.beta = np.ascontiguousarray(self.fit.beta[..., 2:])
        self.covariance = self.fit.covariance[..., 2:, 2:].reshape(*past.phi.shape, -1)
        self.weight, self.level = np.zeros_like(self.weight), np.zeros_like(self.level)
        self._follow(past.entered[-round(REACH * self.half_life) :])

    def _follow(self, entered: Sequence[Entered]) -> None:
        """Take the year's course on the latest days into that of the baseline, which fades as the baseline does."""
        angles = self._angles(np.arange(self.next - len(entered), self.next))
        courses = np.exp(np.moveaxis(self.beta @ angles.T, -1, 0))
        for (weight, keep), course in zip(entered, courses, strict=True):
            self.weight = self.weight * keep + weight
            self.level = self.level * keep + weight * course
