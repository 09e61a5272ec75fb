"""A source is called silent when chance does not explain it, and not before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.detect.panel import Counts
from models.detect.silence import CERTAIN, gaps, gaps_in_hours, silence, silences


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


@pytest.mark.parametrize(("rate", "most"), [(0.4, 0.0), (2, 0.02), (6, 0.01), (40, 0.0)])
def test_chance_zeros_are_no_gaps(rate: float, most: float) -> None:
    assert gaps(busy(rate, 400)).mean() <= most


@pytest.mark.parametrize(("rate", "days"), [(0.4, 30), (2, 5), (6, 2), (40, 1)])
def test_a_silence_that_chance_makes_rare_is_a_gap_all_of_it(rate: float, days: int) -> None:
    counts = busy(rate, 120)
    counts[70 : 70 + days], counts[69], counts[70 + days] = 0, 1, 1
    assert np.flatnonzero(gaps(counts)).tolist() == list(range(70, 70 + days))
    early = np.concatenate([busy(rate, 5) + 1, np.zeros(days, np.int64), busy(rate, 90) + 1])
    assert np.flatnonzero(gaps(early)).tolist() == list(range(5, 5 + days)), "by what came after"


@pytest.mark.parametrize("a_day", [1, 2])
def test_of_few_complaints_a_day_no_hours_are_gaps(a_day: float) -> None:
    hours = np.random.default_rng(5).poisson(a_day / 24, 140 * 24)
    assert gaps_in_hours(hours).mean() < 0.01


def test_hours_of_days_without_anything_are_gaps_but_a_quiet_night_is_none() -> None:
    by_day = np.clip(np.sin(2 * np.pi * (np.arange(90 * 24 + 7) % 24 - 8) / 24), 0, None)
    hours = np.random.default_rng(5).poisson(3 * by_day)
    assert not gaps_in_hours(hours).any()
    hours[-20 * 24 : -17 * 24] = 0
    assert np.flatnonzero(gaps_in_hours(hours)).tolist() == list(range(len(hours) - 480, len(hours) - 408))


def test_days_on_which_nothing_ever_comes_and_a_day_that_has_begun_are_none() -> None:
    assert not gaps(np.tile([9, 8, 9, 10, 9, 0, 0], 20)).any()
    begun = then_nothing(busy(40), 1)
    assert gaps(begun).any()
    assert not gaps(begun, complete=False).any()


def test_each_silence_of_a_source_is_found_with_the_days_that_tell_what_is_usual() -> None:
    desk, chat = busy(30, 150), busy(10, 150, seed=2)
    chat[80:90], chat[110:] = 0, 0
    found = silences(np.stack([desk, chat]), 150)
    assert [(each.source, each.start, each.stop) for each in found] == [(1, 80, 90), (1, 110, 150)]
    assert [each.usual for each in found] == [slice(24, 80), slice(54, 110)]


def test_a_silence_goes_on_while_nothing_comes_in_though_later_days_are_not_complete() -> None:
    desk, chat = busy(30, 60), busy(30, 60, seed=2)
    chat[55:] = 0
    assert [(each.start, each.stop) for each in silences(np.stack([desk, chat]), 57)] == [(55, 60)]
    chat[58:] = 9
    assert [(each.start, each.stop) for each in silences(np.stack([desk, chat]), 57)] == [(55, 58)]


def test_a_source_that_begins_was_silent_before() -> None:
    desk, chat = busy(30, 150) + 1, busy(10, 150, seed=2) + 1
    chat[:100] = 0
    (found,) = silences(np.stack([desk, chat]), 150)
    assert found == (1, 0, 100, slice(100, 156), (0, 1), True)
    desk[:90] = 0
    assert not silences(np.stack([desk, chat]), 150), "ten days are too few to tell who was first"


def test_a_source_under_another_name_is_not_silent() -> None:
    old, new, desk = busy(30, 150), busy(30, 150, seed=2), busy(20, 150, seed=3)
    old[90:], new[:92] = 0, 0
    assert not silences(np.stack([old, new, desk]), 150)
    (alone,) = silences(np.stack([old, new // 6, desk]), 150)[:1]
    assert (alone.source, alone.start) == (0, 90), "what brings far less is another"


@given(st.lists(st.integers(0, 1000), max_size=80))
def test_any_counts_give_a_chance(counts: list[int]) -> None:
    found = silence(np.array(counts, np.int64))
    assert 0 <= found.p <= 1
    assert found.is_notable == (found.p <= CERTAIN)
    if not counts or counts[-1]:
        assert found.days == 0
