"""The numbers behind a score are all there is to it: by hand they give the same mean, p and score again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from feedback.domain import Reason
from models.detect import Panel, Scores
from models.detect.combined import Combined
from models.detect.eb7 import EB7
from models.detect.negative_binomial import SMALLEST_P
from models.detect.outage import Outage
from models.detect.ramp import Ramp
from tests.unit.models.detect.panels import course, raised, steady

FORCED = {"EB7": {"ramp": 400.0}, "ramp": {"EB7": 400.0}}
"""Margins with which one detector has no chance against the other."""


def made(seed: int, gap: int, part: bool, by: int) -> Panel:
    """Steady series with a rise, perhaps an alerted week, days without data, and a last day that is still filling."""
    panel = raised(steady(8, 130, seed), seed % 8, 6, by)
    counts, gaps, excluded = panel.counts.copy(), panel.gaps.copy(), panel.excluded.copy()
    excluded[:, 90:97] = seed % 2
    if gap:
        counts[:, 126 - gap : 126], gaps[126 - gap : 126] = 0, True
    if part:
        counts[:, -1] //= 2
    return replace(panel, counts=counts, total=counts.sum(axis=0), gaps=gaps, excluded=excluded, complete=not part)


panels = st.builds(made, st.integers(0, 2**31), st.integers(0, 9), st.booleans(), st.integers(0, 20))


def rate_by_hand(reason: Reason) -> float:
    shape, mean, counted, watched = reason.prior_shape, reason.prior_mean, reason.counted, reason.watched
    assert shape is not None
    assert mean is not None
    assert counted is not None
    assert watched is not None
    weeks = (shape + counted) / (shape / mean + watched)
    return weeks if reason.years_rate is None else weeks + reason.years_weight * (reason.years_rate - weeks)


def by_hand(reason: Reason, observed: int) -> tuple[float, float]:
    """(mean, p) from the numbers alone, in the words of the definition."""
    assert reason.rate == pytest.approx(rate_by_hand(reason), rel=1e-9)
    usual = reason.others_a_day * reason.open_days
    volume = (reason.others + reason.volume_prior) / (usual + reason.volume_prior)
    mean = reason.rate * reason.open_days * volume * reason.season
    variance = reason.phi * mean + (reason.kappa + reason.doubt) * mean**2
    size = mean / (variance / mean - 1)
    return mean, float(stats.nbinom.sf(observed - 1, size, size / (size + mean)))


def assert_follows(reason: Reason, scores: Scores, topic: int, day: int = -1) -> None:
    mean, p = by_hand(reason, int(scores.observed[topic, day]))
    assert reason.window_days == scores.window[topic, day]
    assert reason.mean == scores.expected[topic, day] == pytest.approx(mean, rel=1e-9)
    assert reason.p == pytest.approx(p, rel=1e-6)
    score = -np.log10(np.clip(10 ** (np.log10(reason.p) + reason.margin), SMALLEST_P, 1.0))
    assert score == pytest.approx(scores.score[topic, day], abs=1e-6)


@pytest.mark.parametrize("name", FORCED)
@given(panel=panels)
@settings(max_examples=12)
def test_mean_p_and_score_follow_from_the_reason(name: str, panel: Panel) -> None:
    scores, reasons = Combined(FORCED[name]).explained(panel)
    for topic in range(panel.topics):
        reason = reasons.of(topic)
        assert reason.detector == name
        assert_follows(reason, scores, topic)


@given(panel=panels)
@settings(max_examples=12)
def test_of_two_detectors_the_chosen_one_is_told_with_its_margin(panel: Panel) -> None:
    scores, reasons = Combined({"EB7": 0.0, "ramp": 0.3}).explained(panel)
    alone = {each.name: each.judge(panel) for each in (EB7(), Ramp())}
    for topic in range(panel.topics):
        reason = reasons.of(topic)
        assert reason.margin == (0.3 if reason.detector == "ramp" else 0.0)
        assert reason.p == alone[reason.detector].p[topic, 0]
        assert_follows(reason, scores, topic)


@given(panel=panels)
@settings(max_examples=8)
def test_the_rate_of_an_hour_follows_from_its_reason_too(panel: Panel) -> None:
    _, reasons = Outage(warm_up=24, gap=12, least=0).explained(panel)
    for topic in range(panel.topics):
        reason = reasons.of(topic)
        assert reason.rate == pytest.approx(rate_by_hand(reason), rel=1e-9)
        assert reason.unit == "hour"


@pytest.mark.parametrize(("name", "lag"), [("EB7", 14), ("ramp", 42)])
def test_the_baseline_ends_as_long_ago_as_is_told(name: str, lag: int) -> None:
    def reason(day: int) -> Reason:
        """With one complaint more of the busiest topic so many days before the end; too few to be an outlier."""
        counts = steady().counts.copy()
        counts[-1, -1 - day] += 1
        return Combined(FORCED[name]).explained(Panel.of(counts))[1].of(len(counts) - 1)

    assert reason(0).baseline_lag == lag
    assert reason(lag).rate > reason(lag - 1).rate == reason(0).rate


def test_a_season_is_a_number_of_its_own() -> None:
    counts = np.random.default_rng(4).poisson(9 * course(130, 52), (8, 130))
    for name, margins in FORCED.items():
        scores, reasons = Combined(margins, EB7(year=52)).explained(Panel.of(counts, np.full(130, 300)))
        assert reasons.of(0).season != 1
        assert reasons.of(0).years_weight > 0
        assert_follows(reasons.of(0), scores, 0)
        assert reasons.of(0).detector == name


def test_days_that_weigh_less_than_others_are_told_with_their_weights() -> None:
    panel = steady()
    counts = panel.counts.copy()
    counts[10, 80:87] += 30
    counts[10, 112:] += 30
    reason = Combined(FORCED["EB7"]).explained(Panel.of(counts))[1].of(10)
    ages = [age for age, _ in reason.lighter]
    # windows that hold but a few of the seven days stand out too; what is after the baseline has no weight yet
    assert set(range(119 - 86, 119 - 79)) <= set(ages) <= set(range(119 - 92, 119 - 73))
    assert all(weight < 0.2 for age, weight in reason.lighter if 119 - 86 <= age <= 119 - 80)
    calm = [Combined().explained(panel)[1].of(topic).lighter for topic in range(12)]
    assert sum(map(len, calm)) < 12 * 3


def test_alerted_days_are_left_out_and_not_told_as_lighter() -> None:
    panel = steady()
    counts, excluded = panel.counts.copy(), panel.excluded.copy()
    counts[10, 80:87] += 30
    excluded[10, 74:93] = True
    alerted = replace(panel, counts=counts, total=counts.sum(axis=0), excluded=excluded)
    plain = {age for age, _ in Combined().explained(panel)[1].of(10).lighter}
    assert {age for age, _ in Combined().explained(alerted)[1].of(10).lighter} <= plain


def test_an_earlier_day_has_a_reason_of_its_own() -> None:
    panel = raised(steady(), 10, 9, 40)
    scores, reasons = Combined().explained(panel, 12)
    for day in (0, 5, 11):
        assert_follows(reasons.of(10, day), scores, 10, day)
    assert reasons.of(10, 0) != reasons.of(10, 11)
