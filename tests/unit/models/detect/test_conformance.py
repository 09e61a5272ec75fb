"""What any detector owes its callers."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models.detect
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
    counts[-1, -3:] = 12
    scores = detector.judge(Panel.of(counts))
    assert scores.score[-1, 0] > 4
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


def test_every_detector_there_is_has_to_conform() -> None:
    """Whatever has a name and judges panels, but for the protocol that says so."""
    modules = [import_module(f"models.detect.{each.name}") for each in iter_modules(models.detect.__path__)]
    classes = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    judges = {each for each in classes if callable(getattr(each, "judge", None)) and each is not Detector}
    assert judges == {type(each) for each in DETECTORS}


def with_everything(panel: Panel, rng: np.random.Generator, last: int, *, complete: bool) -> Panel:
    """The panel with, on its `last` days, alerted and expected days, an exposure and a part of a day."""
    excluded, expected = np.zeros((2, panel.topics, panel.days), bool)
    excluded[:, -last:] = rng.random((panel.topics, last)) < 0.2
    expected[:, -last:] = rng.random((panel.topics, last)) < 0.1
    exposure = np.full(panel.days, 1000.0)
    exposure[-last:] = rng.uniform(500, 2000, last)
    return replace(panel, excluded=excluded, expected=expected, exposure=exposure, complete=complete)


@every_detector
@given(after=st.integers(1, 40), seed=st.integers(0, 2**31), known=st.booleans(), complete=st.booleans())
@settings(max_examples=6, deadline=None)
def test_the_future_changes_nothing_before_it(
    detector: Detector, after: int, seed: int, *, known: bool, complete: bool
) -> None:
    """Neither counts, nor what is known of days beside them, nor that the last is not over."""
    rng = np.random.default_rng(seed)
    panel = steady()
    if known:
        panel = with_everything(panel, rng, panel.days, complete=True)
    counts = panel.counts.copy()
    counts[:, -after:] = rng.poisson(30, (12, after))
    future = replace(panel, counts=counts, total=counts.sum(axis=0), complete=complete)
    if known:
        later = with_everything(panel, rng, after, complete=complete)
        names = ("excluded", "expected", "exposure")
        parts = {name: getattr(panel, name).copy() for name in names}
        for name in names:
            parts[name][..., -after:] = getattr(later, name)[..., -after:]
        future = replace(future, **parts)
    days = after + 20
    changed, same = detector.judge(future, days), detector.judge(panel, days)
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
@given(order=st.permutations(range(12)), known=st.booleans(), complete=st.booleans())
@settings(max_examples=6, deadline=None)
def test_the_order_of_topics_does_not_matter(
    detector: Detector, order: list[int], *, known: bool, complete: bool
) -> None:
    panel = replace(steady(), complete=complete)
    if known:
        panel = with_everything(panel, np.random.default_rng(4), panel.days, complete=complete)
    scores = detector.judge(panel, 10)
    wanted = Scores(*(getattr(scores, part)[order] for part in PARTS))
    expected = None if panel.expected is None else panel.expected[order]
    moved = replace(panel, counts=panel.counts[order], excluded=panel.excluded[order], expected=expected)
    assert_equal(detector.judge(moved, 10), wanted)


@every_detector
def test_expected_days_count_nowhere(detector: Detector) -> None:
    """Whatever came on them, the topic is judged alike."""
    panel = steady()
    expected = np.zeros_like(panel.excluded)
    expected[10, [60, -2]] = True
    counts = panel.counts.copy()
    counts[10, [60, -2]] += 50
    calm, surged = (
        detector.judge(replace(panel, counts=each, total=panel.total + 50, expected=expected), 1)
        for each in (panel.counts, counts)
    )
    for part in PARTS:
        np.testing.assert_allclose(getattr(surged, part)[10], getattr(calm, part)[10], rtol=0.02)
    assert surged.score[10, 0] < 2.5


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
