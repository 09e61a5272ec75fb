"""What an analyst reads to judge a candidate: two topic model versions on the same complaints, and as one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from feedback.domain import Fate, TopicKind
from feedback.language import ENGLISH, N_
from feedback.phrases import amount, clean, excerpt, language_name, percent
from feedback.topic_map import Spot, TopicMap, draw

if TYPE_CHECKING:
    from jinja2 import Environment

LARGE_MOVE = 0.1
"""A kept topic is worth a look when this share of its complaints came or went."""

GLYPHS = {
    Fate.KEPT: "●",
    Fate.BORN: "▲",
    Fate.SPLIT: "◆",
    Fate.MERGED: "■",
    Fate.RETIRED: "▼",
    Fate.DOUBTFUL: "?",
}
"""The map's shapes as characters."""

Words = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class ComparedQuote:
    """What a customer wrote, redacted, and the name of the topic where it was before or is now, None for none."""

    text: str
    language: str
    elsewhere: str | None = None


@dataclass(frozen=True, slots=True)
class ComparedVersion:
    """A version with its measures on the complaints compared; see `feedback.comparison.MEASURES`."""

    version_id: UUID
    status: str
    trained_at: datetime
    topics: int
    coverage: float
    coherence: float | None
    language_mixing: float
    examples: float | None

    @property
    def key(self) -> str:
        return str(self.version_id)[:8]


@dataclass(frozen=True, slots=True)
class ComparedTopic:
    """What became of one topic.

    `had` and `has` say whether the version before and the one after know it. `other` is the name of the topic that it
    was merged into or split from, None for one split up. `size_before`, `size_after` and `stayed`
    count complaints; `came` and `went` name topics with the number of complaints exchanged, None for no topic.
    `coherence` and `examples` (of a pinned topic, the share of the taxonomy's phrases that land in it) are before and
    after. `place` is where it lies on the map, None without complaints.
    """

    topic_id: UUID
    number: int
    name: str
    kind: TopicKind
    fate: Fate
    had: bool
    has: bool
    doubtful: bool
    other: str | None
    size_before: int
    size_after: int
    stayed: int
    came: Sequence[tuple[str | None, int]] = ()
    went: Sequence[tuple[str | None, int]] = ()
    words_before: Words | None = None
    words_after: Words | None = None
    quotes_came: Sequence[ComparedQuote] = ()
    quotes_went: Sequence[ComparedQuote] = ()
    coherence: tuple[float | None, float | None] = (None, None)
    examples: tuple[float | None, float | None] = (None, None)
    place: tuple[float, float] | None = None

    @property
    def changed(self) -> bool:
        """Whether it is worth a look."""
        moved = max(self.size_before, self.size_after) - self.stayed
        large = moved > LARGE_MOVE * max(self.size_before, self.size_after, 1)
        return self.doubtful or self.fate is not Fate.KEPT or large


@dataclass(frozen=True, slots=True)
class DoubtfulTopic:
    """One of two topics that are perhaps the same; `there` says whether the version after has it."""

    topic_id: UUID
    name: str
    size: int
    words: Words
    quotes: Sequence[ComparedQuote]
    there: bool = True


@dataclass(frozen=True, slots=True)
class DoubtfulPair:
    """A new topic that is perhaps an old one; `score` (0 to 1) says how alike they are."""

    old: DoubtfulTopic
    new: DoubtfulTopic
    score: float

    @property
    def command(self) -> str:
        """What makes the two one, once the version after is published."""
        return f"feedback topics merge {str(self.new.topic_id)[:8]} --into {str(self.old.topic_id)[:8]}"


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """Two versions compared on the same complaints, received from `first` to `last`.

    `kept` is the share that keeps its topic among the complaints with a topic in both; `gained` and `lost` the shares
    of all that have one only after or only before; `ari` the adjusted Rand index. `topics` come with what is worth
    a look first.
    """

    before: ComparedVersion
    after: ComparedVersion
    made_at: datetime
    zone: ZoneInfo
    complaints: int
    first: datetime | None
    last: datetime | None
    kept: float
    gained: float
    lost: float
    ari: float
    topics: Sequence[ComparedTopic]
    doubtful: Sequence[DoubtfulPair] = ()

    @property
    def fates(self) -> Mapping[Fate, int]:
        """How many topics had each fate, in the order of `Fate`."""
        counted = Counter(topic.fate for topic in self.topics)
        return {fate: counted[fate] for fate in Fate if counted[fate]}


