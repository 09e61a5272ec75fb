"""While a source is silent, topics of the others are as calm as ever, and no zeros are learned for its own."""

from __future__ import annotations

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
from models.detect.silence import GONE, silences

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
    return replace(Panel.of(mail + chat), heard=what_is_heard(mail, chat) if told else None)


def what_is_heard(mail: Counts, chat: Counts) -> Heard | None:
    sources = [mail, chat]
    silent = silences(np.stack([each.sum(axis=0) for each in sources]), DAYS)
    through = [_usual(sources[each.source], each.usual) for each in silent]
    of = [_usual(mail + chat, each.usual) for each in silent]
    return heard(silent, through, of, DAYS) if silent else None


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
    all_there = replace(calm, heard=Heard(np.ones((20, DAYS)), np.ones(DAYS), np.zeros((20, DAYS), bool)))
    np.testing.assert_array_equal(Combined().judge(calm, 30).p, Combined().judge(all_there, 30).p)


def test_where_hardly_anything_is_left_the_days_are_gaps_until_the_source_is_gone() -> None:
    mail, chat = silent(5, DAYS - 40)
    mail = mail // 12
    panel_ = panel(mail, chat)
    assert panel_.heard is not None
    assert not panel_.heard.open[:, DAYS - 40 : DAYS - 40 + GONE].any()
    assert panel_.heard.is_whole[-1]


def test_segments_do_not_rise_either() -> None:
    mail, chat = silent(6, DAYS - 10)
    rng = np.random.default_rng(6)
    germany = rng.binomial(mail + chat, 0.6)
    counts = np.stack([germany, mail + chat - germany, mail])
    whole = panel(mail, chat)
    markets = SegmentPanel(whole, counts, counts.sum(axis=1))
    threshold = segment_threshold(SegmentPanel(Panel.of(np.add(*everything(6))), counts, counts.sum(axis=1)), 0.25)
    assert not find_segment_rises(markets, threshold).rising.any()


def by_hour(*, told: bool) -> tuple[Floats, float]:
    """The scores of the last hour of topics that come by mail, and the bar; no chat came in the last thirty hours."""
    hours = 24 * 70
    mail, chat = (np.random.default_rng(4).poisson(part[:, None] * 3.0, (20, hours)) for part in (1 - BY_CHAT, BY_CHAT))
    chat[:, -30:] = 0
    part = np.where(np.arange(hours) >= hours - 30, 1 - BY_CHAT[:, None], 1.0)
    all_there = part.mean(axis=0)
    spoken = Heard(part, all_there, part < all_there)
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
