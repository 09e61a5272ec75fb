"""Made-up counts of complaints: how they scatter, and how rates wander."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.detect.panel import Floats

WEEKDAYS = np.array([1.25, 1.15, 1.1, 1.05, 1.0, 0.8, 0.65])
WEEKDAYS /= WEEKDAYS.mean()
Series = NDArray[np.int64]


def wandering(rng: np.random.Generator, size: tuple[int, int], correlation: float) -> Floats:
    """A unit AR(1) along the second axis."""
    steps = rng.normal(size=size)
    for day in range(1, size[1]):
        steps[:, day] = correlation * steps[:, day - 1] + np.sqrt(1 - correlation**2) * steps[:, day]
    return steps


def scattered(rng: np.random.Generator, mean: Floats, phi: Floats) -> Series:
    """Counts whose variance is phi times their mean."""
    extra = np.maximum(phi - 1, 1e-6)[:, None]
    return np.asarray(rng.poisson(rng.gamma(np.maximum(mean, 1e-12) / extra, extra)))


def weekly_sums(counts: Series) -> Series:
    return np.asarray(np.lib.stride_tricks.sliding_window_view(counts, 7, axis=1).sum(axis=2))
