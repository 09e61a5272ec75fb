"""Why there is an alert: sentences for the owner of its topic, and the numbers behind them for whoever checks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from feedback.alerts import kept_count, kept_signal
from feedback.domain import AlertState, Reason, SegmentCount, Signal, Voices
from feedback.events import PlannedEvent
from feedback.language import ENGLISH, Language
from feedback.phrases import (
    amount,
    clean,
    humane,
    interval_words,
    local_days,
    percent,
    segment_words,
    voices_words,
    where_words,
)
from feedback.severity import severity_words
from feedback.support import kept_words

NEVER = 1e-12
"""Below this a chance is told as less than one in a million million."""

MOST_SPANS = 4
"""So many stretches that were left out are named; of more only the last."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a threshold comes from: see `models.detect.budget.Threshold`; `topics` is how many it was set for, and in
    how many `segments`: none where it is for topics as a whole. `q_bound` is None where it was set without."""

    set_at: datetime | None
    budget: float
    achieved: float
    standard_error: float
    simulated_weeks: int
    evaluations_per_day: int
    topics: int
    segments: int = 0
    q_bound: float | None = None

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None, set_at: datetime | None = None) -> Origin | None:
        """As it was stored; None when parts are missing. `set_at` is for an origin that does not hold it."""
        names = [each.name for each in fields(cls) if each.name not in ("set_at", "segments", "q_bound")]
        if kept is None or any(name not in kept for name in names):
            return None
        moment = datetime.fromisoformat(kept["set_at"]) if "set_at" in kept else set_at
        counted = len(kept.get("segments", ()))
        return cls(set_at=moment, segments=counted, q_bound=kept.get("q_bound"), **{name: kept[name] for name in names})


@dataclass(frozen=True, slots=True)
class Bar:
    """Where the threshold of the hourly path comes from: the scores of so many `hours` before, of all `topics`, passed
    it in fewer episodes than were `allowed`. No threshold is below `least`; None where an earlier release kept none."""

    hours: int
    allowed: float
    topics: int
    least: float | None = None

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> Bar | None:
        """As it was stored; None when parts are missing."""
        if not kept or any(name not in kept for name in ("hours", "allowed", "topics")):
            return None
        return cls(kept["hours"], kept["allowed"], kept["topics"], kept.get("least"))

    @property
    def budget(self) -> float:
        """The false alarms a week that are for single hours."""
        return self.allowed * 7 * 24 / self.hours


@dataclass(frozen=True, slots=True)
class Finding:
    """A rise as it was judged.

    `reason`, `origin` and `q_bound` (the largest q that is an alert) are None where an earlier release kept none; of
    hours there is a `bar` and no origin. `false_alarms` a week were allowed over everything that is judged, None where
    that is kept elsewhere.
    """

    signal: Signal
    reason: Reason | None
    origin: Origin | None
    q_bound: float | None
    voices: Voices | None = None
    late: bool = False
    where: tuple[SegmentCount, ...] = ()
    bar: Bar | None = None
    false_alarms: float | None = None

    @classmethod
    def read(cls, kept: Mapping[str, Any], topic_id: UUID) -> Finding:
        """From an alert's evidence. Raises KeyError when it holds no judgement."""
        return cls(
            signal=kept_signal(kept, topic_id),
            reason=_reason(kept["reason"]) if "reason" in kept else None,
            origin=Origin.read(kept.get("threshold_origin")),
            q_bound=kept.get("q_bound"),
            voices=Voices(**kept["voices"]) if "voices" in kept else None,
            late=bool(kept.get("late")),
            where=tuple(kept_count(each) for each in kept.get("where", ())),
            bar=Bar.read(kept.get("threshold_origin")),
            false_alarms=kept.get("settings", {}).get("false_alarms_per_week"),
        )

    @property
    def is_hourly(self) -> bool:
        """Whether hours were judged, not days."""
        return self.reason is not None and self.reason.unit == "hour"

    @property
    def chance(self) -> float:
        """The chance of so many or more in one window, which the margin of a combination has no part in."""
        return self.reason.p if self.reason else self.signal.p


