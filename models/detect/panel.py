"""What a detector sees and what it says: daily counts in, scores out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


LEAST_HEARD = 0.1
"""Where less than this part of everything is heard, the day is one without data."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The part of the usual complaints of each topic and of all `others` beside it (topics, days), and of everything
    (days,), that comes through sources that were not silent; see `models.detect.heard`.

    `open` (topics, days) is what part of a day counts when a topic is judged. Of the days (topics, days) that are
    `unheard` nothing is to be learned: that few came is no calm. On those (days,) before a source had `begun` that
    brings a notable part of everything, nobody knows what part of a segment was heard. `doubt` (topics, days) is the
    squared relative error that this leaves in what is expected of the days.
    """

    topics: Floats
    others: Floats
    everything: Floats
    open: Floats
    unheard: Flags
    begun: Flags
    doubt: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """(topics, days)"""
        return self.topics.shape

    @property
    def is_whole(self) -> Flags:
        """(days,): when no source was silent."""
        return np.asarray(self.everything >= 1)

    def whole(self, volume: Floats) -> Floats:
        """`volume` (days,) of everything as it would be if nothing were silent."""
        return np.asarray(volume / np.where(self.everything < LEAST_HEARD, 1.0, self.everything))

    def whole_others(self, others: Floats) -> Floats:
        """The same of that of all but each topic, (days, replicates, topics)."""
        part = np.maximum(self.others, LEAST_HEARD).T[:, None, :]
        closed = (self.everything < LEAST_HEARD)[:, None, None]
        return np.asarray(others / np.where(closed, 1.0, part))

    def of(self, topics: slice | NDArray[np.intp]) -> Self:
        """That of some topics."""
        parts = {name: getattr(self, name)[topics] for name in ("topics", "others", "open", "unheard", "doubt")}
        return replace(self, **parts)

    def at(self, days: slice | Sequence[int]) -> Self:
        """That of some days, or of the hours that lie in those."""
        return type(self)(*(part[..., days] for part in self._parts))

    def after(self, days: int) -> Self:
        """That of so many days more before these, of which nobody knows more than of the first."""
        edges = ([(0, 0)] * (part.ndim - 1) + [(days, 0)] for part in self._parts)
        return type(self)(*(np.pad(part, edge, "edge") for part, edge in zip(self._parts, edges, strict=True)))

    @property
    def _parts(self) -> tuple[NDArray[Any], ...]:
        return self.topics, self.others, self.everything, self.open, self.unheard, self.begun, self.doubt


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Daily counts of all topics over the same days, oldest first.

    `counts` is int (topics, days). `total` is (days,): the complaints of the day over everything, assigned or not.
    `excluded` is bool (topics, days): days that were alerted and stay out of the baseline. `gaps` is bool (days,):
    nothing came in, which chance does not explain. `expected`, of the shape of `excluded`, are days on which a topic is
    expected to rise: to it they are as if closed, in what is judged and in the baseline. `complete` is false while the
    last day is still filling. `exposure` (days,), where it is known, takes the place of the day's other complaints as
    what a topic's are in proportion to; of an unfinished last day it is that of the whole day, see
    `models.detect.exposure`. `awaited` (days,) are those of which a source may still bring complaints: that little else
    has come on them says nothing yet. `heard` is what came through sources that were not silent, None where none was.

    Raises ValueError when the shapes do not fit together, a count is negative, or a day's topics hold more
    complaints than its total.
    """

    counts: Counts
    total: Counts
    excluded: Flags
    gaps: Flags
    complete: bool = True
    exposure: Floats | None = None
    expected: Flags | None = None
    awaited: Flags | None = None
    heard: Heard | None = None

    def __post_init__(self) -> None:
        topics, days = self._shape()
        of_days = dict.fromkeys(("total", "gaps", "exposure", "awaited"), (days,))
        of_both = dict.fromkeys(("excluded", "expected", "heard"), (topics, days))
        for name, wanted in {**of_days, **of_both}.items():
            part = getattr(self, name)
            found = wanted if part is None else part.shape
            if found != wanted:
                raise ValueError(f"{name} has the shape {found}, but counts {(topics, days)} ask for {wanted}")
        if self.counts.size and self.counts.min() < 0:
            raise ValueError("counts holds a negative count")
        if self.counts.size and (self.counts.max(axis=0) > self.total).any():
            day = int(np.argmax(self.counts.max(axis=0) > self.total))
            raise ValueError(f"a topic of day {day} counts more complaints than the day's total")

    def _shape(self) -> tuple[int, int]:
        if self.counts.ndim != 2:
            raise ValueError(f"counts has {self.counts.ndim} axes, not two (topics, days)")
        return self.counts.shape[0], self.counts.shape[1]

    @property
    def topics(self) -> int:
        return int(self.counts.shape[0])

    @property
    def days(self) -> int:
        return int(self.counts.shape[1])

    @property
    def left_out(self) -> Flags:
        """(topics, days): what stays out of the baseline, as alerted or expected."""
        return self.excluded if self.expected is None else self.excluded | self.expected

    def silent(self, topic: int, day: int, length: int) -> float:
        """How many of the `length` days that end with the `day` (below 0: counted from the end) are missing of a topic
        since a source was silent; those on which hardly any was not are gaps."""
        if self.heard is None:
            return 0.0
        end = day % self.days + 1
        part = self.heard.open[topic, max(end - length, 0) : end]
        return float((1 - part)[part > 0].sum())

    def with_expected_in_view(self) -> Panel:
        """The same where expected days are seen like any others, though they stay out of the baseline: for showing what
        came on them."""
        return replace(self, excluded=self.left_out, expected=None)

    @classmethod
    def of(cls, counts: Counts, total: Counts | None = None, *, complete: bool = True) -> Panel:
        """A panel without gaps or alerted days; without `total`, the topics are all there is."""
        counts = np.asarray(counts, np.int64)
        whole = counts.sum(axis=0) if total is None else np.asarray(total, np.int64)
        return cls(counts, whole, np.zeros(counts.shape, bool), np.zeros(whole.shape, bool), complete)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """A detector's numbers, each (topics, days judged), about the window that ends with the day.

    `window` is the length of that window in days. `low` and `high` are the 90 % prediction interval of `observed`, `p`
    its upper tail. Where there is too little history to judge, p is 1, and `expected`, `low` and `high` are NaN.
    """

    window: Counts
    observed: Counts
    expected: Floats
    low: Floats
    high: Floats
    p: Floats

    @property
    def judged(self) -> Flags:
        """Where there was enough history."""
        return ~np.isnan(self.expected)

    @property
    def score(self) -> Floats:
        """-log10(p), 0 where nothing was judged."""
        return -np.log10(self.p) + 0.0


class Detector(Protocol):
    """Looks at all topics at once. A day's scores depend on that day and those before it, never on later ones."""

    @property
    def name(self) -> str: ...

    def judge(self, panel: Panel, days: int = 1) -> Scores:
        """Scores of the last `days` days of the panel.

        Raises ValueError when `days` is not between 1 and the panel's.
        """
        ...
