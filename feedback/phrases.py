"""Numbers, dates, names and single findings in words of the reader's language."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from feedback.domain import (
    AlertPolicy,
    Channel,
    Driver,
    Mute,
    Segment,
    SegmentCount,
    Severity,
    SilentSource,
    Span,
    Verdict,
    Voices,
)
from feedback.exposure import EndedExposure
from feedback.intake.kinds import PLACEHOLDER
from feedback.language import ENGLISH, N_, NBSP, Language

if TYPE_CHECKING:
    from feedback.digest import Quote


SELF_EXPLAINING = frozenset({"brand", "game", "payment_method", "product", "provider"})
"""Attributes whose values say what they are; other attributes are named before the value."""

ATTRIBUTES = {"customer_segment": N_("customer segment"), "rating": N_("rating"), "app_version": N_("app version")}
"""Attributes named in the reader's language; an operator's own are named as they call them."""

OWNERS = frozenset({N_("everybody"), N_("unowned")})

DURATIONS = {
    "hours": N_("a duration in hours"),
    "days": N_("a duration in days"),
    "weeks": N_("a duration in weeks"),
    "months": N_("a duration in months"),
}

CHANNELS = {
    Channel.EMAIL: N_("e-mail"),
    Channel.LIVE_CHAT: N_("live chat"),
    Channel.PHONE: N_("phone"),
    Channel.CONTACT_FORM: N_("contact form"),
    Channel.SOCIAL_MEDIA: N_("social media"),
    Channel.LETTER: N_("letter"),
    Channel.FAX: N_("fax"),
    Channel.APP_REVIEW: N_("app review"),
    Channel.SURVEY: N_("survey"),
    Channel.OTHER: N_("other"),
}

LEVELS = {
    Severity.LOW: N_("low"),
    Severity.MEDIUM: N_("medium"),
    Severity.HIGH: N_("high"),
    Severity.CRITICAL: N_("critical"),
}

SEVERITIES = {
    Severity.LOW: N_("low severity"),
    Severity.MEDIUM: N_("medium severity"),
    Severity.HIGH: N_("high severity"),
    Severity.CRITICAL: N_("critical severity"),
}

VERDICTS = {
    Verdict.REAL: N_("real"),
    Verdict.EXPECTED: N_("expected"),
    Verdict.KNOWN: N_("known"),
    Verdict.NOT_AN_ISSUE: N_("not an issue"),
    Verdict.WRONG_OWNER: N_("wrong owner"),
}

REASONS = (N_("taken on"), N_("ended by hand"), N_("by the link in a message"))
"""What stands for a reason where people give none."""

_BAND = re.compile(
    r"(?:under (?P<under>[\d.,]+)|over (?P<over>[\d.,]+)|(?P<low>[\d.,]+) to (?P<high>[\d.,]+)) (?P<currency>\w+)"
)

_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


def clean(text: str) -> str:
    """One line without control characters, lone surrogates or marks that turn the writing round."""
    kept = (" " if unicodedata.category(mark) == "Cc" else mark for mark in text if mark not in _TURNING)
    return " ".join("".join(kept).encode("utf-8", "replace").decode().split())


def excerpt(text: str, length: int = 280) -> str:
    """At most `length` characters and an ellipsis, cut between words.

    Placeholders read "[email]", for angle brackets look like markup to mail and Markdown readers. Links become
    "[link]": what a customer sends is not to be clicked in a report.
    """
    text = PLACEHOLDER.sub(_in_brackets, _LINK.sub("[link]", clean(text)))
    if len(text) <= length:
        return text
    head = text[: length + 1]
    whole = head.rsplit(" ", 1)[0] if " " in head[length // 2 :] else head[:length]
    return whole.rstrip(" ,;:.–-") + " …"


def _in_brackets(placeholder: re.Match[str]) -> str:
    return f"[{placeholder[0][1:-1].lower().replace('_', '-')}]"


def amount(number: int, one: str, many: str | None = None) -> str:
    """The number with its noun, for the command line: 1 complaint, 1,204 complaints."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def capital(text: str) -> str:
    """The first letter large and the others as they are."""
    return text[:1].upper() + text[1:]


