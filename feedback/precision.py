"""How many alerts were worth it, by what their owners say: pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from feedback.domain import Verdict
from feedback.interval import share

WORTH = frozenset({Verdict.REAL, Verdict.KNOWN})
"""There was something. What was *expected* or *not an issue* was not worth an alert; *wrong owner* says nothing."""

SIZES = {"below 5 a week": 5.0, "5 to 20 a week": 20.0, "above 20 a week": float("inf")}
LEAST = 10
"""Fewer verdicts say nothing about a budget."""


@dataclass(frozen=True, slots=True)
class JudgedAlert:
    """An alert with its verdict: who answers for it, what was expected a week, what judged it, and by how much its
    score was above the threshold when it opened."""

    verdict: Verdict
    owner: str
    expected: float
    detector: str
    above: float


@dataclass(frozen=True, slots=True)
class Precision:
    """Of `judged` alerts `worth` were: with the ends of the 90 % interval (Wilson 1927, JASA 22:209)."""

    of: str
    judged: int
    worth: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.worth / self.judged


def precisions(alerts: Sequence[JudgedAlert]) -> dict[str, list[Precision]]:
    """By "all", "owner", "size" and "detector", the groups in order of their names, sizes in order of size."""
    telling = [each for each in alerts if each.verdict is not Verdict.WRONG_OWNER]
    return {
        "all": _by(telling, lambda _: "all", ["all"]),
        "owner": _by(telling, lambda each: each.owner, sorted({each.owner for each in telling})),
        "size": _by(telling, lambda each: _size(each.expected), list(SIZES)),
        "detector": _by(telling, lambda each: each.detector, sorted({each.detector for each in telling})),
    }


def budget_for(alerts: Sequence[JudgedAlert], wish: float, budget: float) -> float | None:
    """The false alarms a week at which the share that was worth it would have been `wish`, by these verdicts; None
    where they are too few, or no threshold gives it.

    Of the alerts that would have opened with a higher threshold as well, enough were worth it; a score is the negative
    decimal logarithm of a chance, so each step of one takes a tenth of the false alarms.
    """
    telling = [each for each in alerts if each.verdict is not Verdict.WRONG_OWNER]
    for raised in [0.0, *sorted({each.above for each in telling if each.above > 0})]:
        left = [each for each in telling if each.above >= raised or raised == 0]
        if len(left) >= LEAST and sum(each.verdict in WORTH for each in left) >= wish * len(left):
            return float(budget * 10**-raised)
    return None


def _by(alerts: Sequence[JudgedAlert], key: Callable[[JudgedAlert], str], names: Sequence[str]) -> list[Precision]:
    groups = {name: [each.verdict in WORTH for each in alerts if key(each) == name] for name in names}
    return [_precision(name, len(group), sum(group)) for name, group in groups.items() if group]


def _precision(name: str, judged: int, worth: int) -> Precision:
    found = share(worth, judged)
    return Precision(name, judged, worth, found.low, found.high)


def _size(expected: float) -> str:
    return next(name for name, most in SIZES.items() if expected < most)
