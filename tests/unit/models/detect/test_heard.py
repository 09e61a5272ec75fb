"""While a source is silent, topics of the others are as calm as ever, and no zeros are learned for its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.detect.combined import Combined
from models.detect.eb7 import EB7
from models.detect.heard import heard
from models.detect.outage import Outage, bar
from models.detect.panel import Counts, Floats, Heard, Panel
from models.detect.segments import SegmentPanel, find_segment_rises, segment_threshold
from models.detect.silence import GONE, Silenced, silences

DAYS = 200
BY_CHAT = np.concatenate([np.zeros(6), np.full(8, 0.5), np.ones(6)])
"""What part of each of twenty topics comes by chat; the rest comes by mail."""

MAIL, BOTH, CHAT = slice(0, 6), slice(6, 14), slice(14, 20)


def everything(seed: int) -> tuple[Counts, Counts]:
    """By mail and by chat, twelve a day of each topic."""
    rng = np.random.default_rng(seed)
    mail, chat = (rng.poisson(12 * part[:, None], (20, DAYS)) for part in (1 - BY_CHAT, BY_CHAT))
    return mail, chat


def panel(mail: Counts, chat: Counts, *, told: bool = True) -> Panel:
    return replace(Panel.of(mail + chat), heard=heard_of([mail, chat]) if told else None)


def heard_of(sources: Sequence[Counts]) -> Heard | None:
    silent = silences(np.stack([each.sum(axis=0) for each in sources]), sources[0].shape[1])
    through = [_usual(sources[each.source], each.usual) for each in silent]
    of = [_usual(np.sum([sources[other] for other in each.beside], axis=0), each.usual) for each in silent]
    return heard(silent, through, of, sources[0].shape[1]) if silent else None


def _usual(counts: Counts, days: slice) -> Counts:
    by_topic = counts[:, days].sum(axis=1)
    return np.array([by_topic.sum(), *by_topic])


def silent(seed: int, first: int, last: int = DAYS) -> tuple[Counts, Counts]:
    """The same where nothing comes by chat from `first` until before `last`."""
    mail, chat = everything(seed)
    chat[:, first:last] = 0
    return mail, chat


@pytest.mark.parametrize("days", [2, 5, 12, 27, 28, 29, 40, 70])
def test_topics_of_the_other_source_do_not_rise_however_long_it_lasts(days: int) -> None:
    found = [silent(seed, DAYS - days) for seed in range(4)]
    told, untold = ([Combined().judge(panel(*each, told=told)).score[:, 0] for each in found] for told in (True, False))
    assert max(each.max() for each in told) < 3
    if 5 <= days <= 40:
        assert max(each.max() for each in untold) > 5, "what is not told misleads"


@pytest.mark.parametrize("days", [5, 20, 40])
def test_what_comes_back_does_not_rise(days: int) -> None:
    found = [silent(seed, DAYS - 7 - days, DAYS - 7) for seed in range(4)]
    assert max(Combined().judge(panel(*each), 7).score[MAIL].max() for each in found) < 3
    if days < GONE:
        assert max(Combined().judge(panel(*each), 7).score.max() for each in found) < 3, "no zeros were learned"


def test_a_topic_that_makes_up_much_of_what_is_left_does_not_rise() -> None:
    mail, chat = silent(5, DAYS - 12)
    mail[0] = np.random.default_rng(5).poisson(100, DAYS)
    assert Combined().judge(panel(mail, chat)).score[:, 0].max() < 3


def test_a_rise_is_seen_through_the_source_that_is_left() -> None:
    mail, chat = silent(1, DAYS - 10)
    mail[[2, 8], -3:] *= 3
    scores = Combined().judge(panel(mail, chat)).score[:, 0]
    assert scores[[2, 8]].min() > 4
    assert np.delete(scores, [2, 8]).max() < 3


def test_customers_who_write_elsewhere_meanwhile_are_no_rise() -> None:
    mail, chat = everything(2)
    mail[:, -12:] += chat[:, -12:]
    chat[:, -12:] = 0
    assert Combined().judge(panel(mail, chat)).score[:, 0].max() < 3


def test_of_each_topic_as_much_is_expected_as_comes_without_the_source() -> None:
    scores = EB7().judge(panel(*silent(3, DAYS - 9)))
    expected = scores.expected[:, 0] / 7
    np.testing.assert_allclose(expected[MAIL], 12, rtol=0.15)
    np.testing.assert_allclose(expected[BOTH], 6, rtol=0.15)


def test_a_number_that_complaints_are_in_proportion_to_is_lowered_by_topic() -> None:
    mail, chat = silent(3, DAYS - 9)
    players = replace(panel(mail, chat), exposure=np.full(DAYS, 1000.0))
    expected = EB7().judge(players).expected[:, 0] / 7
    np.testing.assert_allclose(expected[MAIL], 12, rtol=0.15)
    np.testing.assert_allclose(expected[BOTH], 6, rtol=0.15)


def test_nothing_changes_where_no_source_is_silent() -> None:
    mail, chat = everything(4)
    calm = Panel.of(mail + chat)
    all_there = replace(
        calm, heard=heard([Silenced(0, 9, 20, slice(0, 9), (0,))], [np.zeros(21, np.int64)], [np.full(21, 9)], DAYS)
    )
    np.testing.assert_array_equal(Combined().judge(calm, 30).p, Combined().judge(all_there, 30).p)


def test_where_hardly_anything_is_left_the_days_are_gaps_until_the_source_is_gone() -> None:
    mail, chat = silent(5, DAYS - 40)
    mail = mail // 12
    panel_ = panel(mail, chat)
    assert panel_.heard is not None
    assert not panel_.heard.open[:, DAYS - 40 : DAYS - 40 + GONE].any()
    assert panel_.heard.is_whole[-1]


@pytest.mark.parametrize("days", [1, 2, 4, 7, 13, 20, 28, 40])
def test_a_source_that_begins_makes_nothing_rise(days: int) -> None:
    found = [silent(seed, 0, DAYS - days) for seed in range(4)]
    assert max(Combined().judge(panel(*each)).score.max() for each in found) < 3
    if 2 <= days <= 28:
        assert max(Combined().judge(panel(*each, told=False)).score.max() for each in found) > 8


def test_how_much_of_a_topic_a_new_source_brings_is_known_better_with_every_day() -> None:
    widths = []
    for days in (1, 4, 14, 40):
        scores = EB7().judge(panel(*silent(9, 0, DAYS - days)))
        widths.append(((scores.high - scores.low) / scores.expected)[BOTH].mean())
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 1.3 * widths[-1]
    by_mail = EB7().judge(panel(*silent(9, 0, DAYS - 1)))
    assert ((by_mail.high - by_mail.low) / by_mail.expected)[MAIL].mean() < 0.85 * widths[0], "it brings none"


@pytest.mark.parametrize("firsts", [(100, 140), (140, 100), (120, 120)])
def test_sources_that_begin_one_after_another_add_up(firsts: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    sources = [rng.poisson(10.0, (20, DAYS)) for _ in range(3)]
    for counts, first in zip(sources[1:], firsts, strict=True):
        counts[:, :first] = 0
    told = heard_of(sources)
    assert told is not None
    began = sum(np.arange(DAYS) >= first for first in (0, *firsts))
    np.testing.assert_allclose(told.everything, began / 3, rtol=0.05)
    np.testing.assert_allclose(told.topics.mean(axis=0), began / 3, rtol=0.05)


def test_a_source_that_begins_was_not_there_before_the_days_that_are_looked_at_either() -> None:
    mail, chat = silent(7, 0, DAYS - 3)
    late = heard_of([mail[:, 60:], chat[:, 60:]])
    assert late is not None
    whole = replace(panel(mail, chat), heard=late.after(60))
    assert Combined().judge(whole).score.max() < 3


def test_two_sources_that_are_down_at_once_add_up() -> None:
    rng = np.random.default_rng(3)
    sources = [rng.poisson(10.0, (20, DAYS)) for _ in range(3)]
    sources[1][:, 150:170], sources[2][:, 160:] = 0, 0
    told = heard_of(sources)
    assert told is not None
    there = np.repeat([3.0, 2.0, 1.0, 2.0], [150, 10, 10, 30])
    np.testing.assert_allclose(told.everything, there / 3, atol=0.06)


def test_a_rise_is_seen_soon_after_a_source_began() -> None:
    mail, chat = silent(1, 0, DAYS - 10)
    for counts in (mail, chat):
        counts[[2, 8, 16], -3:] *= 4
    scores = Combined().judge(panel(mail, chat)).score[:, 0]
    assert scores[[2, 8]].min() > 3
    assert np.delete(scores, [2, 8, 16]).max() < 3


def test_segments_do_not_rise_either() -> None:
    for mail, chat in (silent(6, DAYS - 10), silent(6, 0, DAYS - 10)):
        assert not rising_in_segments(mail, chat)


def rising_in_segments(mail: Counts, chat: Counts) -> bool:
    rng = np.random.default_rng(6)
    germany = rng.binomial(mail + chat, 0.6)
    counts = np.stack([germany, mail + chat - germany, mail])
    whole = panel(mail, chat)
    markets = SegmentPanel(whole, counts, counts.sum(axis=1))
    threshold = segment_threshold(SegmentPanel(Panel.of(np.add(*everything(6))), counts, counts.sum(axis=1)), 0.25)
    return bool(find_segment_rises(markets, threshold).rising.any())


def by_hour(*, told: bool) -> tuple[Floats, float]:
    """The scores of the last hour of topics that come by mail, and the bar; no chat came in the last thirty hours."""
    hours = 24 * 70
    mail, chat = (np.random.default_rng(4).poisson(part[:, None] * 3.0, (20, hours)) for part in (1 - BY_CHAT, BY_CHAT))
    chat[:, -30:] = 0
    usual = [(10_000 * np.array([each.mean(), *each])).astype(np.int64) for each in (BY_CHAT, np.ones(20))]
    spoken = heard([Silenced(1, hours - 30, hours, slice(0, 1), (0, 1))], usual[:1], usual[1:], hours)
    found = replace(Panel.of(mail + chat), heard=spoken if told else None)
    past = Outage().past(found, hours - 8 * 24)[:, :-30]
    return Outage().judge(found).score[MAIL, -1], bar(past, 1)


def test_no_hour_is_an_outage_because_a_source_is_silent() -> None:
    scores, highest = by_hour(told=True)
    assert (scores < highest).all()
    misled, _ = by_hour(told=False)
    assert misled.max() > scores.max() + 1, "what is not told misleads"


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.integers(0, 500))
def test_parts_stay_parts(shares: list[float], usual: int) -> None:
    counts = np.array([usual, *[int(share * usual) for share in shares]])
    found = silences(np.stack([np.repeat([9, 0], [60, 40]), np.full(100, 9)]), 100)
    told = heard(found, [counts], [np.full(len(counts), usual)], 100)
    assert ((told.topics >= 0) & (told.topics <= 1)).all()
    assert ((told.open >= 0) & (told.open <= 1)).all()
    assert told.is_whole[:60].all()
