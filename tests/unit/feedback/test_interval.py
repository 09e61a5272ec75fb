"""Estimates lie within their intervals, and the intervals hold as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.interval import count, difference, quantile, share

durations = st.lists(st.floats(0, 1e7), max_size=60)
parts = st.sampled_from([0.5, 0.9])


@given(st.integers(1, 5000), st.floats(0, 1))
def test_a_share_lies_within_its_interval_and_that_within_0_and_1(of: int, part: float) -> None:
    found = share(part * of, of)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high
    assert found.of == of


@given(st.integers(0, 10**6))
def test_a_count_lies_within_the_interval_of_its_rate(number: int) -> None:
    found = count(number)
    assert 0 <= found.low <= number < found.high


@given(st.integers(1, 300), st.floats(0, 1), st.integers(1, 300), st.floats(0, 1))
def test_a_difference_turns_round_with_its_shares(of: int, part: float, other_of: int, other: float) -> None:
    one, two = share(part * of, of), share(other * other_of, other_of)
    found, turned = difference(one, two), difference(two, one)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low))


@given(durations, durations, parts)
def test_a_quantile_lies_within_its_interval(done: list[float], waiting: list[float], part: float) -> None:
    found = quantile(done, waiting, part)
    if found is not None:
        assert 0 <= found.low <= found.value <= found.high
        assert found.value in done
        assert found.of == len(done) + len(waiting)
        assert found.high in {*done, math.inf}


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=60), parts)
def test_with_nothing_open_a_quantile_is_there_and_its_interval_is_made_of_order_statistics(
    done: list[float], part: float
) -> None:
    found, ranked = quantile(done, [], part), sorted(done)
    assert found is not None
    assert found.value == ranked[math.ceil(part * len(done) - 1e-9) - 1]
    below = [_chance_of_at_most(rank - 1, len(done), part) for rank in range(1, len(done) + 1)]
    lows = [time for time, chance in zip(ranked, below, strict=True) if chance < 0.05]
    highs = [time for time, chance in zip(ranked, below, strict=True) if chance >= 0.95]
    assert found.low == (lows[-1] if lows else 0.0)
    assert found.high == (highs[0] if highs else math.inf)


def _chance_of_at_most(hits: int, number: int, part: float) -> float:
    return sum(math.comb(number, each) * part**each * (1 - part) ** (number - each) for each in range(hits + 1))


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=40), parts)
def test_who_waits_longer_makes_nothing_quicker(done: list[float], part: float) -> None:
    plain = quantile(done, [], part)
    longer = quantile(done, [max(done) + 1.0], part)
    assert plain is not None
    assert longer is None or longer.value >= plain.value


def test_a_quantile_that_too_few_have_reached_is_not_known() -> None:
    assert quantile([], [], 0.5) is None
    assert quantile([], [10.0, 20.0], 0.5) is None
    assert quantile([5.0], [10.0, 20.0], 0.5) is None
    assert quantile([5.0, 6.0, 7.0], [10.0], 0.5) is not None


@pytest.mark.parametrize("number", [20, 100])
@pytest.mark.parametrize("censored", [0.0, 0.5])
def test_nine_intervals_of_a_median_in_ten_hold_however_many_still_wait(number: int, censored: float) -> None:
    rng, truth = np.random.default_rng(number), 1.0
    held = 0
    for _ in range(600):
        times, until = np.exp(rng.normal(size=number)), rng.exponential(1 / max(censored, 1e-9), size=number)
        found = quantile(times[times <= until].tolist(), until[times > until].tolist(), 0.5)
        held += found is None or found.low <= truth <= found.high
    assert held / 600 >= 0.88


@pytest.mark.parametrize("truth", [0.05, 0.5])
def test_nine_intervals_of_a_share_in_ten_hold(truth: float) -> None:
    rng = np.random.default_rng(1)
    found = [share(int(hits), 60) for hits in rng.binomial(60, truth, 2000)]
    assert np.mean([each.low <= truth <= each.high for each in found]) >= 0.87


@pytest.mark.parametrize("truth", [0.4, 3.0, 40.0])
def test_nine_intervals_of_a_rate_in_ten_hold_at_least(truth: float) -> None:
    found = [count(int(number)) for number in np.random.default_rng(2).poisson(truth, 3000)]
    assert np.mean([each.low <= truth <= each.high for each in found]) >= 0.89


def test_nine_intervals_of_a_difference_in_ten_hold() -> None:
    rng = np.random.default_rng(3)
    pairs = zip(rng.binomial(80, 0.6, 2000), rng.binomial(30, 0.3, 2000), strict=True)
    found = [difference(share(int(one), 80), share(int(other), 30)) for one, other in pairs]
    assert np.mean([each.low <= 0.3 <= each.high for each in found]) >= 0.88
