"""What a digest says, in plain English and plain text: numbers, dates and names as people would write them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from feedback.domain import (
    AlertState,
    Channel,
    Driver,
    Mute,
    Segment,
    SegmentCount,
    SilentSource,
    Span,
    TopicKind,
    Voices,
)
from feedback.intake.kinds import PLACEHOLDER

if TYPE_CHECKING:
    from feedback.digest import Digest, DigestAlert, DigestFix, DigestTopic, Quote
    from feedback.events import PlannedEvent

# strftime would follow the locale of the process.
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

# fmt: off
LANGUAGES = {
    "da": "Danish", "de": "German", "en": "English", "es": "Spanish", "et": "Estonian", "fi": "Finnish",
    "fr": "French", "it": "Italian", "nb": "Norwegian", "nl": "Dutch", "nn": "Norwegian", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "sv": "Swedish",
}

COUNTRIES = {
    "AT": "Austria", "BE": "Belgium", "CA": "Canada", "CH": "Switzerland", "CZ": "Czechia", "DE": "Germany",
    "DK": "Denmark", "EE": "Estonia", "ES": "Spain", "FI": "Finland", "FR": "France", "GB": "Great Britain",
    "IE": "Ireland", "IS": "Iceland", "IT": "Italy", "LT": "Lithuania", "LV": "Latvia", "MT": "Malta",
    "NL": "Netherlands", "NO": "Norway", "PL": "Poland", "PT": "Portugal", "SE": "Sweden",
    "UK": "Great Britain",
}
# fmt: on

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

NOTABLE_COPIES = 0.2
"""From this share on, a reader is told that a rise's complaints repeat one another."""

SELF_EXPLAINING = frozenset({"brand", "channel", "game", "payment_method", "product", "provider"})
"""Attributes whose values say what they are; other attributes are named before the value."""

TOLD = {"amount": "amounts {}", "duration": "a duration in {}", "word": "the word “{}”"}
"""How what was found in texts is said where the value alone does not say it."""

ORIGINS = {
    TopicKind.PINNED: "written into the taxonomy",
    TopicKind.DISCOVERED: "found by grouping complaints",
    TopicKind.PROVISIONAL: "found among complaints that fit no topic; provisional until the topics are next trained",
}

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
    """The number with its noun: 1 complaint, 1,204 complaints."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def voices_words(voices: Voices) -> str:
    """57 messages from 38 customers; 36 when near-copies count once."""
    who = "" if voices.customers is None else f" from {amount(voices.customers, 'customer')}"
    alike = "" if voices.texts == voices.messages else f"; {voices.texts:,} when near-copies count once"
    return f"{amount(voices.messages, 'message')}{who}{alike}."


def silent_words(silent: SilentSource) -> str:
    """Nothing from zendesk since 12 March 2026, usually 41 a day."""
    day = silent.last_day
    when = f"{day.day}\u00a0{MONTHS[day.month - 1]}\u00a0{day.year}"
    return f"nothing from {clean(silent.source)} since {when}, usually {humane(silent.usual)} a day"


def number_word(number: int) -> str:
    """Small numbers as words, as one writes them: three, 13."""
    return NUMBERS[number] if number < len(NUMBERS) else f"{number:,}"


def humane(value: float) -> str:
    """As exact as a reader can use: 11.7 gives 12, 3.62 gives 3.6, 0.4 stays and 0.03 gives 0."""
    if value >= 9.95:
        return f"{value:,.0f}"
    return f"{value:.1f}".removesuffix(".0") if value >= 0.05 else "0"


def percent(share: float) -> str:
    """A share from 0 to 1 in whole per cent, never rounded to none or all of it; the space does not break."""
    if 0 < share < 0.01:
        return "under 1\u00a0%"
    if 0.99 < share < 1:
        return "over 99\u00a0%"
    return f"{share * 100:.0f}\u00a0%"


def listed(parts: Sequence[str]) -> str:
    """As one says it: a, b and c."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def capital(text: str) -> str:
    """The first letter large and the others as they are."""
    return text[:1].upper() + text[1:]


def country_name(market: str) -> str:
    return COUNTRIES.get(market.upper(), clean(market))


def language_name(code: str) -> str:
    return LANGUAGES.get(code, clean(code))


