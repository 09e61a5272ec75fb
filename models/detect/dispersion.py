"""How far counts scatter around their prediction, learned from out-of-sample errors."""

from __future__ import annotations

import numpy as np

from models.detect.panel import Flags, Floats

HALF_LIFE = 180.0
"""Days after which an error counts half."""

WINSOR = 9.0
"""Squared standardised errors above this count as this: a rise in the past is not scatter."""

FIRST_PHI, FIRST_KAPPA = 1.5, 0.02
"""What is believed before there is any error to learn from, with the weight of `FIRST_WINDOWS` windows each."""

FIRST_MEANS = (3.0, 30.0)
FIRST_WINDOWS = 20.0


class Dispersion:
    """The variance φ m + κ m² of a window's count, pooled over topics, times each topic's own factor.

    φ and κ come from a weighted regression of the squared errors on m and m²; a topic's factor is its mean squared
    standardised error, shrunk to one as if it had been so for `prior` weeks. Arrays are (replicates, topics), pooled
    over topics within a replicate.
    """

    def __init__(self, shape: tuple[int, ...], prior: float, window: int) -> None:
        self.prior = prior
        self.window = window
        self.keep = 0.5 ** (1 / HALF_LIFE)
        self.excess = np.zeros(shape)
        self.windows = np.zeros(shape)
        self.pooled_phi = np.full((shape[0], 1), FIRST_PHI)
        self.pooled_kappa = np.full((shape[0], 1), FIRST_KAPPA)
        self.normal = np.tile(_first_equations(), (shape[0], 1))

    @property
    def factor(self) -> Floats:
        return np.asarray((self.prior + self.excess) / (self.prior + self.windows))

    @property
    def phi(self) -> Floats:
        return np.asarray(np.maximum(self.factor * self.pooled_phi, 1.0))

    @property
    def kappa(self) -> Floats:
        return np.asarray(self.factor * self.pooled_kappa)

    def add(self, observed: Floats, mean: Floats, doubt: Floats, usable: Flags) -> None:
        """Learn from one window a topic; windows overlap, so each counts 1 / window."""
        mean = np.maximum(mean, 1e-9)
        scatter, doubtful = self.pooled_phi * mean + self.pooled_kappa * mean**2, doubt * mean**2
        pooled = scatter + doubtful
        error = np.minimum((observed - mean) ** 2, WINSOR * (self.factor * scatter + doubtful))
        self._regress(error - doubtful, mean, usable / pooled**2)
        # a mean far below one says hardly anything about dispersion
        weight = usable / self.window / (1 + 0.5 / mean)
        self.excess = self.excess * self.keep + weight * error / pooled
        self.windows = self.windows * self.keep + weight

    def _regress(self, error: Floats, mean: Floats, weight: Floats) -> None:
        parts = (mean**2, mean**3, mean**4, mean * error, mean**2 * error)
        sums = np.stack([(weight * part).sum(axis=-1) for part in parts], axis=-1) / self.window
        self.normal = self.normal * self.keep + sums
        self.pooled_phi, self.pooled_kappa = _solve(self.normal + _first_equations() * (1 - self.keep))


def _first_equations() -> Floats:
    mean = np.array(FIRST_MEANS)
    variance = FIRST_PHI * mean + FIRST_KAPPA * mean**2
    parts = (mean**2, mean**3, mean**4, mean * variance, mean**2 * variance)
    return np.array([FIRST_WINDOWS * (part / variance**2).sum() for part in parts])


def _solve(normal: Floats) -> tuple[Floats, Floats]:
    """φ ≥ 1 and κ ≥ 0 of the normal equations (replicates, 5), each (replicates, 1)."""
    a11, a12, a22, b1, b2 = (normal[:, [i]] for i in range(5))
    det = np.maximum(a11 * a22 - a12**2, 1e-12)
    phi = (b1 * a22 - b2 * a12) / det
    kappa = (b2 * a11 - b1 * a12) / det
    phi, kappa = np.where(kappa < 0, b1 / a11, phi), np.maximum(kappa, 0.0)
    flat = phi < 1
    return np.where(flat, 1.0, phi), np.where(flat, np.maximum((b2 - a12) / a22, 0.0), kappa)
