"""How well the alerts found the rises that were planted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from jobs.demo.rises import Planted

GRACE = timedelta(days=2)
"""A rise may still be reported shortly after it ended: the last day's count is complete only on the next."""

HELD_SHARE = 0.5

HELD_AT_LEAST = 3


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """One opening of an alert, whether for the first time or because it regressed.

    `source_ids` are the complaints assigned to the alert's topic that had been received by `opened_at`; ids of
    complaints received before the first onset may be left out.
    """

    topic_id: UUID
    opened_at: datetime
    source_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """A planted rise that was reported, `delay` after its onset, by an alert on `topic_id`."""

    planted: Planted
    topic_id: UUID
    delay: timedelta


@dataclass(frozen=True, slots=True)
class Score:
    """`found` in the order of planting; `other_alerts` matched no planted rise during the `weeks` watched."""

    planted: int
    found: tuple[Found, ...]
    other_alerts: int
    weeks: float
    seed: int

    def as_dict(self) -> dict[str, object]:
        """For a JSON report; delays in days, one decimal."""
        return {
            "planted": self.planted,
            "found": len(self.found),
            "delays_days": [round(found.delay / timedelta(days=1), 1) for found in self.found],
            "other_alerts": self.other_alerts,
            "weeks": self.weeks,
            "seed": self.seed,
        }


def score(planted: Sequence[Planted], alerts: Sequence[AlertFacts], *, weeks: float, seed: int) -> Score:
    """Match alerts to planted rises.

    An alert reports a rise if it opened at or after the onset and at most two days after the end, on a topic that
    holds at least half of the rise's complaints received by then, and at least three: so neither a lucky alert on
    the first morning nor one on a neighbouring topic counts. An alert that was open already before the onset does
    not count either. The first alert that reports a rise gives the delay; later ones that report it too are not held
    against the detector; every alert that reports no rise is one of the `other_alerts`.
    """
    found = tuple(first for rise in planted if (first := _first_report(rise, alerts)) is not None)
    other = sum(not any(reports(alert, rise) for rise in planted) for alert in alerts)
    return Score(len(planted), found, other, weeks, seed)


def _first_report(rise: Planted, alerts: Sequence[AlertFacts]) -> Found | None:
    matching = [alert for alert in alerts if reports(alert, rise)]
    if not matching:
        return None
    first = min(matching, key=lambda alert: alert.opened_at)
    return Found(rise, first.topic_id, first.opened_at - rise.onset)


def reports(alert: AlertFacts, rise: Planted) -> bool:
    """Whether this opening of an alert tells of this rise; the rule is `score`'s."""
    if not rise.onset <= alert.opened_at <= rise.end + GRACE:
        return False
    received = {source_id for source_id, at in rise.complaints.items() if at < alert.opened_at}
    held = len(received & alert.source_ids)
    return held >= max(HELD_AT_LEAST, HELD_SHARE * len(received))
