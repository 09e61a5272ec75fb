"""The file of entities: what is shipped, files of one's own, and what a person is told who writes a wrong one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.entities.book import Book, Name, load_book
from feedback.errors import EntitiesError, FeedbackError

OWN = """
names:
  payment method:
    - Bankomat
    - name: house wallet
      words: [casino wallet, Hauskonto]
endings: [n]
amounts:
  - currency: SEK
    words: [kr, kronor]
    bands: [500, 5000]
durations:
  - unit: days
    hours: 24
    words: [dagar]
numbers:
  2: [två]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    path = write(folder, text)
    with pytest.raises(EntitiesError) as refused:
        load_book(path)
    assert str(path) in str(refused.value), "the message names the file"
    assert "entities" in str(refused.value), "and the setting"
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_none_means_that_nothing_is_looked_for() -> None:
    assert load_book("none") == Book()


def test_the_shipped_file_knows_five_languages_ways_to_pay() -> None:
    names = {name.name for name in load_book("casino").names if name.kind == "payment method"}
    assert {"Trustly", "PayPal", "Skrill", "Neteller", "Visa", "Mastercard", "Klarna", "Sofort", "BLIK"} < names
    assert {"Przelewy24", "Vipps", "Paysafecard", "Apple Pay", "Google Pay", "bank transfer", "crypto"} < names


def test_no_shipped_word_stands_for_two_things() -> None:
    book = load_book("casino")
    words = [word.casefold() for name in book.names for word in name.words]
    kinds = [each.words for each in book.currencies] + [each.words for each in book.units]
    counted = [word for kind in kinds for word in {word.casefold() for word in kind}]
    assert sorted({word for word in words if words.count(word) > 1}) == []
    assert sorted({word for word in counted if counted.count(word) > 1}) == []


def test_a_file_of_ones_own_stands_alone(tmp_path: Path) -> None:
    book = load_book(write(tmp_path, OWN))
    assert book.names == (
        Name("payment method", "Bankomat", ("Bankomat",)),
        Name("payment method", "house wallet", ("casino wallet", "Hauskonto")),
    )
    assert [each.code for each in book.currencies] == ["SEK"]
    assert book.numbers == {"två": 2.0}


def test_or_extends_the_shipped_one(tmp_path: Path) -> None:
    shipped = load_book("casino")
    own = """
extends: casino
names:
  payment method:
    - {name: trustly, words: [Trustly, direktbank]}
    - {name: Skrill, words: []}
    - Bankomat
"""
    book = load_book(write(tmp_path, own))
    assert len(book.names) == len(shipped.names) + 1
    words = {name.name: name.words for name in book.names}
    assert words["trustly"] == ("Trustly", "direktbank")
    assert words["Skrill"] == (), "taken out"
    assert words["Bankomat"] == ("Bankomat",)
    assert "Trustly" not in words
    assert (book.currencies, book.units, book.numbers) == (shipped.currencies, shipped.units, shipped.numbers)


def test_a_missing_file_says_what_may_be_given(tmp_path: Path) -> None:
    with pytest.raises(EntitiesError, match=r"no entities file .*absent.yaml.*casino, none"):
        load_book(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty; to look for nothing, set entities to `none`"),
        ("- a", "not a mapping"),
        ("nmaes: {}", "unknown key `nmaes`; known: extends, names"),
        ("extends: bank", "`extends` is 'bank', it may be: casino"),
        ("names: [Trustly]", "`names` is not a mapping"),
        ("names: {word: [a]}", "'word' cannot be a kind of name"),
        ("names: {1: [a]}", "1 cannot be a kind of name"),
        ("names: {game: Poker}", "`game` must be a list"),
        ("names: {game: [1]}", "game is not text; put it in quotes"),
        ("names: {game: [Poker, poker]}", "game: poker is there twice"),
        ("names: {game: [{words: [a]}]}", "game: an entry has no `name`"),
        ("names: {game: [{name: a, word: [b]}]}", "unknown key `word`; known: name, words"),
        ("names: {game: [{name: a, words: b}]}", "game, a: `words` must be a list"),
        ("names: {game: [{name: a, words: [' ']}]}", "game, a: ' ' in `words` is not text"),
        ("names: {game: [a], game: [b]}", "the key 'game' is written twice"),
        ("endings: [n, on]", "True in `endings` is not text; put it in quotes"),
        ("amounts: [{words: [kr], bands: [5]}]", "an entry has no `currency`"),
        ("amounts: [{currency: SEK, words: [kr]}]", "SEK: `bands` must be amounts"),
        ("amounts: [{currency: SEK, words: [kr], bands: [50, 5]}]", "each larger than the one before"),
        ("amounts: [{currency: SEK, words: [kr], bands: [a]}]", "a band is 'a', it must be a number above 0"),
        ("durations: [{unit: days, words: [d]}]", "days: `hours` is None, it must be a number"),
        ("durations: [days]", "durations is not a mapping"),
        ("numbers: {two: [zwei]}", "a key in `numbers` is 'two', it must be a number"),
        ("numbers: {.inf: [zwei]}", "a key in `numbers` is inf"),
        ("names: [unclosed", "not valid YAML: line 1"),
        ("names: &a {game: [x]}\nendings: *a", "uses a YAML alias"),
    ],
)
def test_what_is_wrong_and_what_would_be_right(tmp_path: Path, text: str, told: str) -> None:
    assert told in refusal(tmp_path, text)


@pytest.mark.parametrize("line", [line for line in OWN.splitlines() if line])
def test_a_file_without_one_of_its_lines_loads_or_is_explained(tmp_path: Path, line: str) -> None:
    path = write(tmp_path, OWN.replace(line, ""))
    told = str(path)
    try:
        load_book(path)
    except EntitiesError as error:
        told = str(error)
    assert str(path) in told


YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(key=st.sampled_from(["extends", "names", "endings", "amounts", "durations", "numbers"]), value=YAML)
def test_whatever_is_in_the_file_it_loads_or_is_explained(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    import yaml

    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(yaml.safe_dump({key: value}, allow_unicode=True), encoding="utf-8")
    told = str(path)
    try:
        load_book(path)
    except FeedbackError as error:
        told = str(error)
    assert re.search(re.escape(str(path)), told)
