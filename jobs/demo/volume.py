"""How many complaints of each kind come in on each day when nothing is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from jobs.demo.world import WEEKDAYS, shares

FIRST_LEVEL = 26.0
LAST_LEVEL = 40.0
"""Complaints a day at the beginning and the end of the story; in between they grow evenly."""

EXCESS = 0.3
"""Variance over mean of a day's count, less one: calls come in small clumps, not quite one by one."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A slow wave that one kind's rate follows: +-`height` over `period` days."""

    height: float
    period: float
    phase: float

    def at(self, day: int) -> float:
        return math.exp(self.height * math.sin(2 * math.pi * day / self.period + self.phase))


def drifts(rng: Random) -> Mapping[str, Drift]:
    """A drift for each kind."""
    return {
        kind: Drift(rng.uniform(0.04, 0.14), rng.uniform(90, 220), rng.uniform(0, 2 * math.pi)) for kind in shares()
    }


def expected(kind: str, drift: Drift, start: date, day: int, days: int) -> float:
    """The mean count of a kind on the `day`-th day (from 0) of a story of `days` days."""
    level = FIRST_LEVEL + (LAST_LEVEL - FIRST_LEVEL) * day / max(days - 1, 1)
    return level * shares()[kind] * weekday_factor(start, day) * drift.at(day)


def weekday_factor(start: date, day: int) -> float:
    """1 on average over a week."""
    return WEEKDAYS[(start + timedelta(days=day)).weekday()] * len(WEEKDAYS) / sum(WEEKDAYS)


def clumped(rng: Random, mean: float) -> int:
    """A negative binomial count with this mean and variance (1 + EXCESS) * mean."""
    return poisson(rng, rng.gammavariate(mean / EXCESS, EXCESS))


def poisson(rng: Random, mean: float) -> int:
    """By counting the arrivals of a unit-rate process before `mean`; quick for the small means used here."""
    count, clock = 0, rng.expovariate(1.0)
    while clock < mean:
        count += 1
        clock += rng.expovariate(1.0)
    return count
