"""The weekly report to an owner: its frozen values, and the same values as Markdown, as HTML and as plain text."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from feedback.chart import HEIGHT, WIDTH, Series, rise_chart
from feedback.domain import (
    AlertState,
    Channel,
    Copies,
    Driver,
    Fix,
    GivenVerdict,
    HeldBack,
    Mute,
    Outcome,
    Segment,
    SegmentCount,
    Severity,
    SilentSource,
    Span,
    TopicKind,
    Voices,
)
from feedback.errors import SettingError
from feedback.events import PlannedEvent
from feedback.exposure import EndedExposure
from feedback.language import ENGLISH, Language
from feedback.links import Links
from feedback.phrases import excerpt, local_days
from feedback.plain import filled, table, unbroken, underlined
from feedback.sentences import Sentences
from feedback.series import bucket_start

if TYPE_CHECKING:
    from jinja2 import Environment

    from feedback.faq import Faq
    from feedback.kpi import Support


@dataclass(frozen=True, slots=True)
class Quote:
    """What one customer wrote, redacted. `language` is an ISO 639-1 code."""

    text: str
    language: str
    channel: Channel
    received_at: datetime
    market: str | None = None


@dataclass(frozen=True, slots=True)
class DigestTopic:
    """A topic in the digest's week.

    `count` and `count_before` are complaints in this ISO week and the one before; `expected` the prediction for this
    week with its 90 % interval, None where there was too little history. `words` by language, the weightiest first.
    `customers` counts distinct ones; None where the source does not tell customers apart.
    """

    topic_id: UUID
    name: str
    kind: TopicKind
    area: str | None
    words: Mapping[str, Sequence[str]]
    count: int
    count_before: int
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    customers: int | None = None
    quotes: Sequence[Quote] = ()


@dataclass(frozen=True, slots=True)
class DigestAlert:
    """An alert as it was at the week's end, with the numbers of its strongest signal in the week.

    `window` (UTC) is the span that was judged, `late` if it was over before its complaints came in; `observed`,
    `expected`, `low`, `high` and `p` speak of it, and of one `segment` of the topic where one is named. `where` are the
    segments in which the topic has risen. `verdict` is what was last said of it, `muted` what silences it.
    `regressed_at` is when a resolved alert came back last, `resolved_at` when it was resolved last. `events` were
    planned for days of its picture. `held_back` is why it was not told, and it is `flapping` if it keeps coming back.
    `together` are the topics that rose in the week for one reason with it, and `group` what the alert keeps of that
    (see `feedback.grouping.cause_words`). Topics may have been `trained_since`: what the digest counts else then has
    other complaints behind it. By `links` its reader says what it was; `page` is where the dashboard shows
    it, empty where nobody knows.
    """

    alert_id: UUID
    topic: DigestTopic
    state: AlertState
    opened_at: datetime
    window: Span
    observed: int
    expected: float
    low: float
    high: float
    p: float
    resolved_at: datetime | None = None
    regressed_at: datetime | None = None
    drivers: Sequence[Driver] = ()
    quotes: Sequence[Quote] = ()
    series: Series | None = None
    copies: Copies | None = None
    voices: Voices | None = None
    late: bool = False
    segment: Segment | None = None
    where: Sequence[SegmentCount] = ()
    verdict: GivenVerdict | None = None
    muted: Mute | None = None
    events: Sequence[PlannedEvent] = ()
    links: Links = field(default_factory=dict)
    page: str = ""
    severity: Severity | None = None
    held_back: HeldBack | None = None
    flapping: bool = False
    together: Sequence[str] = ()
    group: Mapping[str, Any] = field(default_factory=dict)
    trained_since: bool = False

    @property
    def ratio(self) -> float:
        """Observed over expected; infinite for something out of nothing."""
        return self.observed / self.expected if self.expected > 0 else math.inf


@dataclass(frozen=True, slots=True)
class DigestFix:
    """A fix of one of the owner's topics, with its latest outcome if there is one."""

    topic: DigestTopic
    fix: Fix
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """One owner's week. Sequences come with what matters most first; the first of `rose` is the headline.

    `span` is the ISO week (UTC). `total`, `total_before`, `unassigned_share` (0 to 1) and `rejected` speak of every
    complaint that came in, whoever owns its topic. `customers` of an alert's topic are those within the week.
    `unassigned` complaints fit no topic and `unowned` topics have no owner: both only where that is the reader's
    business. `names` are those of the topics that `support` speaks of.
    """

    owner: str
    week: str
    span: Span
    zone: ZoneInfo
    generated_at: datetime
    total: int
    total_before: int
    unassigned_share: float
    rejected: int
    rose: Sequence[DigestAlert] = ()
    still_open: Sequence[DigestAlert] = ()
    calmed: Sequence[DigestAlert] = ()
    new_topics: Sequence[DigestTopic] = ()
    busiest: Sequence[DigestTopic] = ()
    silent: Sequence[SilentSource] = ()
    ended: EndedExposure | None = None
    fixes: Sequence[DigestFix] = ()
    unassigned: int = 0
    unowned: Sequence[DigestTopic] = ()
    support: Support | None = None
    faq: Faq | None = None
    names: Mapping[UUID, str] = field(default_factory=dict)


