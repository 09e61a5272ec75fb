"""What a notice says: to people as text and HTML, to programs as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from feedback.alerts import SERVICE
from feedback.chart import HEIGHT, WIDTH, Series, rise_chart
from feedback.digest import Digest, Quote, pick_quotes, pictures, render_html, render_text, subject
from feedback.domain import Driver, Severity, Transition
from feedback.events import PlannedEvent
from feedback.explanation import Finding, summary
from feedback.language import ENGLISH, Language
from feedback.links import NO_LINKS, Links
from feedback.notify.outbox import Notice, NoticeKind
from feedback.phrases import (
    capital,
    clean,
    drivers_words,
    expected_words,
    level_name,
    links_words,
    local_days,
    quote_origin,
    reason_words,
    segment_words,
    verdict_words,
)
from feedback.topic_names import topic_name

if TYPE_CHECKING:
    from jinja2 import Template

MOST_QUOTES = 5

ALERT_NAME = "ComplaintsRising"
"""What Alertmanager knows all of them by."""


LinksOf = Callable[[UUID], Links]
"""The links by which a reader says what an alert was, by the alert's id."""


PageOf = Callable[[UUID], str]
"""Where the dashboard shows an alert, by its id; empty where nobody knows."""


def _no_links(_: UUID) -> Links:
    return NO_LINKS


def _no_page(_: UUID) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Message:
    """A notice ready to be sent. `key` is its idempotency key; `html` shows `pictures` as `cid:` and their names.

    `thread` is the key of the first message about the same thing on this channel, `thread_subject` what that was
    called; `facts` is the same for programs, in JSON's terms.
    """

    key: UUID
    kind: NoticeKind
    owner: str
    subject: str
    text: str
    html: str
    facts: Mapping[str, Any]
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    thread: UUID | None = None
    thread_subject: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """Whose alert a notice is about, and what its topic is called."""

    topic_id: UUID
    topic: str
    owner: str
    area: str | None


@dataclass(frozen=True, slots=True)
class Rise:
    """What is told of a rise: the numbers, what drives it, its picture, complaints that show it, and `notes`, sentences
    about what the numbers do not say."""

    finding: Finding
    drivers: Sequence[Driver]
    complaint_ids: Sequence[str]
    series: Series | None
    events: Sequence[PlannedEvent] = ()
    severity: Severity | None = None
    notes: Sequence[str] = ()


def alert_content(
    kind: NoticeKind, about: About, change: Transition, rise: Rise | None, zone: ZoneInfo, to: Language = ENGLISH
) -> dict[str, Any]:
    """What the outbox keeps of a transition, in JSON's terms and without any text of a customer; told in a language.

    `rise` is None where there is nothing to say but that it is over.
    """
    alert, severity = change.alert, rise.severity if rise else None
    told: dict[str, Any] = {
        "language": to.code,
        "subject": _subject(kind, about, change, rise, to),
        "sentences": _rise_sentences(change, rise, zone, to) if rise else [_ended(about, change, to)],
        "alert": {
            "id": str(alert.id),
            "state": str(alert.state),
            "opened_at": alert.opened_at.isoformat(),
            "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
        },
        "topic": {"id": str(about.topic_id), "name": clean(about.topic), "area": about.area},
        "labels": alert_labels(clean(about.topic), about.owner, about.area, _segment(rise), severity),
        "severity": str(severity) if severity else None,
        "at": change.at.isoformat(),
        "who": change.who,
        "why": change.why,
    }
    return {**told, **_rise_content(change, rise, zone)} if rise else told


