from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.copies import copies, repeated

CHAIN = (
    "Pass this on to ten friends before midnight: the casino pays 500 euros to everybody who sends this message on, "
    "my cousin got hers the very next morning and could not believe it"
)
OTHER = (
    "I have waited nine days for my withdrawal by bank transfer and every time I ask the chat tells me that the "
    "finance department is looking into it and will come back to me"
)
VOCABULARY = [f"{start}{end}" for start in ("ba", "ke", "li", "mo", "nu", "ry") for end in ("ton", "sel", "gar", "vi")]


def distinct_words(vowel: str, number: int) -> list[str]:
    """Words without digits, which would count as the same number."""
    return [f"{one}{vowel}{other}" for one in VOCABULARY for other in VOCABULARY][:number]


def test_a_chain_message_is_one_text_however_it_is_passed_on() -> None:
    texts = [
        CHAIN,
        OTHER,
        CHAIN.upper(),
        CHAIN.replace("500 euros", "1.250,00 euros"),
        CHAIN.replace(", ", "!!!\n"),
        CHAIN + " please",
        CHAIN.replace("my cousin", "my sister"),
    ]
    assert copies(texts).tolist() == [0, 1, 0, 0, 0, 0, 0]


def test_what_was_redacted_does_not_tell_texts_apart() -> None:
    texts = [f"{OTHER}, write to <EMAIL>", f"{OTHER}, write to <PHONE>", f"<PERSON> {OTHER}, write to 0"]
    assert copies(texts).tolist() == [0, 0, 0]


def test_characters_that_nobody_sees_do_not_tell_texts_apart() -> None:
    assert copies([CHAIN, CHAIN.replace("message", "mes\u00adsage").replace("casino", "ca\u200bsino")]).tolist() == [
        0,
        0,
    ]


def test_the_same_short_words_of_several_people_are_no_copies() -> None:
    assert copies(["bonus not credited"] * 20).tolist() == list(range(20))
    eleven = "I paid in on Monday and the bonus is not there"
    assert copies([eleven] * 3).tolist() == [0, 1, 2]
    assert copies([f"{eleven} yet"] * 3).tolist() == [0, 0, 0]


def test_the_same_subject_in_other_words_is_no_copy() -> None:
    texts = [
        "My bank transfer of last Tuesday has still not arrived and the chat only tells me to be patient",
        "It has been a week since I asked for my winnings by bank transfer and nothing has come to my account",
        "Why does a payout to my bank take eight days when your page says it takes two working days at most",
    ]
    assert copies(texts).tolist() == [0, 1, 2]


def test_a_copy_of_a_copy_is_a_copy_of_the_first() -> None:
    words, others = distinct_words("a", 60), distinct_words("o", 60)
    steps = [" ".join(others[:gone] + words[gone:]) for gone in range(0, 25, 3)]
    assert copies([steps[0], steps[-1]]).tolist() == [0, 1]
    assert copies(steps).tolist() == [0] * len(steps)


def test_letters_of_any_script_make_a_text() -> None:
    polish = "Czekam na wypłatę już dziewięć dni, a na czacie słyszę tylko, że dział finansowy się tym zajmuje, żenada"
    cyrillic = "Жду вывода средств уже девять дней, а в чате говорят только, что финансовый отдел занимается"
    assert copies([polish, cyrillic, polish + "!", cyrillic.lower()]).tolist() == [0, 1, 0, 1]


def test_nothing_and_empty_texts() -> None:
    assert copies([]).tolist() == []
    assert copies(["", " ", "!"]).tolist() == [0, 1, 2]
    assert copies(["", "", "a"], least_words=0).tolist() == [0, 0, 2]


def test_how_many_repeat_how_many() -> None:
    assert repeated(np.array([0, 0, 2, 2, 2, 5])) == (5, 2)
    assert repeated(np.arange(4)) == (0, 0)
    assert repeated(np.arange(0)) == (0, 0)


def test_a_flood_of_variants_takes_no_pair_by_pair_comparison() -> None:
    picks = np.random.default_rng(0)
    words, others = distinct_words("a", 40), distinct_words("o", 400)

    def variant() -> str:
        place = int(picks.integers(40))
        return " ".join([*words[:place], others[picks.integers(400)], *words[place + 1 :]])

    start = time.process_time()
    assert set(copies([variant() for _ in range(1500)]).tolist()) == {0}
    assert time.process_time() - start < 20


texts_of_words = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=30).map(" ".join)


@st.composite
def crowds(draw: st.DrawFn) -> list[str]:
    """Some texts, some of them again with a word or two replaced."""
    originals = draw(st.lists(texts_of_words, min_size=1, max_size=6))
    texts = list(originals)
    for text in draw(st.lists(st.sampled_from(originals), max_size=10)):
        words = text.split()
        words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(VOCABULARY))
        texts.append(" ".join(words))
    return texts


def groups(copy_of: list[int], rows: list[int]) -> set[frozenset[int]]:
    """What `rows` stand for, by the row each copies."""
    found: dict[int, set[int]] = {}
    for row, first in zip(rows, copy_of, strict=True):
        found.setdefault(first, set()).add(row)
    return {frozenset(group) for group in found.values()}


@settings(max_examples=60, deadline=None)
@given(texts=crowds(), data=st.data())
def test_the_order_of_the_texts_changes_nothing_about_the_groups(texts: list[str], data: st.DataObject) -> None:
    turn = data.draw(st.permutations(range(len(texts))))
    plain = copies(texts).tolist()
    turned = copies([texts[row] for row in turn]).tolist()
    assert groups(turned, list(turn)) == groups(plain, list(range(len(texts))))


@settings(max_examples=60, deadline=None)
@given(texts=crowds())
def test_each_copies_the_first_of_its_group_and_the_first_copies_itself(texts: list[str]) -> None:
    copy_of = copies(texts)
    assert (copy_of <= np.arange(len(texts))).all()
    assert (copy_of[copy_of] == copy_of).all()
    assert all(len(texts[row].split()) >= 12 for row in range(len(texts)) if copy_of[row] != row)


@settings(max_examples=60, deadline=None)
@given(texts=crowds(), extra=texts_of_words)
def test_another_text_only_joins_groups_and_never_parts_them(texts: list[str], extra: str) -> None:
    before, after = copies(texts), copies([*texts, extra])
    for row, first in enumerate(before.tolist()):
        assert after[row] == after[first]


@settings(max_examples=60, deadline=None)
@given(text=texts_of_words, times=st.integers(2, 5))
@pytest.mark.parametrize("least", [1, 12])
def test_a_text_repeats_itself_if_it_is_long_enough(text: str, times: int, least: int) -> None:
    expected = [0] * times if len(text.split()) >= least else list(range(times))
    assert copies([text] * times, least_words=least).tolist() == expected
