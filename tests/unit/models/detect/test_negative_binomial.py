from __future__ import annotations

import numpy as np
from scipy import stats

from models.detect.negative_binomial import quantile, upper_tail

RNG = np.random.default_rng(4)
MEAN = np.exp(RNG.uniform(-6, 7, 3000))
SIZE = np.exp(RNG.uniform(-5, 8, 3000))
TRUTH = stats.nbinom(SIZE, SIZE / (SIZE + MEAN))


def test_quantiles_are_the_smallest_counts_that_reach_the_level() -> None:
    for level in (0.05, 0.95):
        np.testing.assert_array_equal(quantile(level, MEAN, SIZE), TRUTH.ppf(level))


def test_the_tail_includes_the_count_itself() -> None:
    observed = np.floor(MEAN * 2) + 1
    np.testing.assert_allclose(upper_tail(observed, MEAN, SIZE), TRUTH.sf(observed - 1), rtol=1e-6)
    np.testing.assert_array_equal(upper_tail(np.zeros(3), MEAN[:3], SIZE[:3]), 1.0)


def test_shapes_broadcast_and_the_rarest_tail_is_still_above_zero() -> None:
    assert quantile(0.9, np.ones((2, 1, 3)), np.ones((1, 4, 1))).shape == (2, 4, 3)
    assert (upper_tail(np.array([1e8]), np.array([1.0]), np.array([50.0])) > 0).all()