@dataclass(frozen=True, slots=True)
class Measure:
    """A line of the table of measures, and how to read it."""

    name: str
    before: str
    after: str
    meaning: str


# The difference of two versions with 60 topics on 6,303 complaints, judged by each fifth of the texts in turn, varied
# with a standard deviation of 0.013 around none: hence "0.03 may be chance".
def measures(report: ComparisonReport) -> Sequence[Measure]:
    """What both versions are measured by, as people read it."""
    one, two = report.before, report.after
    return (
        Measure(N_("Topics"), f"{one.topics:,}", f"{two.topics:,}", ""),
        Measure(
            N_("Coverage"), _exact(one.coverage), _exact(two.coverage), N_("complaints with a topic; more is better")
        ),
        Measure(
            N_("Coherence"),
            _signed(one.coherence),
            _signed(two.coherence),
            N_("NPMI of a topic's words in texts kept aside, −1 to 1; more is better, but 0.03 may be chance"),
        ),
        Measure(
            N_("Language mixing"),
            _exact(one.language_mixing),
            _exact(two.language_mixing),
            N_("a topic's complaints in its commonest language; less is better"),
        ),
        Measure(
            N_("Examples at home"),
            _exact(one.examples),
            _exact(two.examples),
            N_("the taxonomy's phrases that land in their topic; more is better"),
        ),
    )


def _exact(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}\u00a0%"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


class ComparisonSentences:
    """What the page says, in plain English."""

    def __init__(self, report: ComparisonReport) -> None:
        self._report = report

    def title(self) -> str:
        return f"Topic models {self._report.before.key} and {self._report.after.key} compared"

    def lead(self) -> str:
        """How much stays as it is."""
        report = self._report
        if not report.complaints:
            return "There is no complaint that both versions can judge."
        return f"{_exact(report.kept)} of the complaints keep their topic. {self.fates()}"

    def fates(self) -> str:
        """58 topics are kept, 3 born and 1 merged."""
        told = [f"{count:,} {fate}" for fate, count in self._report.fates.items()]
        if not told:
            return "There are no topics."
        first, *rest = told
        count, fate = first.split(" ")
        verb = "topic is" if count == "1" else "topics are"
        return f"{ENGLISH.listed([f'{count} {verb} {fate}', *rest])}."

    def stability(self) -> str:
        report = self._report
        return (
            f"{_exact(report.gained)} of all have a topic only after, {_exact(report.lost)} only before. "
            f"Adjusted Rand index: {report.ari:.3f} (1: the same groups, 0: no more alike than chance)."
        )

    def version(self, version: ComparedVersion) -> str:
        return f"{version.key}, {version.status}, trained {self.day(version.trained_at)}"

    def sample(self) -> str:
        report = self._report
        if report.first is None or report.last is None:
            return ""
        span = f"from {self.day(report.first)} to {self.day(report.last)}"
        return f"Both were asked about the same {amount(report.complaints, 'complaint')}, received {span}."

    def name(self, text: str | None) -> str:
        return (clean(text) or "(no name)") if text is not None else "no topic"

    def fate(self, topic: ComparedTopic) -> str:
        """Kept; born; merged into …; split from …; split up."""
        told = str(topic.fate)
        if topic.other is not None:
            told = f"{told} {'from' if topic.fate is Fate.SPLIT else 'into'} {self.name(topic.other)}"
        elif topic.fate is Fate.SPLIT:
            told = "split up"
        return f"{told}, doubtful" if topic.doubtful else told

    def neighbour(self, topic: ComparedTopic) -> str:
        """From or to which topic most went: "from Bonus missing", "to no topic (3)"; nothing where none did."""
        if topic.other is not None:
            return f"{'from' if topic.fate is Fate.SPLIT else 'into'} {self.name(topic.other)}"
        return f"to {self.exchanged(topic.went[:1])}" if topic.went else ""

    def sizes(self, topic: ComparedTopic) -> str:
        """212 → 208 complaints, 205 stayed."""
        if not topic.has:
            return f"{amount(topic.size_before, 'complaint')} before"
        if not topic.had:
            return amount(topic.size_after, "complaint")
        return f"{topic.size_before:,} → {amount(topic.size_after, 'complaint')}, {topic.stayed:,} stayed"

    def exchanged(self, pairs: Sequence[tuple[str | None, int]]) -> str:
        """Bonus missing (12), no topic (3)."""
        return ", ".join(f"{self.name(name)} ({count:,})" for name, count in pairs)

    def words(self, words: Words | None) -> Sequence[tuple[str, str, str]]:
        """(code, language, words), up to six a language."""
        found = sorted((words or {}).items())
        return [(code, language_name(code), ", ".join(map(clean, each[:6]))) for code, each in found if each]

    def numbers(self, topic: ComparedTopic) -> str:
        """Coherence 0.31 → 0.35. Examples at home 80 % → 90 %."""
        told = []
        if topic.coherence != (None, None):
            told.append(f"Coherence {_arrow([_signed(each) for each in topic.coherence])}.")
        if topic.examples != (None, None):
            told.append(f"Examples at home {_arrow([_share(each) for each in topic.examples])}.")
        return " ".join(told)

    def share(self, share: float | None) -> str:
        return _share(share)

    def alike(self, pair: DoubtfulPair) -> str:
        return f"alike by {pair.score:.2f}, where 1 is the same"

    def condition(self) -> str:
        """When the command that makes two topics one is to be given."""
        after = self._report.after
        return f"If they are the same{'' if after.status == 'published' else f', once {after.key} is published'}"

    def quote(self, quote: ComparedQuote) -> str:
        return excerpt(quote.text)

    def origin(self, quote: ComparedQuote, word: str) -> str:
        """German, was in Bonus missing."""
        language = language_name(quote.language)
        return f"{language}, {word} {self.name(quote.elsewhere)}" if word else language

    def day(self, moment: datetime) -> str:
        local = moment.astimezone(self._report.zone)
        return ENGLISH.dated(local)

    def made(self) -> str:
        made = self._report.made_at.astimezone(self._report.zone)
        return f"Made on {self.day(made)}, {made:%H:%M} ({self._report.zone.key} time). Quotes are redacted."


