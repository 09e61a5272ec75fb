"""What part of the complaints came through sources that were not silent.

A source that is down takes its complaints out of the volume that all topics are held against: what still comes through
the others would seem to rise. So the volume is taken for the part of the usual that it is, and of a topic as much is
expected as comes through the sources that are there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.detect.panel import LEAST_HEARD, Counts, Heard
from models.detect.silence import GONE, Silenced

SHARE_PRIOR = 10.0
"""Complaints of a topic it takes for its own share of a source to count as much as that of everything."""

ROOM = 0.1
"""A topic of which so much more is missing than of everything teaches nothing meanwhile."""


def heard(silences: Sequence[Silenced], through: Sequence[Counts], of: Sequence[Counts], days: int) -> Heard:
    """What was heard on so many days, from what came before each silence: `through` the source that fell silent, and
    `of` all, each (1 + topics,), that of everything first.

    After four weeks a source is taken to be gone. Then what comes of the topics that came through it alone is learned
    again; and if hardly anything else is left, that is all there is.
    """
    missing, gone = np.zeros((2, len(of[0]), days))
    for each, its, all_ in zip(silences, through, of, strict=True):
        share = its[0] / max(int(all_[0]), 1)
        shares = ((its + SHARE_PRIOR * share) / (all_ + SHARE_PRIOR))[:, None]
        for_good = min(each.start + GONE, each.stop)
        missing[:, each.start : for_good] += shares
        if share <= 1 - LEAST_HEARD:
            gone[:, for_good : each.stop] += shares
    part = np.clip(1 - missing - gone, 0.0, 1.0)
    return Heard(part[1:], part[0], missing[1:] > missing[0] + ROOM)
