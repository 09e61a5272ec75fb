"""The false discovery rate among the topics of one run (Benjamini and Hochberg 1995, JRSS B 57:289)."""

from __future__ import annotations

import numpy as np

from models.detect.panel import Floats


def q_values(p: Floats) -> Floats:
    """Each p's Benjamini-Hochberg value along the first axis: (topics,) or (topics, days), shape kept.

    Among the topics whose q is at most x, a share of at most x is expected to be there by chance. Raises ValueError
    when a p is NaN or not between 0 and 1.
    """
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p values must lie between 0 and 1")
    order = np.argsort(p, axis=0, kind="stable")
    ranks = np.arange(1, len(p) + 1).reshape(-1, *([1] * (p.ndim - 1)))
    scaled = np.take_along_axis(p, order, axis=0) * (len(p) / ranks)  # so that q is never below p by a rounding
    ascending = np.minimum.accumulate(scaled[::-1], axis=0)[::-1]
    values = np.empty_like(p)
    np.put_along_axis(values, order, np.minimum(ascending, 1.0), axis=0)
    return values
