"""What is said of a fix and what it achieved, in words an owner understands."""

from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from feedback.domain import OUTCOME_RULES, Fix, Outcome, OutcomeRules, OutcomeVerdict
from feedback.sentences import MONTHS, amount, capital, clean, humane

METHOD = (
    "The expected course follows the topic's own past, with its level, waves and scatter, and the volume of the topics "
    "that have neither risen nor been mended: a Bayesian structural time series with controls (Brodersen et al. 2015). "
    "A peak before the fix counts as far as it would have lasted."
)

NOTABLE = 0.1
"""A change of the log ratio, or of an end of its interval, that is worth writing down."""


def is_news(last: Outcome | None, now: Outcome) -> bool:
    """Whether a judgement says something that the one before did not."""
    if last is None or (last.verdict, last.regressed_at) != (now.verdict, now.regressed_at):
        return True
    pairs = ((last.ratio, now.ratio), (last.low, now.low), (last.high, now.high))
    return any(abs(math.log(after / before)) > NOTABLE for before, after in pairs)


def headline(fix: Fix, outcome: Outcome | None, zone: ZoneInfo) -> str:
    """Fix 3 of 4 May 2026, “gateway exchanged”: worked."""
    note = f", “{clean(fix.note)}”" if fix.note.strip() else ""
    return f"{capital(fix.kind)} {fix.id} of {_day(fix.at, zone)}{note}: {standing(outcome, zone)}."


def standing(outcome: Outcome | None, zone: ZoneInfo) -> str:
    """The verdict, and since when the topic is back up if it is."""
    if outcome is None:
        return "not judged yet"
    back = outcome.regressed_at
    return f"{outcome.verdict}, but the topic is back up since {_day(back, zone)}" if back else str(outcome.verdict)


def sentences(fix: Fix, outcome: Outcome | None, zone: ZoneInfo) -> list[str]:
    """What an owner reads, a paragraph each."""
    told = [headline(fix, outcome, zone)]
    if fix.withdrawn_at is not None:
        told.append(f"It was withdrawn on {_day(fix.withdrawn_at, zone)} by {clean(fix.withdrawn_by or '')}.")
    if outcome is None:
        return [*told, "Fixes are judged once a day, from the day after the fix on."]
    return [*told, counted(outcome), because(fix, outcome), METHOD]


def in_short(fix: Fix, outcome: Outcome | None, zone: ZoneInfo) -> str:
    """The same in a line."""
    told = [headline(fix, outcome, zone)]
    if outcome is not None:
        known = outcome.verdict is not OutcomeVerdict.UNKNOWN
        told.append(counted(outcome) if known else because(fix, outcome))
    return " ".join(told)


def counted(outcome: Outcome) -> str:
    """In the 28 days after it 41 came in; 80 would have been expected without it: 49 % fewer (34 to 61 % fewer)."""
    days = f"In the {amount(outcome.days, 'day')}" if outcome.days > 1 else "On the one day"
    return (
        f"{days} after it with data {outcome.observed:,} came in; {humane(outcome.expected)} would have been expected "
        f"without it: {change_words(outcome.ratio)}. Nine times out of ten the true effect lies between "
        f"{change_words(outcome.low)} and {change_words(outcome.high)}."
    )


def because(fix: Fix, outcome: Outcome) -> str:
    """Why this verdict and no other."""
    hoped, sure = change_words(1 + fix.expect), f"{outcome.certainty:.1%}".replace("%", "\u00a0%")
    why = {
        OutcomeVerdict.WORKED: f"it is {sure} sure that there are fewer, and {hoped}, as hoped for, can be reached",
        OutcomeVerdict.PARTLY: f"it is {sure} sure that there are fewer, but fewer were hoped for: {hoped}",
        OutcomeVerdict.NO_EFFECT: f"it is not certain that there are fewer, and {hoped}, as hoped for, is ruled out",
        OutcomeVerdict.WORSE: "there are more than can be by chance",
        OutcomeVerdict.UNKNOWN: _missing(outcome) or f"no effect and {hoped}, as hoped for, are both possible still",
    }
    return f"{capital(str(outcome.verdict))}: {why[outcome.verdict]}."


def _missing(outcome: Outcome, rules: OutcomeRules = OUTCOME_RULES) -> str:
    if outcome.days < rules.least_days:
        return f"{amount(outcome.days, 'day')} after the fix with data, and it takes {rules.least_days}"
    if outcome.known_days < rules.least_known:
        return f"{amount(outcome.known_days, 'day')} before the fix with data, and it takes {rules.least_known}"
    if outcome.expected < rules.least_expected:
        return (
            f"without the fix {humane(outcome.expected)} would have been expected, "
            f"and it takes {humane(rules.least_expected)}"
        )
    return ""


def change_words(ratio: float) -> str:
    """A rate ratio as one says it: 49 % fewer, 12 % more, as many; and 3.4 times as many."""
    if ratio >= 2:
        return f"{humane(ratio)} times as many"
    change = round((ratio - 1) * 100)
    if change == 0:
        return "as many"
    return f"{abs(change)}\u00a0% {'fewer' if change < 0 else 'more'}"


def _day(moment: datetime, zone: ZoneInfo) -> str:
    day = moment.astimezone(zone)
    return f"{day.day}\u00a0{MONTHS[day.month - 1]}\u00a0{day.year}"
