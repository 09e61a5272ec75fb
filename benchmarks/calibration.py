"""Thresholds at which one calm topic-week in a hundred has an alarm, and what is found by them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.counts import Series
from models.detect.combined import BUDGET_SHARES
from models.detect.panel import Floats

RATE = 0.01
CALIBRATION = 50_000
"""Added to a seed for the panels that set the thresholds."""


def weekly_maxima(scores: Floats) -> Floats:
    return np.asarray(scores.reshape(len(scores), -1, 7).max(axis=2).ravel())


def found(scores: Floats, onset: Series, threshold: float, within: int) -> float:
    """Share of topics with a score above the threshold within so many days of the onset."""
    since = np.arange(scores.shape[1]) - onset[:, None]
    return float(((scores > threshold) & (since >= 0) & (since < within)).any(axis=1).mean())


def _quantile(scores: Sequence[Floats], rate: float) -> float:
    return float(np.quantile(np.concatenate([weekly_maxima(each) for each in scores]), 1 - rate))


def over_margins(scores: Sequence[Floats], margins: Sequence[float]) -> Floats:
    return np.asarray(np.maximum.reduce([each - margin for each, margin in zip(scores, margins, strict=True)]))


def thresholds(calm: Sequence[Sequence[Floats]]) -> tuple[list[float], float]:
    """The margins of a method's parts over the first, and its threshold, from its parts' scores on calm panels."""
    parts = list(zip(*calm, strict=True))
    shares = [1.0] if len(parts) == 1 else list(BUDGET_SHARES.values())
    own = [_quantile(scores, share * RATE) for scores, share in zip(parts, shares, strict=True)]
    margins = [each - own[0] for each in own]
    return margins, _quantile([over_margins(scores, margins) for scores in calm], RATE)


def spread(values: Floats) -> str:
    """Mean and standard error over the rows."""
    error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{values.mean():>7.3f} ±{error:.3f}"
