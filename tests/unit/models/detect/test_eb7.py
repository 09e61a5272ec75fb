"""What EB7 does beyond what any detector owes its callers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.detect import Detector, Panel
from models.detect.eb7 import EB7, Stages
from tests.unit.models.detect.panels import raised, steady

DETECTOR: Detector = EB7()
PARTS = ("window", "observed", "expected", "low", "high", "p")


def test_observed_is_the_window_of_seven_days_that_ends_with_the_day() -> None:
    panel = steady()
    np.testing.assert_array_equal(DETECTOR.judge(panel, 2).observed[:, 0], panel.counts[:, -8:-1].sum(axis=1))


def test_the_interval_holds_nine_of_ten_counts() -> None:
    scores = DETECTOR.judge(steady(40, 300), 200)
    inside = (scores.observed >= scores.low) & (scores.observed <= scores.high)
    assert 0.88 < inside[10:].mean() < 0.99
    assert (scores.low <= scores.expected + 1).all()
    assert (scores.high >= scores.expected - 1).all()


def test_chance_alone_keeps_its_tail() -> None:
    """In steady series one window in a hundred or fewer scores 2."""
    scores = DETECTOR.judge(steady(60, 400), 300)
    assert (scores.score >= 2).mean() < 0.012


@pytest.mark.parametrize("a_week", [1, 3, 10])
@pytest.mark.parametrize("ratio", [1.02, 2, 3])
def test_in_calm_times_as_many_are_expected_as_come_however_they_scatter(a_week: float, ratio: float) -> None:
    size = a_week / 7 / (ratio - 1)
    counts = np.random.default_rng(4).negative_binomial(size, 1 / ratio, (100, 600))
    scores = DETECTOR.judge(replace(Panel.of(counts), exposure=np.ones(600)), 364)
    assert scores.expected.mean() == pytest.approx(a_week, rel=0.1)


def test_a_rise_that_is_over_is_not_expected_again() -> None:
    panel = steady()
    risen = raised(raised(panel, 10, 40, 12), 10, 26, -12)
    calm, after = (float(DETECTOR.judge(each).expected[10, 0]) for each in (panel, risen))
    assert after < 1.15 * calm


def test_a_tripled_topic_stands_out() -> None:
    panel = steady()
    assert DETECTOR.judge(raised(panel, 10, 5, 16)).score[10, 0] > 3
    assert DETECTOR.judge(panel).score[10, 0] < 2


def test_volume_that_grows_everywhere_is_no_rise() -> None:
    panel = steady(40)
    counts = panel.counts.copy()
    counts[:, -7:] *= 3
    assert DETECTOR.judge(Panel.of(counts)).score[25:].max() < 3


def test_a_new_topic_is_seen_within_a_handful_of_complaints() -> None:
    panel = steady()
    counts = np.vstack([panel.counts, np.zeros((1, panel.days), np.int64)])
    counts[-1, -2:] = 3
    scores = DETECTOR.judge(Panel.of(counts))
    assert scores.score[-1, 0] > 3
    assert 0 < scores.expected[-1, 0] < 0.5


@pytest.mark.parametrize("days", [1, 6, 14, 20])
def test_a_young_database_is_not_judged(days: int) -> None:
    scores = DETECTOR.judge(steady(days=days))
    np.testing.assert_array_equal(scores.p, 1.0)
    assert not scores.judged.any()


def test_the_first_weeks_do_not_fire_on_everything() -> None:
    scores = DETECTOR.judge(steady(200, 60), 60)
    assert (scores.score[:, 20:35] >= 3).sum(axis=0).max() <= 2


def test_empty_days_before_the_first_complaint_are_no_history() -> None:
    panel = steady(days=40)
    padded = Panel.of(np.hstack([np.zeros((12, 70), np.int64), panel.counts]))
    np.testing.assert_array_equal(np.isnan(DETECTOR.judge(padded, 40).p), False)
    assert np.isnan(DETECTOR.judge(padded, 40).expected[:, :20]).all()


def test_a_gap_in_the_data_neither_alarms_nor_lowers_what_is_expected() -> None:
    panel = steady()
    counts, gaps = panel.counts.copy(), panel.gaps.copy()
    counts[:, 80:90], gaps[80:90] = 0, True
    scores = DETECTOR.judge(replace(panel, counts=counts, total=counts.sum(axis=0), gaps=gaps), 40)
    usual = DETECTOR.judge(panel, 40)
    assert scores.score.max() < 3.5
    np.testing.assert_allclose(scores.expected[6:, -1], usual.expected[6:, -1], rtol=0.25)
    np.testing.assert_array_equal(scores.p[:, 9], 1.0)


def test_half_a_day_is_held_against_half_a_day() -> None:
    panel = steady(60, 200)
    counts = panel.counts.copy()
    counts[:, -1] //= 2
    partial = DETECTOR.judge(replace(panel, counts=counts, total=counts.sum(axis=0), complete=False))
    whole = DETECTOR.judge(panel)
    shorter = partial.expected[30:] / whole.expected[30:]
    assert 6.2 / 7 < shorter.mean() < 6.8 / 7


def test_a_topic_alone_is_judged_against_the_calendar() -> None:
    calm = Panel.of(np.random.default_rng(1).poisson(4, (1, 150)))
    assert DETECTOR.judge(calm, 60).score.max() < 3.5
    assert DETECTOR.judge(raised(calm, 0, 6, 9)).score[0, 0] > 3


def test_alerted_days_stay_out_of_the_baseline() -> None:
    panel = raised(steady(), 10, 40, 16)
    counts = panel.counts.copy()
    counts[10, -14:] -= 16
    before = replace(panel, counts=counts, total=counts.sum(axis=0))
    excluded = panel.excluded.copy()
    excluded[10, -40:-14] = True
    kept_out = DETECTOR.judge(replace(before, excluded=excluded)).expected[10, 0]
    calm = DETECTOR.judge(steady()).expected[10, 0]
    assert abs(kept_out / calm - 1) < 0.15


def test_a_rise_that_stays_becomes_the_new_level() -> None:
    panel = raised(steady(days=260), 10, 130, 16)
    excluded = panel.excluded.copy()
    excluded[10, -130:] = True
    scores = DETECTOR.judge(replace(panel, excluded=excluded), 130)
    assert scores.score[10, 10] > 5
    assert scores.score[10, -1] < 2


@given(st.integers(0, 11), st.integers(1, 50))
@settings(max_examples=12, deadline=None)
def test_more_complaints_never_score_less(topic: int, more: int) -> None:
    panel = steady()
    fewer, greater = DETECTOR.judge(panel), DETECTOR.judge(raised(panel, topic, 1, more))
    assert greater.score[topic, 0] >= fewer.score[topic, 0]
    assert (np.delete(greater.score, topic, 0) <= np.delete(fewer.score, topic, 0)).all()


def test_a_panel_whose_parts_do_not_fit_is_refused() -> None:
    panel = steady()
    with pytest.raises(ValueError, match="total has the shape"):
        replace(panel, total=panel.total[1:])
    with pytest.raises(ValueError, match="more complaints than the day's total"):
        replace(panel, total=np.zeros_like(panel.total))
    with pytest.raises(ValueError, match="negative"):
        Panel.of(-panel.counts)
    with pytest.raises(ValueError, match="axes"):
        Panel.of(panel.counts[0])


@st.composite
def judgements(draw: st.DrawFn) -> list[tuple[Panel, int]]:
    """What a service asks one after another: days go by, alerts cover the last ones, the past is counted anew."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rates = rng.gamma(1, 2, (draw(st.integers(1, 5)), 1))
    counts = rng.poisson(rates, (len(rates), 120))
    excluded = np.zeros(counts.shape, bool)
    asked = []
    for _ in range(draw(st.integers(2, 8))):
        days = draw(st.integers(20, 120))
        match draw(st.sampled_from(["go on", "alert", "recount", "birth", "forget"])):
            case "alert":
                excluded[draw(st.integers(0, len(counts) - 1)), max(0, days - 9) : days] = True
            case "recount":
                counts[:, draw(st.integers(0, 119))] += 1
            case "birth":
                counts, excluded = np.vstack([counts, counts[:1] // 2]), np.vstack([excluded, excluded[:1]])
            case "forget":
                counts, excluded = np.roll(counts, -1, axis=1), np.roll(excluded, -1, axis=1)
        panel = Panel.of(counts[:, :days], complete=draw(st.booleans()))
        asked.append(
            (replace(panel, excluded=excluded[:, :days].copy()), draw(st.integers(1, 20) | st.integers(1, days)))
        )
    return asked


@given(judgements(), st.sampled_from([365.25, 39]))
@settings(max_examples=40, deadline=None)
def test_going_on_from_an_earlier_judgement_gives_the_same(asked: list[tuple[Panel, int]], year: float) -> None:
    going_on = EB7(year=year, stages=Stages())
    for panel, days in asked:
        one, other = going_on.judge(panel, days), EB7(year=year).judge(panel, days)
        for part in PARTS:
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
