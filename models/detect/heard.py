"""What part of the complaints came through sources that were not silent.

A source that is down takes its complaints out of the volume that all topics are held against: what still comes through
the others would seem to rise. So the volume is taken for the part of the usual that it is, and of a topic as much is
expected as comes through the sources that are there. A source that begins brings topics that were not heard before: the
days before it are taken for the part that came through the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.detect.panel import LEAST_HEARD, Counts, Floats, Heard
from models.detect.silence import GONE, Silenced

SHARE_PRIOR = 2.0
"""Complaints of a topic it takes for its own share of a source to count as much as that of everything."""

ROOM = 0.1
"""A topic of which so much more is missing than of everything teaches nothing meanwhile."""

FAINT = 0.2
"""A topic of which less was heard before a source began was not known before."""


def heard(silences: Sequence[Silenced], through: Sequence[Counts], of: Sequence[Counts], days: int) -> Heard:
    """What was heard on so many days, from what is usual: `through` the source of each silence, and `of` all that it is
    beside, each (1 + topics,), that of everything first.

    Customers of a source that is down may write elsewhere: never less of a topic is expected than of everything. After
    four weeks it is taken to be gone. Then what comes of the topics that came through it alone is learned again; and if
    hardly anything else is left, that is all there is. Where a source had not begun, nobody was missing; a topic that
    was hardly heard without it begins with it.
    """
    topics = slice(1, len(of[0]))
    missing, by_others, fresh, doubt = np.zeros((4, 2 * len(of[0]) - 1, days))
    before, begun, unknown = np.ones(missing.shape), np.zeros(days, bool), np.zeros(missing.shape, bool)
    for each, its, all_ in zip(silences, through, of, strict=True):
        shares = _shares(its, all_)
        share = float(shares[0, 0])
        if each.begins:
            before[:, : each.stop] *= 1 - shares
            begun[: each.stop] |= share > ROOM
            unknown[:, : each.stop] |= shares > 1 - FAINT
            doubt[:, each.stop : each.stop + GONE] += _doubt(shares, all_)
        else:
            gone = min(each.start + GONE, each.stop)
            stop = gone if share > 1 - LEAST_HEARD else each.stop
            missing[:, each.start : stop] += shares
            by_others[:, each.start : stop] += np.minimum(shares, share)
            fresh[:, each.start : gone] += shares
    part, open_ = (before * np.clip(1 - each, 0.0, 1.0) for each in (missing, by_others))
    closed, unheard = unknown[topics] | (part[0] < LEAST_HEARD), fresh[topics] > fresh[0] + ROOM
    others = part[topics.stop :]
    return Heard(part[topics], others, part[0], np.where(closed, 0.0, open_[topics]), unheard, begun, doubt[topics])


def _doubt(shares: Floats, of: Counts) -> Floats:
    """The squared relative error of what is left without these shares, which lie between 0 and 1."""
    counted = np.concatenate([of, np.maximum(of[0] - of[1:], 0)])[:, None] + SHARE_PRIOR
    return np.asarray(shares / np.maximum(1 - shares, FAINT) / counted)


def _shares(through: Counts, of: Counts) -> Floats:
    """(1 + 2 topics, 1): what part of everything, of each topic and of everything but each came through a source."""
    its, all_ = (np.concatenate([each, np.maximum(each[0] - each[1:], 0)]) for each in (through, of))
    share = its[0] / max(int(all_[0]), 1)
    return np.asarray((its + SHARE_PRIOR * share) / (all_ + SHARE_PRIOR))[:, None]
