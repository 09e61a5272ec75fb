"""The demo's phrases are its own, complete in every language, and survive careless spelling."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.taxonomy import load_taxonomy
from jobs.demo.compose import Writer, compose
from jobs.demo.rises import draw_rises
from jobs.demo.spelling import hurried, slips, without_diacritics
from jobs.demo.wording import LANGUAGES, wording
from jobs.demo.world import LOCAL, MARKETS, ONE_PRODUCT, OUTSIDE, PINNED, market_shares, shares

SLOTS = {"amount", "small", "days", "date", "game", "method", "brand", "level", "percent", "spins"}


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def kinds() -> set[str]:
    return {*PINNED, *OUTSIDE, *(rise.topic for rise in draw_rises(Random(1), 185))}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_its_phrases_in_every_language(language: str) -> None:
    words = wording(language)
    assert set(words.says) == set(words.adds) == kinds()
    for kind in kinds():
        assert len(words.says[kind]) >= 6
        assert len(words.says[kind]) == len(wording("en").says[kind])
        assert all(slots(text) <= SLOTS for text in (*words.says[kind], *words.adds[kind]))
    assert all(
        slots(text) <= {"brand"} for text in (*words.greetings, *words.grumbles, *words.closings, *words.demands)
    )
    assert (len(words.months), len(words.levels)) == (12, 4)


def test_personal_phrases_hold_what_they_announce() -> None:
    for language in LANGUAGES:
        for item, phrases in wording(language).personal.items():
            assert all(slots(text) == {item} for text in phrases)


def test_the_pinned_kinds_are_the_taxonomys_and_the_new_fault_is_not() -> None:
    topics = {topic.key for topic in load_taxonomy("casino")}
    assert set(PINNED) == topics
    assert not topics & set(OUTSIDE)
    assert "told-abroad" not in topics


def test_no_phrase_is_copied_from_the_taxonomy() -> None:
    taken = {text.casefold() for topic in load_taxonomy("casino") for texts in topic.phrases.values() for text in texts}
    for language in LANGUAGES:
        words = wording(language)
        own = {text.casefold() for texts in (*words.says.values(), *words.adds.values()) for text in texts}
        assert not own & taken


def test_shares_sum_to_one_and_a_tenth_lies_outside_the_taxonomy() -> None:
    assert sum(shares().values()) == pytest.approx(1)
    assert 0.08 <= sum(shares()[kind] for kind in OUTSIDE) <= 0.12
    assert all(sum(market_shares(kind).values()) == pytest.approx(1) for kind in shares())
    assert {*LOCAL, *ONE_PRODUCT} <= set(shares())
    for market in MARKETS.values():
        for weights in (market.languages, market.brands, market.methods):
            assert sum(weights.values()) == pytest.approx(1)


@given(
    st.integers(0, 2**32), st.sampled_from(LANGUAGES), st.sampled_from(sorted(PINNED)), st.sampled_from(sorted(MARKETS))
)
def test_any_customer_can_write_about_anything_in_any_language(
    seed: int, language: str, kind: str, market: str
) -> None:
    writer = Writer("Ann Example", market, "Luckheron", "Skrill")
    text = compose(kind, language, "e-mail", writer, datetime(2026, 1, 2, tzinfo=UTC), Random(seed))
    assert text.strip() == text
    assert "{" not in text
    assert "  " not in text


@given(st.text(), st.sampled_from(LANGUAGES), st.integers(0, 2**32))
def test_careless_spelling_takes_any_text(text: str, language: str, seed: int) -> None:
    assert isinstance(hurried(text, language, Random(seed)), str)


@given(st.integers(0, 2**32))
def test_a_slip_changes_letters_and_leaves_numbers_alone(seed: int) -> None:
    text = slips("Withdrawal of 12345678 euros pending", Random(seed))
    assert "12345678" in text
    assert text[0] == "W"


@pytest.mark.parametrize(
    ("language", "text", "typed"),
    [
        ("de", "Größe über Äpfel", "Groesse ueber Aepfel"),
        ("pl", "żółta łódź", "zolta lodz"),
        ("nb", "blåbær på øy", "blabaer pa oy"),
        ("fi", "käsittelyssä", "kasittelyssa"),
    ],
)
def test_letters_as_typed_without_the_right_keyboard(language: str, text: str, typed: str) -> None:
    assert without_diacritics(text, language) == typed
