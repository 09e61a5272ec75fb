"""What the service wrote into an alert's history, said again in the reader's language.

It writes one of few sentences, in English, when it moves an alert (`feedback.alerts`); numbers and names in them are
read.
"""

from __future__ import annotations

import re

from feedback.language import ENGLISH, Language
from feedback.phrases import owner_name

_SPAN = r"\d+ (?:hour|day)s?"
_RISE = re.compile(
    rf"(?P<observed>\d+) in (?P<span>{_SPAN}), (?P<expected>[\d.]+) expected \((?P<low>[\d.]+) to (?P<high>[\d.]+)\)\."
)
_BACK = re.compile(rf"Back (?P<after>{_SPAN}) after it was resolved: (?P<rise>.*)")
_CALM = re.compile(
    rf"Calm for (?P<quiet>{_SPAN}): (?P<observed>\d+) in the last (?P<span>{_SPAN}), (?P<expected>[\d.]+) expected "
    r"\(up to (?P<high>[\d.]+)\)\."
)
_HANDED = re.compile(r"Handed over to (?P<owner>[^:]+)(?P<why>: .*)?", re.DOTALL)


def moved_words(why: str, to: Language) -> str:
    """Why the service moved an alert; as it stands where that is not one of its sentences, or `to` is English."""
    if to == ENGLISH:
        return why
    if back := _BACK.fullmatch(why):
        again = moved_words(back["rise"], to)
        return to.gettext("Back {span} after it was resolved: {rise}", span=_span(back["after"], to), rise=again)
    if calm := _CALM.fullmatch(why):
        return to.gettext(
            "Calm for {quiet}: {number} in the last {span}, {expected} expected (up to {high}).",
            quiet=_span(calm["quiet"], to), span=_span(calm["span"], to), **_numbers(calm, to, "expected", "high"),
        )  # fmt: skip
    if handed := _HANDED.fullmatch(why):
        given = to.gettext("Handed over to {owner}", owner=owner_name(handed["owner"], to))
        return f"{given}{handed['why'] or ''}"
    if rise := _RISE.fullmatch(why):
        return to.gettext(
            "{number} in {span}, {expected} expected ({low} to {high}).",
            span=_span(rise["span"], to), **_numbers(rise, to, "expected", "low", "high"),
        )  # fmt: skip
    return why


def _numbers(found: re.Match[str], to: Language, *names: str) -> dict[str, str]:
    return {"number": to.number(int(found["observed"])), **{name: to.decimal(float(found[name])) for name in names}}


def _span(written: str, to: Language) -> str:
    number, unit = written.split(" ")
    return to.unit(int(number), unit.removesuffix("s"), "long")
