"""How hurried people write: small letters, no diacritics, slips of the finger."""

from __future__ import annotations

import re
import unicodedata
from random import Random

WORD = re.compile(r"[^\W\d_]{5,}")

UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})

STROKES = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ß": "ss"})


def hurried(text: str, language: str, rng: Random) -> str:
    """The text with one or more kinds of carelessness."""
    kinds = rng.choices((("slips",), ("small",), ("bare",), ("small", "bare"), ("small", "slips")), (5, 3, 2, 2, 2))[0]
    if "slips" in kinds:
        text = slips(text, rng)
    if "bare" in kinds:
        text = without_diacritics(text, language)
    if "small" in kinds:
        text = text.lower().rstrip(".")
    return text


def without_diacritics(text: str, language: str) -> str:
    """As typed on a keyboard without the letters: German writes ae, the others leave the marks out."""
    if language == "de":
        text = text.translate(UMLAUTS)
    marked = unicodedata.normalize("NFD", text.translate(STROKES))
    return unicodedata.normalize("NFC", "".join(sign for sign in marked if not unicodedata.combining(sign)))


def slips(text: str, rng: Random) -> str:
    """One or two words of five letters or more with a letter swapped, lost or doubled."""
    words = list(WORD.finditer(text))
    for word in sorted(rng.sample(words, min(len(words), rng.choice((1, 1, 2)))), key=lambda found: -found.start()):
        text = text[: word.start()] + _slip(word.group(), rng) + text[word.end() :]
    return text


def _slip(word: str, rng: Random) -> str:
    place = rng.randrange(1, len(word) - 2)
    before, one, two, after = word[:place], word[place], word[place + 1], word[place + 2 :]
    return before + rng.choice((two + one, one, one + one + two)) + after
