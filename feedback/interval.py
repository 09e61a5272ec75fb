"""Estimates with the ends of their 90 % interval: pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TAIL = 0.05
"""What an interval leaves out on either side."""

NORMAL = 1.645


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure from `of` cases, with the ends of its 90 % interval.

    `high` is infinite where the cases are too few, or too many of them still wait, to bound it.
    """

    value: float
    low: float
    high: float
    of: int


def share(total: float, of: int) -> Estimate:
    """The share that `total` is `of` cases, 1 at least (Wilson 1927, JASA 22:209).

    Also the mean of scores from 0 to 1 that add up to `total`: they scatter less than a share does, so that their
    interval is rather too wide.
    """
    found, square = total / of, NORMAL**2
    middle = (found + square / (2 * of)) / (1 + square / of)
    half = NORMAL / (1 + square / of) * (found * (1 - found) / of + square / (4 * of**2)) ** 0.5
    return Estimate(found, min(max(middle - half, 0.0), found), max(min(middle + half, 1.0), found), of)


def count(number: int) -> Estimate:
    """A count, with the interval of the mean of the Poisson distribution that it came from (Garwood 1936, Biometrika
    28:437)."""
    from scipy.special import gammaincinv

    low = float(gammaincinv(number, TAIL)) if number else 0.0
    return Estimate(float(number), low, float(gammaincinv(number + 1, 1 - TAIL)), number)


def difference(one: Estimate, other: Estimate) -> Estimate:
    """By how much the share `one` is larger than that of `other` cases (Newcombe 1998, Statistics in Medicine 17:873,
    his method 10)."""
    found = one.value - other.value
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(found, max(found - below, -1.0), min(found + above, 1.0), one.of + other.of)


def quantile(done: Sequence[float], open_: Sequence[float], part: float) -> Estimate | None:
    """How long it takes until `part` (0 to 1) of cases are done, in the unit of the durations given.

    `done` are durations of cases that are, `open_` for how long the others have waited so far. None where not so many
    were seen to be done. The estimate is that of Kaplan and Meier (1958, JASA 53:457), its interval the beta product
    of Fay, Brittain and Proschan (2013, Biostatistics 14:723), by moments. Without open cases these are the order
    statistics that hold whatever the distribution.
    """
    spent = np.concatenate((np.asarray(done, np.float64), np.asarray(open_, np.float64)))
    ended = np.arange(len(spent)) < len(done)
    order = np.lexsort((~ended, spent))  # of a tie, who is done comes first
    spent, ended = spent[order], ended[order]
    found = _first(spent, _left(ended) <= 1 - part + 1e-9)
    if found is None:
        return None
    low, high = _ends(spent, ended, part)
    return Estimate(found, low, math.inf if high is None else high, len(spent))


def _left(ended: Flags) -> Floats:
    """(n,): the share that waits longer than each case, by Kaplan and Meier."""
    at_risk = np.arange(len(ended), 0, -1, dtype=np.float64)
    return np.cumprod(np.where(ended, (at_risk - 1) / at_risk, 1.0), dtype=np.float64)


def _ends(spent: Floats, ended: Flags, part: float) -> tuple[float, float | None]:
    """The first times by which the lower and the upper limit of the share that waits longer have come down to what the
    quantile leaves."""
    number = len(spent)
    at_risk = np.arange(number, 0, -1, dtype=np.float64)
    mean = np.cumprod(np.where(ended, at_risk / (at_risk + 1), 1.0), dtype=np.float64)
    square = np.cumprod(np.where(ended, at_risk / (at_risk + 2), 1.0), dtype=np.float64)
    after = at_risk - 1  # who still waits may end at once
    low_mean = np.concatenate(([number / (number + 1)], mean * after / (after + 1)))
    low_square = np.concatenate(([number / (number + 2)], square * after / (after + 2)))
    low = _first(np.concatenate(([0.0], spent)), _chance_below(low_mean, low_square, 1 - part) >= TAIL)
    assert low is not None  # nobody waits longer than the longest
    return low, _first(spent, _chance_below(mean, square, 1 - part) >= 1 - TAIL)


def _chance_below(mean: Floats, square: Floats, level: float) -> Floats:
    """The chance that beta variables of these first and second moments lie below `level`."""
    from scipy.special import betainc

    varying = (mean > 0) & (square > mean**2)
    scatter = np.where(varying, square - mean**2, 1.0)
    size = np.where(varying, mean * (1 - mean) / scatter - 1, 1.0)
    shape, other = np.where(varying, mean * size, 1.0), np.where(varying, (1 - mean) * size, 1.0)
    return np.where(varying, betainc(shape, other, level), (mean <= level).astype(np.float64))


def _first(spent: Floats, reached: Flags) -> float | None:
    return float(spent[np.argmax(reached)]) if reached.any() else None