def complaints_words(number: int, to: Language = ENGLISH) -> str:
    return to.ngettext("{number} complaint", "{number} complaints", number)


def customers_words(number: int, to: Language = ENGLISH) -> str:
    return to.ngettext("{number} customer", "{number} customers", number)


def voices_words(voices: Voices, to: Language = ENGLISH) -> str:
    """57 messages from 38 customers; 36 when near-copies count once."""
    told = to.ngettext("{number} message", "{number} messages", voices.messages)
    if voices.customers is not None and voices.unknown:
        told = to.ngettext(
            "{messages}, {unknown} of them from nobody known, the others from {number} customer",
            "{messages}, {unknown} of them from nobody known, the others from {number} customers",
            voices.customers,
            messages=told,
            unknown=to.number(voices.unknown),
        )
    elif voices.customers is not None:
        told = to.ngettext(
            "{messages} from {number} customer", "{messages} from {number} customers", voices.customers, messages=told
        )
    if voices.texts != voices.messages:
        told = to.gettext(
            "{messages}; {texts} when near-copies count once", messages=told, texts=to.number(voices.texts)
        )
    return f"{told}."


def silent_words(silent: SilentSource, to: Language = ENGLISH) -> str:
    """Nothing from zendesk since 12 March 2026, usually 41 a day."""
    return to.gettext(
        "nothing from {source} since {day}, usually {usual} a day",
        source=clean(silent.source),
        day=to.dated(silent.last_day),
        usual=humane(silent.usual, to),
    )


def ended_words(ended: EndedExposure, to: Language = ENGLISH) -> str:
    """No players since 12 March 2026, and what complaints are held against instead."""
    column, day = clean(ended.name), to.dated(ended.last_day)
    if ended.given_up:
        return to.gettext(
            "no {column} since {day}: complaints are held against all others instead", column=column, day=day
        )
    return to.gettext("no {column} since {day}: each day counts as the same weekday before", column=column, day=day)


def humane(value: float, to: Language = ENGLISH) -> str:
    """As exact as a reader can use: 11.7 gives 12, 3.62 gives 3.6, 0.4 stays and 0.03 gives 0."""
    if value >= 9.95:
        return to.number(value)
    return to.decimal(round(value, 1)) if value >= 0.05 else "0"


def percent(share: float, to: Language = ENGLISH) -> str:
    """A share from 0 to 1 in whole per cent, never rounded to none or all of it; the space does not break."""
    if 0 < share < 0.01:
        return to.gettext("under {share}", share=to.percent(0.01))
    if 0.99 < share < 1:
        return to.gettext("over {share}", share=to.percent(0.99))
    return to.percent(share)


def country_name(market: str, to: Language = ENGLISH) -> str:
    return to.country(market) or clean(market)


def language_name(code: str, to: Language = ENGLISH) -> str:
    return to.language(code) or clean(code)


def channel_name(channel: str, to: Language = ENGLISH) -> str:
    return to.gettext(CHANNELS[Channel(channel)]) if channel in list(Channel) else clean(channel)


def owner_name(owner: str, to: Language = ENGLISH) -> str:
    """An owner as they are called; whom the service itself names, in the reader's language."""
    return to.gettext(owner) if owner in OWNERS else clean(owner)


def verdict_words(verdict: Verdict, to: Language = ENGLISH) -> str:
    return to.gettext(VERDICTS[verdict])


def level_name(severity: Severity, to: Language = ENGLISH) -> str:
    return to.gettext(LEVELS[severity])


def flapping_words(returns: int, policy: AlertPolicy, to: Language = ENGLISH) -> str:
    """That an alert keeps coming back, so many times of late, and what follows from that."""
    calm = max(policy.resolve_after, policy.flapping_resolve_after)
    return to.gettext(
        "It keeps coming back: {returns} times in {days} days. It counts as over only after {calm} days of calm now, "
        "and further returns are told together, at most every {every} days.",
        returns=returns,
        days=policy.flapping_within.days,
        calm=calm.days,
        every=policy.flapping_told_every.days,
    )


