"""Complaints in proportion to what the operator knows of each day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feedback.exposure import LEAST, MOST
from models.detect.eb7 import EB7
from models.detect.exposure import USUAL, exposure_from
from models.detect.panel import Floats, Panel

DAYS = 120
BUSY = np.where(np.arange(DAYS) >= DAYS - 7, 3.0, 1.0)
"""Three times as many players in the last week."""


def driven_by_players() -> Panel:
    """Topic 0 is in proportion to players; topic 1, everything else, is not."""
    rng = np.random.default_rng(3)
    return Panel.of(np.stack([rng.poisson(4 * BUSY), rng.poisson(40, DAYS)]))


def test_more_players_explain_more_complaints() -> None:
    panel = driven_by_players()
    assert EB7().judge(panel).p[0, -1] < 1e-6
    assert EB7().judge(replace(panel, exposure=exposure_from(5000 * BUSY))).p[0, -1] > 0.05


def test_fewer_players_make_the_same_count_a_rise() -> None:
    panel = Panel.of(np.stack([np.full(DAYS, 8), np.full(DAYS, 40)]))
    fewer = exposure_from(np.where(np.arange(DAYS) >= DAYS - 7, 1000.0, 5000.0))
    assert EB7().judge(panel).p[0, -1] > 0.05
    assert EB7().judge(replace(panel, exposure=fewer)).p[0, -1] < 1e-6


def test_the_unit_does_not_matter() -> None:
    panel = driven_by_players()
    one, other = (EB7().judge(replace(panel, exposure=exposure_from(unit * BUSY))).p for unit in (0.004, 7e6))
    np.testing.assert_allclose(one, other)


def test_half_a_day_has_half_the_exposure() -> None:
    steady = np.full((1, DAYS), 40)
    steady[0, -1] = 20
    exposure = exposure_from(np.full(DAYS, 9.0))
    scores = EB7().judge(replace(Panel.of(steady, complete=False), exposure=exposure))
    assert scores.expected[0, -1] == pytest.approx(6.5 * 40, rel=0.02)


def test_a_hole_is_filled_with_the_same_weekday() -> None:
    told = np.tile([1.0, 2, 3, 4, 5, 6, 7], 6)
    whole = exposure_from(told)
    for hole in (0, 10, 41):
        missing = told.copy()
        missing[hole] = np.nan
        assert exposure_from(missing)[hole] == pytest.approx(whole[hole])


@given(hnp.arrays(float, st.integers(1, 60), elements=st.sampled_from([0.0, np.nan]) | st.floats(LEAST, MOST)))
def test_every_day_has_a_number_whatever_is_missing(told: Floats) -> None:
    if not (told > 0).any():
        with pytest.raises(ValueError, match="no day has an exposure"):
            exposure_from(told)
        return
    found = exposure_from(told)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert np.median(found[found > 0][:28]) == pytest.approx(USUAL)


def test_an_exposure_of_other_days_is_refused() -> None:
    with pytest.raises(ValueError, match="exposure has the shape"):
        replace(driven_by_players(), exposure=np.ones(3))
