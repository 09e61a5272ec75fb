"""How pages say what they show, in one language and in the operator's time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from feedback import domain
from feedback.alerts import SERVICE
from feedback.api.figures import Driver, Window
from feedback.domain import AlertState, Channel, FixKind, OutcomeVerdict, Severity, TopicKind, Verdict
from feedback.language import N_, Language
from feedback.sentences import (
    capital,
    channel_name,
    clean,
    country_name,
    driver_name,
    drivers_words,
    excerpt,
    expected_words,
    humane,
    interval_words,
    language_name,
    level_name,
    owner_name,
    reason_words,
    verdict_words,
)
from feedback.store.facets import StoredQuote
from feedback.topic_names import area_name, topic_name

STATES: Mapping[AlertState, str] = {
    AlertState.OPEN: N_("Open"),
    AlertState.ACKNOWLEDGED: N_("Acknowledged"),
    AlertState.RESOLVED: N_("Resolved"),
    AlertState.REGRESSED: N_("Regressed"),
}
KINDS: Mapping[TopicKind, str] = {
    TopicKind.PINNED: N_("Pinned"),
    TopicKind.DISCOVERED: N_("Discovered"),
    TopicKind.PROVISIONAL: N_("Provisional"),
    TopicKind.RETIRED: N_("Retired"),
}
FIX_KINDS: Mapping[FixKind, str] = {
    FixKind.FIX: N_("Fault mended"),
    FixKind.FAQ: N_("FAQ entry"),
    FixKind.TRAINING: N_("Training"),
}
OUTCOMES: Mapping[OutcomeVerdict, str] = {
    OutcomeVerdict.UNKNOWN: N_("Not enough data yet"),
    OutcomeVerdict.WORKED: N_("It worked"),
    OutcomeVerdict.PARTLY: N_("It worked in part"),
    OutcomeVerdict.NO_EFFECT: N_("No effect"),
    OutcomeVerdict.WORSE: N_("Worse than before"),
}
SPARK_WIDTH, SPARK_HEIGHT = 140, 36


@dataclass(frozen=True, slots=True)
class Words:
    to: Language
    zone: ZoneInfo

    def topic(self, name: str) -> str:
        return topic_name(clean(name), self.to)

    def area(self, name: str | None) -> str:
        return area_name(clean(name), self.to) if name else self.to.gettext("no area")

    def owner(self, name: str | None) -> str:
        return owner_name(name, self.to) if name else self.to.gettext("nobody")

    def state(self, state: str) -> str:
        return self.to.gettext(STATES[AlertState(state)])

    def severity(self, severity: str) -> str:
        return capital(level_name(Severity(severity), self.to))

    def kind(self, kind: str) -> str:
        return self.to.gettext(KINDS[TopicKind(kind)])

    def verdict(self, verdict: str) -> str:
        return capital(verdict_words(Verdict(verdict), self.to))

    def fix_kind(self, kind: str) -> str:
        return self.to.gettext(FIX_KINDS[FixKind(kind)])

    def outcome(self, verdict: str) -> str:
        return self.to.gettext(OUTCOMES[OutcomeVerdict(verdict)])

    def market(self, code: str) -> str:
        return country_name(code, self.to)

    def language(self, code: str) -> str:
        return capital(language_name(code, self.to))

    def own_name(self, code: str) -> str:
        """A language's name as its speakers call it."""
        return capital(language_name(code, Language(code)))

    def channel(self, channel: str) -> str:
        return capital(channel_name(channel, self.to))

    def reason(self, why: str) -> str:
        return reason_words(why, self.to)

    def number(self, value: float) -> str:
        return self.to.number(value)

    def about(self, value: float) -> str:
        """A number with the digits that mean something."""
        return humane(value, self.to)

    def share(self, value: float) -> str:
        return self.to.percent(value)

    def expected(self, figures: Any) -> str:
        """12 expected (7–18)."""
        return expected_words(figures.expected, figures.low, figures.high, self.to)

    def rise(self, figures: Any) -> str:
        """28 days: 13, 2.7 expected (0–7)."""
        return self.to.gettext(
            "{span}: {number}, {expected}",
            number=self.number(figures.observed),
            span=self.span(figures.window),
            expected=self.expected(figures),
        )

    def span(self, window: Window) -> str:
        """How long a window is: 28 days; 3 hours."""
        hours = (window.end - window.start) / timedelta(hours=1)
        # a week in which the clocks change has an hour more or less
        return self.to.unit(round(hours / 24), "day", "long") if hours >= 23 else self.to.unit(hours, "hour", "long")

    def interval(self, low: float | None, high: float | None) -> str:
        """7–18, empty where there is none."""
        return interval_words(low, high, self.to).strip(" ()")

    def drivers(self, drivers: Sequence[Driver]) -> str:
        """Mostly Germany (…) and Trustly (…); those that an earlier release wrote down otherwise are passed over."""
        known = [domain.Driver(**asdict_of(each)) for each in drivers if _is_whole(each)]
        return capital(drivers_words(known, self.to))

    def driver(self, driver: Driver) -> str:
        """Germany; Trustly."""
        return capital(driver_name(domain.Driver(**asdict_of(driver)), self.to))

    def excerpt(self, text: str) -> str:
        return self.to.quoted(excerpt(text))

    def origin(self, quote: StoredQuote) -> str:
        """E-mail, Germany: on which way and from where."""
        channel = "" if quote.channel == Channel.OTHER else self.channel(quote.channel)
        return ", ".join(filter(None, [channel, self.market(quote.market) if quote.market else ""]))

    def who(self, who: str) -> str:
        """Who did something; the service itself in the reader's language."""
        return self.to.gettext("the service") if who == SERVICE else who

    def capital(self, text: str) -> str:
        return capital(text)

    def day(self, day: date) -> str:
        return self.to.dated(day)

    def short_day(self, day: date) -> str:
        return self.to.short_day(day)

    def date_of(self, moment: datetime) -> str:
        return self.to.dated(moment.astimezone(self.zone).date())

    def moment(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        return self.to.gettext("{day}, {time}", day=self.to.dated(local.date()), time=self.to.time(local))

    def days(self, window: Window) -> str:
        """The days of a window: 2 March 2026 to 8 March 2026."""
        first = window.start.astimezone(self.zone).date()
        last = (window.end - timedelta(microseconds=1)).astimezone(self.zone).date()
        if first == last:
            return self.to.dated(first)
        return self.to.gettext("{first} to {last}", first=self.to.day(first), last=self.to.dated(last))

    def since(self, moment: datetime, now: datetime) -> str:
        """How long ago: 3 days; 5 hours."""
        hours = max((now - moment) / timedelta(hours=1), 0.0)
        return self.to.unit(hours / 24, "day", "long") if hours >= 48 else self.to.unit(hours, "hour", "long")

    def spark(self, values: Sequence[int]) -> str:
        """What a sparkline shows, for who does not see it."""
        return self.to.gettext(
            "Complaints a day, the last {days} days: between {low} and {high}, {last} today",
            days=len(values), low=min(values), high=max(values), last=values[-1],
        )  # fmt: skip

    def line(self, values: Sequence[int]) -> str:
        """A sparkline's points in a drawing of 140 by 36."""
        step, top = SPARK_WIDTH / max(len(values) - 1, 1), max(*values, 1)
        return " ".join(
            f"{place * step:.1f},{SPARK_HEIGHT - 3 - value / top * (SPARK_HEIGHT - 6):.1f}"
            for place, value in enumerate(values)
        )


def asdict_of(driver: Driver) -> dict[str, Any]:
    names = [each for each in domain.Driver.__slots__ if hasattr(driver, each)]
    return {name: getattr(driver, name) for name in names}


def _is_whole(driver: Driver) -> bool:
    return None not in asdict_of(driver).values() and bool(driver.total)
