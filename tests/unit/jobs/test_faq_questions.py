"""Which of the sentences of a topic made of questions are shown as what customers ask."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from jobs.faq import questions_of

WORDS = {"de": ["bonus", "umsatzbedingung", "einzahlung", "gelten"], "en": ["wager", "bonus", "game"]}
WAGERING = "Gelten die Umsatzbedingungen auch für die Einzahlung?"


def texts(language: str, *said: str) -> list[Any]:
    return [SimpleNamespace(text=each, language=language) for each in said]


def test_what_everybody_adds_is_not_what_they_ask() -> None:
    asked = texts("de", f"Was gilt denn nun? {WAGERING}", f"{WAGERING} Was gilt denn nun?", "Was gilt denn nun?")
    assert questions_of(asked, WORDS) == {"de": [WAGERING]}


def test_what_holds_no_word_of_the_topic_is_left_out() -> None:
    asked = texts("en", "What am I missing?", "What can I do?", "Which games count for the bonus?")
    assert questions_of(asked, WORDS) == {"en": ["Which games count for the bonus?"]}
    assert questions_of(asked[:2], WORDS) == {}


def test_only_questions_are_shown() -> None:
    asked = texts("en", "I do not understand the wagering of this bonus. Do slot games count for the bonus?")
    assert questions_of(asked, WORDS) == {"en": ["Do slot games count for the bonus?"]}


def test_of_those_as_much_about_the_topic_what_is_asked_most_often_comes_first() -> None:
    games, days = "Which games count for the bonus?", "How many days do I have to wager a bonus?"
    assert questions_of(texts("en", games, days, days), WORDS) == {"en": [days, games]}


def test_where_a_topic_has_no_words_all_are_shown() -> None:
    asked = texts("fi", "Milloin bonus oikein vanhenee?")
    assert questions_of(asked, WORDS) == {"fi": ["Milloin bonus oikein vanhenee?"]}
