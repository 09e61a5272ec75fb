"""What is said of a fix and what it achieved, in words an owner understands."""

from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from feedback.domain import OUTCOME_RULES, Fix, FixKind, Outcome, OutcomeRules, OutcomeVerdict
from feedback.language import ENGLISH, N_, Language
from feedback.phrases import capital, clean, humane

METHOD = (
    "The expected course follows the topic's own past, with its level, waves and scatter, and the volume of the topics "
    "that have neither risen nor been mended: a Bayesian structural time series with controls (Brodersen et al. 2015). "
    "Whether a peak before the fix was chance or would have stayed is left open: the interval holds what follows from "
    "either, and a verdict is true of both."
)

KINDS = {FixKind.FIX: N_("Fix"), FixKind.FAQ: N_("FAQ entry"), FixKind.TRAINING: N_("Training")}

VERDICTS = {
    OutcomeVerdict.UNKNOWN: N_("not enough data yet"),
    OutcomeVerdict.WORKED: N_("worked"),
    OutcomeVerdict.PARTLY: N_("partly"),
    OutcomeVerdict.NO_EFFECT: N_("no effect"),
    OutcomeVerdict.WORSE: N_("worse"),
    OutcomeVerdict.UNTOLD: N_("effect cannot be told"),
}

REASONS = {
    OutcomeVerdict.WORKED: N_("it is {sure} sure that there are fewer, and {hoped}, as hoped for, can be reached"),
    OutcomeVerdict.PARTLY: N_("it is {sure} sure that there are fewer, but fewer were hoped for: {hoped}"),
    OutcomeVerdict.NO_EFFECT: N_("it is not certain that there are fewer, and {hoped}, as hoped for, is ruled out"),
    OutcomeVerdict.WORSE: N_("there are more than can be by chance"),
    OutcomeVerdict.UNKNOWN: N_("no effect and {hoped}, as hoped for, are both possible still"),
    OutcomeVerdict.UNTOLD: N_("no effect and {hoped}, as hoped for, both remain possible, and its weeks are over"),
}

OPEN = (OutcomeVerdict.UNKNOWN, OutcomeVerdict.UNTOLD)

NOTABLE = 0.1
"""A change of the log ratio, or of an end of its interval, that is worth writing down."""


def is_news(last: Outcome | None, now: Outcome) -> bool:
    """Whether a judgement says something that the one before did not."""
    if last is None or _standing(last) != _standing(now):
        return True
    pairs = ((last.ratio, now.ratio), (last.low, now.low), (last.high, now.high))
    return any(abs(math.log(after / before)) > NOTABLE for before, after in pairs)


def _standing(outcome: Outcome) -> tuple[object, ...]:
    return outcome.verdict, outcome.regressed_at, outcome.next_fix_at, outcome.final


def headline(fix: Fix, outcome: Outcome | None, zone: ZoneInfo, to: Language = ENGLISH) -> str:
    """Fix 3 of 4 May 2026, “gateway exchanged”: worked."""
    told = {
        "kind": to.gettext(KINDS[fix.kind]),
        "number": fix.id,
        "day": _day(fix.at, zone, to),
        "verdict": standing(outcome, zone, to),
    }
    if not fix.note.strip():
        return to.gettext("{kind} {number} of {day}: {verdict}.", **told)
    return to.gettext("{kind} {number} of {day}, {note}: {verdict}.", note=to.quoted(clean(fix.note)), **told)


def standing(outcome: Outcome | None, zone: ZoneInfo, to: Language = ENGLISH) -> str:
    """The verdict, and since when the topic is back up if it is."""
    if outcome is None:
        return to.gettext("not judged yet")
    verdict = to.gettext(VERDICTS[outcome.verdict])
    if outcome.regressed_at is None:
        return verdict
    since = _day(outcome.regressed_at, zone, to)
    return to.gettext("{verdict}, but the topic is back up since {day}", verdict=verdict, day=since)


def sentences(fix: Fix, outcome: Outcome | None, zone: ZoneInfo) -> list[str]:
    """What an owner reads, a paragraph each."""
    told = [headline(fix, outcome, zone)]
    if fix.withdrawn_at is not None:
        told.append(f"It was withdrawn on {_day(fix.withdrawn_at, zone, ENGLISH)} by {clean(fix.withdrawn_by or '')}.")
    if outcome is None:
        return [*told, "Fixes are judged once a day, from the day after the fix on, however late they are entered."]
    return [*told, *measured(outcome, zone), because(fix, outcome), METHOD]


