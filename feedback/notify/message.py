"""What a notice says: to people as text and HTML, to programs as JSON."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from feedback.chart import HEIGHT, WIDTH, Series, rise_chart
from feedback.digest import Digest, Quote, pick_quotes, pictures, render_html, render_markdown, subject
from feedback.domain import Driver, Severity, Transition
from feedback.events import PlannedEvent
from feedback.explanation import Finding, summary
from feedback.notify.outbox import Notice, NoticeKind
from feedback.sentences import (
    capital,
    clean,
    country_name,
    drivers_words,
    expected_words,
    language_name,
    local_days,
    segment_words,
)

if TYPE_CHECKING:
    from jinja2 import Template

MOST_QUOTES = 5

ALERT_NAME = "ComplaintsRising"
"""What Alertmanager knows all of them by."""


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
    kind: NoticeKind, about: About, change: Transition, rise: Rise | None, zone: ZoneInfo
) -> dict[str, Any]:
    """What the outbox keeps of a transition, in JSON's terms and without any text of a customer.

    `rise` is None where there is nothing to say but that it is over.
    """
    alert, severity = change.alert, rise.severity if rise else None
    told: dict[str, Any] = {
        "subject": _subject(kind, about, rise),
        "sentences": _rise_sentences(change, rise, zone) if rise else [_ended(about, change)],
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


def alert_message(notice: Notice, quotes: Sequence[Quote] = ()) -> Message:
    """The message of a notice about an alert. `quotes` are redacted, and shown as they are given."""
    content, shown = notice.content, pick_quotes(quotes, MOST_QUOTES)
    drawn = _pictures(notice)
    first = notice_thread(notice)
    return Message(
        key=notice.id,
        kind=notice.kind,
        owner=notice.owner,
        subject=content["subject"],
        text=_text(content, shown),
        html=_html(notice, shown, drawn),
        facts=alert_facts(notice, shown),
        pictures=drawn,
        thread=first,
        thread_subject=content.get("thread_subject"),
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


def digest_message(notice: Notice, digest: Digest, *, quotes: bool) -> Message:
    """An owner's week as a message, with what customers wrote only if `quotes`."""
    told = digest if quotes else without_quotes(digest)
    title = subject(told)
    return Message(
        key=notice.id,
        kind=notice.kind,
        owner=notice.owner,
        subject=title,
        text=render_markdown(told),
        html=render_html(told, lambda name, _png: f"cid:{name}"),
        facts={"version": 1, "key": str(notice.id), "kind": str(notice.kind), "owner": notice.owner, "subject": title},
        pictures=pictures(told),
    )


def without_quotes(digest: Digest) -> Digest:
    """The digest without a word of a customer."""
    return replace(
        digest,
        rose=[replace(each, quotes=()) for each in digest.rose],
        new_topics=[replace(each, quotes=()) for each in digest.new_topics],
    )


def trial_message(owner: str, key: UUID, now: datetime) -> Message:
    """A message that only shows that a channel works."""
    title = "A test of your channel"
    told = f"This is a test for {clean(owner)}. Alerts about your topics will come this way."
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
    html = _template().render(say=content, quotes=(), picture=None, together=())
    return Message(key, NoticeKind.TEST, owner, title, told + "\n", html, facts)


def alert_labels(
    topic: str, owner: str, area: str | None, segment: Mapping[str, str] | None, severity: Severity | None = None
) -> dict[str, str]:
    """What names an alert; empty ones are left out, as Alertmanager does itself."""
    where = f"{segment['attribute']}={segment['value']}" if segment else ""
    named = {"alertname": ALERT_NAME, "topic": topic, "owner": owner, "area": area or "", "segment": where}
    named["severity"] = severity or ""
    return {name: value for name, value in named.items() if value}


def _subject(kind: NoticeKind, about: About, rise: Rise | None) -> str:
    name = clean(about.topic) or "(no name)"
    if rise is None:
        return f"Calm again: {name}"
    signal = rise.finding.signal
    where = segment_words(signal.segment)
    observed = f"{signal.observed:,} {where}".strip()
    back = "Back: " if kind is NoticeKind.REGRESSED else ""
    mark = f" [{rise.severity}]" if rise.severity else ""
    return f"{back}{name}: {observed}, {expected_words(signal.expected, signal.low, signal.high)}{mark}"


