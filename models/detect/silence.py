"""Whether a source has fallen silent: nothing came for longer than chance explains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.detect.panel import Counts

WEEK = 7
HISTORY = 56
"""Days before the silence that tell what is usual."""

LEAST_HISTORY = 14
CERTAIN = 1e-4
"""A silence that chance makes as likely as this is told. Looked at once a day, calm series of .1 to 60 complaints a day
with variance ratios up to 4 are called silent once in eight years."""


class Silence(NamedTuple):
    """`days` without anything, `usual` complaints a day before, and the chance `p` of so long a silence."""

    days: int
    usual: float
    p: float

    @property
    def is_notable(self) -> bool:
        return self.p <= CERTAIN


def silence(counts: Counts) -> Silence:
    """How long nothing has come, by the counts (days,) of complete days, oldest first.

    The days missing are held against the same weekdays of the eight weeks before, and the chance is that of a negative
    binomial with the variance they show. With fewer than two weeks before, or none missing, p is 1.
    """
    busy = np.flatnonzero(counts)
    missing = len(counts) - 1 - int(busy[-1]) if len(busy) else 0
    before = counts[: len(counts) - missing][-HISTORY:].astype(np.float64)
    if missing == 0 or len(before) < LEAST_HISTORY:
        return Silence(missing, float(before.mean()) if len(before) else 0.0, 1.0)
    weekday = np.arange(-len(before), missing) % WEEK
    usual = np.array([before[weekday[: len(before)] == day].mean() for day in range(WEEK)])
    fitted = usual[weekday[: len(before)]]
    freedom = max(len(before) - WEEK, 1)
    ratio = max(1.0, float(((before - fitted) ** 2 / np.maximum(fitted, 0.5)).sum()) / freedom)
    expected = float(usual[weekday[len(before) :]].sum())
    # P(0) of a negative binomial of that mean and variance ratio; its limit at a ratio of 1 is Poisson's
    power = np.log(ratio) / (ratio - 1) if ratio > 1 + 1e-9 else 1.0
    return Silence(missing, float(before.mean()), float(np.exp(-expected * power)))