def graver(content: Mapping[str, Any], opened: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """The content for those who were told of the rise when it was less grave."""
    to = Language(content["language"])
    level, day = level_name(Severity(content["severity"]), to), to.dated(opened.astimezone(zone).date())
    first = to.gettext("This alert of {day} has become graver: its severity is {level} now.", day=day, level=level)
    return {**content, "sentences": [first, *content["sentences"]]}


def passed_on(content: Mapping[str, Any], owner: str, told: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """The content for the next in line: since when `owner`, who was `told` then, has not taken the alert on."""
    to, at = Language(content["language"]), told.astimezone(zone)
    since = to.gettext("{day}, {time}", day=to.dated(at.date()), time=to.time(at))
    first = to.gettext("Nobody has taken this on yet: {owner} was told on {moment}.", owner=clean(owner), moment=since)
    subject = to.gettext("Not taken on: {subject}", subject=content["subject"])
    return {**content, "subject": subject, "sentences": [first, *content["sentences"]]}


def alert_message(
    notice: Notice, quotes: Sequence[Quote] = (), links: LinksOf = _no_links, page: PageOf = _no_page
) -> Message:
    """The message of a notice about an alert. `quotes` are redacted, and shown as they are given; so are `links`, by
    which the reader says what it was, and its `page` in the dashboard."""
    content, shown = notice.content, pick_quotes(quotes, MOST_QUOTES)
    drawn, ways = _pictures(notice), _Ways(links, page, _language(notice))
    first = notice_thread(notice)
    return Message(
        key=notice.id,
        kind=notice.kind,
        owner=notice.owner,
        subject=content["subject"],
        text=_text(notice, shown, ways),
        html=_html(notice, shown, drawn, ways),
        facts=alert_facts(notice, shown),
        pictures=drawn,
        thread=first,
        thread_subject=content.get("thread_subject"),
    )


def told_message(notice: Notice, facts: Mapping[str, Any], command: str) -> Message:
    """A message of nothing but sentences, with the `command` that tells more."""
    to, content = _language(notice), notice.content
    hint = to.gettext("{command} tells more.", command=f"`{command}`")
    shown = to.gettext("{command} tells more.", command=command)
    return Message(
        key=notice.id,
        kind=notice.kind,
        owner=notice.owner,
        subject=content["subject"],
        text="\n\n".join([*content["sentences"], hint]) + "\n",
        html=_template().render(say=content, quotes=(), picture=None, to=to, hint=shown, **NOWHERE),
        facts={"version": 1, "key": str(notice.id), "kind": str(notice.kind), "owner": notice.owner, **facts},
    )


def notice_thread(notice: Notice) -> UUID | None:
    """The key of the alert's first message on this channel; None where this is the first."""
    first = notice.content.get("thread")
    return UUID(first) if first and first != str(notice.id) else None


def alert_facts(notice: Notice, quotes: Sequence[Quote] = ()) -> dict[str, Any]:
    """The notice for programs. Fields are added in later releases, none is taken away while `version` is 1."""
    content = notice.content
    told, together = _told_facts(content), [_told_facts(each) for each in content.get("together", ())]
    said = [{"text": each.text, "language": each.language, "market": each.market} for each in quotes]
    return {
        "version": 1,
        "key": str(notice.id),
        "kind": str(notice.kind),
        "owner": notice.owner,
        **told,
        "together": together,
        "quotes": said,
    }


def _told_facts(content: Mapping[str, Any]) -> dict[str, Any]:
    """What programs are told of one alert; `kind` where several are told together."""
    names = ("subject", "sentences", "alert", "topic", "labels", "at", "who", "why")
    also = {"rise": content.get("rise"), "severity": content.get("severity")}
    kind = {"kind": content["kind"]} if "kind" in content else {}
    return {name: content[name] for name in names} | also | kind


def _language(notice: Notice) -> Language:
    """What its reader reads; English where an earlier release wrote none down."""
    return Language(notice.content.get("language", ENGLISH.code))


def digest_message(
    notice: Notice,
    digest: Digest,
    *,
    quotes: bool,
    links: LinksOf = _no_links,
    page: PageOf = _no_page,
) -> Message:
    """An owner's week as a message, with what customers wrote only if `quotes`, the `links` of each alert by which the
    reader says what it was, and its `page` in the dashboard."""
    told, to = digest if quotes else without_quotes(digest), _language(notice)
    rose = [replace(each, links=links(each.alert_id), page=page(each.alert_id)) for each in told.rose]
    told = replace(told, rose=rose)
    title = subject(told, to)
    return Message(
        key=notice.id,
        kind=notice.kind,
        owner=notice.owner,
        subject=title,
        text=render_text(told, to),
        html=render_html(told, lambda name, _png: f"cid:{name}", to),
        facts={"version": 1, "key": str(notice.id), "kind": str(notice.kind), "owner": notice.owner, "subject": title},
        pictures=pictures(told, to),
    )


def without_quotes(digest: Digest) -> Digest:
    """The digest without a word of a customer."""
    faq = digest.faq
    return replace(
        digest,
        faq=faq and replace(faq, suggestions=[replace(each, questions={}) for each in faq.suggestions]),
        rose=[replace(each, quotes=()) for each in digest.rose],
        new_topics=[replace(each, quotes=()) for each in digest.new_topics],
    )


def trial_message(owner: str, key: UUID, now: datetime, to: Language = ENGLISH) -> Message:
    """A message that only shows that a channel works."""
    title = to.gettext("A test of your channel")
    told = to.gettext("This is a test for {owner}. Alerts about your topics will come this way.", owner=clean(owner))
    content = {"subject": title, "sentences": [told], "at": now.isoformat()}
    none: dict[str, Any] = {
        "alert": None,
        "topic": None,
        "labels": {},
        "who": None,
        "why": None,
        "rise": None,
        "severity": None,
        "together": [],
        "quotes": [],
    }
    facts = {"version": 1, "key": str(key), "kind": str(NoticeKind.TEST), "owner": owner, **content, **none}
    html = _template().render(say=content, quotes=(), picture=None, together=(), to=to, hint="", **NOWHERE)
    return Message(key, NoticeKind.TEST, owner, title, told + "\n", html, facts)


def alert_labels(
    topic: str, owner: str, area: str | None, segment: Mapping[str, str] | None, severity: Severity | None = None
) -> dict[str, str]:
    """What names an alert; empty ones are left out, as Alertmanager does itself."""
    where = f"{segment['attribute']}={segment['value']}" if segment else ""
    named = {"alertname": ALERT_NAME, "topic": topic, "owner": owner, "area": area or "", "segment": where}
    named["severity"] = severity or ""
    return {name: value for name, value in named.items() if value}


def _subject(kind: NoticeKind, about: About, change: Transition, rise: Rise | None, to: Language) -> str:
    name = topic_name(clean(about.topic), to) or to.gettext("(no name)")
    if rise is None:
        is_calm = change.who == SERVICE
        return to.gettext("Calm again: {topic}", topic=name) if is_calm else to.gettext("Closed: {topic}", topic=name)
    signal = rise.finding.signal
    told = {
        "topic": name,
        "number": f"{to.number(signal.observed)} {segment_words(signal.segment, to)}".strip(),
        "expected": expected_words(signal.expected, signal.low, signal.high, to),
    }
    mark = f" [{level_name(rise.severity, to)}]" if rise.severity else ""
    if kind is NoticeKind.REGRESSED:
        return to.gettext("Back: {topic}: {number}, {expected}", **told) + mark
    if kind is NoticeKind.GRAVER:
        return to.gettext("Graver: {topic}: {number}, {expected}", **told) + mark
    return to.gettext("{topic}: {number}, {expected}", **told) + mark


def _rise_sentences(change: Transition, rise: Rise, zone: ZoneInfo, to: Language) -> list[str]:
    drivers = drivers_words(rise.drivers[:4], to)
    first, last = local_days(rise.finding.signal.window, zone)
    planned = to.listed([clean(each.name) for each in rise.events if each.overlaps(first, last)])
    opened = to.dated(change.alert.opened_at.astimezone(zone).date())
    told = [
        to.gettext("The rise is back: the alert first opened on {day}.", day=opened) if change.before else "",
        *summary(rise.finding, zone, to),
        f"{capital(drivers)}." if drivers else "",
        to.gettext("Planned for that time: {events}.", events=planned) if planned else "",
        *rise.notes,
    ]
    return [each for each in told if each]


def _ended(about: About, change: Transition, to: Language) -> str:
    topic = topic_name(clean(about.topic), to)
    if change.who != SERVICE:
        over = to.gettext("{topic}: {who} closed the alert.", topic=topic, who=clean(change.who))
    else:
        over = to.gettext("{topic}: the alert is over.", topic=topic)
    return f"{over} {_why_over(change, to)}"


def _why_over(change: Transition, to: Language) -> str:
    """What the numbers say where a judgement ended it; else what is on record, as somebody wrote it."""
    signal, since = change.signal, change.alert.calm_since
    if signal is None or since is None:
        return clean(reason_words(change.why, to))
    window = round((signal.window.end - signal.window.start) / timedelta(days=1))
    return to.ngettext(
        "Calm for {number} day: {observed} in the last {days} days, {expected} (up to {high}).",
        "Calm for {number} days: {observed} in the last {days} days, {expected} (up to {high}).",
        round((signal.window.end - since) / timedelta(days=1)),
        observed=to.number(signal.observed),
        days=window,
        expected=expected_words(signal.expected, None, None, to),
        high=to.number(signal.high),
    )


def _rise_content(change: Transition, rise: Rise, zone: ZoneInfo) -> dict[str, Any]:
    signal = rise.finding.signal
    numbers = {name: _finite(getattr(signal, name)) for name in ("observed", "expected", "low", "high", "p", "q")}
    window = {"start": signal.window.start.isoformat(), "end": signal.window.end.isoformat()}
    told = {
        **numbers,
        "window": window,
        "segment": _segment(rise),
        "voices": asdict(rise.finding.voices) if rise.finding.voices else None,
        "drivers": [asdict(each) for each in rise.drivers],
    }
    return {"rise": told, "complaint_ids": list(rise.complaint_ids), "picture": _kept_picture(change, rise, zone)}


def _segment(rise: Rise | None) -> dict[str, str] | None:
    return asdict(rise.finding.signal.segment) if rise and rise.finding.signal.segment else None


def _kept_picture(change: Transition, rise: Rise, zone: ZoneInfo) -> dict[str, Any] | None:
    series = rise.series
    if series is None or not series.days:
        return None
    predicted = {name: [_finite(each) for each in getattr(series, name)] for name in ("expected", "low", "high")}
    return {
        "days": [each.isoformat() for each in series.days],
        "observed": list(series.observed),
        **predicted,
        "opened": change.at.astimezone(zone).date().isoformat(),
        "window": [each.isoformat() for each in local_days(rise.finding.signal.window, zone)],
        "events": [[each.first.isoformat(), each.last.isoformat()] for each in rise.events],
    }


def _pictures(notice: Notice) -> dict[str, bytes]:
    parts = [("", notice.content), *((f"-{place}", each) for place, each in enumerate(_together(notice), 1))]
    to, name = _language(notice), f"rise-{notice.id}"
    return {f"{name}{place}.png": _drawn(each["picture"], to) for place, each in parts if each.get("picture")}


def _together(notice: Notice) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = notice.content.get("together", ())
    return found


def _drawn(kept: Mapping[str, Any], to: Language) -> bytes:
    series = Series(
        _days(kept["days"]),
        tuple(kept["observed"]),
        tuple(kept["expected"]),
        tuple(kept["low"]),
        tuple(kept["high"]),
    )
    first, last = _days(kept["window"])
    events = tuple((date.fromisoformat(start), date.fromisoformat(end)) for start, end in kept["events"])
    return rise_chart(series, date.fromisoformat(kept["opened"]), (first, last), events, to)


def _days(kept: Sequence[str]) -> tuple[date, ...]:
    return tuple(date.fromisoformat(each) for each in kept)


def _finite(value: float | None) -> float | None:
    """JSON, as PostgreSQL and most programs read it, has no infinity."""
    return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class _Ways:
    """Where a reader can go from what a message tells of an alert."""

    links: LinksOf
    page: PageOf
    to: Language

    def as_text(self, content: Mapping[str, Any]) -> list[str]:
        """The alert's page, and the links by which the reader says what it was."""
        page, given = self.page(_alert_id(content)), self.given(content)
        more = [self.to.gettext("More on it: {url}", url=page)] if page else []
        asked = ["\n".join([links_words(self.to), *(f"{verdict}: {url}" for verdict, url in given)])] if given else []
        return [*more, *asked]

    def as_html(self, content: Mapping[str, Any]) -> dict[str, Any]:
        return {"page": self.page(_alert_id(content)), "links": self.given(content)}

    def given(self, content: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Each verdict with its link."""
        return [(verdict_words(each, self.to), url) for each, url in self.links(_alert_id(content)).items()]


NOWHERE: Mapping[str, Any] = {"page": "", "links": ()}


def _text(notice: Notice, quotes: Sequence[Quote], ways: _Ways) -> str:
    to, content = _language(notice), notice.content
    said = [f"> {each.text}\n> ({quote_origin(each, to)})" for each in quotes]
    parts = [
        part for each in _together(notice) for part in (f"* {each['subject']}", *each["sentences"], *ways.as_text(each))
    ]
    further = [] if parts else ways.as_text(content)
    hint = _hint(" / ".join(f"`{each}`" for each in _commands(notice)), to)
    return "\n\n".join([*content["sentences"], *parts, *said, *further, hint]) + "\n"


def _html(notice: Notice, quotes: Sequence[Quote], drawn: Collection[str], ways: _Ways) -> str:
    to, name = _language(notice), f"rise-{notice.id}"
    said = [{"text": each.text, "language": each.language, "origin": quote_origin(each, to)} for each in quotes]
    parts = [
        {**each, "picture": _shown(f"{name}-{place}.png", each, drawn), **ways.as_html(each)}
        for place, each in enumerate(_together(notice), 1)
    ]
    return _template().render(
        say=notice.content,
        quotes=said,
        picture=_shown(f"{name}.png", notice.content, drawn),
        together=parts,
        to=to,
        ask=links_words(to),
        **(NOWHERE if parts else ways.as_html(notice.content)),
        hint=_hint(" / ".join(_commands(notice)), to),
    )


def _shown(name: str, content: Mapping[str, Any], drawn: Collection[str]) -> dict[str, Any] | None:
    return {"name": name, "alt": content["subject"], "width": WIDTH, "height": HEIGHT} if name in drawn else None


def _commands(notice: Notice) -> list[str]:
    """How `feedback explain` is asked about each alert that is told."""
    return [f"feedback explain {str(_alert_id(each))[:8]}" for each in _together(notice) or [notice.content]]


def _alert_id(content: Mapping[str, Any]) -> UUID:
    return UUID(content["alert"]["id"])


def _hint(command: str, to: Language) -> str:
    return to.gettext("{command} shows how this was judged.", command=command)


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("feedback"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("alert.html.j2")