def in_short(fix: Fix, outcome: Outcome | None, zone: ZoneInfo, to: Language = ENGLISH) -> str:
    """The same in a line."""
    told = [headline(fix, outcome, zone, to)]
    if outcome is not None:
        known = outcome.verdict is not OutcomeVerdict.UNKNOWN
        told += measured(outcome, zone, to) if known else _ended(outcome, zone, to)
        told += [f"{capital(_why(fix, outcome, to))}."] if outcome.verdict in OPEN else []
    return " ".join(told)


def measured(outcome: Outcome, zone: ZoneInfo, to: Language = ENGLISH) -> list[str]:
    """The numbers, where there are any, and what ended them."""
    return [*([counted(outcome, to)] if outcome.days else []), *_ended(outcome, zone, to)]


def counted(outcome: Outcome, to: Language = ENGLISH) -> str:
    """In the 28 days after it 41 came in; 80 would have been expected without it: 49 % fewer (34 to 61 % fewer)."""
    came = to.ngettext(
        "On the one day after it with data {observed} came in; {expected} would have been expected without it: "
        "{change}.",
        "In the {number} days after it with data {observed} came in; {expected} would have been expected without it: "
        "{change}.",
        outcome.days,
        observed=to.number(outcome.observed),
        expected=humane(outcome.expected, to),
        change=change_words(outcome.ratio, to),
    )
    low, high = change_words(outcome.low, to), change_words(outcome.high, to)
    sure = to.gettext("Nine times out of ten the true effect lies between {low} and {high}.", low=low, high=high)
    return f"{came} {sure}"


def _ended(outcome: Outcome, zone: ZoneInfo, to: Language) -> list[str]:
    """That the next fix ended the weeks after this one, where it did."""
    if outcome.next_fix_at is None:
        return []
    day = _day(outcome.next_fix_at, zone, to)
    return [to.gettext("Its weeks end where the next fix of the topic began, on {day}.", day=day)]


def because(fix: Fix, outcome: Outcome, to: Language = ENGLISH) -> str:
    """Why this verdict and no other."""
    verdict = to.gettext(VERDICTS[outcome.verdict])
    return f"{capital(verdict)}: {_why(fix, outcome, to)}."


def _why(fix: Fix, outcome: Outcome, to: Language) -> str:
    missing = _missing(outcome, to) if outcome.verdict in OPEN else ""
    told = {"sure": to.percent(outcome.certainty, 1), "hoped": change_words(1 + fix.expect, to)}
    return missing or to.gettext(REASONS[outcome.verdict], **told)


def _missing(outcome: Outcome, to: Language, rules: OutcomeRules = OUTCOME_RULES) -> str:
    if not outcome.days and not outcome.known_days:
        return to.gettext("nothing was counted of the topic around that day")
    if outcome.days < rules.least_days:
        return to.ngettext(
            "{number} day after the fix with data, and it takes {least}",
            "{number} days after the fix with data, and it takes {least}",
            outcome.days,
            least=rules.least_days,
        )
    if outcome.known_days < rules.least_known:
        return to.ngettext(
            "{number} day before the fix with data, and it takes {least}",
            "{number} days before the fix with data, and it takes {least}",
            outcome.known_days,
            least=rules.least_known,
        )
    if outcome.expected < rules.least_expected:
        return to.gettext(
            "without the fix {expected} would have been expected, and it takes {least}",
            expected=humane(outcome.expected, to),
            least=humane(rules.least_expected, to),
        )
    return ""


def change_words(ratio: float, to: Language = ENGLISH) -> str:
    """A rate ratio as one says it: 49 % fewer, 12 % more, as many; and 3.4 times as many."""
    if ratio >= 2:
        return to.gettext("{ratio} times as many", ratio=humane(ratio, to))
    change = round((ratio - 1) * 100)
    if change == 0:
        return to.gettext("as many")
    share = to.percent(abs(change) / 100)
    return to.gettext("{share} fewer", share=share) if change < 0 else to.gettext("{share} more", share=share)


def _day(moment: datetime, zone: ZoneInfo, to: Language) -> str:
    return to.dated(moment.astimezone(zone).date())
