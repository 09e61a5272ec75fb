"""The effect of a fix: what is found of effects that are known, and that a chance peak is none."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.domain import OUTCOME_RULES, OutcomeVerdict
from models.detect.panel import Floats
from models.outcome import (
    EFFECT,
    KINDS,
    Course,
    Estimate,
    certain_after,
    controls_of,
    course,
    estimate,
    estimates,
    eve,
    is_back,
    learn,
    scatter_of,
    verdict_of,
)

DAYS, FIX = 350, 280
EQUAL = np.full(len(KINDS), 1 / len(KINDS))


@cache
def calm(rate: float, seed: int) -> Floats:
    return np.random.default_rng(seed).poisson(rate, DAYS).astype(np.float64)


def fixed(rate: float, effect: float, seed: int, days: int = DAYS) -> Course:
    """A calm topic whose rate changes on the day after FIX."""
    before, after = calm(rate, seed), calm(rate * (1 + effect), seed + 1000)
    counts = np.where(np.arange(DAYS) <= FIX, before, after)[:days]
    return course(counts, np.full(days, 60.0), np.ones(days, bool), FIX, 1.0)


def found(past: Course) -> Estimate:
    return estimate(past, eve(past, EQUAL))


def test_intervals_hold_the_effects_that_are_there() -> None:
    inside = 0
    for seed in range(20):
        effect = (0.0, -0.2, -0.4, -0.6)[seed % 4]
        result = found(fixed(4.0, effect, seed))
        inside += result.low <= 1 + effect <= result.high
    assert inside >= 16


@pytest.mark.parametrize(("effect", "wanted"), [(-0.6, OutcomeVerdict.WORKED), (0.0, OutcomeVerdict.NO_EFFECT)])
def test_a_plain_effect_is_told(effect: float, wanted: OutcomeVerdict) -> None:
    assert [verdict_of(found(fixed(8.0, effect, seed)), -0.5) for seed in range(3)] == [wanted] * 3


def test_twice_as_many_are_worse_and_too_little_is_partly() -> None:
    assert verdict_of(found(fixed(8.0, 1.0, 1)), -0.5) is OutcomeVerdict.WORSE
    assert verdict_of(found(fixed(20.0, -0.3, 1)), -0.8) is OutcomeVerdict.PARTLY


def test_a_single_high_week_before_the_fix_is_not_what_would_have_come() -> None:
    counts = calm(2.0, 5).copy()
    counts[FIX - 7 : FIX] = 4
    past = course(counts, np.full(DAYS, 60.0), np.ones(DAYS, bool), FIX, 1.0)
    result = found(past)
    naive = counts[FIX + 1 : FIX + 29].sum() / counts[FIX - 28 : FIX].sum()
    assert naive < 0.87
    assert result.low < 1 < result.high
    assert verdict_of(result, -0.4) is not OutcomeVerdict.WORKED


def test_a_rise_that_lasts_is_what_would_have_come() -> None:
    counts = calm(4.0, 6).copy()
    counts[FIX - 35 : FIX + 1] *= 3
    result = found(course(counts, np.full(DAYS, 60.0), np.ones(DAYS, bool), FIX, 1.0))
    assert result.high < 0.6, "back to what it was is a third of what would have come"


@pytest.mark.parametrize("came", [8.0, 3.0])
def test_a_rise_of_a_week_may_be_chance_or_stay(came: float) -> None:
    """Of three a week eight came in the week before the fix, and afterwards as many again, or three."""
    counts = np.repeat(np.random.default_rng(8).poisson(3.0, DAYS // 7) / 7, 7)
    counts[FIX - 7 : FIX] = 8 / 7
    counts[FIX + 1 :] = came / 7
    result = found(course(counts, np.full(DAYS, 60.0), np.ones(DAYS, bool), FIX, 1.0))
    assert result.low < came / 8, "the rise would have stayed"
    assert result.high > came / 3, "it would have gone by itself"
    assert verdict_of(result, -0.6) is (OutcomeVerdict.UNKNOWN if came < 8 else OutcomeVerdict.NO_EFFECT)


def test_between_two_views_the_nearest_to_no_change_is_said() -> None:
    counts = np.repeat(np.random.default_rng(8).poisson(3.0, DAYS // 7) / 7, 7)
    counts[FIX - 7 : FIX] = 10 / 7
    counts[FIX + 1 :] = 5 / 7
    result = found(course(counts, np.full(DAYS, 60.0), np.ones(DAYS, bool), FIX, 1.0))
    assert (result.ratio, result.certainty, result.expected) == (1.0, 0.5, result.observed)


def test_several_looks_say_what_each_says_alone() -> None:
    looks = [fixed(4.0, -0.4, 5, end) for end in (FIX + 3, FIX + 16, FIX + 57, DAYS)]
    known = eve(looks[0], EQUAL)
    for together, past in zip(estimates(looks, known), looks, strict=True):
        alone = estimate(past, known)
        assert (together.days, together.observed) == (alone.days, alone.observed)
        for name in ("expected", "ratio", "low", "high", "certainty"):
            assert getattr(together, name) == pytest.approx(getattr(alone, name), rel=1e-9)


def test_the_earlier_the_surer_one_has_to_be() -> None:
    needed = [certain_after(days) for days in range(1, 90)]
    assert needed == sorted(needed, reverse=True)
    assert certain_after(14) > 0.998
    assert certain_after(56) == certain_after(80) == pytest.approx(OUTCOME_RULES.certain)


def test_what_falls_with_everything_else_did_not_fall() -> None:
    controls = np.where(np.arange(DAYS) <= FIX, 200.0, 100.0)
    counts = np.where(np.arange(DAYS) <= FIX, calm(8.0, 7), calm(4.0, 8))
    result = found(course(counts, controls, np.ones(DAYS, bool), FIX, 1.0))
    assert result.low < 1 < result.high


def test_more_of_the_same_days_narrows_the_interval() -> None:
    widths = [np.log(each.high / each.low) for each in (found(fixed(4.0, -0.4, 3, end)) for end in (290, 300, 337))]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("last", [FIX + 2, FIX + 4])
def test_a_few_days_are_not_enough(last: int) -> None:
    result = found(fixed(8.0, -0.6, 2, last))
    assert result.days == last - FIX - 1
    assert verdict_of(result, -0.5) is OutcomeVerdict.UNKNOWN


def test_no_complaint_at_all_gives_finite_numbers() -> None:
    nothing = np.zeros(DAYS)
    result = found(course(nothing, np.full(DAYS, 60.0), np.ones(DAYS, bool), FIX, 1.0))
    assert (result.observed, verdict_of(result, -0.5)) == (0, OutcomeVerdict.UNKNOWN)
    assert np.isfinite([result.ratio, result.low, result.high, result.expected]).all()


def test_none_left_is_a_large_effect() -> None:
    counts = np.where(np.arange(DAYS) <= FIX, calm(4.0, 9), 0.0)
    result = found(course(counts, np.full(DAYS, 60.0), np.ones(DAYS, bool), FIX, 1.0))
    assert np.exp(-EFFECT) <= result.low <= result.ratio < 0.15
    assert verdict_of(result, -0.5) is OutcomeVerdict.WORKED


def test_gaps_are_no_quiet_days() -> None:
    usable = np.ones(DAYS, bool)
    usable[FIX + 1 : FIX + 29 : 2] = False
    usable[100:120] = False
    counts = np.where(usable, calm(6.0, 11), 0.0)
    result = found(course(counts, np.full(DAYS, 60.0) * usable, usable, FIX, 1.0))
    assert (result.days, result.known_days) == (42, FIX - 20)
    assert result.low < 1 < result.high


def test_without_a_day_after_there_is_nothing_to_estimate() -> None:
    past = fixed(4.0, 0.0, 1, FIX + 1)
    with pytest.raises(ValueError, match="no day after the fix"):
        found(past)


@pytest.mark.parametrize("place", [-1, DAYS])
def test_a_fix_outside_the_days_is_refused(place: int) -> None:
    with pytest.raises(ValueError, match="there are days 0 to 349"):
        course(calm(1.0, 1), np.ones(DAYS), np.ones(DAYS, bool), place, 1.0)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        course(calm(1.0, 1) - 5, np.ones(DAYS), np.ones(DAYS, bool), FIX, 1.0)


def test_the_day_of_the_fix_counts_to_neither_side() -> None:
    counts = calm(4.0, 12).copy()
    other = counts.copy()
    other[FIX] = 500
    results = [found(course(each, np.full(DAYS, 60.0), np.ones(DAYS, bool), FIX, 1.0)) for each in (counts, other)]
    assert results[0] == results[1]


@settings(max_examples=15, deadline=None)
@given(st.floats(0.2, 50), st.integers(0, 5))
def test_an_exposure_in_other_units_changes_nothing(unit: float, seed: int) -> None:
    counts, players = calm(3.0, seed), 500 + 100 * np.sin(np.arange(DAYS) / 7)
    plain, scaled = (
        found(course(counts, each, np.ones(DAYS, bool), FIX, 1.0, weighed=False)) for each in (players, players * unit)
    )
    assert scaled.ratio == pytest.approx(plain.ratio, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=20, max_size=80), st.integers(0, 78), st.floats(1.0, 4.0))
def test_whatever_came_in_the_ratio_lies_in_its_interval(counts: list[int], place: int, phi: float) -> None:
    fix = min(place, len(counts) - 2)
    days = len(counts)
    result = found(course(np.array(counts), np.full(days, 90.0), np.ones(days, bool), fix, phi))
    assert 0 < result.low <= result.ratio <= result.high < np.inf
    assert 0 <= result.certainty <= 1
    assert result.expected >= 0


def test_waves_are_learned_from_all_topics() -> None:
    rng = np.random.default_rng(3)
    wave = np.repeat(np.exp(rng.normal(0, 0.35, (8, DAYS // 7))), 7, axis=1)
    smooth, rough = (rng.poisson(12 * each, (8, DAYS)) for each in (np.ones((8, DAYS)), wave))

    def spread(panel: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> float:
        courses = [course(each, np.full(DAYS, 90.0), np.ones(DAYS, bool), FIX, 1.0) for each in panel]
        return float(learn(courses) @ [each.wave for each in KINDS])

    assert spread(rough) > 1.5 * spread(smooth)
    assert learn([]).sum() == pytest.approx(1)


def test_scatter_is_learned_from_day_to_day() -> None:
    rng = np.random.default_rng(1)
    rough = rng.negative_binomial(2, 0.25, (3, 200))
    usable = np.ones(200, bool)
    usable[50:60] = False
    phi = scatter_of(rough, rough.sum(axis=0) + 60, usable, 200)
    assert (phi > 2).all()
    assert (scatter_of(rng.poisson(6, (3, 200)), np.full(200, 90), usable, 200) < 1.5).all()


def test_topics_that_rose_or_were_mended_are_no_controls() -> None:
    counts = np.full((4, DAYS), 10)
    total = np.full(DAYS, 60)
    excluded = np.zeros((4, DAYS), bool)
    excluded[1, FIX - 5 : FIX] = True
    excluded[0, FIX - 5 : FIX] = True
    mended = np.array([False, False, True, False])
    assert (controls_of(counts, total, excluded, 0, mended, FIX) == 30).all()
    excluded[:, FIX] = True
    few = controls_of(counts, np.full(DAYS, 41), excluded, 0, mended, FIX)
    assert (few == 31).all(), "with hardly anything left, all others are"


def test_what_comes_back_is_noticed() -> None:
    after = np.arange(DAYS) > FIX
    counts = np.where(after, calm(3.0, 21), calm(9.0, 20))
    numbers = np.full(DAYS, 90.0), np.ones(DAYS, bool), FIX, EQUAL, 1.0, 0.33
    assert not is_back(counts, *numbers)
    counts[-14:] = calm(9.0, 22)[-14:]
    assert is_back(counts, *numbers)
    early = FIX + 20
    assert not is_back(counts[:early], numbers[0][:early], numbers[1][:early], *numbers[2:]), "too soon to tell"


def test_the_rules_are_those_that_are_said() -> None:
    sure = Estimate(28, 100, 40, 80.0, 0.5, 0.4, 0.62, 0.999, 1.2)
    assert verdict_of(sure, -0.5) is OutcomeVerdict.WORKED
    assert verdict_of(sure, -0.7) is OutcomeVerdict.PARTLY, "what was hoped for is ruled out"
    assert verdict_of(replace(sure, ratio=0.8, low=0.5, high=0.9), -0.5) is OutcomeVerdict.PARTLY, "less than half"
    assert verdict_of(replace(sure, certainty=0.5, low=0.7, high=1.3), -0.5) is OutcomeVerdict.NO_EFFECT
    assert verdict_of(replace(sure, certainty=0.5, low=0.4, high=1.3), -0.5) is OutcomeVerdict.UNKNOWN
    assert verdict_of(replace(sure, certainty=0.994, days=56), -0.5) is OutcomeVerdict.WORKED
    assert verdict_of(replace(sure, certainty=0.994), -0.5) is OutcomeVerdict.UNKNOWN, "not that early"
    assert verdict_of(replace(sure, certainty=0.001), -0.5) is OutcomeVerdict.WORSE
    young = replace(sure, certainty=0.001, low=1.2, over_peak=0.9)
    assert verdict_of(young, -0.5) is OutcomeVerdict.NO_EFFECT, "no more than in the peak before"
    assert verdict_of(replace(young, over_peak=0.4), -0.5) is OutcomeVerdict.UNKNOWN, "half of the peak before"
    for few in ({"days": 3}, {"known_days": 20}, {"expected": 3.0}):
        assert verdict_of(replace(sure, **few), -0.5) is OutcomeVerdict.UNKNOWN
