"""The hourly path: a sharp outage is seen within hours, and the bar is what the operator's own hours have held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.detect.outage import APART, LEAST_SCORE, Outage, bar
from models.detect.panel import Floats, Panel
from tests.unit.models.detect.test_reasons import assert_follows

HOURS = 24 * 60
DAYLIGHT = 1 + 0.9 * np.sin(2 * np.pi * (np.arange(HOURS) % 24 - 8) / 24)


def calm(seed: int = 2) -> Panel:
    """Ten topics of half a complaint to fifty a day, most of them by day."""
    rates = np.geomspace(0.5, 50, 10)[:, None] / 24
    return Panel.of(np.random.default_rng(seed).poisson(rates * DAYLIGHT))


def struck(topic: int, by: int) -> Panel:
    counts = calm().counts.copy()
    counts[topic, -1] += by
    return Panel.of(counts)


@pytest.mark.parametrize("topic", [0, 5, 9])
def test_twenty_in_an_hour_stand_out_at_once(topic: int) -> None:
    panel = struck(topic, 20)
    past = Outage().past(panel, 40 * 24)[:, :-24]
    scores = Outage().judge(panel)
    assert scores.score[topic, -1] > bar(past, 0.5)
    assert scores.window[topic, -1] in (1, 3, 6)


def test_fewer_than_the_least_are_no_outage() -> None:
    assert Outage().judge(struck(0, 5)).score[0, -1] == 0
    assert Outage(least=5).judge(struck(0, 5)).score[0, -1] > 3


def test_the_day_s_own_rhythm_is_no_outage() -> None:
    panel = calm()
    scores = Outage().past(panel, 30 * 24)
    assert scores.max() < 5


def test_one_outage_does_not_hide_the_next() -> None:
    past = Outage().past(struck(5, 20), 40 * 24)
    assert bar(past, 1) == past.max()
    assert bar(past, 2) < 6


@given(
    hnp.arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 400)), elements=st.floats(0, 50)),
    st.floats(0, 9),
)
def test_the_bar_is_exceeded_no_more_often_than_allowed(past: Floats, allowed: float) -> None:
    found = bar(past, allowed)
    assert found >= LEAST_SCORE
    blocks = np.pad(past, ((0, 0), (-past.shape[1] % APART, 0))).reshape(len(past), -1, APART)
    assert (blocks.max(axis=(0, 2)) > found).sum() <= max(int(allowed), 1) - 1


@pytest.mark.parametrize("topic", [0, 5, 9])
def test_the_numbers_behind_a_score_give_it_again(topic: int) -> None:
    scores, reasons = Outage().explained(struck(topic, 20))
    assert_follows(reasons.of(topic), scores, topic)
    assert reasons.of(topic).unit == "hour"
