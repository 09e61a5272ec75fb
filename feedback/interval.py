"""Estimates with the ends of their 90 % interval: pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure from `of` cases, with the ends of its 90 % interval.

    `high` is infinite where the cases are too few, or too many of them still wait, to bound it.
    """

    value: float
    low: float
    high: float
    of: int