def _share(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _arrow(values: Sequence[str]) -> str:
    return " → ".join(dict.fromkeys(value for value in values if value != "–"))


def as_dict(report: ComparisonReport) -> dict[str, Any]:
    """The report's values for JSON; ids, times and zones are the caller's to write."""
    found = asdict(report)
    fates = {str(fate): count for fate, count in report.fates.items()}
    doubtful = [{**asdict(pair), "command": pair.command} for pair in report.doubtful]
    return {**found, "zone": report.zone.key, "fates": fates, "doubtful": doubtful}


def topic_map(report: ComparisonReport) -> TopicMap:
    """The topics that have complaints, laid out for drawing."""
    return draw(
        [
            Spot(
                topic.topic_id,
                topic.number,
                clean(topic.name),
                topic.size_after or topic.size_before,
                topic.fate,
                topic.has,
                *topic.place,
                changed=topic.doubtful or topic.fate is not Fate.KEPT,
            )
            for topic in report.topics
            if topic.place
        ]
    )


def comparison_page(data_dir: Path, before: UUID, after: UUID) -> Path:
    """Where the page on two versions is, unless somebody said otherwise."""
    return data_dir / "reports" / f"{str(before)[:8]}-{str(after)[:8]}.html"


def candidate_page(data_dir: Path, version_id: UUID) -> Path:
    """Where the page is on what a candidate changes of the version that was in force at its training."""
    return data_dir / "topic_models" / str(version_id) / "report.html"


def render_html(report: ComparisonReport) -> str:
    """One self-contained page for a browser or a mail client: no scripts, nothing loaded from elsewhere."""
    page = _environment().get_template("comparison.html.j2")
    doubtful = {topic.topic_id for topic in report.topics if topic.doubtful}
    return page.render(
        report=report,
        say=ComparisonSentences(report),
        measures=measures(report),
        map=topic_map(report),
        glyphs={str(fate): glyph for fate, glyph in GLYPHS.items()},
        doubtful=doubtful,
    )


@cache
def _environment() -> Environment:
    """Whatever the template puts out is escaped: quotes and names are other people's text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("feedback"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
