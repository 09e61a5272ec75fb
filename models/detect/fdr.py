"""The false discovery rate among the topics of one run (Benjamini and Hochberg 1995, JRSS B 57:289)."""

from __future__ import annotations

import numpy as np

from models.detect.panel import Floats

FALSE_DISCOVERIES = 0.1
"""The share of the rises of a run that may be there by chance, unless a budget asks for more."""

NO_BOUND = 1.0


def q_values(p: Floats, share: float = 1.0) -> Floats:
    """Each p's Benjamini-Hochberg value along the first axis, the topics: (topics, …), shape kept.

    Among the topics whose q is at most x, a share of at most x is expected to be there by chance. Where the topics are
    but `share` of those there are, the others are taken to lie evenly between them. Raises ValueError when a p is NaN
    or not between 0 and 1.
    """
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p values must lie between 0 and 1")
    order = np.argsort(p, axis=0, kind="stable")
    ranks = 1 + np.arange(len(p)).reshape(-1, *([1] * (p.ndim - 1))) / share
    scaled = np.take_along_axis(p, order, axis=0) * (len(p) / share / ranks)  # so that q is never below p by a rounding
    ascending = np.minimum.accumulate(scaled[::-1], axis=0)[::-1]
    values = np.empty_like(p)
    np.put_along_axis(values, order, np.minimum(ascending, 1.0), axis=0)
    return values
