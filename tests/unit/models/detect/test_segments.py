"""Topics by segment: what is judged, what is found there, and what it takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from feedback.domain import Segment
from models.detect.budget import Threshold
from models.detect.combined import Combined
from models.detect.eb7 import EB7, Stages
from models.detect.panel import Panel
from models.detect.segments import (
    SegmentPanel,
    find_rises_in,
    find_segment_rises,
    segment_threshold,
    time_of_year,
    worth_judging,
)
from tests.unit.models.detect.panels import course, steady

DAYS, TOPICS = 120, 8
SHARES = (0.6, 0.3, 0.1)
RISEN, WHERE = 5, 2


def bar(score: float = 3.5) -> Threshold:
    return Threshold(score, 0.25, 0.25, 0.0, 64, 1, 0)


def split(seed: int = 1, days: int = DAYS) -> SegmentPanel:
    """Eight topics of three complaints a day in three segments."""
    rng = np.random.default_rng(seed)
    counts = np.stack([rng.poisson(3 * share, (TOPICS, days)) for share in SHARES])
    return SegmentPanel(Panel.of(counts.sum(axis=0)), counts, counts.sum(axis=1))


def with_more(panel: SegmentPanel, segment: int, topic: int, by: int, days: int = 4) -> SegmentPanel:
    counts = panel.counts.copy()
    counts[segment, topic, -days:] += by
    return SegmentPanel(Panel.of(counts.sum(axis=0)), counts, counts.sum(axis=1))


def test_a_rise_in_a_small_segment_is_found_there_and_nowhere_else() -> None:
    rises = find_segment_rises(with_more(split(), WHERE, RISEN, 3), bar())
    assert np.argwhere(rises.rising).tolist() == [[WHERE, RISEN]]
    assert rises.surest(RISEN) == [WHERE]


def test_the_numbers_of_a_segment_are_those_of_a_database_of_its_own() -> None:
    panel = with_more(split(), WHERE, RISEN, 2)
    alone = Combined().judge(panel.of(WHERE))
    rises = find_segment_rises(panel, bar()).of(WHERE)
    for name in ("observed", "expected", "low", "high", "p"):
        np.testing.assert_allclose(getattr(rises.scores, name), getattr(alone, name))
    reason = rises.reasons.of(RISEN)
    assert reason.mean == pytest.approx(float(alone.expected[RISEN, -1]))
    assert reason.p == pytest.approx(float(alone.p[RISEN, -1]))


@pytest.mark.parametrize("at_once", [4000, 1])
def test_days_of_a_segment_that_counted_for_less_are_named(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr("models.detect.segments.SERIES_AT_ONCE", at_once)
    counts = with_more(split(), WHERE, RISEN, 3).counts.copy()
    counts[WHERE, RISEN, 70:74] += 9
    panel = SegmentPanel(Panel.of(counts.sum(axis=0)), counts, counts.sum(axis=1))
    lighter = find_segment_rises(panel, bar()).of(WHERE).reasons.of(RISEN).lighter
    peak = [weight for age, weight in lighter if 70 <= DAYS - 1 - age < 74]
    assert len(peak) == 4
    assert max(peak) < 0.5
    assert find_segment_rises(panel, bar()).of(0).reasons.of(RISEN).lighter == ()


def test_where_a_rise_of_the_whole_is_needs_less_than_a_rise_by_itself() -> None:
    panel = with_more(split(), 0, RISEN, 2)
    rises = find_segment_rises(panel, bar(30.0))
    assert not rises.rising.any()
    assert rises.where(RISEN, "EB7") == [0]


def creeping(panel: SegmentPanel, segment: int, weeks: int = 12, lift: float = 3.0) -> SegmentPanel:
    """One topic of one segment becomes `lift` times as much over so many weeks, every day by as little."""
    counts, days = panel.counts.copy(), 7 * weeks
    more = 3 * SHARES[segment] * (lift - 1) * np.arange(1, days + 1) / days
    counts[segment, RISEN, -days:] += np.diff(np.floor(np.cumsum([0, *more]))).astype(np.int64)
    return SegmentPanel(Panel.of(counts.sum(axis=0)), counts, counts.sum(axis=1))


def test_a_rise_that_creeps_in_one_segment_is_found_by_its_last_four_weeks() -> None:
    panel = creeping(split(days=224), 1)
    rises = find_segment_rises(panel, bar())
    assert rises.rising[1, RISEN]
    assert rises.p_by["EB7"][1, RISEN] > 10**-3.5, "too little in any single week"
    told = rises.of(1)
    assert rises.by(1, RISEN) == "ramp"
    assert told.scores.window[RISEN, 0] == 28
    assert told.scores.observed[RISEN, 0] == panel.counts[1, RISEN, -28:].sum()
    assert told.reasons.of(RISEN).detector == "ramp"


def test_where_a_rise_is_is_said_by_what_found_it() -> None:
    panel = creeping(split(days=224), 1)
    rises = find_segment_rises(panel, bar(30.0))
    assert rises.where(RISEN, "ramp") == [1]
    assert rises.of(1, "ramp").scores.window[RISEN, 0] == 28
    sudden = find_segment_rises(with_more(split(days=224), 1, RISEN, 3), bar(30.0))
    assert sudden.where(RISEN, "EB7") == [1]
    assert sudden.of(1, "EB7").scores.window[RISEN, 0] == 7


@pytest.mark.parametrize(("first", "found"), [(224 - 84, True), (224 - 83, False)])
def test_a_creeping_rise_takes_a_segment_that_had_a_history_before_it(first: int, found: bool) -> None:
    panel = creeping(split(days=224), 1, weeks=8)
    counts = panel.counts.copy()
    counts[1, :, :first] = 0
    young = SegmentPanel(Panel.of(counts.sum(axis=0)), counts, counts.sum(axis=1))
    assert (find_segment_rises(young, bar()).p_by["ramp"][1, RISEN] < 1) == found


def test_a_margin_is_asked_of_the_segments_too() -> None:
    panel = creeping(split(days=224), 1)
    lenient, strict = (find_segment_rises(panel, replace(bar(), margins={"ramp": each})) for each in (0.0, 10.0))
    assert (lenient.by(1, RISEN), strict.by(1, RISEN)) == ("ramp", "EB7")


def test_one_segment_s_past_days_are_judged_as_they_are_with_the_others() -> None:
    panel = with_more(split(days=160), WHERE, RISEN, 3)
    whole, alone = find_segment_rises(panel, bar()), find_rises_in(panel, WHERE, bar(), 10)
    np.testing.assert_allclose(alone.scores.p[:, -1], whole.p[WHERE])
    assert (alone.q[:, -1] >= whole.q[WHERE] * (1 - 1e-9)).all(), "no easier to pass"
    assert alone.rising[RISEN].tolist() == (alone.scores.score[RISEN] >= 3.5).tolist()
    assert alone.rising[RISEN, -1]
    assert not alone.rising[:, 0].any()


def test_past_days_of_a_segment_without_a_history_are_not_rising() -> None:
    panel = with_more(split(days=160), WHERE, RISEN, 6, days=8)
    counts = panel.counts.copy()
    counts[WHERE, :, : 160 - 58] = 0
    young = SegmentPanel(Panel.of(counts.sum(axis=0)), counts, counts.sum(axis=1))
    assert find_rises_in(young, WHERE, bar(), 6).rising[RISEN].tolist() == [False] * 3 + [True] * 3


def test_the_surest_segment_comes_first() -> None:
    panel = with_more(with_more(split(), 1, RISEN, 4), WHERE, RISEN, 6)
    assert find_segment_rises(panel, bar()).surest(RISEN) == [WHERE, 1]


@pytest.mark.parametrize("first", [DAYS - 57, DAYS - 20])
def test_a_new_segment_is_judged_once_it_has_a_history(first: int) -> None:
    panel = split()
    counts = panel.counts.copy()
    counts[WHERE, :, :first] = 0
    young = SegmentPanel(Panel.of(counts.sum(axis=0)), counts, counts.sum(axis=1))
    risen = find_segment_rises(with_more(young, WHERE, RISEN, 6), bar())
    assert risen.rising[WHERE, RISEN] == (first == DAYS - 57)


def test_alerted_days_stay_out_of_every_segments_baseline() -> None:
    panel = with_more(split(), WHERE, RISEN, 6, days=30)
    excluded = np.zeros_like(panel.whole.excluded)
    excluded[RISEN, -30:-7] = True
    cleaned = replace(panel, whole=replace(panel.whole, excluded=excluded))
    p, clean = (find_segment_rises(each, bar()).p_by["EB7"][WHERE, RISEN] for each in (panel, cleaned))
    assert clean < p


def test_a_market_that_grows_does_not_rise_because_all_players_did_not() -> None:
    panel = split()
    counts = panel.counts.copy()
    counts[WHERE, :, -7:] *= 2
    grown = SegmentPanel(Panel.of(counts.sum(axis=0)), counts, counts.sum(axis=1))
    told = replace(grown, whole=replace(grown.whole, exposure=np.full(DAYS, 1000.0)))
    found, without = (find_segment_rises(each, bar()) for each in (told, grown))
    assert not found.rising.any()
    np.testing.assert_array_equal(found.p, without.p)
    assert segment_threshold(told, 0.25) == segment_threshold(grown, 0.25)


def test_stages_change_nothing() -> None:
    stages = Stages()
    for days in range(100, DAYS + 1, 5):
        panel = split()
        cut = SegmentPanel(Panel.of(panel.whole.counts[:, :days]), panel.counts[..., :days], panel.total[:, :days])
        with_stages = find_segment_rises(cut, bar(), EB7(stages=stages))
        np.testing.assert_array_equal(with_stages.p, find_segment_rises(cut, bar()).p)


def test_more_series_than_memory_holds_are_judged_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = with_more(split(), WHERE, RISEN, 3)
    together = find_segment_rises(panel, bar(), EB7(stages=Stages()))
    monkeypatch.setattr("models.detect.segments.SERIES_AT_ONCE", 2 * TOPICS)
    in_parts = find_segment_rises(panel, bar(), EB7(stages=Stages()))
    np.testing.assert_array_equal(together.p, in_parts.p)
    assert together.of(WHERE).reasons.of(RISEN) == in_parts.of(WHERE).reasons.of(RISEN)


def totals(**sizes: float) -> dict[Segment, NDArray[np.int64]]:
    return {Segment("market", name): np.full(70, size, np.int64) for name, size in sizes.items()}


def test_judged_are_segments_that_are_neither_tiny_nor_the_whole() -> None:
    found = worth_judging(totals(DE=50, PL=30, FI=2, NO=8, GB=95), np.full(70, 100))
    assert [each.value for each in found] == ["DE", "PL", "NO"]


def test_of_many_segments_the_largest_are_judged() -> None:
    many = totals(**{f"M{place}": 3 + place for place in range(30)})
    assert [each.value for each in worth_judging(many, np.full(70, 1000))] == [f"M{29 - place}" for place in range(20)]


def test_segments_keep_their_part_of_the_budget() -> None:
    """Over calm databases, judged once a day, as often as the budget says or less."""
    budget, weeks, found = 1.0, 12, 0
    for seed in range(4):
        panel = split(seed + 10, 200)
        known = SegmentPanel(Panel.of(panel.whole.counts[:, :116]), panel.counts[..., :116], panel.total[:, :116])
        threshold = segment_threshold(known, budget)
        assert threshold.achieved == pytest.approx(budget, rel=0.5)
        p = EB7().held(panel.history(), 7 * weeks).p()
        above = (-np.log10(p)).max(axis=1) >= threshold.score
        found += int(np.count_nonzero(above[1:] & ~above[:-1]))
    assert found <= 2 * budget * weeks * 4


def test_more_segments_take_a_higher_score() -> None:
    few, many = split(), split()
    doubled = SegmentPanel(many.whole, np.concatenate([many.counts] * 4), np.concatenate([many.total] * 4))
    assert segment_threshold(doubled, 0.25).score > segment_threshold(few, 0.25).score


def test_without_segments_there_is_no_threshold() -> None:
    whole = steady()
    none = SegmentPanel(whole, np.zeros((0, whole.topics, whole.days), np.int64), np.zeros((0, whole.days), np.int64))
    with pytest.raises(ValueError, match="no segment is large enough"):
        segment_threshold(none, 0.25)


def test_a_segment_that_fell_silent_has_a_gap_of_its_own() -> None:
    panel = split()
    counts = panel.counts.copy()
    counts[WHERE, :, -40:-20] = 0
    silent = SegmentPanel(Panel.of(counts.sum(axis=0)), counts, counts.sum(axis=1))
    assert not silent.whole.gaps.any()
    assert np.flatnonzero(silent.of(WHERE).gaps).tolist() == list(range(DAYS - 40, DAYS - 20))
    assert not silent.of(0).gaps.any()
    expected = [find_segment_rises(each, bar()).of(WHERE, "EB7").scores.expected for each in (silent, panel)]
    np.testing.assert_allclose(expected[0].sum(), expected[1].sum(), rtol=0.1)
    assert not find_segment_rises(silent, bar()).rising.any()


def test_what_the_time_of_the_year_brings_the_whole_is_expected_of_its_segments() -> None:
    """Of a year of 104 days three and a half are known, of segments but the last 90 days, which have risen."""
    rng = np.random.default_rng(5)
    mean = 6 * course(364, 104, 0.7, peak=0.5)
    counts = np.stack([rng.poisson(share * mean, (TOPICS, 364)) for share in SHARES])
    whole = Panel.of(counts.sum(axis=0), np.full(364, 400))
    recent = Panel.of(whole.counts[:, -90:], whole.total[-90:])
    panel = SegmentPanel(recent, counts[..., -90:], np.full((3, 90), 130))
    season = time_of_year(whole, EB7(year=104))
    assert season.factor[-1].min() > 1.2
    assert (season.doubt > 0).all()
    alone, lent = (find_segment_rises(panel, bar(), season=each) for each in (None, season))
    assert -np.log10(alone.p).mean() > 2 * -np.log10(lent.p).mean()
    observed = counts[..., -7:].sum(axis=(1, 2))
    seen = [each.held["EB7"].mean[0].sum(axis=-1) / observed for each in (alone, lent)]
    assert (np.abs(seen[1] - 1) < np.abs(seen[0] - 1)).all()
    reason, slow = (lent.of(0, by).reasons.of(0) for by in ("EB7", "ramp"))
    assert reason.season == pytest.approx(float(season.factor[-1, 0, 0]))
    assert slow.season == pytest.approx(float(season.later[0, 0, 0]))
