from __future__ import annotations

import numpy as np

from models.detect.dispersion import DailyScatter, Dispersion
from models.detect.panel import Floats

RNG = np.random.default_rng(6)
WEEKDAYS = np.array([1.6, 1.3, 1.1, 1.0, 0.9, 0.6, 0.5])


def scatter_of(counts: Floats) -> DailyScatter:
    """Learned from (days, topics) with the same volume of others every day."""
    scatter = DailyScatter((1, counts.shape[1]))
    for day in range(7, len(counts)):
        today, before = counts[day][None], counts[day - 7][None]
        scatter.add(today, before, np.full(today.shape, 0.5), np.ones(today.shape, bool))
    return scatter


def test_days_tell_clumps_from_chance_whatever_the_weekdays_do() -> None:
    mean = np.resize(WEEKDAYS, 200)[:, None] * np.array([3.0, 12.0, 3.0, 12.0])
    clumped = RNG.poisson(RNG.gamma(mean / 2.0, 2.0)).astype(float)
    chance = RNG.poisson(mean).astype(float)
    ratio = scatter_of(np.where([False, False, True, True], clumped, chance)).ratio[0]
    assert (ratio[:2] < 1.5).all()
    assert (ratio[2:] > 2.0).all()


def test_single_complaints_leave_a_topic_where_the_others_are() -> None:
    counts = RNG.poisson(5.0, (200, 9)).astype(float)
    counts[:, 0] = 0
    counts[::20, 0] = 1
    ratio = scatter_of(counts).ratio[0]
    assert abs(ratio[0] - ratio[1:].mean()) < 0.25


def test_past_errors_teach_the_variance_of_the_next() -> None:
    mean = np.geomspace(1, 200, 60)[None]
    dispersion = Dispersion(mean.shape, 7)
    for _ in range(300):
        drift = RNG.gamma(1 / 0.04, 0.04, mean.shape)
        counts = RNG.poisson(mean * drift).astype(float)
        dispersion.add(counts, mean, np.zeros(mean.shape), np.ones(mean.shape, bool))
    assert 0.02 < dispersion.kappa.mean() < 0.06
    assert (dispersion.phi >= 1).all()
    assert dispersion.phi.mean() < 1.8


def test_what_was_alerted_teaches_nothing() -> None:
    mean = np.full((1, 20), 10.0)
    dispersion = Dispersion(mean.shape, 7)
    before = dispersion.phi.copy(), dispersion.kappa.copy()
    dispersion.add(mean * 9, mean, np.zeros(mean.shape), np.zeros(mean.shape, bool))
    np.testing.assert_allclose((dispersion.phi, dispersion.kappa), before, rtol=1e-9)
