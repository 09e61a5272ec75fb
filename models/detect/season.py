"""What of the year's course is a topic's own, once there is a year of history: a factor on what EB7 expects.

Every topic's counts, in four-week sums and held against the volume of everything else, are regressed on a level, a
trend and the first harmonics of the year, as in Noufaily et al. 2013 (Statistics in Medicine 32:1206). The coefficients
are shrunk to none by a normal prior whose variances are those found across topics (empirical Bayes: Morris 1983, JASA
78:47). Of the fit only the harmonics are used, and only for how the window's time of the year compares with that of the
baseline: the level stays EB7's. How far they are to be trusted is learned from how well they would have foretold the
windows so far (Wolpert 1992, Neural Networks 5:241), for a drift can look like a season until its year is over.

Arrays have the axes (replicates, topics); the prior and the trust are found within a replicate.
"""

from __future__ import annotations

from copy import copy
from typing import NamedTuple, Self

import numpy as np

from models.detect.panel import Floats

BLOCKS = 13
"""Sums in a year. A week's scatter would only be smoothed away again, and a fit costs as much as there are sums."""

LEVEL_VARIANCE = 100.0
"""The prior variance of a topic's log level: as good as none."""

FIRST_VARIANCE, FIRST_TOPICS = 0.02, 5.0
"""The prior variance of the other coefficients before any is known, and of how many topics it has the weight."""

FIRST_KAPPA = 0.02
"""What four weeks scatter beyond their count's own scatter, squared and relative, before any is known."""

STEPS, LATER_STEPS = 12, 4
"""Newton's steps of the first fit and of those that go on from the last one; the prior is renewed with each."""

WITHIN = 0.75
"""A sum of which a smaller share of days counts is left out: it may lie far from its middle."""


class Fit(NamedTuple):
    """Coefficients (replicates, topics, terms), their covariance, and the prior's variances (replicates, terms)."""

    beta: Floats
    covariance: Floats
    variance: Floats
    kappa: Floats


class Season:
    """Sums of the past, and from a year on the harmonics found in them."""

    def __init__(self, shape: tuple[int, ...], year: float, harmonics: int, prior: float) -> None:
        self.shape, self.year, self.harmonics, self.prior = shape, year, harmonics, prior
        self.block = max(1, round(year / BLOCKS)) if np.isfinite(year) else 1
        self.begun: int | None = None
        self.sums = np.zeros((3, *shape))
        self.blocks: tuple[Floats, ...] = ()
        self.fit: Fit | None = None

    def copy(self) -> Self:
        """One that goes on on its own from here; arrays are replaced, never written to."""
        return copy(self)

    def add(self, day: int, counts: Floats, others: Floats, weight: Floats) -> bool:
        """Take in one day by its weight; whether that has renewed the fit."""
        if not np.isfinite(self.year):
            return False
        self.begun = day if self.begun is None else self.begun
        self.sums = self.sums + weight * np.stack([counts, others + self.prior, np.ones(self.shape)])
        if (day - self.begun + 1) % self.block:
            return False
        self.blocks = (*self.blocks, self.sums)
        self.sums = np.zeros((3, *self.shape))
        if len(self.blocks) * self.block < self.year - self.block:
            return False
        self._renew()
        return True

    def angles(self, days: Floats) -> Floats:
        """(days, 2 x harmonics)."""
        angles = 2 * np.pi * np.outer(days / self.year, np.arange(1, self.harmonics + 1))
        return np.hstack([np.cos(angles), np.sin(angles)])

    def log(self, angles: Floats) -> Floats:
        """The log of the season (..., replicates, topics) at these angles (..., 2 x harmonics)."""
        assert self.fit is not None
        return np.asarray(np.tensordot(angles, self.fit.beta[..., 2:], axes=(-1, -1)))

    def variance(self, contrast: Floats) -> Floats:
        """Of the log season at a contrast of angles (2 x harmonics,), (replicates, topics)."""
        assert self.fit is not None
        return np.asarray(np.einsum("k,rtkl,l->rt", contrast, self.fit.covariance[..., 2:, 2:], contrast))

    def _renew(self) -> None:
        assert self.begun is not None
        counts, others, days = np.stack(self.blocks, axis=1)
        middle = self.begun + self.block * (np.arange(len(self.blocks)) + 0.5) - 0.5
        trend = (middle - middle[-1]) / self.year
        design = np.hstack([np.ones((len(middle), 1)), trend[:, None], self.angles(middle)])
        usable = days >= WITHIN * self.block
        self.fit = _regression(design, counts, others / (self.prior + 1), usable, self.fit)


