"""What any detector owes its callers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.detect import Detector, Panel, Scores
from tests.unit.models.detect.panels import DETECTORS, raised, steady

PARTS = ("window", "observed", "expected", "low", "high", "p")

every_detector = pytest.mark.parametrize("detector", DETECTORS, ids=lambda each: each.name)


def assert_equal(one: Scores, other: Scores) -> None:
    for part in PARTS:
        np.testing.assert_allclose(getattr(one, part), getattr(other, part), rtol=1e-7, atol=1e-10)


@every_detector
def test_scores_have_a_row_a_topic_and_a_column_a_judged_day(detector: Detector) -> None:
    scores = detector.judge(steady(), 5)
    for part in (*PARTS, "score"):
        assert getattr(scores, part).shape == (12, 5)
    assert scores.judged.all()


@every_detector
def test_observed_is_the_window_that_ends_with_the_day(detector: Detector) -> None:
    panel = steady()
    scores = detector.judge(panel, 2)
    for (topic, day), window in np.ndenumerate(scores.window):
        end = panel.days - 1 + day
        assert scores.observed[topic, day] == panel.counts[topic, end - window : end].sum()


@every_detector
def test_the_expectation_lies_in_the_interval(detector: Detector) -> None:
    scores = detector.judge(steady(), 20)
    assert (scores.low <= scores.expected + 1).all()
    assert (scores.high >= scores.expected - 1).all()


@every_detector
def test_nothing_at_all_is_judged_calm(detector: Detector) -> None:
    np.testing.assert_array_equal(detector.judge(Panel.of(np.zeros((3, 120), np.int64)), 10).p, 1.0)


@every_detector
def test_chance_alone_seldom_scores(detector: Detector) -> None:
    """In steady series about one window in a hundred scores 2."""
    assert (detector.judge(steady(60, 300), 180).score >= 2).mean() < 0.02


@every_detector
def test_a_rise_stands_out(detector: Detector) -> None:
    panel = steady()
    assert detector.judge(raised(panel, 10, 9, 40)).score[10, 0] > 3
    assert detector.judge(panel).score[10, 0] < 2.5


@every_detector
def test_a_new_topic_is_seen(detector: Detector) -> None:
    panel = steady()
    counts = np.vstack([panel.counts, np.zeros((1, panel.days), np.int64)])
    counts[-1, -3:] = 6
    scores = detector.judge(Panel.of(counts))
    assert scores.score[-1, 0] > 1.5
    assert 0 <= scores.expected[-1, 0] < 3


@every_detector
@pytest.mark.parametrize("days", [1, 2, 9])
def test_a_young_database_is_not_judged(detector: Detector, days: int) -> None:
    scores = detector.judge(steady(days=days), days)
    np.testing.assert_array_equal(scores.p, 1.0)
    assert not scores.judged.any()


@every_detector
def test_a_gap_in_the_data_neither_alarms_nor_lowers_what_is_expected(detector: Detector) -> None:
    panel = steady()
    counts, gaps = panel.counts.copy(), panel.gaps.copy()
    counts[:, 80:86], gaps[80:86] = 0, True
    scores = detector.judge(replace(panel, counts=counts, total=counts.sum(axis=0), gaps=gaps), 40)
    assert scores.score.max() < 4
    usual = detector.judge(panel)
    same = scores.window[:, -1] == usual.window[:, 0]
    rate = [each.expected[:, -1] / each.window[:, -1] for each in (scores, usual)]
    np.testing.assert_allclose(rate[0][6:], rate[1][6:], rtol=0.3)
    assert same.any()


@every_detector
def test_huge_counts_stay_finite(detector: Detector) -> None:
    panel = steady()
    counts = panel.counts.copy()
    counts[3, -3:] = 10**9
    scores = detector.judge(Panel.of(counts), 5)
    assert np.isfinite(scores.score).all()
    assert np.isfinite(scores.high).all()
    assert scores.score[3, -1] > 8


@every_detector
@given(after=st.integers(1, 40), seed=st.integers(0, 2**31))
@settings(max_examples=4, deadline=None)
def test_the_future_changes_nothing_before_it(detector: Detector, after: int, seed: int) -> None:
    panel = steady()
    counts = panel.counts.copy()
    counts[:, -after:] = np.random.default_rng(seed).poisson(30, (12, after))
    days = after + 20
    changed, same = detector.judge(Panel.of(counts), days), detector.judge(panel, days)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(changed, part)[:, :20], getattr(same, part)[:, :20])


@every_detector
@given(end=st.integers(22, 119))
@settings(max_examples=4, deadline=None)
def test_a_day_scores_the_same_as_the_last_one_or_among_many(detector: Detector, end: int) -> None:
    panel = steady()
    alone = detector.judge(Panel.of(panel.counts[:, :end]))
    among = detector.judge(panel, panel.days - end + 1)
    for part in PARTS:
        np.testing.assert_allclose(getattr(alone, part)[:, 0], getattr(among, part)[:, 0], rtol=1e-7)


@every_detector
@given(order=st.permutations(range(12)))
@settings(max_examples=4, deadline=None)
def test_the_order_of_topics_does_not_matter(detector: Detector, order: list[int]) -> None:
    panel = steady()
    scores = detector.judge(panel, 10)
    expected = Scores(*(getattr(scores, part)[order] for part in PARTS))
    assert_equal(detector.judge(Panel.of(panel.counts[order]), 10), expected)


@every_detector
def test_judging_twice_gives_the_same(detector: Detector) -> None:
    one, other = detector.judge(steady(), 30), detector.judge(steady(), 30)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


@every_detector
@given(topic=st.integers(0, 11), more=st.integers(1, 50))
@settings(max_examples=4, deadline=None)
def test_more_complaints_never_score_less(detector: Detector, topic: int, more: int) -> None:
    panel = steady()
    fewer, greater = detector.judge(panel), detector.judge(raised(panel, topic, 1, more))
    assert greater.score[topic, 0] >= fewer.score[topic, 0]


@every_detector
@pytest.mark.parametrize("days", [0, 121])
def test_days_that_are_not_in_the_panel_cannot_be_judged(detector: Detector, days: int) -> None:
    with pytest.raises(ValueError, match="panel of 120"):
        detector.judge(steady(), days)
