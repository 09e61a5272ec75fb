"""What a digest says, in plain text in the reader's language: numbers, dates and names as people would write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from feedback.domain import (
    AlertState,
    Holding,
    Span,
    TopicKind,
)
from feedback.grouping import cause_words
from feedback.language import ENGLISH, N_, NBSP, Language
from feedback.phrases import (
    SEVERITIES,
    capital,
    chance_words,
    clean,
    complaints_words,
    drivers_words,
    ended_words,
    expected_words,
    humane,
    interval_words,
    language_name,
    links_words,
    local_days,
    mute_words,
    owner_name,
    percent,
    quote_origin,
    segment_words,
    silent_words,
    verdict_words,
    voices_words,
    where_words,
)
from feedback.plain import unbroken
from feedback.topic_names import topic_name

if TYPE_CHECKING:
    from feedback.digest import Digest, DigestAlert, DigestFix, DigestTopic, Quote
    from feedback.events import PlannedEvent
    from feedback.faq import FaqSuggestion
    from feedback.support import Figure

MOST_UNOWNED = 5

MOST_TOGETHER = 5

MOST_NEW = 5

NOTABLE_COPIES = 0.2
"""From this share on, a reader is told that a rise's complaints repeat one another."""

STATES = {
    AlertState.OPEN: N_("open"),
    AlertState.ACKNOWLEDGED: N_("acknowledged"),
    AlertState.RESOLVED: N_("resolved"),
    AlertState.REGRESSED: N_("regressed"),
}

WAITS = {
    Holding.MUTED: N_("It was muted when it rose, and was not told."),
    Holding.AREA: N_("It was not told: an alert of its area says the same."),
    Holding.FLAPPING: N_("It was not told again: it keeps coming back."),
}

ORIGINS = {
    TopicKind.PINNED: N_("written into the taxonomy"),
    TopicKind.DISCOVERED: N_("found by grouping complaints"),
    TopicKind.PROVISIONAL: N_(
        "found among complaints that fit no topic; provisional until the topics are next trained"
    ),
}

ALL_REPEAT = (
    N_("All {all} repeat the same text almost word for word."),
    N_("All {all} repeat one of {texts} texts almost word for word."),
)

SOME_REPEAT = (
    N_("{part} of the {all} repeat the same text almost word for word."),
    N_("{part} of the {all} repeat one of {texts} texts almost word for word."),
)

LOOKED_AT_REPEAT = (
    N_("{part} of {all} looked at repeat the same text almost word for word."),
    N_("{part} of {all} looked at repeat one of {texts} texts almost word for word."),
)


