"""What complaints are in proportion to, as the operator tells it: without holes, and in a unit of its own."""

from __future__ import annotations

import numpy as np

from models.detect.panel import Floats

WEEK = 7
FIRST_DAYS = 28
USUAL = 1000.0
"""The median of the first four weeks becomes this, so that beside it no prior counts that is meant for complaints."""


def exposure_from(told: Floats) -> Floats:
    """Exposure of each day (days,) from what was told of it, NaN where nothing was.

    A day without a number has that of the nearest earlier week's same weekday, else of the nearest later one's, else
    the mean. Raises ValueError when no number is above zero.
    """
    known = np.isfinite(told)
    if not (told[known] > 0).any():
        raise ValueError("no day has an exposure above zero")
    filled = np.where(known, told, np.nan)
    for weekday in range(min(WEEK, len(filled))):
        filled[weekday::WEEK] = _held(_held(filled[weekday::WEEK])[::-1])[::-1]
    filled = np.where(np.isfinite(filled), filled, told[known].mean())
    positive = filled[filled > 0]
    return np.asarray(filled * USUAL / np.median(positive[:FIRST_DAYS]))


def _held(values: Floats) -> Floats:
    """With the last known value in place of each unknown one after it."""
    places = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    return np.asarray(values[places])