def iso_week(day: date) -> str:
    """The ISO 8601 week of a local date, such as "2026-W46"."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def week_span(week: str, zone: ZoneInfo) -> Span:
    """From Monday 0:00 to the next Monday 0:00 in `zone`, half open, in UTC.

    A week in which the clocks change is an hour longer or shorter. Raises SettingError for what is not a week.
    """
    if not re.fullmatch(r"[0-9]{4}-W[0-9]{2}", week):
        raise SettingError(f"'{week}' is not a week. Write the year and the ISO week, such as 2026-W46.")
    try:
        monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
        return Span(bucket_start(monday, zone), bucket_start(monday + timedelta(days=7), zone))
    except (ValueError, OverflowError):
        raise SettingError(f"There is no week '{week}': a year has the weeks W01 to W52, some also W53.") from None


def owner_slug(owner: str) -> str:
    """A name for files from an owner's: a-z, 0-9 and hyphens, at most 43 characters, another for every owner."""
    plain = unicodedata.normalize("NFKD", owner).encode("ascii", "ignore").decode().lower()
    readable = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:30].strip("-") or "owner"
    # Different owners can read alike once reduced ("Zahlungen" and "zahlungen!"); their hashes do not.
    return f"{readable}-{hashlib.sha256(owner.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def file_stem(digest: Digest) -> str:
    """What the digest's files are called before the dot: "2026-W46-payments-1a2b3c4d5e6f"."""
    return f"{digest.week}-{owner_slug(digest.owner)}"


def pictures(digest: Digest, to: Language = ENGLISH) -> Mapping[str, bytes]:
    """The PNG files that the Markdown shows, by file name; one for each alert of `rose` with a series."""
    return {
        name: _picture(digest, alert, to)
        for place, alert in enumerate(digest.rose, 1)
        if (name := _picture_name(digest, alert, place))
    }


def _picture_name(digest: Digest, alert: DigestAlert, place: int) -> str | None:
    return f"{file_stem(digest)}-{place}.png" if alert.series and alert.series.days else None


def _picture(digest: Digest, alert: DigestAlert, to: Language) -> bytes:
    assert alert.series is not None
    window = local_days(alert.window, digest.zone)
    opened = (alert.regressed_at or alert.opened_at).astimezone(digest.zone).date()
    events = tuple((each.first, each.last) for each in alert.events)
    return rise_chart(alert.series, opened, window, events, to)


def embedded(name: str, png: bytes) -> str:
    """The picture itself as a `data:` URI, whatever its file would be called."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def render_html(digest: Digest, source: Callable[[str, bytes], str] = embedded, to: Language = ENGLISH) -> str:
    """One self-contained page for a mail client or a browser: no scripts, nothing loaded from elsewhere.

    `source` gives a picture's `src` from its file name and bytes. Many mail clients do not show `data:` URIs: a
    mailer passes `lambda name, png: f"cid:{name}"` and attaches `pictures(digest)` under these content ids.
    """
    shown = {name: source(name, png) for name, png in pictures(digest, to).items()}
    return _render("digest.html.j2", digest, shown, to)


def render_markdown(digest: Digest, to: Language = ENGLISH) -> str:
    """The same as CommonMark with a table, linking to the `pictures` by name."""
    return _render("digest.md.j2", digest, {}, to)


def render_text(digest: Digest, to: Language = ENGLISH) -> str:
    """The same for who reads mails as plain text: in lines of `feedback.plain.WIDTH`, without marks or pictures."""
    return _render("digest.txt.j2", digest, {}, to)


def subject(digest: Digest, to: Language = ENGLISH) -> str:
    """One line for a mail's subject or a page's title."""
    return Sentences(digest, to).subject()


def _render(template: str, digest: Digest, shown: Mapping[str, str], to: Language) -> str:
    rises: list[tuple[DigestAlert, str | None]] = []
    for place, alert in enumerate(digest.rose, 1):
        name = _picture_name(digest, alert, place)
        rises.append((alert, shown.get(name, name) if name else None))
    page = _environment(template).get_template(template)
    say = Sentences(digest, to)
    return page.render(
        digest=digest, say=say, to=to, _=to.gettext, rises=rises, pick_quotes=pick_quotes, width=WIDTH, height=HEIGHT
    )


@cache
def _environment(template: str) -> Environment:
    """Whatever a template puts out is escaped for its format; quotes and names are other people's text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    markdown = template.endswith(".md.j2")
    made = Environment(
        loader=PackageLoader("feedback"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        finalize=escape_markdown if markdown else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals.update(filled=filled, underlined=underlined, unbroken=unbroken, table=table)
    return made


def escape_markdown(value: object) -> str:
    """Text that reads as itself wherever it stands within a line, and stays as plain as that allows.

    Brackets stay, for they mark what was redacted; alone they mean nothing, only "](" and "][" make links.
    """
    text = re.sub(r"([\\`*|~]|#$|(?<![^\W_])_|_(?![^\W_]))", r"\\\1", str(value))
    text = re.sub(r"\](?=[(\[])", r"]\\", text)
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)


def pick_quotes(quotes: Sequence[Quote], most: int = 5) -> Sequence[Quote]:
    """At most `most`, cut to size, every language once before any twice; nothing empty and no copies."""
    distinct: dict[str, Quote] = {}
    for quote in quotes:
        if text := excerpt(quote.text):
            distinct.setdefault(text, replace(quote, text=text))
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, Quote]] = []
    for quote in distinct.values():
        seen[quote.language] += 1
        ranked.append((seen[quote.language], quote))
    return [quote for _, quote in sorted(ranked, key=lambda row: row[0])[:most]]
