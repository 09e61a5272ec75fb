"""Finds what complaints name: spaCy's matchers over its tokenizer for any language, with no model behind."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from feedback.entities.book import Book, Currency, Unit

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.matcher import Matcher, PhraseMatcher
    from spacy.tokenizer import Tokenizer
    from spacy.tokens import Doc, Span

LEAST_FOR_ENDING = 4
"""Letters of a word from which on it may have an ending: "ETH" and "kr" with one are other words."""

Known = dict[str, tuple[str, str]]
"""A matcher's labels, with the kind and the name that they stand for."""

Pattern = list[dict[str, Any]]

_JOINT = re.compile(r"(?<=[^\W\d_])[-‐‑–/](?=\w)|(?<=\w)[-‐‑–/](?=[^\W\d_])")
_DIGIT_LETTER = re.compile(r"(?<=\d)(?=[^\W\d_])")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)")
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_GAP = re.compile(r"[ \u00a0\u202f]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text names, by kind and without doubles, and its other words."""

    named: dict[str, tuple[str, ...]]
    rest: str


class Finder:
    """Finds what a book holds. Made ready at first use, which takes a second or two, most of it for the library."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """What each text names; of what overlaps the longest. Never raises, whatever the texts are."""
        if self._book == Book():
            return [Reading({}, plain(text)) for text in texts]
        nlp, phrases, numbers, known = self._matchers
        with nlp.memory_zone():  # else every word ever read would be kept
            return [self._read(each, phrases, numbers, known) for each in _pieces(nlp, map(plain, texts))]

    def _read(self, document: Doc, phrases: PhraseMatcher, numbers: Matcher, known: Known) -> Reading:
        from spacy.util import filter_spans

        found: dict[str, set[str]] = {}
        rest: list[str] = []
        end = 0
        spans = sorted([*phrases(document, as_spans=True), *numbers(document, as_spans=True)], key=_label)
        for span in filter_spans(spans):
            told = known.get(span.label_) or self._counted(span)
            if told:
                found.setdefault(told[0], set()).add(told[1])
                rest.append(document[end : span.start].text)
                end = span.end
        rest.append(document[end:].text)
        return Reading({kind: tuple(sorted(names)) for kind, names in found.items()}, " ".join(rest))

    def _counted(self, span: Span) -> tuple[str, str] | None:
        """An amount or a duration by its band; None where the number is none after all."""
        numbers = [value for token in span if (value := self._value(token.lower_)) is not None]
        counted = self._counts.get(" ".join(token.lower_ for token in span if self._value(token.lower_) is None))
        if counted is None or len(numbers) != 1:
            return None
        if isinstance(counted, Currency):
            return "amount", band(numbers[0], counted)
        return "duration", largest_unit(numbers[0] * counted.hours, self._book.units)

    def _value(self, token: str) -> float | None:
        return self._book.numbers.get(token) or value_of(token)

    @cached_property
    def _matchers(self) -> tuple[Language, PhraseMatcher, Matcher, Known]:
        import spacy
        from spacy.attrs import IS_CURRENCY, LIKE_NUM, LOWER, NORM
        from spacy.matcher import Matcher, PhraseMatcher

        nlp = spacy.blank("xx")
        coins = {word.lower() for each in self._book.currencies for word in each.words}
        bases = self._bases(spacy.blank("xx"))  # its own: a word keeps the flags that it was first met with
        flags: dict[int, Callable[[str], object]] = nlp.vocab.lex_attr_getters  # type: ignore[attr-defined]
        for unused in flags.keys() - {LOWER}:  # most of the time it takes is for what spaCy notes of each new word
            del flags[unused]
        flags[NORM] = lambda token: bases.get(token.lower(), token.lower())
        flags[LIKE_NUM] = lambda token: self._value(token.lower()) is not None
        flags[IS_CURRENCY] = lambda token: token.lower() in coins
        phrases, numbers = PhraseMatcher(nlp.vocab, attr="NORM"), Matcher(nlp.vocab)
        known: Known = {}
        for label, told, words in self._phrases():
            known[label] = told
            phrases.add(label, list(_pieces(nlp, words)))
        numbers.add("counted", self._patterns(nlp))
        return nlp, phrases, numbers, known

    @cached_property
    def _counts(self) -> dict[str, Currency | Unit]:
        """What may be counted, by its words."""
        nlp = self._matchers[0]
        counted: list[Currency | Unit] = [*self._book.units, *self._book.currencies]
        return {" ".join(_tokens(nlp, word)): each for each in counted for word in each.words}

    def _phrases(self) -> Iterator[tuple[str, tuple[str, str], list[str]]]:
        """A label, what it says, and the phrases that say it."""
        for place, name in enumerate(self._book.names):
            if name.words:
                yield f"name {place}", (name.kind, name.name), [plain(word) for word in name.words]
        for place, each in enumerate(self._book.units):
            if each.alone:
                yield f"alone {place}", ("duration", each.name), [plain(word) for word in each.alone]

    def _bases(self, nlp: Language) -> dict[str, str]:
        """The last words of names with an ending, and without it; what is itself a word of a name stays."""
        words = [_tokens(nlp, word) for name in self._book.names for word in name.words]
        last = {tokens[-1] for tokens in words if tokens}
        inflected = sorted(word for word in last if word.isalpha() and len(word) >= LEAST_FOR_ENDING)
        forms = {word + ending.lower(): word for word in inflected for ending in self._book.endings}
        return {**forms, **{token: token for tokens in words for token in tokens}}

    def _patterns(self, nlp: Language) -> list[Pattern]:
        """Token patterns of a number and what it counts; a currency may come first.

        Few patterns and flags of words: spaCy tries each pattern at each word.
        """
        number: dict[str, Any] = {"LIKE_NUM": True}
        coin: dict[str, Any] = {"IS_CURRENCY": True}
        units = [_tokens(nlp, word) for each in self._book.units for word in each.words]
        coins = [_tokens(nlp, word) for each in self._book.currencies for word in each.words]
        single = [words[0] for words in units if len(words) == 1]
        longer = [[{"LOWER": token} for token in words] for words in (*units, *coins) if len(words) > 1]
        one: Pattern = [number, {"LOWER": {"IN": single}}]
        return [[number, coin], [coin, number], one, *([number, *words] for words in longer)]


def _label(span: Span) -> str:
    return str(span.label_)


def _pieces(nlp: Language, texts: Iterable[str]) -> Iterator[Doc]:
    yield from cast("Tokenizer", nlp.tokenizer).pipe(texts)


def _tokens(nlp: Language, word: str) -> list[str]:
    return [token.lower_ for token in nlp.tokenizer(plain(word))]


def plain(text: str) -> str:
    """The text as it is looked at: hyphens within words are spaces, a number and what it counts are two words."""
    whole = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode()).replace("’", "'")
    joined = _THOUSANDS.sub(lambda found: _GAP.sub("", found[0]), _JOINT.sub(" ", whole))
    return _DIGIT_LETTER.sub(" ", joined)


def value_of(token: str) -> float | None:
    """The number that "1.250,50", "1,250.50", "1250" or "2.5" stands for; None for anything else."""
    if not _NUMBER.fullmatch(token):
        return None
    marks = [mark for mark in token if mark in ".,"]
    decimal = marks[-1] if marks and (marks.count(marks[-1]) == 1) and not _is_thousands(token, marks) else ""
    whole = "".join(mark for mark in token if mark.isdigit() or mark == decimal)
    return float(whole.replace(",", "."))


def _is_thousands(token: str, marks: list[str]) -> bool:
    """Whether a single mark parts thousands: three digits follow, as in 1.250."""
    return len(marks) == 1 and len(re.split("[.,]", token)[1]) == 3


def band(amount: float, currency: Currency) -> str:
    """Such as "under 50 EUR", "50 to 500 EUR" or "over 500 EUR"; the edges belong to the band in between."""
    bands = currency.bands
    if amount < bands[0]:
        return f"under {bands[0]:,.10g} {currency.code}"
    if len(bands) == 1:
        return f"{bands[0]:,.10g} {currency.code} or more"
    if amount > bands[-1]:
        return f"over {bands[-1]:,.10g} {currency.code}"
    place = max(bisect_left(bands, amount), 1)
    return f"{bands[place - 1]:,.10g} to {bands[place]:,.10g} {currency.code}"


def largest_unit(hours: float, units: Sequence[Unit]) -> str:
    """The name of the largest unit that so many hours fill, else of the smallest."""
    ranked = sorted(units, key=lambda unit: unit.hours)
    return next((unit.name for unit in reversed(ranked) if hours >= unit.hours), ranked[0].name)
