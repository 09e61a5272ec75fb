from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from models.detect.fdr import q_values


@given(st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=40))
def test_agrees_with_scipy(p: list[float]) -> None:
    np.testing.assert_allclose(q_values(np.array(p)), false_discovery_control(p), rtol=1e-12, atol=1e-300)


def test_days_are_corrected_apart() -> None:
    p = np.array([[0.01, 0.5], [0.02, 0.01], [0.9, 1.0]])
    np.testing.assert_allclose(q_values(p)[:, 1], q_values(p[:, 1]))


def test_no_topics_give_no_values() -> None:
    assert q_values(np.empty((0, 2))).shape == (0, 2)


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        q_values(np.array([0.1, np.nan]))


def test_some_of_the_topics_stand_for_all() -> None:
    """Every fourth of evenly spread p: as if the others lay between."""
    every = np.linspace(0.001, 1.0, 400)
    some, whole = q_values(every[::4], share=0.25), q_values(every)[::4]
    np.testing.assert_allclose(some, whole, rtol=1e-9)
    alone = np.concatenate([[1e-6], np.full(99, 1.0)])
    assert q_values(alone, share=0.25)[0] == pytest.approx(400e-6)