def _regression(design: Floats, counts: Floats, exposure: Floats, usable, before: Fit | None) -> Fit:
    """A quasi-likelihood regression of (blocks, replicates, topics), shrunk across topics."""
    terms = design.shape[1]
    fit = before or _first(counts, exposure, usable, terms)
    beta, variance, kappa = fit.beta, fit.variance, fit.kappa
    squares = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    for _ in range(LATER_STEPS if before else STEPS):
        mean = np.exp(np.clip(np.tensordot(design, beta, axes=(1, 2)), -20, 20)) * exposure
        ratio = PHI + kappa[:, None] * mean
        weight = usable / ratio
        slope = np.tensordot(weight * (counts - mean), design, axes=(0, 0)) - beta / variance[:, None]
        curvature = np.tensordot(weight * mean, squares, axes=(0, 0)).reshape(*beta.shape, terms)
        curvature = curvature + np.eye(terms) / variance[:, None, None]
        covariance = np.linalg.inv(curvature)
        beta = beta + np.clip(np.einsum("rtkl,rtl->rtk", covariance, slope), -1, 1)
        variance = _across(beta, covariance)
        kappa = _kappa(counts, mean, usable, terms)
    return Fit(beta, covariance, variance, kappa)

PHI = 1.5
def _first(counts: Floats, exposure: Floats, usable, terms: int) -> Fit:
    beta = np.zeros((*counts.shape[1:], terms))
    beta[..., 0] = np.log(((counts * usable).sum(axis=0) + 0.5) / ((exposure * usable).sum(axis=0) + 0.5))
    variance = np.full((counts.shape[1], terms), FIRST_VARIANCE)
    variance[:, 0] = LEVEL_VARIANCE
    return Fit(beta, np.zeros((*beta.shape, terms)), variance, np.full((counts.shape[1], 1), FIRST_KAPPA))


def _across(beta: Floats, covariance: Floats) -> Floats:
    """The prior's variances, by one step of expectation and maximisation; a harmonic's two share one."""
    found = (beta**2 + np.diagonal(covariance, axis1=-2, axis2=-1)).sum(axis=1)
    count = beta.shape[1]
    half = (beta.shape[2] - 2) // 2
    both = (found[:, 2 : 2 + half] + found[:, 2 + half :]) / 2
    found = np.hstack([found[:, :2], both, both])
    variance = (found + FIRST_TOPICS * FIRST_VARIANCE) / (count + FIRST_TOPICS)
    variance[:, 0] = LEVEL_VARIANCE
    return np.asarray(variance)


def _kappa(counts: Floats, mean: Floats, usable, terms: int) -> Floats:
    """What the sums scatter beyond PHI, squared and relative, pooled over topics (replicates, 1)."""
    freedom = np.maximum(usable.sum(axis=0) - terms + 1, 1) / np.maximum(usable.sum(axis=0), 1)
    mean = np.maximum(mean, 1e-9)
    weight = usable / (1 + 0.02 * mean) ** 2
    excess = (weight * ((counts - mean) ** 2 / freedom - PHI * mean)).sum(axis=(0, 2))
    scale = (weight * mean**2).sum(axis=(0, 2))
    first = 20 * 400 / 81
    return np.maximum(((excess + FIRST_KAPPA * first) / (scale + first)), 0.001)[:, None]
