"""The negative binomial with mean m and size r: variance m + m²/r; elementwise over arrays that broadcast."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.detect.panel import Floats

SMALLEST_P = 1e-300
"""Below this the tail is no longer told apart from nothing; it keeps scores finite."""


def upper_tail(observed: Floats, mean: Floats, size: Floats) -> Floats:
    """P(count ≥ observed), at least `SMALLEST_P`."""
    with np.errstate(under="ignore"):
        p = special.betainc(np.maximum(observed, 0.5), size, mean / (mean + size))
    return np.where(observed > 0, np.clip(p, SMALLEST_P, 1.0), 1.0)


def size_of(mean: Floats, ratio: Floats) -> Floats:
    """The size of a count of this mean whose variance is `ratio` times it; a ratio of 1 or less is as good as
    Poisson."""
    return np.clip(mean / np.maximum(ratio - 1, 1e-12), 1e-9, 1e9)


def log_likelihood(observed: Floats, mean: Floats, size: Floats) -> Floats:
    """log P(count = observed), less what depends on the count alone."""
    likelihood = special.gammaln(size + observed) - special.gammaln(size) + size * np.log(size / (mean + size))
    return np.asarray(likelihood + observed * np.log(mean / (mean + size)))


def quantile(level: float, mean: Floats, size: Floats) -> Floats:
    """The smallest count whose distribution function reaches `level`, to a billionth of the count.

    For the levels of an interval: a guess from Wilson and Hilferty's cube-root approximation (1931, PNAS 17:684), which
    away from the median is not too high; where it falls short, ever longer steps up and then halving.
    """
    shape = np.broadcast_shapes(mean.shape, size.shape)
    mean, size = (np.broadcast_to(part, shape).ravel() for part in (mean, size))
    search = _Search(level, size, size / (size + mean))
    return search.run(_guess(level, mean, size)).reshape(shape)


class _Search(NamedTuple):
    """Looks for the quantile from below; arrays are flat."""

    level: float
    size: Floats
    share: Floats

    def run(self, guess: Floats) -> Floats:
        low, high, step = guess - 1, guess, 1.0
        at = self._short(high, np.arange(len(high)))
        while at.size:
            low[at] = high[at]
            high[at] += step
            step *= 2
            at = self._short(high, at)
        while (at := np.flatnonzero(high - low > np.maximum(1, 1e-9 * high))).size:
            middle = np.floor((low + high) / 2)
            below = self._short(middle, at)
            reached = np.setdiff1d(at, below, assume_unique=True)
            low[below], high[reached] = middle[below], middle[reached]
        return high

    def _short(self, count: Floats, at: NDArray[np.intp]) -> NDArray[np.intp]:
        """Where, among `at`, the distribution function at the count is below the level."""
        with np.errstate(under="ignore"):
            below = special.betainc(self.size[at], count[at] + 1, self.share[at]) < self.level
        return np.asarray(at[below])


def _guess(level: float, mean: Floats, size: Floats) -> Floats:
    variance = mean + mean**2 / size
    shape = mean**2 / variance
    root = 1 - 1 / (9 * shape) + special.ndtri(level) / np.sqrt(9 * shape)
    guess = np.floor(variance / mean * shape * np.maximum(root, 0) ** 3)
    return np.asarray(np.where((size / (size + mean)) ** size >= level, 0.0, guess))
