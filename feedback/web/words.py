"""How pages say what they show, in one language and in the operator's time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from feedback import domain
from feedback.alerts import SERVICE
from feedback.api.figures import Driver, Voices, Window
from feedback.domain import AlertState, Channel, Fate, FixKind, OutcomeVerdict, Severity, TopicKind, Verdict
from feedback.edits import LABELS, Edit, EditKind
from feedback.language import N_, Language
from feedback.phrases import (
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
    voices_words,
)
from feedback.reasons import moved_words
from feedback.requests import RequestKind, RequestState
from feedback.roles import Role
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
    OutcomeVerdict.UNTOLD: N_("Effect cannot be told"),
}
EDITS: Mapping[EditKind, str] = {
    EditKind.RENAME: N_("Renamed"),
    EditKind.OWNER: N_("Another owner"),
    EditKind.AREA: N_("Another area"),
    EditKind.SEVERITY: N_("Another severity"),
    EditKind.MERGE: N_("Merged into another"),
    EditKind.SPLIT: N_("Split"),
    EditKind.MOVE: N_("Complaints moved here"),
    EditKind.PIN: N_("Pinned"),
    EditKind.RETIRE: N_("Retired"),
}
ASKED: Mapping[RequestKind, str] = {
    RequestKind.RETRAIN: N_("Train a candidate"),
    RequestKind.COMPARE: N_("Compare versions"),
    RequestKind.PUBLISH: N_("Publish a version"),
    RequestKind.ROLL_BACK: N_("Roll back"),
    RequestKind.MERGE: N_("Merge topics"),
    RequestKind.SPLIT: N_("Split a topic"),
    RequestKind.MOVE: N_("Move complaints"),
    RequestKind.PIN: N_("Pin a topic"),
    RequestKind.RETIRE: N_("Retire a topic"),
    RequestKind.UNDO: N_("Undo a decision"),
    RequestKind.RETRY_REJECTED: N_("Take rejected records in again"),
}
REQUEST_STATES: Mapping[RequestState, str] = {
    RequestState.WAITING: N_("Waiting"),
    RequestState.RUNNING: N_("Under way"),
    RequestState.DONE: N_("Done"),
    RequestState.REFUSED: N_("Refused"),
    RequestState.FAILED: N_("Failed"),
}
STATUSES: Mapping[str, str] = {
    "candidate": N_("Candidate"),
    "published": N_("In force"),
    "archived": N_("Archived"),
}
FATES: Mapping[Fate, str] = {
    Fate.KEPT: N_("Kept"),
    Fate.BORN: N_("Born"),
    Fate.MERGED: N_("Merged"),
    Fate.SPLIT: N_("Split"),
    Fate.RETIRED: N_("Retired"),
    Fate.DOUBTFUL: N_("Doubtful"),
}
MARKS = {"muted": N_("Muted"), "held back": N_("Held back"), "flapping": N_("Keeps coming back")}
ROLES: Mapping[Role, str] = {
    Role.READER: N_("Reader"),
    Role.SENDER: N_("Sender"),
    Role.OWNER: N_("Owner of topics"),
    Role.ANALYST: N_("Analyst"),
    Role.ADMINISTRATOR: N_("Administrator"),
}
SPARK_WIDTH, SPARK_HEIGHT = 140, 36


@dataclass(frozen=True, slots=True)
class Words:
    """What the templates call `say`."""

    to: Language
    zone: ZoneInfo

    def topic(self, name: str) -> str:
        return topic_name(clean(name), self.to) or self.to.gettext("(no name)")

    def area(self, name: str | None) -> str:
        return area_name(clean(name), self.to) if name else self.to.gettext("no area")

    def owner(self, name: str | None) -> str:
        return owner_name(name, self.to) if name else self.to.gettext("nobody")

    def role(self, role: str) -> str:
        return self.to.gettext(ROLES[Role(role)])

    def state(self, state: str) -> str:
        return self.to.gettext(STATES[AlertState(state)])

    def mark(self, mark: str) -> str:
        """What marks an alert beside its state."""
        return self.to.gettext(MARKS[mark])

    def severity(self, severity: str) -> str:
        return capital(level_name(Severity(severity), self.to))

    def kind(self, kind: str) -> str:
        return self.to.gettext(KINDS[TopicKind(kind)])

    def verdict(self, verdict: str) -> str:
        return capital(verdict_words(Verdict(verdict), self.to))

    def edit(self, edit: Edit) -> str:
        """Renamed: Bonus payout slow; undone."""
        told = self.to.gettext(EDITS[edit.kind])
        if edit.kind in LABELS:
            told = f"{told}: {self._label(edit)}"
        return self.to.gettext("{decision} (undone)", decision=told) if edit.undone_at else told

    def _label(self, edit: Edit) -> str:
        value = str(edit.detail["value"])
        if edit.kind is EditKind.OWNER:
            return self.owner(value)
        return self.severity(value) if edit.kind is EditKind.SEVERITY else clean(value)

    def asked(self, kind: str) -> str:
        return self.to.gettext(ASKED[RequestKind(kind)])

    def asked_state(self, state: str) -> str:
        return self.to.gettext(REQUEST_STATES[RequestState(state)])

    def status(self, status: str) -> str:
        """How a topic model version stands."""
        return self.to.gettext(STATUSES[status])

    def fate(self, fate: str) -> str:
        return self.to.gettext(FATES[Fate(fate)])

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
        return moved_words(reason_words(why, self.to), self.to)

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

    def voices(self, voices: Voices | None) -> str:
        """57 messages from 38 customers; empty where that was not kept."""
        if voices is None or voices.messages is None or voices.texts is None:
            return ""
        return voices_words(
            domain.Voices(voices.messages, voices.customers, voices.texts, voices.unknown or 0), self.to
        )

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

    def week(self, week: str) -> str:
        """Week 24, 2026."""
        year, number = week.split("-W")
        return self.to.gettext("Week {number}, {year}", number=int(number), year=year)

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

    def lasting(self, seconds: float) -> str:
        """How long something took: 40 minutes; 3.2 hours; 2 days."""
        hours = seconds / 3600
        if hours >= 48:
            return self.to.unit(hours / 24, "day", "short")
        return self.to.unit(hours, "hour", "short") if hours >= 1 else self.to.unit(seconds / 60, "minute", "short")

    def change(self, outcome: Any) -> str:
        """−61 % (−73 % to −45 %)."""
        value, low, high = (self._signed(each - 1) for each in (outcome.ratio, outcome.low, outcome.high))
        return self.to.gettext("{value} ({low} to {high})", value=value, low=low, high=high)

    def _signed(self, change: float) -> str:
        return f"{'+' if change > 0 else '−'}{self.to.percent(abs(change))}"

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