def _reason(kept: Mapping[str, Any]) -> Reason:
    """From JSON, which has no tuples."""
    return Reason(**{**kept, "lighter": tuple((age, weight) for age, weight in kept.get("lighter", ()))})


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the topic. `everything` counts all topics and none; `alerted` days are those of a rise, `expected`
    ones those of a planned event on which one was expected, and `events` the names of all that were planned; on
    `silent` ones a source was not heard.

    `recent` days come after the baseline's end, whether alerted or not.
    """

    day: date
    complaints: int
    everything: int
    alerted: bool
    recent: bool
    gap: bool
    complete: bool
    expected: bool = False
    events: tuple[str, ...] = ()
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days; fewer in the first week of the data and in a last one that is not over.

    `when` is how they lie to the window that was judged.
    """

    days: tuple[Day, ...]
    when: Literal["before", "judged", "after"]

    @property
    def complaints(self) -> int:
        return sum(each.complaints for each in self.days)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say about an alert, times in UTC.

    `weeks` are as of `judged_at`, counted back from the last day of the window. `left_out` are the first and last days
    of each stretch of the baseline that stayed out of the baseline because the topic had risen. `recounted` says
    that the counts of the topic model of that time are gone and `weeks` holds those of the one in force. `events` are
    those planned for days that are shown, and those on whose days the topic was expected to rise, by their first day.
    """

    alert_id: UUID
    topic: str
    owner: str | None
    state: AlertState
    opened_at: datetime
    last_rising_at: datetime
    judged_at: datetime
    resolved_at: datetime | None
    zone: ZoneInfo
    opening: Finding
    latest: Finding
    weeks: tuple[Week, ...]
    left_out: tuple[tuple[date, date], ...]
    recounted: bool = False
    events: tuple[PlannedEvent, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)
    """What else the alert keeps: its `severity`, the `group` that it is told with and its figures of `support`."""


def as_dict(explanation: Explanation) -> dict[str, Any]:
    """Everything, in JSON's terms but for ids and times."""
    weeks = [{**asdict(each), "complaints": each.complaints} for each in explanation.weeks]
    left_out = [{"first": first, "last": last} for first, last in explanation.left_out]
    told = {"sentences": sentences(explanation), "weeks": weeks, "left_out": left_out}
    return {**asdict(explanation), "zone": explanation.zone.key, **told}


def sentences(explanation: Explanation) -> list[str]:
    """What an owner reads, a paragraph each."""
    latest, zone = explanation.latest, explanation.zone
    told = [
        _head(explanation),
        " ".join(
            filter(
                None,
                [_observed(latest, zone), _late(latest), _voices(latest), _expectation(latest, zone), _scatter(latest)],
            )
        ),
        _segments(latest),
        _chance(latest),
        _left_out(explanation),
        _expected_days(explanation.events),
        _planned(explanation),
        _lighter(latest, zone),
        _threshold(latest, zone),
        _false_discoveries(latest),
        _opening(explanation),
        severity_words(explanation.kept),
        *kept_words(explanation.kept, explanation.topic),
        _recounted(explanation),
    ]
    return [each for each in told if each]


def summary(finding: Finding, zone: ZoneInfo, to: Language = ENGLISH) -> list[str]:
    """What rose, where, and how rare that is: a finding without how it was worked out."""
    observed = " ".join(filter(None, [_observed(finding, zone, to), _late(finding, to), _voices(finding, to)]))
    told = [observed, _segments(finding, to), _chance(finding, to)]
    return [each for each in told if each]


def week_note(week: Week) -> str:
    """What is special about a week, empty for any other."""
    left_out = sum(each.alerted and not each.recent and not each.expected for each in week.days)
    expected = sum(each.expected for each in week.days)
    planned = dict.fromkeys(clean(name) for each in week.days for name in each.events)
    gaps = sum(each.gap for each in week.days)
    silent = sum(each.silent and not each.gap for each in week.days)
    recent = "too recent for the baseline" if week.days[-1].recent else ""
    notes = [
        recent if week.when == "before" else "judged" if week.when == "judged" else "after the window",
        _partly(left_out, len(week.days), "left out of the baseline: in an alert"),
        _partly(expected, len(week.days), "left out: a rise was expected"),
        _partly(gaps, len(week.days), "without data"),
        _partly(silent, len(week.days), "without one of the sources"),
        ", ".join(planned),
        "not over" if not week.days[-1].complete or (len(week.days) < 7 and week.when != "before") else "",
    ]
    return "; ".join(filter(None, notes))