def interval_words(low: float | None, high: float | None) -> str:
    """The interval in brackets after a space, or nothing where there is none or it ends below one complaint."""
    if low is None or high is None or not math.isfinite(high) or high < 0.5:
        return ""
    return f" ({low:,.0f}–{high:,.0f})"


def expected_words(expected: float, low: float | None, high: float | None) -> str:
    """12 expected (7–18); for what had no reason to come, none were expected."""
    number = f"{humane(expected)} expected" if expected >= 0.05 else "none were expected"
    return number + interval_words(low, high)


def chance_words(p: float) -> str:
    """p with the digits that mean something: p = 0.0002, p < 0.0001."""
    if p < 0.0001:
        return "p\u00a0<\u00a00.0001"
    return f"p\u00a0=\u00a0{p:.1g}" if p < 0.001 else f"p\u00a0=\u00a0{p:.2g}"


def driver_words(driver: Driver) -> str:
    """Germany (33 of 41, usually 40 %)."""
    usual = f"usually {percent(driver.baseline_share)}" if driver.baseline_share > 0 else "usually none"
    return f"{driver_name(driver)} ({driver.observed:,} of {driver.total:,}, {usual})"


def driver_name(driver: Driver) -> str:
    """Germany, Trustly, amounts over 500 EUR, or the word “gateway”: what a driver is, fit for the middle of a line."""
    if driver.in_text and driver.attribute in TOLD:
        return TOLD[driver.attribute].format(clean(driver.value))
    attribute = driver.attribute.replace(" ", "_")
    if attribute in ("market", "country"):
        return country_name(driver.value)
    if attribute == "language":
        return language_name(driver.value)
    if attribute in SELF_EXPLAINING:
        return clean(driver.value)
    return clean(f"{attribute.replace('_', ' ')} {driver.value}")


def segment_words(segment: Segment | None) -> str:
    """From Germany, in German, about a brand, through live chat: what goes behind a number; empty for the whole."""
    if segment is None:
        return ""
    value = clean(segment.value)
    named = {
        "market": f"from {country_name(segment.value)}",
        "language": f"in {language_name(segment.value)}",
        "brand": f"about {value}",
        "channel": f"by {value}" if segment.value == Channel.EMAIL else f"through {value}",
        "customer_segment": f"from {value} customers",
    }
    return named[segment.attribute]


def where_words(where: Sequence[SegmentCount]) -> str:
    """From Germany (33, 9 expected) and by e-mail (20, 6 expected)."""
    return listed([f"{segment_words(each.segment)} ({each.observed:,}, {_expected(each)})" for each in where])


def _expected(count: SegmentCount) -> str:
    return f"{humane(count.expected)} expected" if count.expected >= 0.05 else "none expected"


def mute_words(mute: Mute, zone: ZoneInfo) -> str:
    """Until 3 December 2026, 09:00; while it is open."""
    until = mute.until.astimezone(zone) if mute.until else None
    parts = [
        segment_words(mute.segment),
        f"until {until.day}\u00a0{MONTHS[until.month - 1]}\u00a0{until.year}, {until:%H:%M}" if until else "",
        f"while below {mute.below:g} times what is expected" if mute.below else "",
        "while it is open" if mute.alert_id else "",
    ]
    return " ".join(filter(None, parts)) or "for good"


def drivers_words(drivers: Sequence[Driver]) -> str:
    """Mostly Germany (…) and Trustly (…); what has grown, yet is not half of it, is not called "mostly"."""
    mostly = [driver_words(driver) for driver in drivers if driver.share > 0.5]
    origins = [driver_words(driver) for driver in drivers if driver.share <= 0.5 and not driver.in_text]
    named = [driver_words(driver) for driver in drivers if driver.share <= 0.5 and driver.in_text]
    parts = {"mostly": mostly, "more than usual from": origins, "more than usual naming": named}
    return ", ".join(f"{how} {listed(found)}" for how, found in parts.items() if found)


