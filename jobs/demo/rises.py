"""The rises planted into the demo, and how many complaints each adds on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from jobs.demo.world import MARKETS


@dataclass(frozen=True, slots=True)
class Planted:
    """The truth about one planted rise.

    `complaints` are the extra ones, beyond what chance brought anyway: source id to time of receipt. The rise lasts
    `onset <= t < end`.
    """

    kind: str
    name: str
    onset: datetime
    end: datetime
    complaints: Mapping[str, datetime]
    description: str

    @property
    def source_ids(self) -> frozenset[str]:
        return frozenset(self.complaints)


@dataclass(frozen=True, slots=True)
class Rise:
    """A rise before it is lived through: days count from the story's first, `last` is exclusive.

    The step and the ramp multiply what `markets` get anyway by up to `factor`, over `climb` days; a rise with
    `per_day` instead comes out of nothing. `method` is behind `method_share` of the extra complaints.
    """

    kind: str
    name: str
    topic: str
    first: int
    last: int
    description: str
    markets: tuple[str, ...] = field(default_factory=lambda: tuple(MARKETS))
    factor: float = 1.0
    climb: int = 0
    per_day: float = 0.0
    method: str | None = None
    method_share: float = 0.0

    def added(self, day: int, base: float) -> float:
        """The mean of extra complaints on a day on which `base` are expected in its markets without the rise."""
        if not self.first <= day < self.last:
            return 0.0
        climbed = min((day - self.first + 1) / self.climb, 1.0) if self.climb else 1.0
        return self.per_day + base * (self.factor - 1.0) * climbed


def draw_rises(rng: Random, days: int) -> tuple[Rise, ...]:
    """The three rises of a story of `days` days; when and how large differs with the seed."""
    return (_delayed_bonus_payouts(rng), _told_abroad(rng), _documents_in_poland(rng, days))


def _day(rng: Random, first_week: int, last_week: int) -> int:
    """A day in one of these weeks, counted from 1, the last included."""
    return rng.randrange((first_week - 1) * 7, last_week * 7)


def _delayed_bonus_payouts(rng: Random) -> Rise:
    first = _day(rng, 14, 18)
    return Rise(
        kind="step",
        name="Delayed bonus payouts over Trustly in Germany and Finland",
        topic="bonus-payout-delayed",
        first=first,
        last=first + rng.randint(9, 11),
        description="Bonus payouts to Trustly are stuck; complaints in Germany and Finland jump to about four times.",
        markets=("DE", "FI"),
        factor=rng.uniform(3.7, 4.4),
        method="Trustly",
        method_share=rng.uniform(0.82, 0.92),
    )


def _told_abroad(rng: Random) -> Rise:
    first = _day(rng, 19, 22)
    return Rise(
        kind="new fault",
        name="Players at home are told that they are abroad",
        topic="told-abroad",
        first=first,
        last=first + rng.randint(7, 9),
        description="After an update the location check takes players at home for abroad; nothing like it before.",
        per_day=rng.uniform(4.4, 5.6),
    )


def _documents_in_poland(rng: Random, days: int) -> Rise:
    return Rise(
        kind="ramp",
        name="Verification documents in Poland",
        topic="verification-documents",
        first=_day(rng, 18, 20),
        last=days,
        description="Document checks in Poland get slower and stricter: a slow climb over four weeks that stays.",
        markets=("PL",),
        factor=rng.uniform(3.2, 4.0),
        climb=rng.randint(26, 30),
    )