def span_words(first: date, last: date) -> str:
    """2 to 8 March 2026."""
    if first == last:
        return _day(last)
    year = "" if first.year == last.year else f" {first.year}"
    begun = str(first.day) if (first.year, first.month) == (last.year, last.month) else f"{ENGLISH.day(first)}{year}"
    return f"{begun} to {_day(last)}"


def _head(explanation: Explanation) -> str:
    zone, state = explanation.zone, explanation.state
    opened = _day(explanation.opened_at.astimezone(zone).date())
    owner = f" Its owner is {clean(explanation.owner)}." if explanation.owner else ""
    ended = ""
    if explanation.resolved_at:
        ended = f" on {_day(explanation.resolved_at.astimezone(zone).date())}"
    now = "is still open" if state is AlertState.OPEN else f"is {state.value}" if not ended else f"was resolved{ended}"
    return f"{clean(explanation.topic)}: the alert of {opened} {now}.{owner}"


def _observed(finding: Finding, zone: ZoneInfo, to: Language = ENGLISH) -> str:
    """In the 7 days to 14 March 2026, 41 complaints came in; 12 were expected (7–18)."""
    signal = finding.signal
    told = {
        "when": _when(finding, zone, to),
        "complaints": _came(finding, to),
        "expected": _were_expected(signal.expected, to) + interval_words(signal.low, signal.high, to),
    }
    if signal.complete:
        return to.gettext("{when}, {complaints}; {expected}.", **told)
    return to.gettext("{when}, the last of which was not over, {complaints}; {expected}.", **told)


def _came(finding: Finding, to: Language) -> str:
    """How many came in from where, and on how many days of the window: those of a rise that had an alert already and
    those without data do not count."""
    signal, reason = finding.signal, finding.reason
    came = to.ngettext("{number} complaint came in", "{number} complaints came in", signal.observed)
    told = [came, segment_words(signal.segment, to)]
    missing = _missing(finding)
    if reason and missing > 0:
        told.append(to.gettext("on the {days} of them that count", days=reason.window_days - missing))
    return " ".join(filter(None, told))


def _missing(finding: Finding) -> int:
    """How many days of a window that is over did not count."""
    reason = finding.reason
    return round(reason.window_days - reason.open_days - reason.silent) if reason and finding.signal.complete else 0


def _were_expected(expected: float, to: Language) -> str:
    number = humane(expected, to)
    if number == "0":
        return to.gettext("none were expected")
    if number == "1":
        return to.gettext("1 was expected")
    return to.gettext("{number} were expected", number=number)


def _when(finding: Finding, zone: ZoneInfo, to: Language = ENGLISH) -> str:
    window = finding.signal.window
    if finding.is_hourly:
        hours, end = round((window.end - window.start) / timedelta(hours=1)), window.end.astimezone(zone)
        return to.ngettext(
            "In the hour to {time} on {day}",
            "In the {number} hours to {time} on {day}",
            hours,
            time=to.time(end),
            day=to.dated(end.date()),
        )
    first, last = local_days(window, zone)
    days = (last - first).days + 1
    return to.ngettext("On {day}", "In the {number} days to {day}", days, day=to.dated(last))


def _voices(finding: Finding, to: Language = ENGLISH) -> str:
    """These are 57 messages from 38 customers."""
    if finding.voices is None:
        return ""
    told = [
        to.gettext("Behind them are {messages}", messages=voices_words(finding.voices, to)),
        to.gettext("A customer counts once a day."),
    ]
    return " ".join(told)


def _late(finding: Finding, to: Language = ENGLISH) -> str:
    return to.gettext("They came in after the week was over.") if finding.late else ""


def _segments(finding: Finding, to: Language = ENGLISH) -> str:
    """Where the topic has risen."""
    segment = finding.signal.segment
    others = [each for each in finding.where if each.segment != segment]
    places = where_words(others, to)
    if segment is None:
        return to.gettext("Above what is usual {places}.", places=places) if others else ""
    told = to.gettext(
        "Judged are the complaints {segment}, against all others {segment}: as a whole the topic had not risen.",
        segment=segment_words(segment, to),
    )
    return " ".join([told, to.gettext("It also rose {places}.", places=places)]) if others else told