class Sentences:
    """A digest's sentences in one language. Plain text: whoever lays them out escapes them."""

    def __init__(self, digest: Digest, to: Language = ENGLISH) -> None:
        self._digest = digest
        self._to = to
        self._first, self._last = local_days(digest.span, digest.zone)

    def title(self) -> str:
        return self._to.gettext("Weekly digest: {owner}", owner=self._owner())

    def _owner(self) -> str:
        return owner_name(self._digest.owner, self._to) or self._to.gettext("(no name)")

    def name(self, text: str) -> str:
        """A topic's name or an event's, fit for the middle of a line."""
        return topic_name(clean(text), self._to) or self._to.gettext("(no name)")

    def words(self, topic: DigestTopic) -> Sequence[tuple[str, str, str]]:
        """The topic's words as (code, language, words), up to six a language."""
        return [
            (code, capital(language_name(code, self._to)), ", ".join(clean(word) for word in words[:6]))
            for code, words in sorted(topic.words.items())
            if words
        ]

    def week(self) -> str:
        """Week 46, 9–15 November 2026."""
        first, last, to = self._first, self._last, self._to
        end = to.dated(last).replace(NBSP, " ")
        if first.month == last.month:
            days = to.gettext("{first}–{last}", first=first.day, last=end)
        else:
            begun = to.dated(first) if first.year != last.year else to.day(first)
            days = f"{begun.replace(NBSP, ' ')} – {end}"
        return f"{self._number()}, {days}"

    def _number(self) -> str:
        return self._to.gettext("Week {number}", number=int(self._digest.week[-2:]))

    def subject(self) -> str:
        """With whose digest it is: several owners may share a mailbox."""
        to, week = self._to, f"{self._number()}, {self._owner()}"
        if not self._digest.rose:
            return to.gettext("{week}: nothing rose beyond chance", week=week)
        first, *others = self._digest.rose
        told = {"week": week, "topic": self.name(first.topic.name)}
        if not others:
            return to.gettext("{week}: {topic} rose", **told)
        return to.ngettext(
            "{week}: {topic} and {number} more topic rose",
            "{week}: {topic} and {number} more topics rose",
            len(others),
            **told,
        )

    def lead(self) -> str:
        """The one sentence for whoever reads no further."""
        if not self._digest.rose:
            told = [self._to.gettext("Nothing rose beyond chance this week."), self.total()]
            return " ".join(filter(None, [*told, self._nobodys() if self.is_empty() else ""]))
        alert = self._digest.rose[0]
        drivers = drivers_words(alert.drivers[:2], self._to)
        return f"{self.name(alert.topic.name)}: {self.counts(alert)}" + (f"; {drivers}." if drivers else ".")

    def standing(self) -> str:
        """What else there is, in a line; empty where there is nothing else."""
        return " ".join(filter(None, [self._also(), self._states(), self.total() if self._digest.rose else ""]))

    def _also(self) -> str:
        """What rose beside the headline."""
        if not self._digest.rose:
            return ""
        to, (first, *others) = self._to, self._digest.rose
        alike = [each for each in others if each.topic.name in first.together]
        apart = [each for each in others if each not in alike]
        told = []
        if alike:
            # Translators: {topics} is one or more, and {cause} what drives all of them
            said = to.gettext(
                "{topics} rose together with it ({cause}).",
                topics=self._several(alike),
                cause=cause_words(first.group, to),
            )
            told.append(said)
        if apart:
            # Translators: {topics} is one or more
            told.append(to.gettext("{topics} rose too.", topics=self._several(apart)))
        return " ".join(told)

    def _several(self, alerts: Sequence[DigestAlert]) -> str:
        """The topics of some alerts, three by name."""
        to = self._to
        names = [to.quoted(self.name(alert.topic.name)) for alert in alerts[:3]]
        if more := len(alerts) - len(names):
            names.append(to.ngettext("{number} more topic", "{number} more topics", more))
        return to.listed(names)

    def together(self, alert: DigestAlert) -> str:
        """With which topics it rose for one reason; empty where it rose alone."""
        if not alert.together:
            return ""
        to, names = self._to, alert.together[:MOST_TOGETHER]
        told = [to.quoted(self.name(each)) for each in names]
        if more := len(alert.together) - len(names):
            told.append(to.ngettext("{number} more topic", "{number} more topics", more))
        said = {"topics": to.listed(told), "cause": cause_words(alert.group, to)}
        if alert.group["driver"]:
            return to.gettext("It rose together with {topics}; what drives all of them is {cause}.", **said)
        return to.gettext("It rose together with {topics}; behind them are the same people: {cause}.", **said)

    def _states(self) -> str:
        to, digest = self._to, self._digest
        still, calm, new = len(digest.still_open), len(digest.calmed), len(digest.new_topics)
        told = [
            to.ngettext("{number} alert is still open", "{number} alerts are still open", still) if still else "",
            to.ngettext("{number} alert calmed down", "{number} alerts calmed down", calm) if calm else "",
            to.ngettext("{number} topic is new", "{number} topics are new", new) if new else "",
        ]
        states = to.listed([each for each in told if each])
        return f"{states}." if states else ""

    def total(self) -> str:
        return self._to.gettext(
            "{complaints}, {before} the week before.",
            complaints=complaints_words(self._digest.total, self._to),
            before=self._to.number(self._digest.total_before),
        )

    def unfinished(self) -> str:
        """A warning for a digest made before its week was over; empty for any other."""
        if self._digest.generated_at >= self._digest.span.end:
            return ""
        return self._to.gettext(
            "The week is not over yet: this counts what came in before {moment}.",
            moment=self.moment(self._digest.generated_at),
        )

    def counts(self, alert: DigestAlert) -> str:
        """41 this week, 12 expected (7–18); 33 from Germany this week, …"""
        expected = expected_words(alert.expected, alert.low, alert.high, self._to)
        return self._to.gettext(
            "{number} {when}, {expected}",
            number=self._observed(alert),
            when=self._when(alert.window),
            expected=expected,
        )

    def _observed(self, alert: DigestAlert) -> str:
        told = [self._to.number(alert.observed), segment_words(alert.segment, self._to)]
        return " ".join(filter(None, told))

    def _when(self, window: Span) -> str:
        to = self._to
        if window == self._digest.span:
            return to.gettext("this week")
        start, end = (edge.astimezone(self._digest.zone) for edge in (window.start, window.end))
        if start.time() != time.min or end.time() != time.min:
            return to.gettext("from {start} to {end}", start=self.moment(window.start), end=self.moment(window.end))
        first, last = local_days(window, self._digest.zone)
        days = (last - first).days + 1
        if days == 1:
            return to.gettext("on {day}", day=self.day(last))
        return to.gettext("in the {days} days to {day}", days=days, day=self.day(last))

    def picture(self, alert: DigestAlert) -> str:
        """The finding for who does not see the picture."""
        to, this_week = self._to, alert.window == self._digest.span
        return to.gettext(
            "Complaints a day about {topic}: {number} {when}, {expected}.",
            topic=self.name(alert.topic.name),
            number=self._observed(alert),
            when=to.gettext("in the week of {day}", day=self.day(self._first))
            if this_week
            else self._when(alert.window),
            expected=expected_words(alert.expected, alert.low, alert.high, to),
        )

    def details(self, alert: DigestAlert) -> str:
        """How far beyond, how many messages, customers and texts, how many the week before, and whether it is back."""
        to, told = self._to, []
        if alert.expected >= 0.05:
            told.append(to.gettext("That is {ratio} times what was expected.", ratio=humane(alert.ratio, to)))
        told.append(self._voices(alert))
        if alert.late:
            told.append(to.gettext("They came in late, when that week was over."))
        told += [self._week_before(alert), self._back(alert)]
        return " ".join(filter(None, told))

    def _voices(self, alert: DigestAlert) -> str:
        if alert.voices:
            return voices_words(alert.voices, self._to)
        customers = alert.topic.customers
        if customers is None or alert.trained_since:
            return ""
        return self._to.ngettext(
            "{number} customer wrote about it this week.", "{number} customers wrote about it this week.", customers
        )

    def _week_before(self, alert: DigestAlert) -> str:
        to, before = self._to, alert.topic.count_before
        if alert.trained_since:
            return ""
        if alert.segment is None:
            if not before:
                return to.gettext("The week before there were none.")
            return to.ngettext("The week before there was {number}.", "The week before there were {number}.", before)
        if not before:
            return to.gettext("The week before there were none of this topic everywhere.")
        return to.ngettext(
            "The week before there was {number} of this topic everywhere.",
            "The week before there were {number} of this topic everywhere.",
            before,
        )

    def _back(self, alert: DigestAlert) -> str:
        if alert.regressed_at is None:
            return ""
        opened = self.day(alert.opened_at)
        if alert.resolved_at is None or alert.resolved_at > alert.regressed_at:
            return self._to.gettext("It is back: the alert first opened on {opened} and calmed down.", opened=opened)
        return self._to.gettext(
            "It is back: the alert first opened on {opened} and calmed down on {resolved}.",
            opened=opened,
            resolved=self.day(alert.resolved_at),
        )

    def drivers(self, alert: DigestAlert) -> str:
        """Where it comes from, up to four attributes; empty where nothing stands out."""
        told = drivers_words(alert.drivers[:4], self._to)
        return f"{capital(told)}." if told else ""

    def where(self, alert: DigestAlert) -> str:
        """In which segments the topic has risen; empty where none stands out."""
        to = self._to
        others = [each for each in alert.where if each.segment != alert.segment]
        if alert.segment is None:
            return to.gettext("Above what is usual {places}.", places=where_words(others, to)) if others else ""
        if others:
            return to.gettext("It also rose {places}.", places=where_words(others, to))
        if not alert.where:
            return ""  # nobody looked
        return to.gettext("Elsewhere the topic is within what is usual.")

    def copies(self, alert: DigestAlert) -> str:
        """14 of the 41 repeat one of three texts …; empty where few do."""
        found, to = alert.copies, self._to
        if found is None or found.complaints < NOTABLE_COPIES * found.of or found.texts == 0:
            return ""
        told = {"part": to.number(found.complaints), "all": to.number(found.of), "texts": to.number_word(found.texts)}
        if found.complaints == found.of:
            said = ALL_REPEAT
        else:
            said = SOME_REPEAT if found.of == alert.observed else LOOKED_AT_REPEAT
        return to.gettext(said[found.texts > 1], **told)

    def events(self, alert: DigestAlert) -> str:
        """What was planned for the days of the rise; empty where nothing was."""
        first, last = local_days(alert.window, self._digest.zone)
        told = [self._event(each) for each in alert.events if each.overlaps(first, last)]
        return self._to.gettext("At that time: {events}.", events=self._to.listed(told)) if told else ""

    def _event(self, event: PlannedEvent) -> str:
        when = self.day(event.first)
        if event.first != event.last:
            when = self._to.gettext("{first} to {last}", first=when, last=self.day(event.last))
        return f"{self.name(event.name)} ({when})"

    def links(self, alert: DigestAlert) -> list[tuple[str, str]]:
        """(verdict, URL) of what the reader can say that it was."""
        return [(verdict_words(verdict, self._to), url) for verdict, url in alert.links.items()]

    def ask(self) -> str:
        return links_words(self._to)

    def chance(self, alert: DigestAlert) -> str:
        """The small print of a rise."""
        to = self._to
        chance = to.gettext("More than chance alone explains ({p}).", p=chance_words(alert.p, to))
        told = [to.gettext("Alert opened on {day}", day=self.day(alert.opened_at))]
        if alert.regressed_at:
            told.append(to.gettext("came back on {day}", day=self.day(alert.regressed_at)))
        if alert.state is AlertState.ACKNOWLEDGED:
            told.append(to.gettext("acknowledged"))
        return f"{chance} {', '.join([*told, *self._grave(alert), *self._said(alert)])}."

    def still_open(self, alert: DigestAlert) -> str:
        """23 this week, 12 expected (7–18): above its range. Open for 19 days, since 28 October, acknowledged."""
        to = self._to
        if alert.observed > alert.high:
            place = to.gettext("still above what is usual")
        elif alert.observed >= alert.low:
            place = to.gettext("back within what is usual")
        else:
            place = to.gettext("below what is usual")
        told = [self._open_for(alert)]
        if alert.state in (AlertState.ACKNOWLEDGED, AlertState.REGRESSED):
            told.append(to.gettext(STATES[alert.state]))
        told += [*self._grave(alert), *self._said(alert)]
        if alert.muted:
            told.append(to.gettext("muted {how}", how=mute_words(alert.muted, self._digest.zone, to)))
        waits = to.gettext(WAITS[alert.held_back.cause]) if alert.held_back and not alert.muted else ""
        return f"{self.counts(alert)}: {place}. {', '.join(told)}. {waits}".rstrip()

    def _open_for(self, alert: DigestAlert) -> str:
        as_of = min(self._digest.generated_at, self._digest.span.end - timedelta(microseconds=1))
        days = (self._date(as_of) - self._date(alert.opened_at)).days
        since = self.day(alert.opened_at)
        if days < 1:
            return self._to.gettext("Open since {day}", day=since)
        return self._to.ngettext(
            "Open for {number} day, since {day}", "Open for {number} days, since {day}", days, day=since
        )

    def _grave(self, alert: DigestAlert) -> list[str]:
        """Its severity, and whether it keeps coming back."""
        told = [self._to.gettext(SEVERITIES[alert.severity])] if alert.severity else []
        return [*told, self._to.gettext("keeps coming back")] if alert.flapping else told

    def _said(self, alert: DigestAlert) -> list[str]:
        if alert.verdict is None:
            return []
        verdict = verdict_words(alert.verdict.verdict, self._to)
        return [self._to.gettext("{verdict} says {who}", verdict=verdict, who=clean(alert.verdict.who))]

    def calmed(self, alert: DigestAlert) -> str:
        if alert.resolved_at is None:
            return f"{self.counts(alert)}."
        days = (self._date(alert.resolved_at) - self._date(alert.opened_at)).days
        day = self.day(alert.resolved_at)
        if days:
            resolved = self._to.ngettext(
                "Resolved on {day}, {number} day after it opened",
                "Resolved on {day}, {number} days after it opened",
                days,
                day=day,
            )
        else:
            resolved = self._to.gettext("Resolved on {day}, less than a day after it opened", day=day)
        return f"{self.counts(alert)}. {', '.join([resolved, *self._said(alert)])}."

    def fix(self, each: DigestFix) -> str:
        """Which fix it is, what it achieved and the numbers behind it."""
        # what is said of fixes is written with the words of this file
        from feedback.outcome import in_short

        return in_short(each.fix, each.outcome, self._digest.zone, self._to)

    def novelty(self, topic: DigestTopic) -> str:
        """How many, from how many customers, and how the topic came to be."""
        to = self._to
        told = to.ngettext("{number} complaint this week", "{number} complaints this week", topic.count)
        if topic.customers is not None:
            told = to.ngettext(
                "{complaints} from {number} customer this week",
                "{complaints} from {number} customers this week",
                topic.customers,
                complaints=complaints_words(topic.count, to),
            )
        return f"{told}; {to.gettext(ORIGINS[topic.kind])}."

    def new_topics(self) -> Sequence[DigestTopic]:
        """The topics that are told as new, the busiest first."""
        return self._digest.new_topics[:MOST_NEW]

    def further_new(self) -> str:
        """How many more are new, after a training all at once; empty where all are told."""
        more = len(self._digest.new_topics) - MOST_NEW
        return self._to.ngettext("And {number} more topic.", "And {number} more topics.", more) if more > 0 else ""

    def busiest_rows(self) -> Sequence[Sequence[str]]:
        """The table of the busiest topics, its heading first, in plain text."""
        to = self._to
        head = [to.gettext("Topic"), to.gettext("This week"), to.gettext("Week before"), to.gettext("Expected")]
        return [head, *(self._busiest_row(each) for each in self._digest.busiest)]

    def _busiest_row(self, topic: DigestTopic) -> Sequence[str]:
        name, change = self.name(topic.name), self.change(topic)
        number, span = self.expectation(topic)
        expected = f"{number}{NBSP}{span}" if span else number
        told = f"{name} ({change})" if change else name
        return [told, self.number(topic.count), self.number(topic.count_before), expected]

    def number(self, value: int) -> str:
        return self._to.number(value)

    def expectation(self, topic: DigestTopic) -> tuple[str, str]:
        """A table's cell: the number, or a dash where nothing can be expected yet, and its range in brackets."""
        if topic.expected is None:
            return "–", ""
        return humane(topic.expected, self._to), interval_words(topic.low, topic.high, self._to).strip()

    def change(self, topic: DigestTopic) -> str:
        """A mark beside a topic's name in the table: what has its own section above."""
        digest = self._digest
        groups = {N_("rose"): digest.rose, N_("still open"): digest.still_open, N_("calmed down"): digest.calmed}
        for word, alerts in groups.items():
            if _are_about(alerts, topic):
                return self._to.gettext(word)
        is_new = any(new.topic_id == topic.topic_id for new in digest.new_topics)
        return self._to.gettext("new") if is_new else ""

    def is_risen(self, topic: DigestTopic) -> bool:
        """Whether it has been told of, with what customers wrote, as a rise."""
        return _are_about(self._digest.rose, topic)

    def origin(self, quote: Quote) -> str:
        """German, e-mail, Germany, 12 November."""
        return f"{quote_origin(quote, self._to)}, {self.day(quote.received_at)}"

    def remainder(self) -> str:
        """What fell silent or ended, what no topic holds and what could not be read, of everything that came in."""
        digest, to = self._digest, self._to
        told = [to.gettext("{what}: is it down?", what=capital(silent_words(each, to))) for each in digest.silent]
        if digest.ended:
            told.append(f"{capital(ended_words(digest.ended, to))}.")
        if digest.total and not digest.unassigned:
            share = percent(digest.unassigned_share, to)
            told.append(
                to.ngettext(
                    "Of all {number} complaint that came in, {share} fit no topic.",
                    "Of all {number} complaints that came in, {share} fit no topic.",
                    digest.total,
                    share=share,
                )
            )
        if digest.rejected:
            told.append(
                to.ngettext(
                    "{number} record could not be read; correct and send it again.",
                    "{number} records could not be read; correct and send them again.",
                    digest.rejected,
                )
            )
        return " ".join(told)

    def is_ill(self) -> bool:
        """Whether something is wrong with the data that somebody has to see to."""
        return bool(self._digest.silent or self._digest.ended or self._digest.rejected)

    def is_empty(self) -> bool:
        """Whether one line says it all: nothing of the reader's rose, is new, open or over, was mended or has become
        better or worse, no question is worth an answer, and nothing is wrong with the data.

        What came in as ever (the busiest topics, the figures of support, what nobody owns) makes no week.
        """
        digest = self._digest
        told = (digest.rose, digest.still_open, digest.calmed, digest.new_topics, digest.fixes)
        asked = digest.faq and digest.faq.suggestions
        return not (any(told) or asked or self.is_ill() or self._is_otherwise())

    def _is_otherwise(self) -> bool:
        """Whether a figure of support is beyond doubt other than in the weeks before."""
        return any(each.change for each in self.figures()) or bool(self.changed_topics())

    def _nobodys(self) -> str:
        """How many complaints nobody answers for, where an empty week has no section for them."""
        number = sum(each.count for each in self._digest.unowned) + self._digest.unassigned
        if not number:
            return ""
        return self._to.ngettext(
            "Nobody owns {number} complaint of them.", "Nobody owns {number} complaints of them.", number
        )

    def explanation(self) -> str:
        """How to read the numbers, once a digest."""
        told = self._to.gettext(
            "Expected is what the past predicts; nine times out of ten the count lies in the range in brackets."
        )
        return " ".join(filter(None, [told, self._trained_since(), self._redacted()]))

    def _trained_since(self) -> str:
        alerts = (*self._digest.rose, *self._digest.still_open, *self._digest.calmed)
        if not any(each.trained_since for each in alerts):
            return ""
        return self._to.gettext(
            "The topics have been trained anew since some of these alerts were judged: their numbers are those of that "
            "time, pictures and tables count by the topics of now."
        )

    def _redacted(self) -> str:
        quoted = any(alert.quotes for alert in self._digest.rose) or any(new.quotes for new in self._digest.new_topics)
        return self._to.gettext("Quotes are redacted and some are cut.") if quoted else ""

    def figures(self) -> Sequence[Figure]:
        """Satisfaction and speed of the reader's topics; empty where the records do not tell."""
        from feedback.support import figures

        return figures(self._digest.support.whole, self._to) if self._digest.support else ()

    def figure_rows(self) -> Sequence[Sequence[str]]:
        """The table of `figures`, its heading first, in plain text."""
        to = self._to
        head = [to.gettext("Figure"), to.gettext("This week"), to.gettext("Four weeks before")]
        names = [f"{each.name} ({each.change})" if each.change else each.name for each in self.figures()]
        parts = [(unbroken(each.week), unbroken(each.before)) for each in self.figures()]
        return [head, *([name, *cells] for name, cells in zip(names, parts, strict=True))]

    def changed_topics(self) -> Sequence[tuple[str, Sequence[Figure]]]:
        """The topics whose figures changed beyond doubt, with these."""
        from feedback.support import changed_topics

        digest = self._digest
        return changed_topics(digest.support, digest.names, self._to) if digest.support else ()

    def impacts(self) -> Sequence[str]:
        """What satisfaction would be without some of the topics."""
        from feedback.support import impacts

        digest = self._digest
        return impacts(digest.support, digest.names, self._to) if digest.support else ()

    def suggestion(self, each: FaqSuggestion) -> str:
        """How many ask, and how long they keep support busy."""
        from feedback.suggestions import suggestion_words

        return suggestion_words(each, self._to)

    def questions(self, each: FaqSuggestion) -> Sequence[tuple[str, str, str]]:
        """A few questions a language, as (code, language, question)."""
        from feedback.suggestions import questions_words

        return questions_words(each, self._to)

    def unowned(self) -> Sequence[str]:
        """What nobody answers for, a line each; empty where that is somebody else's business or nothing."""
        to, digest = self._to, self._digest
        told = [self._unowned(each) for each in digest.unowned[:MOST_UNOWNED]]
        if more := digest.unowned[MOST_UNOWNED:]:
            told.append(
                to.ngettext("{number} more topic without an owner", "{number} more topics without an owner", len(more))
            )
        if digest.unassigned:
            share = percent(digest.unassigned_share, to)
            told.append(
                to.ngettext(
                    "{number} complaint fits no topic ({share} of all)",
                    "{number} complaints fit no topic ({share} of all)",
                    digest.unassigned,
                    share=share,
                )
            )
        return told

    def _unowned(self, topic: DigestTopic) -> str:
        return self._to.gettext(
            "{topic}: {complaints}, {before} the week before",
            topic=self.name(topic.name),
            complaints=complaints_words(topic.count, self._to),
            before=self._to.number(topic.count_before),
        )

    def made(self) -> str:
        moment = self.moment(self._digest.generated_at)
        return self._to.gettext("Made on {moment} ({zone} time).", moment=moment, zone=self._digest.zone.key)

    def _date(self, moment: datetime) -> date:
        return moment.astimezone(self._digest.zone).date()

    def day(self, day: date) -> str:
        """12 November, in one piece; with the year where it is not the digest's."""
        local = self._date(day) if isinstance(day, datetime) else day
        return self._to.dated(local) if local.year != self._last.year else self._to.day(local)

    def moment(self, moment: datetime) -> str:
        local = moment.astimezone(self._digest.zone)
        return self._to.gettext("{day}, {time}", day=self.day(moment), time=self._to.time(local))


def _are_about(alerts: Sequence[DigestAlert], topic: DigestTopic) -> bool:
    return any(alert.topic.topic_id == topic.topic_id for alert in alerts)
