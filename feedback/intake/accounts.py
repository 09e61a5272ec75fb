"""Bank accounts and payment cards, found by walking from where one may begin to where its check digits agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from feedback.intake.spans import Finder, Found

IBAN_LENGTHS: Mapping[str, int] = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24,
    "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Characters of an IBAN by country (SWIFT IBAN registry)."""

_IBAN_START = re.compile(r"(?<![^\W_])(?:IBAN)?([A-Z]{2}) ?[0-9]{2}(?=[ -]?[A-Z0-9])", re.IGNORECASE)
_NAMED_IBAN = re.compile(
    r"\bIBAN\b[ :#.-]{0,3}(?:(?:is|ist|er|on|to|lautet)[ :]{1,2})?"
    r"([A-Z]{2}[0-9]{2}(?:[ -]?(?=[A-Z]{0,3}[0-9])[A-Z0-9]{1,4}){3,8})(?!\w)",
    re.IGNORECASE,
)
_POLISH = re.compile(r"(?<![\w#])[0-9]{2}(?:[ -]?[0-9]{4}){6}(?!\w)")
_NORWEGIAN = re.compile(r"(?<![\w#])[0-9]{4}([. ])[0-9]{2}\1[0-9]{5}(?!\w)")
_NORWEGIAN_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN_START.finditer(text):
        length = IBAN_LENGTHS.get(match[1].upper())
        end = length and _walk(text, match.start(1), length)
        if end and iban_checks(text[match.start(1) : end]):
            yield match.start(1), end
    yield from (match.span(1) for match in _NAMED_IBAN.finditer(text))
    yield from (match.span() for match in _POLISH.finditer(text) if iban_checks(f"PL{match[0]}"))
    yield from (match.span() for match in _NORWEGIAN.finditer(text) if _norwegian_checks(match[0]))


def _walk(text: str, start: int, length: int) -> int | None:
    """Where `length` letters and digits from `start` end, parted by single blanks or hyphens; None if they do not."""
    place, taken = start, 0
    while place < len(text) and taken < length:
        if text[place].isascii() and text[place].isalnum():
            taken += 1
        elif text[place] not in " -" or text[place - 1] in " -":
            return None
        place += 1
    ends = taken == length and not text[place : place + 1].isalnum()
    return place if ends else None


def iban_checks(text: str) -> bool:
    """ISO 13616: moved round and with letters as numbers, the remainder modulo 97 is 1."""
    plain = "".join(letter for letter in text.upper() if letter.isalnum())
    try:
        return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1
    except ValueError:
        return False


def _norwegian_checks(text: str) -> bool:
    digits = [int(letter) for letter in text if letter.isdecimal()]
    return sum(digit * weight for digit, weight in zip(digits, _NORWEGIAN_WEIGHTS, strict=True)) % 11 == 0


_CARD_RUN = re.compile(r"(?<![\w#])(?<!\d[-.,])[0-9]{1,19}(?:[ .-][0-9]{1,7})*(?!\w)")
_GROUP = re.compile(r"[0-9]+")
_CARD_KINDS = (
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"30[0-5]|3[689]"), (14,)),
    (re.compile(r"35(2[89]|[3-8])"), (16,)),
    (re.compile(r"6011|64[4-9]|65|62"), (16, 17, 18, 19)),
    (re.compile(r"50|5[6-9]|6[0379]"), (13, 14, 15, 16, 17, 18, 19)),
)
"""Issuers' first digits (ISO/IEC 7812) and the lengths they use. Maestro's rare 12 digits would match too much else."""


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for run in _CARD_RUN.finditer(text):
        if len(run[0]) >= 13:
            groups = [(run.start() + match.start(), run.start() + match.end()) for match in _GROUP.finditer(run[0])]
            yield from _cards_among(text, groups)


def _cards_among(text: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for first in range(len(groups)):
        for last in range(first, min(first + 5, len(groups))):
            number = "".join(text[start:end] for start, end in groups[first : last + 1])
            if _is_grouped(groups[first : last + 1]) and is_card(number):
                yield groups[first][0], groups[last][1]


def _is_grouped(groups: list[tuple[int, int]]) -> bool:
    """Written in one piece, or as cards are: four first, then groups of three to six."""
    sizes = [end - start for start, end in groups]
    even = all(later[0] - earlier[1] == 1 for earlier, later in pairwise(groups))
    return len(sizes) == 1 or (even and sizes[0] == 4 and all(3 <= size <= 7 for size in sizes[1:]))


def is_card(number: str) -> bool:
    """An issuer's prefix, a length it uses, and the Luhn check digit."""
    fits = any(prefix.match(number) and len(number) in lengths for prefix, lengths in _CARD_KINDS)
    return fits and luhn(number)


def luhn(number: str) -> bool:
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in number[-2::-2])
    return (sum(int(digit) for digit in number[-1::-2]) + sum(doubled)) % 10 == 0


class Iban(Finder):
    """IBANs in any case and grouping, Polish account numbers without their PL, Norwegian ones with their dots.

    After the word IBAN a number is taken even if its check digits are wrong: people mistype them.
    """

    entity = "IBAN"

    def find(self, text: str) -> Iterator[Found]:
        yield from (Found(start, end, 1.0) for start, end in _ibans(text))


class Card(Finder):
    """Payment cards, in one piece or in groups."""

    entity = "CARD"

    def find(self, text: str) -> Iterator[Found]:
        yield from (Found(start, end, 1.0) for start, end in _cards(text))