def _expectation(finding: Finding, zone: ZoneInfo) -> str:
    """Why so many were expected."""
    reason = finding.reason
    if reason is None:
        return "Why so many were expected was not yet kept when this alert was judged."
    if finding.is_hourly:
        return (
            f"At that time of day the topic had {_figure(reason.rate)} an hour in the weeks before, "
            f"those longer ago counting less, and everything else together was {_volume(reason.relative_volume)}: "
            f"{_figure(reason.mean)}."
        )
    end = local_days(finding.signal.window, zone)[1] - timedelta(days=reason.baseline_lag)
    weeks = ENGLISH.number_word(reason.window_days // 7)
    slow = "" if weeks == "one" else f"So that rises that creep are seen, {weeks} weeks are judged at once. "
    product = f"{_figure(reason.rate)} × {_figure(reason.open_days)} days × {_figure(reason.relative_volume)}"
    season = _season(reason)
    if season:
        product = f"{product} × {_figure(reason.season)}"
    return (
        f"{slow}In the weeks up to {_day(end)} the topic had {_figure(reason.weeks_rate)} a day, older days counting "
        f"less{_years(reason)} since then {_proportion(reason)}{season}: "
        f"{product} = {_figure(reason.mean)}.{_silent(reason)}"
    )


def _years(reason: Reason) -> str:
    """What all years make of the rate of the latest weeks, up to what has happened since."""
    if reason.years_rate is None or _figure(reason.rate) == _figure(reason.weeks_rate):
        return ", and"
    return (
        f", and by the course of all its years {_figure(reason.years_rate)}. By how well either has foretold so far, "
        f"the years count {100 * reason.years_weight:.0f}\u00a0%: {_figure(reason.rate)} a day. And"
    )


LEAST_SILENT = 0.1
"""Days; it is not worth a number if less is missing."""


def _silent(reason: Reason) -> str:
    """What is not expected because it comes through a source that had fallen silent."""
    if not reason.silent:
        return ""
    if reason.silent < LEAST_SILENT:
        return " Meanwhile a source was silent that hardly anything of this comes through."
    return (
        " Meanwhile a source was silent: what usually comes through it, "
        f"as much as {_figure(reason.silent)} of these days bring, was not expected."
    )


def _season(reason: Reason) -> str:
    """What the time of the year does to the topic, empty where nothing is known of it or it does nothing."""
    change = round(100 * (reason.season - 1))
    if not change:
        return ""
    more = "more" if change > 0 else "less"
    return f"; this time of the year usually has {abs(change)}\u00a0% {more} of this topic than those weeks"


def _proportion(reason: Reason) -> str:
    """What complaints are in proportion to, and how it has changed."""
    if reason.exposure:
        return f"{clean(reason.exposure)} were {_volume(reason.relative_volume, 'they were')}"
    return f"everything else together was {_volume(reason.relative_volume)}"


def _volume(relative: float, before: str = "it was") -> str:
    if relative >= 1.995:
        return f"{_figure(relative)} times what {before}"
    change = round(100 * (relative - 1))
    return f"{abs(change)}\u00a0% {'above' if change > 0 else 'below'} what {before}" if change else "as before"


def _scatter(finding: Finding) -> str:
    reason = finding.reason
    if reason is None:
        return ""
    variance = reason.phi + (reason.kappa + reason.doubt) * reason.mean
    return (
        f"The range is as wide as earlier predictions were off: the variance of such a count is {_figure(variance)} "
        f"times its mean, and the rate itself is known to ±\u00a0{100 * reason.doubt**0.5:.0f}\u00a0%."
    )


def _chance(finding: Finding, to: Language = ENGLISH) -> str:
    chance = finding.chance
    if chance < NEVER:
        return to.gettext(
            "By chance alone, so many or more would come in less than one of a million million such windows."
        )
    return to.gettext(
        "By chance alone, so many or more would come in one of {number} such windows.", number=_rounded(1 / chance, to)
    )


def _left_out(explanation: Explanation) -> str:
    spans = explanation.left_out
    if not spans:
        none = "No week was left out of the baseline: the topic was in no alert until it ended."
        return "" if any(each.expected for each in explanation.events) else none
    named = [span_words(*each) for each in spans[-MOST_SPANS:]]
    more = len(spans) - len(named)
    named = [f"{ENGLISH.number_word(more)} earlier", *named] if more else named
    days = sum((last - first).days + 1 for first, last in spans)
    told = f"{ENGLISH.listed(named)}, {amount(days, 'day')} in all."
    return f"Left out of the baseline, because the topic was in an alert: {told}"


def _expected_days(events: Sequence[PlannedEvent]) -> str:
    """Which days count nowhere, since a rise was expected on them."""
    expected = [each for each in events if each.expected]
    if not expected:
        return ""
    named = [_event(each) for each in expected[-MOST_SPANS:]]
    more = len(expected) - len(named)
    named = [f"{ENGLISH.number_word(more)} earlier", *named] if more else named
    return (
        "Left out of what is judged and of the baseline, because a rise was expected to come with a planned event: "
        f"{ENGLISH.listed(named)}."
    )


def _planned(explanation: Explanation) -> str:
    """What else was planned for the days that were judged."""
    first, last = local_days(explanation.latest.signal.window, explanation.zone)
    found = [each for each in explanation.events if not each.expected and each.overlaps(first, last)]
    return f"Planned for these days: {ENGLISH.listed([_event(each) for each in found])}." if found else ""


def _event(event: PlannedEvent) -> str:
    return f"{clean(event.name)} ({span_words(event.first, event.last)})"


def _lighter(finding: Finding, zone: ZoneInfo) -> str:
    """Which days had more than was expected without an alert, and so count for less."""
    spans = _lighter_spans(finding, zone)
    if not spans:
        return ""
    named = [f"{span_words(first, last)} (at {percent(weight)})" for first, last, weight in spans[-MOST_SPANS:]]
    more = len(spans) - len(named)
    named = [f"{ENGLISH.number_word(more)} earlier", *named] if more else named
    return (
        "Counted for less in the baseline, because more came in than chance explains though there was no alert: "
        f"{ENGLISH.listed(named)}."
    )


def _lighter_spans(finding: Finding, zone: ZoneInfo) -> list[tuple[date, date, float]]:
    """The first and last day and the mean weight of each stretch of lighter days."""
    if finding.reason is None:
        return []
    end = local_days(finding.signal.window, zone)[1]
    spans: list[tuple[date, date, float]] = []
    for age, weight in finding.reason.lighter:
        day = end - timedelta(days=age)
        if spans and day - spans[-1][1] == timedelta(days=1):
            first, last, mean = spans[-1]
            days = (last - first).days + 1
            spans[-1] = (first, day, (mean * days + weight) / (days + 1))
        else:
            spans.append((day, day, weight))
    return spans


def _threshold(finding: Finding, zone: ZoneInfo) -> str:
    margin = finding.reason.margin if finding.reason else 0.0
    less = f", less {margin:.2f}, which makes this detector's scores worth as much as those of the first"
    more = f", plus {-margin:.2f}, which makes this detector's scores worth as much as those of the first"
    if finding.is_hourly:
        less = f", less {margin:.2f} for having looked at several windows"
    shift = less if margin > 0 else more if margin < 0 else ""
    told = (
        f"The score is {finding.signal.score:.2f} (the negative decimal logarithm of that chance{shift}); "
        f"from {finding.signal.threshold:.2f} on it is an alert."
    )
    return f"{told} {_highest(finding) if finding.is_hourly else _where_from(finding, zone)}"


def _highest(finding: Finding) -> str:
    """Where the threshold of the hourly path comes from."""
    bar = finding.bar
    if bar is None:
        return "That threshold is what the scores of the weeks before exceeded no more often than you allow."
    scores = f"the scores of the {bar.hours:,} hours before, over all {amount(bar.topics, 'topic')}"
    told = f"That threshold is the highest of {scores}."
    if bar.allowed >= 2:
        passed = int(bar.allowed) - 1
        times = "once" if passed == 1 else f"{passed} times"
        told = f"That threshold is what {scores}, exceeded {times}; what lies within four days counts as one."
    if finding.signal.threshold == bar.least:
        told = f"That threshold is the least there is for hours; {scores}, alone would have set a lower one."
    more = "There may be more than those, for so few weeks hold none to spare." if bar.allowed < 1 else ""
    return " ".join(filter(None, [told, _share(finding, bar.budget, "single hours", "whole days"), more]))


def _where_from(finding: Finding, zone: ZoneInfo) -> str:
    origin = finding.origin
    if origin is None:
        return "Where that threshold came from is no longer known."
    when = f" on {_day(origin.set_at.astimezone(zone).date())}" if origin.set_at else ""
    alarms = "one false alarm" if origin.budget == 1 else f"{origin.budget:g} false alarms"
    told = (
        f"That threshold was set{when} such that no more than {alarms} a week "
        f"{'is' if origin.budget == 1 else 'are'} expected over all {_judged(origin)} together; in the simulation "
        f"that it was chosen by, {amount(origin.simulated_weeks, 'week')} drawn from your own series, there were "
        f"{origin.achieved:.2f} ± {origin.standard_error:.2f} a week."
    )
    whole = "topics as a whole"
    what, other = ("segments", whole) if origin.segments else (whole, "segments where they are judged")
    return " ".join(filter(None, [told, _share(finding, origin.budget, what, f"{other} and for single hours")]))


def _share(finding: Finding, budget: float, what: str, others: str) -> str:
    """Which part of the false alarms that the setting allows is for what."""
    allowed = finding.false_alarms
    if allowed is None or math.isclose(allowed, budget):
        return ""
    alarms = "one false alarm" if allowed == 1 else f"{allowed:g} false alarms"
    verb = "is" if allowed == 1 else "are"
    return f"Of the {alarms} a week that you allow, {budget:.3g} {verb} for {what}, the rest for {others}."


def _judged(origin: Origin) -> str:
    """60 topics, or 60 topics in 18 segments."""
    within = f" in {amount(origin.segments, 'segment')}" if origin.segments else ""
    return f"{amount(origin.topics, 'topic')}{within}"


def _false_discoveries(finding: Finding) -> str:
    """What q had to be."""
    if finding.q_bound is None:
        return ""
    if finding.q_bound >= 1:
        return (
            "So many false alarms were allowed that nothing beyond the threshold was asked: a bound on the share of a "
            f"run's rises that are there by chance would have prevented them. q was {finding.signal.q:.2g}."
        )
    judged = "topics in all segments" if finding.signal.segment else "topics"
    with_budget = finding.origin is not None and finding.origin.q_bound is not None
    why = ", the least that leaves room for as many false alarms as were allowed" if with_budget else ""
    return (
        f"Of the rises of one run at most {percent(finding.q_bound)} may be there by chance{why}: "
        f"q had to be {finding.q_bound:g} or less among all {judged} judged, and was {finding.signal.q:.2g}."
    )


def _opening(explanation: Explanation) -> str:
    """What the alert opened on, where it has risen further since."""
    opening, zone = explanation.opening, explanation.zone
    if opening.signal == explanation.latest.signal:
        return ""
    told = _observed(opening, zone)
    return (
        f"These are the numbers of its latest rise. When it opened: {told[:1].lower()}{told[1:-1]}, with a score of "
        + (f"{opening.signal.score:.2f} against {opening.signal.threshold:.2f}.")
    )


def _recounted(explanation: Explanation) -> str:
    """Where the weeks below were counted otherwise than what was judged."""
    if not explanation.weeks:
        return "The daily counts of that time are no longer kept."
    model = "The weeks below are counted by the topic model in force, for that of the time is no longer kept."
    return " ".join(filter(None, [model if explanation.recounted else "", _differing(explanation)]))


def _differing(explanation: Explanation) -> str:
    """How many the days of the window hold by now, where that contradicts what was judged; empty where it does not.

    They may hold more than counted: on days that did not count, and on a last day that has gone on.
    """
    finding = explanation.latest
    judged = [each for week in explanation.weeks if week.when == "judged" for each in week.days]
    if finding.is_hourly or not judged:
        return ""
    now, then = sum(each.complaints for each in judged), finding.signal.observed
    whole = finding.signal.complete and not _missing(finding) and not any(each.expected for each in judged)
    if now == then or (now > then and not whole):
        return ""
    reason = "were given another topic (a new one takes those that are nearer to it), edited or deleted"
    if now > then:
        reason = "came in late, were given this topic or edited"
    return (
        f"The days that were judged hold {amount(now, 'complaint')} by now and not {then:,}, as the weeks below show: "
        f"since then complaints {reason}."
    )


def _partly(days: int, of: int, what: str) -> str:
    if not days:
        return ""
    return what if days == of else f"{amount(days, 'day')} {what}"


def _figure(value: float) -> str:
    """Three significant digits, with all digits of a large number: 1.73, 0.0412, 1,204."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 1e-4 else "0"


def _rounded(value: float, to: Language) -> str:
    """Two significant digits in full: 38,000."""
    digits = max(0, math.floor(math.log10(value)) - 1)
    return to.number(round(value / 10**digits) * 10**digits)


def _day(day: date) -> str:
    return ENGLISH.dated(day)