def _rise_sentences(change: Transition, rise: Rise, zone: ZoneInfo) -> list[str]:
    drivers = drivers_words(rise.drivers[:4])
    first, last = local_days(rise.finding.signal.window, zone)
    planned = [clean(each.name) for each in rise.events if each.overlaps(first, last)]
    back = change.why if change.before is not None else ""
    told = [
        back,
        *summary(rise.finding, zone),
        f"{capital(drivers)}." if drivers else "",
        f"Planned for that time: {', '.join(planned)}." if planned else "",
        *rise.notes,
    ]
    return [each for each in told if each]


def _ended(about: About, change: Transition) -> str:
    return f"{clean(about.topic)}: the alert is over. {clean(change.why)}"


def _rise_content(change: Transition, rise: Rise, zone: ZoneInfo) -> dict[str, Any]:
    signal = rise.finding.signal
    numbers = {name: _finite(getattr(signal, name)) for name in ("observed", "expected", "low", "high", "p", "q")}
    window = {"start": signal.window.start.isoformat(), "end": signal.window.end.isoformat()}
    told = {
        **numbers,
        "window": window,
        "segment": _segment(rise),
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
    return {f"rise-{notice.id}{place}.png": _drawn(each["picture"]) for place, each in parts if each.get("picture")}


def _together(notice: Notice) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = notice.content.get("together", ())
    return found


def _drawn(kept: Mapping[str, Any]) -> bytes:
    series = Series(
        _days(kept["days"]),
        tuple(kept["observed"]),
        tuple(kept["expected"]),
        tuple(kept["low"]),
        tuple(kept["high"]),
    )
    first, last = _days(kept["window"])
    events = tuple((date.fromisoformat(start), date.fromisoformat(end)) for start, end in kept["events"])
    return rise_chart(series, date.fromisoformat(kept["opened"]), (first, last), events=events)


def _days(kept: Sequence[str]) -> tuple[date, ...]:
    return tuple(date.fromisoformat(each) for each in kept)


def _finite(value: float | None) -> float | None:
    """JSON, as PostgreSQL and most programs read it, has no infinity."""
    return value if value is not None and math.isfinite(value) else None


def _text(content: Mapping[str, Any], quotes: Sequence[Quote]) -> str:
    said = [f"> {each.text}\n> ({_origin(each)})" for each in quotes]
    parts = [part for each in content.get("together", ()) for part in (f"* {each['subject']}", *each["sentences"])]
    hint = f"`feedback explain {_keys(content)}` shows how this was judged."
    return "\n\n".join([*content["sentences"], *parts, *said, hint]) + "\n"


def _keys(content: Mapping[str, Any]) -> str:
    """How `feedback explain` is asked about what is told; of several, any."""
    told = content.get("together") or [content]
    return " or ".join(str(each["alert"]["id"])[:8] for each in told)


def _html(notice: Notice, quotes: Sequence[Quote], drawn: Collection[str]) -> str:
    said = [{"text": each.text, "language": each.language, "origin": _origin(each)} for each in quotes]
    shown = _shown(f"rise-{notice.id}.png", notice.content, drawn)
    parts = [
        {**each, "picture": _shown(f"rise-{notice.id}-{place}.png", each, drawn)}
        for place, each in enumerate(_together(notice), 1)
    ]
    alert = _keys(notice.content)
    return _template().render(say=notice.content, quotes=said, picture=shown, together=parts, alert=alert)


def _shown(name: str, content: Mapping[str, Any], drawn: Collection[str]) -> dict[str, Any] | None:
    return {"name": name, "alt": content["subject"], "width": WIDTH, "height": HEIGHT} if name in drawn else None


def _origin(quote: Quote) -> str:
    market = country_name(quote.market) if quote.market else ""
    return ", ".join(filter(None, [language_name(quote.language), quote.channel.value, market]))


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("feedback"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("alert.html.j2")
