"""Phone numbers of customers in Germany, Poland, Norway, Finland and Britain, and any with a country code.

A bare run of eight or nine digits may be a ticket as well as a Norwegian or Polish phone; it counts as a phone only
after a word that says so. Grouped as phones are, it counts when it is a number in use (phonenumbers' metadata).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from phonenumbers import (
    NumberParseException,
    ValidationResult,
    is_possible_number_with_reason,
    is_valid_number,
    parse,
)

from feedback.intake.spans import Finder, Found

_MONEY = r"(?![ ]?\d)(?!\w)(?![ ]?(?:€|£|\$|zł|kr\b|PLN\b|EUR|NOK\b|SEK\b|GBP\b|USD\b|euro))"
_INTERNATIONAL = re.compile(r"(?<![\w+])(?:\+|(?<!-)00)[ ]?[1-9](?:[ \t./()–‑-]{0,3}\d){6,14}(?!\d)")
_TRUNK = re.compile(
    r"(?<![\w.,+/#-])(?<!\d )\(?0[1-9]\d{1,4}\)?(?: ?[/–‑-] ?|[ .]|(?<=\)))\d(?:[ /‑-]?\d){4,9}(?!\w)(?![.,:/-]\d)"
    r"|(?<![\w.,+/#-])(?<!\d )0[1-9][ /-]\d{3}[ -]?\d{3,5}(?!\w)(?![.,:/-]\d)"
    r"|(?<![\w.,+/#-])0(?:1[567]|4|5|7)\d{7,10}(?!\w)",
)
_POLISH = re.compile(
    rf"(?<![\w.,+/#-])(?<!\d )(?:\d{{3}}([ -])\d{{3}}\1\d{{3}}|\d{{2}}([ -])\d{{3}}\2\d{{2}}\2\d{{2}}){_MONEY}"
)
_NORWEGIAN = re.compile(rf"(?<![\w.,+/#-])(?<!\d )(?:\d{{3}} \d{{2}} \d{{3}}|\d{{2}} \d{{2}} \d{{2}} \d{{2}}){_MONEY}")
_NAMED = re.compile(
    r"(?<!\w)(?:tele(?:f|ph)on\w*|tel|tlf|phone\w*|mobil\w*|handy\w*|kom[oó]rk\w+|puhelin\w*|puhelimeen|puh|whatsapp|sms"
    r"|call me|ring(?:e)? meg|ruf\w* (?:mich|an)|zadzwo\w+|soita\w*)"
    r"(?:(?!ticket|ref|case|sak|order|transa|bonus|zg[lł]osz|\bid\b)[^\d\n+]){0,24}"
    r"(?<!\w)((?:\+|\b)\d(?:[ /.()–‑-]{0,2}\d){5,14})(?!\w)",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}")
_GROUP_END = re.compile(r"\d(?!\d)")


def _international(text: str) -> Iterator[tuple[int, int]]:
    for match in _INTERNATIONAL.finditer(text):
        ends = [end.end() for end in _GROUP_END.finditer(match[0])]
        fits = [end for end in reversed(ends) if _has_country(match[0][:end])]
        valid = [end for end in fits if _is_valid(match[0][:end], None)]
        best = next(iter(valid or (fits if match[0].startswith("+") else [])), None)
        if best is not None:
            yield match.start(), match.start() + best


def _number(text: str, region: str | None) -> str:
    plain = text.replace("(0)", "")
    return f"+{plain[2:]}" if region is None and plain.startswith("00") else plain


def _has_country(text: str) -> bool:
    try:
        return is_possible_number_with_reason(parse(_number(text, None), None)) == ValidationResult.IS_POSSIBLE
    except NumberParseException:
        return False


def _is_valid(text: str, *regions: str | None) -> bool:
    for region in regions:
        try:
            if is_valid_number(parse(_number(text, region), region)):
                return True
        except NumberParseException:
            continue
    return False


def _national(text: str) -> Iterator[tuple[int, int]]:
    for pattern, regions in ((_TRUNK, ("DE", "FI", "GB")), (_POLISH, ("PL",)), (_NORWEGIAN, ("NO",))):
        for match in pattern.finditer(text):
            if not _DATE.match(match[0]) and _is_valid(match[0], *regions):
                yield match.span()


def _named(text: str) -> Iterator[tuple[int, int]]:
    for match in _NAMED.finditer(text):
        if not _DATE.match(match[1]):
            yield match.span(1)


class Phone(Finder):
    """Phone numbers; see the module."""

    entity = "PHONE"

    def find(self, text: str) -> Iterator[Found]:
        for spans, score in ((_international, 0.8), (_national, 0.6), (_named, 0.7)):
            yield from (Found(start, end, score) for start, end in spans(text))
