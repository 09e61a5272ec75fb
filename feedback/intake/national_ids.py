"""National identity numbers of Germany, Poland, Finland and Norway, by their check digits alone.

No context words are needed, so the numbers are found in a text of any language. A number of eleven digits that means
something else passes one of the checks in about one case of twenty; behind a `#` or a letter it is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from presidio_analyzer import Pattern, PatternRecognizer
from presidio_analyzer.predefined_recognizers import FiPersonalIdentityCodeRecognizer

ENTITY = "NATIONAL_ID"
_BEFORE = r"(?<![\w#])(?<!\d[-.,/])"
_AFTER = r"(?!\w)(?![-.,/]\d)"


def recognizers() -> list[PatternRecognizer]:
    """One for each kind of number, all of the same entity."""
    return [SteuerId(), Pesel(), Hetu(), Fodselsnummer(), DocumentNumber()]


def _pattern(body: str) -> list[Pattern]:
    return [Pattern("number", f"{_BEFORE}{body}{_AFTER}", 0.5)]


def _digits(text: str) -> list[int]:
    return [int(letter) for letter in text if letter.isdecimal()]


def _weighted(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


class SteuerId(PatternRecognizer):
    """The German tax number of a person (§ 139b AO): 11 digits, check digit by ISO 7064 MOD 11,10.

    Among the first ten digits exactly one occurs twice or three times.
    """

    def __init__(self) -> None:
        super().__init__(supported_entity=ENTITY, patterns=_pattern(r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}"))

    def validate_result(self, pattern_text: str) -> bool:
        *body, check = _digits(pattern_text)
        counts = sorted(Counter(body).values(), reverse=True)
        return counts[0] in (2, 3) and counts[1] == 1 and steuer_id_check(body) == check


def steuer_id_check(body: Sequence[int]) -> int:
    """The check digit that belongs to ten digits (ISO 7064 MOD 11,10)."""
    product = 10
    for digit in body:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10


class Pesel(PatternRecognizer):
    """The Polish PESEL: 11 digits, the last of which completes the weighted sum to a multiple of ten.

    Presidio's recogniser compares with the sum itself instead of its complement (seen in 2.2.360), and so takes
    wrong numbers for right.
    """

    WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)

    def __init__(self) -> None:
        super().__init__(supported_entity=ENTITY, patterns=_pattern(r"[0-9]{6} ?[0-9]{5}"))

    def validate_result(self, pattern_text: str) -> bool:
        digits = _digits(pattern_text)
        month, day = (digits[2] * 10 + digits[3]) % 20, digits[4] * 10 + digits[5]
        return 1 <= month <= 12 and 1 <= day <= 31 and not _weighted(digits, self.WEIGHTS) % 10


class Hetu(FiPersonalIdentityCodeRecognizer):
    """The Finnish henkilötunnus; Presidio's check, with the century signs as they are since 2023."""

    def __init__(self) -> None:
        body = r"[0-9]{6}[-+ABCDEFYXWVU][0-9]{3}[0-9ABCDEFHJKLMNPRSTUVWXY]"
        super().__init__(supported_entity=ENTITY, patterns=_pattern(body))

    def validate_result(self, pattern_text: str) -> bool:
        return bool(super().validate_result(pattern_text.upper()))


class Fodselsnummer(PatternRecognizer):
    """The Norwegian fødselsnummer and D-nummer: 11 digits, the last two of which check by weights modulo 11.

    A D-nummer adds 40 to the day; H and synthetic numbers add 40, 60 or 80 to the month. Source: Skatteetaten.
    """

    FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
    SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)

    def __init__(self) -> None:
        super().__init__(supported_entity=ENTITY, patterns=_pattern(r"[0-9]{6} ?[0-9]{5}"))

    def validate_result(self, pattern_text: str) -> bool:
        digits = _digits(pattern_text)
        day, month = (digits[0] * 10 + digits[1]) % 40, (digits[2] * 10 + digits[3]) % 20
        dated = 1 <= day <= 31 and 1 <= month <= 12
        return dated and not _weighted(digits, self.FIRST) % 11 and not _weighted(digits, self.SECOND) % 11


class DocumentNumber(PatternRecognizer):
    """The number of an identity card or passport, known by the word before it; it has no check that is safe alone."""

    WORDS = (
        r"personalausweis|reisepass|ausweis(?:nummer)?|identity card|id card|passport|dow[oó]d(?:u)?(?: osobist\w+)?"
        r"|paszport\w*|legitimasjon|pass(?:nummer)?|henkilökort\w+|passi\w*"
    )

    def __init__(self) -> None:
        regex_text = (
            rf"\b(?i:{self.WORDS})[ \-]?(?i:nummer|number|numer|numero|nr|no|n:o)?\.?[ :]{{1,3}}"
            r"(?:(?i:is|ist|er|to|on) )?"
            r"\K(?=(?:[A-Z ]*[0-9]){3})[A-Z]{0,3} ?[A-Z0-9]{6,10}(?!\w)"
        )
        flags = re.MULTILINE | re.DOTALL
        super().__init__(
            supported_entity=ENTITY, patterns=[Pattern("named", regex_text, 0.6)], global_regex_flags=flags
        )
