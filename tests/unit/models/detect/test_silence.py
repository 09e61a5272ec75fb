"""A source is called silent when chance does not explain it, and not before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.detect.panel import Counts
from models.detect.silence import CERTAIN, silence


def busy(rate: float, days: int = 60, seed: int = 1) -> Counts:
    return np.random.default_rng(seed).poisson(rate, days).astype(np.int64)


def then_nothing(counts: Counts, days: int) -> Counts:
    return np.concatenate([counts, np.zeros(days, np.int64)])


@pytest.mark.parametrize(("rate", "days"), [(40, 1), (8, 2), (3, 5), (0.5, 28)])
def test_a_silence_beyond_chance_is_told(rate: float, days: int) -> None:
    counts = busy(rate)
    counts[-1] = max(counts[-1], 1)
    found = silence(then_nothing(counts, days))
    assert found.is_notable
    assert found.days == days
    assert found.usual == pytest.approx(rate, rel=0.35)


@pytest.mark.parametrize(("rate", "days"), [(40, 0), (3, 1), (0.5, 7), (0.05, 60)])
def test_what_chance_explains_is_not(rate: float, days: int) -> None:
    counts = busy(rate)
    counts[-1] = max(counts[-1], 1)
    assert not silence(then_nothing(counts, days)).is_notable


def test_a_weekend_without_letters_is_no_silence() -> None:
    weeks = np.tile([9, 8, 9, 10, 9, 0, 0], 8)
    assert not silence(weeks).is_notable
    assert silence(then_nothing(weeks, 2)).is_notable, "nor on Monday and Tuesday"


def test_a_source_that_sends_in_bursts_is_given_more_time() -> None:
    bursts = np.tile([0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0], 6)
    assert silence(then_nothing(busy(60 / 11), 8)).is_notable
    assert not silence(bursts).is_notable


@given(st.lists(st.integers(0, 1000), max_size=80))
def test_any_counts_give_a_chance(counts: list[int]) -> None:
    found = silence(np.array(counts, np.int64))
    assert 0 <= found.p <= 1
    assert found.is_notable == (found.p <= CERTAIN)
    if not counts or counts[-1]:
        assert found.days == 0
