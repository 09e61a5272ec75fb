"""While a source is late, topics of the punctual ones are as calm as ever, and a sharp rise is seen all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.detect.combined import Combined
from models.detect.eb7 import EB7
from models.detect.outage import Outage, bar
from models.detect.panel import Counts, Floats, Panel
from models.detect.segments import SegmentPanel, find_segment_rises, segment_threshold

CHAT, MAIL = 6, 14
RATES = np.concatenate([np.full(CHAT, 50.0), np.full(MAIL, 50.0)])
WEEKDAYS = np.array([1, 1.1, 1, 1, 0.9, 0.5, 0.4])
DAYS = 140


def everything(seed: int, growth: float = 0.0) -> Counts:
    """Six topics that come by chat and fourteen by mail, fifty a day each, fewer at weekends."""
    day = np.arange(DAYS)
    return np.random.default_rng(seed).poisson(np.outer(RATES, WEEKDAYS[day % 7] * np.exp(growth * day)))


def come_in(counts: Counts, late: int, *, told: bool = True) -> Panel:
    """Mail is late by so many days, and of the last day there is but the first half."""
    seen = counts.copy()
    seen[CHAT:, -late - 1 :] = 0
    seen[:CHAT, -1] //= 2
    awaited = np.arange(DAYS) >= DAYS - late - 1
    return replace(Panel.of(seen, complete=False), awaited=awaited if told else None)


def of_chat(panel: Panel) -> Floats:
    return Combined().judge(panel).score[:CHAT, 0]


@pytest.mark.parametrize("late", [1, 2, 3])
@pytest.mark.parametrize("growth", [0.0, 0.003])
def test_topics_of_a_punctual_source_do_not_rise(late: int, growth: float) -> None:
    panels = [everything(seed, growth) for seed in range(6)]
    assert max(of_chat(come_in(each, late)).max() for each in panels) < 3
    assert max(of_chat(come_in(each, late, told=False)).max() for each in panels) > 3, "what is not told misleads"


def test_a_sharp_rise_is_seen_before_the_late_source_is_in() -> None:
    counts = everything(1)
    counts[2, -2:] *= 4
    scores = of_chat(come_in(counts, 2))
    assert scores[2] > 6
    assert np.delete(scores, 2).max() < 3


def test_more_than_usual_is_believed_at_once() -> None:
    alone, together = everything(1), everything(1)
    alone[0, -2:] *= 8
    together[:CHAT, -2:] *= 8
    assert of_chat(come_in(together, 2))[0] < of_chat(come_in(alone, 2))[0]


def test_nothing_changes_where_nothing_is_awaited() -> None:
    panel = Panel.of(everything(1), complete=False)
    told = replace(panel, awaited=np.zeros(DAYS, bool))
    np.testing.assert_array_equal(Combined().judge(panel, 30).p, Combined().judge(told, 30).p)


def test_the_first_week_has_no_usual_day() -> None:
    panel = replace(Panel.of(everything(1)[:, :5]), awaited=np.ones(5, bool))
    assert np.isnan(EB7().judge(panel).expected).all()


def test_segments_wait_too() -> None:
    counts = everything(2)
    panel = come_in(counts, 2)
    markets = SegmentPanel(panel, panel.counts[None], panel.total[None])
    complete = SegmentPanel(Panel.of(counts), counts[None], counts.sum(axis=0)[None])
    rises = find_segment_rises(markets, segment_threshold(complete, 0.25))
    assert not rises.rising[0, :CHAT].any()


def by_hour(late: int, *, told: bool = True) -> tuple[Floats, float]:
    """The scores of the last hour and the bar, with the mail of the last hours still to come."""
    hours = 24 * 70
    daylight = 1 + np.cos(2 * np.pi * (np.arange(hours) % 24 - 15) / 24)
    counts = np.random.default_rng(4).poisson(RATES[:, None] / 24 * daylight)
    counts[CHAT:, hours - late :] = 0
    awaited = np.arange(hours) >= hours - late
    panel = replace(Panel.of(counts), awaited=awaited if told else None)
    past = Outage().past(panel, hours - 8 * 24)[:, :-24]
    return Outage().judge(panel).score[:CHAT, -1], bar(past, 1)


@pytest.mark.parametrize("late", [6, 27])
def test_no_hour_is_an_outage_because_a_source_is_late(late: int) -> None:
    scores, highest = by_hour(late)
    assert (scores < highest).all()
    misled, _ = by_hour(late, told=False)
    assert misled.max() > highest, "what is not told misleads"