class Sentences:
    """A digest's sentences. Plain text: whoever lays them out escapes them."""

    def __init__(self, digest: Digest) -> None:
        self._digest = digest
        self._first, self._last = local_days(digest.span, digest.zone)

    def title(self) -> str:
        return f"Weekly digest: {self.name(self._digest.owner)}"

    def name(self, text: str) -> str:
        """An owner's or a topic's name, fit for the middle of a line."""
        return clean(text) or "(no name)"

    def words(self, topic: DigestTopic) -> Sequence[tuple[str, str, str]]:
        """The topic's words as (code, language, words), up to six a language."""
        return [
            (code, language_name(code), ", ".join(clean(word) for word in words[:6]))
            for code, words in sorted(topic.words.items())
            if words
        ]

    def week(self) -> str:
        """Week 46, 9–15 November 2026."""
        first, last = self._first, self._last
        end = f"{last.day} {MONTHS[last.month - 1]} {last.year}"
        if first.month == last.month:
            return f"{self._number()}, {first.day}–{end}"
        year = f" {first.year}" if first.year != last.year else ""
        return f"{self._number()}, {first.day} {MONTHS[first.month - 1]}{year} – {end}"

    def _number(self) -> str:
        return f"Week {int(self._digest.week[-2:])}"

    def subject(self) -> str:
        if not self._digest.rose:
            return f"{self._number()}: nothing rose beyond chance"
        first, *others = self._digest.rose
        more = f" and {amount(len(others), 'more topic')}" if others else ""
        return f"{self._number()}: {self.name(first.topic.name)}{more} rose"

    def lead(self) -> str:
        """The one sentence for whoever reads no further."""
        if not self._digest.rose:
            return f"Nothing rose beyond chance this week. {self.total()}"
        alert = self._digest.rose[0]
        drivers = drivers_words(alert.drivers[:2])
        return f"{self.name(alert.topic.name)}: {self.counts(alert)}" + (f"; {drivers}." if drivers else ".")

    def standing(self) -> str:
        """What else there is, in a line; empty where there is nothing else."""
        digest = self._digest
        states = [
            (len(digest.still_open), "alert is still open", "alerts are still open"),
            (len(digest.calmed), "alert calmed down", "alerts calmed down"),
            (len(digest.new_topics), "topic is new", "topics are new"),
        ]
        names = [f"“{self.name(alert.topic.name)}”" for alert in digest.rose[1:4]]
        rest = [amount(len(digest.rose) - 4, "more topic")] if len(digest.rose) > 4 else []
        also = listed([*names, *rest])
        others = listed([amount(*state) for state in states if state[0]])
        told = [f"{also} rose too." if also else "", f"{others}." if others else ""]
        return " ".join(filter(None, [*told, self.total() if digest.rose else ""]))

    def total(self) -> str:
        return f"{amount(self._digest.total, 'complaint')}, {self._digest.total_before:,} the week before."

    def unfinished(self) -> str:
        """A warning for a digest made before its week was over; empty for any other."""
        if self._digest.generated_at >= self._digest.span.end:
            return ""
        return f"The week is not over yet: this counts what came in before {self.moment(self._digest.generated_at)}."

    def counts(self, alert: DigestAlert) -> str:
        """41 this week, 12 expected (7–18); 33 from Germany this week, …"""
        expected = expected_words(alert.expected, alert.low, alert.high)
        return f"{self._observed(alert)} {self._when(alert.window)}, {expected}"

    def _observed(self, alert: DigestAlert) -> str:
        return " ".join(filter(None, [f"{alert.observed:,}", segment_words(alert.segment)]))

    def _when(self, window: Span) -> str:
        if window == self._digest.span:
            return "this week"
        start, end = (edge.astimezone(self._digest.zone) for edge in (window.start, window.end))
        if start.time() != time.min or end.time() != time.min:
            return f"from {self.moment(window.start)} to {self.moment(window.end)}"
        first, last = local_days(window, self._digest.zone)
        days = (last - first).days + 1
        return f"in the {days} days to {self.day(last)}" if days > 1 else f"on {self.day(last)}"

    def picture(self, alert: DigestAlert) -> str:
        """The finding for who does not see the picture."""
        expected = expected_words(alert.expected, alert.low, alert.high)
        when = (
            f"in the week of {self.day(self._first)}" if alert.window == self._digest.span else self._when(alert.window)
        )
        return f"Complaints a day about {self.name(alert.topic.name)}: {self._observed(alert)} {when}, {expected}."

    def details(self, alert: DigestAlert) -> str:
        """How far beyond, how many messages, customers and texts, how many the week before, and whether it is back."""
        topic, told = alert.topic, []
        if alert.expected >= 0.05:
            told.append(f"That is {humane(alert.ratio)} times what was expected.")
        if alert.voices:
            told.append(voices_words(alert.voices))
        elif topic.customers is not None:
            told.append(f"{amount(topic.customers, 'customer')} wrote about it this week.")
        if alert.late:
            told.append("They came in late, when that week was over.")
        were = "was" if topic.count_before == 1 else "were"
        everywhere = " of this topic everywhere" if alert.segment else ""
        told.append(f"The week before there {were} {topic.count_before or 'none'}{everywhere}.")
        if alert.regressed_at is not None:
            calm = f" on {self.day(alert.resolved_at)}" if alert.resolved_at else ""
            told.append(f"It is back: the alert first opened on {self.day(alert.opened_at)} and calmed down{calm}.")
        return " ".join(told)

    def drivers(self, alert: DigestAlert) -> str:
        """Where it comes from, up to four attributes; empty where nothing stands out."""
        told = drivers_words(alert.drivers[:4])
        return f"{capital(told)}." if told else ""

    def where(self, alert: DigestAlert) -> str:
        """In which segments the topic has risen; empty where none stands out."""
        if alert.segment is None:
            return f"Above what is usual {where_words(alert.where)}." if alert.where else ""
        others = [each for each in alert.where if each.segment != alert.segment]
        also = f" It also rose {where_words(others)}." if others else ""
        return f"Elsewhere the topic is within what is usual.{also}" if not others else also.strip()

    def copies(self, alert: DigestAlert) -> str:
        """14 of the 41 repeat one of three texts …; empty where few do."""
        found = alert.copies
        if found is None or found.complaints < NOTABLE_COPIES * found.of or found.texts == 0:
            return ""
        whole = f"of the {found.of:,}" if found.of == alert.observed else f"of {found.of:,} looked at"
        who = f"All {found.of:,}" if found.complaints == found.of else f"{found.complaints:,} {whole}"
        what = "the same text" if found.texts == 1 else f"one of {number_word(found.texts)} texts"
        return f"{who} repeat {what} almost word for word."

    def events(self, alert: DigestAlert) -> str:
        """What was planned for the days of the rise; empty where nothing was."""
        first, last = local_days(alert.window, self._digest.zone)
        told = [self._event(each) for each in alert.events if each.overlaps(first, last)]
        return f"At that time: {listed(told)}." if told else ""

    def _event(self, event: PlannedEvent) -> str:
        when = (
            self.day(event.first) if event.first == event.last else f"{self.day(event.first)} to {self.day(event.last)}"
        )
        return f"{self.name(event.name)} ({when})"

    def chance(self, alert: DigestAlert) -> str:
        """The small print of a rise."""
        again = f", came back on {self.day(alert.regressed_at)}" if alert.regressed_at else ""
        state = ", acknowledged" if alert.state is AlertState.ACKNOWLEDGED else ""
        marks = f"{self._grave(alert)}{self._said(alert)}"
        opened = f"Alert opened on {self.day(alert.opened_at)}{again}{state}{marks}."
        return f"More than chance alone explains ({chance_words(alert.p)}). {opened}"

    def still_open(self, alert: DigestAlert) -> str:
        """23 this week, 12 expected (7–18): above its range. Open since 28 October, acknowledged."""
        if alert.observed > alert.high:
            place = "still above what is usual"
        else:
            place = "back within what is usual" if alert.observed >= alert.low else "below what is usual"
        state = "" if alert.state is AlertState.OPEN else f", {alert.state.value}"
        muted = f", muted {mute_words(alert.muted, self._digest.zone)}" if alert.muted else ""
        marks = f"{state}{self._grave(alert)}{self._said(alert)}{muted}"
        return f"{self.counts(alert)}: {place}. Open since {self.day(alert.opened_at)}{marks}.{self._waits(alert)}"

    def _grave(self, alert: DigestAlert) -> str:
        """Its severity, and whether it keeps coming back."""
        severity = f", {alert.severity} severity" if alert.severity else ""
        return severity + (", keeps coming back" if alert.flapping else "")

    def _waits(self, alert: DigestAlert) -> str:
        return f" Not told: {clean(alert.held_back.why)}" if alert.held_back else ""

    def _said(self, alert: DigestAlert) -> str:
        return f", {alert.verdict.verdict} says {clean(alert.verdict.who)}" if alert.verdict else ""

    def calmed(self, alert: DigestAlert) -> str:
        if alert.resolved_at is None:
            return f"{self.counts(alert)}."
        days = self._date(alert.resolved_at) - self._date(alert.opened_at)
        after = amount(days.days, "day") if days.days else "less than a day"
        resolved = f"Resolved on {self.day(alert.resolved_at)}, {after} after it opened"
        return f"{self.counts(alert)}. {resolved}{self._said(alert)}."

    def fix(self, each: DigestFix) -> str:
        """Which fix it is, what it achieved and the numbers behind it."""
        # what is said of fixes is written with the words of this file
        from feedback.outcome import in_short

        return in_short(each.fix, each.outcome, self._digest.zone)

    def novelty(self, topic: DigestTopic) -> str:
        """How many, from how many customers, and how the topic came to be."""
        customers = f" from {amount(topic.customers, 'customer')}" if topic.customers is not None else ""
        return f"{amount(topic.count, 'complaint')}{customers} this week; {ORIGINS[topic.kind]}."

    def expectation(self, topic: DigestTopic) -> tuple[str, str]:
        """A table's cell: the number, or a dash where nothing can be expected yet, and its range in brackets."""
        if topic.expected is None:
            return "–", ""
        return humane(topic.expected), interval_words(topic.low, topic.high).strip()

    def change(self, topic: DigestTopic) -> str:
        """A mark beside a topic's name in the table: what has its own section above."""
        groups = {"rose": self._digest.rose, "still open": self._digest.still_open, "calmed down": self._digest.calmed}
        for word, alerts in groups.items():
            if any(alert.topic.topic_id == topic.topic_id for alert in alerts):
                return word
        return "new" if any(new.topic_id == topic.topic_id for new in self._digest.new_topics) else ""

    def origin(self, quote: Quote) -> str:
        """German, e-mail, Germany, 12 November."""
        market = country_name(quote.market) if quote.market else ""
        return ", ".join(
            filter(None, [language_name(quote.language), quote.channel.value, market, self.day(quote.received_at)])
        )

    def remainder(self) -> str:
        """Which source fell silent, what no topic holds and what could not be read, of everything that came in."""
        digest = self._digest
        told = [f"{capital(silent_words(each))}: is it down?" for each in digest.silent]
        if digest.total:
            everything = amount(digest.total, "complaint")
            told.append(f"Of all {everything} that came in, {percent(digest.unassigned_share)} fit no topic.")
        if digest.rejected:
            them = "it" if digest.rejected == 1 else "them"
            told.append(f"{amount(digest.rejected, 'record')} could not be read; correct and send {them} again.")
        return " ".join(told)

    def explanation(self) -> str:
        """How to read the numbers, once a digest."""
        told = "Expected is what the past predicts; nine times out of ten the count lies in the range in brackets."
        quoted = any(alert.quotes for alert in self._digest.rose) or any(new.quotes for new in self._digest.new_topics)
        return f"{told} Quotes are redacted and some are cut." if quoted else told

    def made(self) -> str:
        return f"Made on {self.moment(self._digest.generated_at)} ({self._digest.zone.key} time)."

    def _date(self, moment: datetime) -> date:
        return moment.astimezone(self._digest.zone).date()

    def day(self, day: date) -> str:
        """12 November, in one piece; with the year where it is not the digest's."""
        local = self._date(day) if isinstance(day, datetime) else day
        year = f" {local.year}" if local.year != self._last.year else ""
        return f"{local.day}\u00a0{MONTHS[local.month - 1]}{year}"

    def moment(self, moment: datetime) -> str:
        return f"{self.day(moment)}, {moment.astimezone(self._digest.zone):%H:%M}"


def local_days(span: Span, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last local day that a half-open span touches."""
    last = span.end - timedelta(microseconds=1)
    return span.start.astimezone(zone).date(), last.astimezone(zone).date()
