from __future__ import annotations

import numpy as np
import pytest

from models.centre import unit_rows
from models.topics import describe, lemmatise, name_of, quotes

LETTERS = {
    "de": ["Rückzahlung", "Gebühr", "Auszahlungsgröße", "Ärger", "öffnen"],
    "pl": ["wypłata", "środki", "żądanie", "źródło", "ćma", "piątek", "koń", "kłopot", "późno"],
    "nb": ["æra", "spørsmål", "gebyr", "ånd"],
    "fi": ["pääsy", "yö", "pyyntö", "häiriö"],
}


@pytest.mark.parametrize("language", sorted(LETTERS))
def test_every_letter_of_every_language_reaches_the_words(language: str) -> None:
    texts = [" ".join(LETTERS[language])] * 4 + ["bonus casino"] * 4
    labels = np.repeat([0, 1], 4)
    words = describe(texts, [language] * 8, labels, n_words=20)[0][language]
    lemmas = lemmatise(texts[:1], language)[0]
    assert set(words) == set(lemmas)
    written = {letter for word in LETTERS[language] for letter in word.lower() if not letter.isascii()}
    assert written <= set("".join(words))
    assert written


def test_letters_that_the_five_languages_need_are_all_tried() -> None:
    assert set("äöüßąęłńóśźżåæø") <= set("".join(w.lower() for words in LETTERS.values() for w in words)) | {"ę"}


def test_words_are_lemmas_without_stop_words_numbers_and_placeholders() -> None:
    text = "I was waiting for 3 withdrawals, <PERSON> at <EMAIL> <NATIONAL_ID> said the bonuses can't come <IBAN>"
    assert lemmatise([text], "en") == [["wait", "withdrawal", "bonus", "come"]]


def test_inflected_forms_count_as_one_word() -> None:
    texts = ["Meine Auszahlung fehlt", "Wo bleiben die Auszahlungen", "auszahlungen"] * 2 + ["Bonus fehlt"] * 6
    words = describe(texts, ["de"] * 12, np.repeat([0, 1], 6))
    assert words[0]["de"][0] == "auszahlung"
    assert words[1]["de"][0] == "bonus"


def test_an_unknown_language_falls_back_to_plain_lower_case_tokens() -> None:
    assert lemmatise(["Bonusi nuk erdhi, <URL> 12"], "qq") == [["bonusi", "nuk", "erdhi"]]


def test_words_by_language_with_the_main_language_first() -> None:
    texts = ["bonus missing again"] * 3 + ["Bonus fehlt wieder"] * 5 + ["login broken"] * 4 + ["Bonus puuttuu"]
    languages = ["en"] * 3 + ["de"] * 5 + ["en"] * 4 + ["fi"]
    words = describe(texts, languages, np.array([0] * 8 + [1] * 4 + [0]))
    assert list(words[0]) == ["de", "en"]
    assert "bonus" in words[0]["en"]
    assert "login" in words[1]["en"]


def test_a_single_topic_and_texts_without_words() -> None:
    assert describe(["???", "<EMAIL>", "the"], ["en"] * 3, np.zeros(3, np.intp)) == {0: {}}
    assert describe([], [], np.empty(0, np.intp)) == {}
    assert describe(["bonus"] * 3, ["en"] * 3, np.full(3, -1)) == {}
    only = describe(["card payment failed", "", "card declined"], ["en"] * 3, np.zeros(3, np.intp))
    assert only[0]["en"][0] == "card"


def test_a_word_that_one_text_repeats_does_not_name_the_topic() -> None:
    texts = ["spam " * 50 + "card payment"] + ["card payment declined"] * 5 + ["login page"] * 5
    words = describe(texts, ["en"] * 11, np.repeat([0, 1], [6, 5]))
    assert "spam" not in words[0]["en"]


def test_the_name_is_in_english_else_in_the_main_language() -> None:
    assert name_of({"de": ("bonus", "fehlen"), "en": ("bonus", "missing", "spin", "free")}) == "Bonus, missing, spin"
    assert name_of({"fi": ("yö", "pyyntö")}) == "Yö, pyyntö"
    assert name_of({"de": (), "fi": ("yö",)}) == "Yö"
    assert name_of({}) == ""


def test_quotes_are_near_the_centroid_from_several_languages_and_repeat_nothing() -> None:
    picks = np.random.default_rng(0)
    base = unit_rows(np.array([1, 0, 0, 0, 0, 0, 0, 0]) + 0.2 * picks.normal(size=(30, 8)))
    vectors = np.vstack([base, base[:5]])
    languages = ["de"] * 20 + ["en"] * 10 + ["de"] * 5
    centroid = np.eye(8, dtype=np.float32)[:1]
    chosen = quotes(vectors, centroid, np.zeros(35, np.intp), languages, k=4)[0]
    assert [languages[row] for row in chosen] == ["de", "en", "de", "en"]
    likeness = vectors[list(chosen)] @ vectors[list(chosen)].T - np.eye(4)
    assert likeness.max() < 0.95


def test_quotes_of_copies_are_one_quote() -> None:
    same = unit_rows(np.ones((6, 4)))
    assert len(quotes(same, same[:1], np.zeros(6, np.intp), ["en"] * 6, k=3)[0]) == 1