def links_words(to: Language = ENGLISH) -> str:
    """What stands before the links by which a reader gives a verdict."""
    return to.gettext("What was it? Each link asks once more before it counts:")


def reason_words(why: str, to: Language = ENGLISH) -> str:
    """Why somebody moved an alert, as they wrote it; what the service itself put there, in the reader's language."""
    said, colon, rest = why.partition(": ")
    known = [*VERDICTS.values(), *REASONS]
    if said not in known:
        return why
    return f"{to.gettext(said)}{colon}{to.gettext(rest) if rest in REASONS else rest}"


def interval_words(low: float | None, high: float | None, to: Language = ENGLISH) -> str:
    """The interval in brackets after a space, or nothing where there is none or it ends below one complaint."""
    if low is None or high is None or not math.isfinite(high) or high < 0.5:
        return ""
    return f" ({to.number(low)}–{to.number(high)})"


def expected_words(expected: float, low: float | None, high: float | None, to: Language = ENGLISH) -> str:
    """12 expected (7–18); for what had no reason to come, none were expected."""
    if expected >= 0.05:
        told = to.gettext("{number} expected", number=humane(expected, to))
    else:
        told = to.gettext("none were expected")
    return told + interval_words(low, high, to)


def chance_words(p: float, to: Language = ENGLISH) -> str:
    """p with the digits that mean something: p = 0.0002, p < 0.0001."""
    if p < 0.0001:
        return f"p{NBSP}<{NBSP}{to.decimal(0.0001)}"
    return f"p{NBSP}={NBSP}{to.decimal(float(f'{p:.1g}' if p < 0.001 else f'{p:.2g}'))}"


def driver_words(driver: Driver, to: Language = ENGLISH) -> str:
    """Germany (33 of 41, usually 40 %)."""
    numbers = {"name": driver_name(driver, to), "part": to.number(driver.observed), "all": to.number(driver.total)}
    if driver.baseline_share > 0:
        share = percent(driver.baseline_share, to)
        return to.gettext("{name} ({part} of {all}, usually {share})", share=share, **numbers)
    return to.gettext("{name} ({part} of {all}, usually none)", **numbers)


def driver_name(driver: Driver, to: Language = ENGLISH) -> str:
    """Germany, Trustly, amounts over 500 EUR, or the word “gateway”: what a driver is, fit for the middle of a line."""
    attribute, value = driver.attribute.replace(" ", "_"), clean(driver.value)
    if driver.in_text and attribute in IN_TEXT:
        return IN_TEXT[attribute](value, to)
    if attribute in ("market", "country"):
        return country_name(driver.value, to)
    if attribute == "language":
        return language_name(driver.value, to)
    if attribute == "channel":
        return channel_name(driver.value, to)
    if attribute in SELF_EXPLAINING:
        return value
    called = to.gettext(ATTRIBUTES[attribute]) if attribute in ATTRIBUTES else clean(attribute.replace("_", " "))
    return f"{called} {value}".strip()


def _word(value: str, to: Language) -> str:
    return to.gettext("the word “{word}”", word=value)


def _duration(unit: str, to: Language) -> str:
    return to.gettext(DURATIONS[unit]) if unit in DURATIONS else to.gettext("a duration in {unit}", unit=unit)


def _sum(band: str, to: Language) -> str:
    """A band as `feedback.entities.finder.band` names it."""
    found = _BAND.fullmatch(band)
    if found is None:
        return to.gettext("amounts {band}", band=band)
    edges = {name: _money(found[name], found["currency"], to) for name in ("under", "over", "high") if found[name]}
    if "high" in edges:
        return to.gettext("amounts {low} to {high}", low=to.decimal(_plain(found["low"])), **edges)
    if "under" in edges:
        return to.gettext("amounts under {under}", **edges)
    return to.gettext("amounts over {over}", **edges)


