"""How grave an alert is: points for each thing that speaks for it, kept with the numbers behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from feedback.domain import Severity, Signal
from feedback.language import ENGLISH, Language
from feedback.phrases import SEVERITIES, capital, humane, level_name, percent

SIZES = (10.0, 30.0, 100.0)
"""From so many customers beyond what is expected on, a rise has one, two, three points."""

RATIOS = (1.5, 3.0, 6.0)
"""The same for how many times it is the most that would usually come."""

OF_TOPIC = {Severity.LOW: -1, Severity.MEDIUM: 0, Severity.HIGH: 2, Severity.CRITICAL: 4}

LEVELS = ((6, Severity.CRITICAL), (4, Severity.HIGH), (2, Severity.MEDIUM))
"""How many points make which severity; fewer are low."""

CERTAIN = 0.05
"""A shift of a share or of ratings counts if chance alone brings it so rarely."""

LEAST_IMPORTANT = 3


@dataclass(frozen=True, slots=True)
class Shift:
    """What something was in a rise beside what is usual for the topic, `p` one-sided; `count` stand behind it."""

    now: float
    usual: float
    p: float
    count: int


@dataclass(frozen=True, slots=True)
class Weight:
    """One thing that counts: *size*, *ratio*, *topic*, *segment* or *satisfaction*, with its numbers."""

    what: str
    points: int
    numbers: Mapping[str, Any]


def weights(
    signal: Signal, senders: int | None, topic: Severity | None, segment: Shift | None, ratings: Shift | None
) -> list[Weight]:
    """What counts for and against a rise.

    `senders` are the distinct ones behind it, None where they are not known: whoever writes every day is counted every
    day, and is still one. `segment` is the share of important customers, `ratings` what customers gave; None
    where they are not known. The ratio is taken over the upper end of what is expected, so that small numbers, of which
    little is known, do not look grave.
    """
    observed = signal.observed if senders is None else min(signal.observed, senders)
    excess, ratio = observed - signal.expected, least_ratio(signal)
    found = [
        Weight("size", _steps(excess, SIZES), {"excess": excess}),
        Weight("ratio", _steps(ratio, RATIOS), {"ratio": ratio}),
        Weight("topic", OF_TOPIC[topic], {"severity": str(topic)}) if topic else None,
        _shifted("segment", segment, LEAST_IMPORTANT),
        _shifted("satisfaction", ratings),
    ]
    return [each for each in found if each and each.points]


def least_ratio(signal: Signal) -> float:
    """How many times the most that would usually come it is; always finite."""
    return signal.observed / max(signal.high, 1.0)


def level(found: Sequence[Weight]) -> Severity:
    """The severity that so many points make."""
    points = sum(each.points for each in found)
    return next((severity for least, severity in LEVELS if points >= least), Severity.LOW)


def kept(found: Sequence[Weight], before: Mapping[str, Any] | None, at: datetime, *, anew: bool) -> dict[str, Any]:
    """What to keep with an alert: its severity, why, and how it came to be.

    While an alert is open its severity never falls: what was as grave once stays so until it is over, or an alert would
    swing with every judgement; the reasons kept are then those of the time when it was, which is `past`. One that comes
    back begins `anew`.
    """
    history = list(before["history"]) if before else []
    reasons = [{"what": each.what, "points": each.points, **each.numbers} for each in found]
    graded: dict[str, Any] = {"level": str(level(found)), "reasons": reasons}
    if before and not anew and level(found).rank < Severity(before["level"]).rank:
        return {**before, "past": True}
    if before and not anew and graded["level"] == before["level"]:
        return {**graded, "history": history}
    entry = {"at": at.isoformat(), "level": graded["level"], "why": _reasons_words(reasons)}
    return {**graded, "history": [*history, entry]}


def severity_of(evidence: Mapping[str, Any]) -> Severity | None:
    """The severity kept in an alert's evidence; None where an earlier release kept none."""
    found = evidence.get("severity")
    return Severity(found["level"]) if found else None


def severity_at(evidence: Mapping[str, Any], moment: datetime) -> Severity | None:
    """What it was at a moment; None where it was not known then."""
    history = evidence.get("severity", {}).get("history", ())
    known = [each["level"] for each in history if datetime.fromisoformat(each["at"]) <= moment]
    return Severity(known[-1]) if known else None


def rank_of(severity: Severity | None) -> int:
    """For sorting: -1 where it is not known."""
    return severity.rank if severity else -1


def severity_words(evidence: Mapping[str, Any], to: Language = ENGLISH) -> str:
    """High: 29 more than expected (1 point), …; empty where none is kept."""
    found = evidence.get("severity")
    if not found:
        return ""
    told = {
        "severity": capital(to.gettext(SEVERITIES[Severity(found["level"])])),
        "reasons": _reasons_words(found["reasons"], to),
    }
    if found.get("past"):
        return to.gettext("{severity} at its gravest: {reasons}.", **told)
    return to.gettext("{severity}: {reasons}.", **told)


def _reasons_words(reasons: Sequence[Mapping[str, Any]], to: Language = ENGLISH) -> str:
    told = [f"{_reason(each, to)} ({_points(each['points'], to)})" for each in reasons]
    return to.listed(told) if told else to.gettext("nothing makes it graver")


def _points(points: int, to: Language) -> str:
    return to.ngettext("{points} point", "{points} points", abs(points), points=f"{points:+d}".replace("-", "−"))


def _reason(kept: Mapping[str, Any], to: Language) -> str:
    what = kept["what"]
    if what == "size":
        return to.gettext("{number} customers more than expected", number=humane(kept["excess"], to))
    if what == "ratio":
        return to.gettext("{number} times the most that usually comes", number=humane(kept["ratio"], to))
    if what == "topic":
        return to.gettext("the topic is said to be {severity}", severity=level_name(Severity(kept["severity"]), to))
    shift = {name: (percent if what == "segment" else humane)(kept[name], to) for name in ("now", "usual")}
    if what == "segment":
        return to.gettext("{now} are important customers, usually {usual}", **shift)
    return to.gettext("they rate {now} on average, usually {usual}", **shift)


def _steps(value: float, steps: Sequence[float]) -> int:
    return sum(value >= step for step in steps)


def _shifted(what: str, shift: Shift | None, least: int = 0) -> Weight | None:
    is_certain = shift is not None and shift.p <= CERTAIN and shift.count >= least
    return Weight(what, 1, asdict(shift)) if shift and is_certain else None