def _money(number: str, currency: str, to: Language) -> str:
    return f"{to.decimal(_plain(number))} {currency}"


def _plain(number: str) -> float:
    return float(number.replace(",", ""))


IN_TEXT: Mapping[str, Callable[[str, Language], str]] = {"amount": _sum, "duration": _duration, "word": _word}
"""How what was found in texts is said where the value alone does not say it."""


def segment_words(segment: Segment | None, to: Language = ENGLISH) -> str:
    """From Germany, in German, about a brand, through live chat: what goes behind a number; empty for the whole."""
    if segment is None:
        return ""
    value = clean(segment.value)
    said = {
        "market": lambda: to.gettext("from {country}", country=country_name(segment.value, to)),
        "language": lambda: to.gettext("in {language}", language=language_name(segment.value, to)),
        "brand": lambda: to.gettext("about {brand}", brand=value),
        "channel": lambda: _through(segment.value, to),
        "customer_segment": lambda: to.gettext("from {segment} customers", segment=value),
    }
    return said[segment.attribute]()


def _through(channel: str, to: Language) -> str:
    if channel == Channel.EMAIL:
        return to.gettext("by e-mail")
    return to.gettext("through {channel}", channel=channel_name(channel, to))


def where_words(where: Sequence[SegmentCount], to: Language = ENGLISH) -> str:
    """From Germany (33, 9 expected) and by e-mail (20, 6 expected)."""
    return to.listed([_place(each, to) for each in where])


def _place(count: SegmentCount, to: Language) -> str:
    numbers = {"segment": segment_words(count.segment, to), "number": to.number(count.observed)}
    if count.expected >= 0.05:
        return to.gettext("{segment} ({number}, {expected} expected)", expected=humane(count.expected, to), **numbers)
    return to.gettext("{segment} ({number}, none expected)", **numbers)


def mute_words(mute: Mute, zone: ZoneInfo, to: Language = ENGLISH) -> str:
    """Until 3 December 2026, 09:00; while it is open."""
    until = mute.until.astimezone(zone) if mute.until else None
    moment = to.gettext("{day}, {time}", day=to.dated(until.date()), time=to.time(until)) if until else ""
    parts = [
        segment_words(mute.segment, to),
        to.gettext("until {moment}", moment=moment) if until else "",
        to.gettext("while below {ratio} times what is expected", ratio=to.decimal(mute.below)) if mute.below else "",
        to.gettext("while it is open") if mute.alert_id else "",
    ]
    return " ".join(filter(None, parts)) or to.gettext("for good")


def drivers_words(drivers: Sequence[Driver], to: Language = ENGLISH) -> str:
    """Mostly Germany (…) and Trustly (…); what has grown, yet is not half of it, is not called "mostly"."""
    mostly = [driver_words(driver, to) for driver in drivers if driver.share > 0.5]
    origins = [driver_words(driver, to) for driver in drivers if driver.share <= 0.5 and not driver.in_text]
    named = [driver_words(driver, to) for driver in drivers if driver.share <= 0.5 and driver.in_text]
    told = [
        to.gettext("mostly {drivers}", drivers=to.listed(mostly)) if mostly else "",
        to.gettext("more than usual from {drivers}", drivers=to.listed(origins)) if origins else "",
        to.gettext("more than usual naming {drivers}", drivers=to.listed(named)) if named else "",
    ]
    # Translators: what stands between two of the above
    return to.gettext(", ").join(filter(None, told))


def quote_origin(quote: Quote, to: Language = ENGLISH) -> str:
    """German, e-mail, Germany: in which language, on which way and from where."""
    market = country_name(quote.market, to) if quote.market else ""
    channel = "" if quote.channel is Channel.OTHER else channel_name(quote.channel, to)
    told = [language_name(quote.language, to), channel, market]
    return capital(", ".join(filter(None, told)))


def local_days(span: Span, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last local day that a half-open span touches."""
    last = span.end - timedelta(microseconds=1)
    return span.start.astimezone(zone).date(), last.astimezone(zone).date()
