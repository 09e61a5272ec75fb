"""What a threshold was set for: once that is something else, it is set anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from importlib.metadata import version
from typing import Any, Self

import numpy as np

from feedback.settings import Settings
from jobs.panel import DatedPanel
from models.detect.combined import Combined

MORE_TOPICS, MORE_PAST, MORE_NOW = 0.2, 0.2, 0.5
"""By which part the topics, the complaints of the days before, and those of the last days may be more or fewer."""

RECENT = 14
"""Days that tell how many complaints come in now."""

CHANCE = 50
"""Complaints added to both numbers that are compared, so that a few more of a few are no change."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The settings, the detector and the data as they were at the end of `day`.

    `past` counts the complaints of all days up to then, `recent` those of the last two weeks, or as many as two weeks
    of a younger history would have.
    """

    budget: float
    exposure: str
    segmented: tuple[str, ...]
    detector: str
    topics: int
    day: date
    past: int
    recent: int

    @classmethod
    def of(cls, settings: Settings, dated: DatedPanel) -> Self:
        """Those of now; the last day, which may be filling, does not count."""
        day = dated.days[max(len(dated.days) - 2, 0)]
        past, recent = _counted(dated, day)
        wanted = settings.false_alarms_per_week, settings.exposure, tuple(sorted(settings.segments))
        return cls(*wanted, detector_in_force(), len(dated.topics), day, past, recent)

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Self | None:
        """As they were stored; None where an earlier release stored none, or other ones."""
        if stored is None or set(stored) != {each.name for each in fields(cls)}:
            return None
        known = {"segmented": tuple(stored["segmented"]), "day": date.fromisoformat(stored["day"])}
        return cls(**{**stored, **known})

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "segmented": list(self.segmented), "day": self.day.isoformat()}

    def hold(self, settings: Settings, dated: DatedPanel) -> bool:
        """Whether they are still much the same.

        Not the same altogether: what is just below a threshold would be just above another, and a new one for every
        publication would open alerts by itself.
        """
        now = Circumstances.of(settings, dated)
        same = (now.budget, now.exposure, now.segmented, now.detector)
        past, _ = _counted(dated, self.day)
        return (
            same == (self.budget, self.exposure, self.segmented, self.detector)
            and abs(now.topics - self.topics) <= MORE_TOPICS * self.topics
            and _alike(past, self.past, MORE_PAST)
            and _alike(now.recent, self.recent, MORE_NOW)
        )


def detector_in_force() -> str:
    """The release and all settings of the detector."""
    return f"{version('feedback-trends')} {Combined()!r}"


def _counted(dated: DatedPanel, day: date) -> tuple[int, int]:
    """`past` and `recent` as of the end of `day`."""
    until = (day - dated.days[0]).days + 1
    totals = dated.panel.total[: max(until, 0)]
    last = totals[-RECENT:]
    return int(totals.sum()), round(float(last.sum()) * RECENT / max(len(last), 1))


def _alike(mine: int, its: int, more: float) -> bool:
    return bool(abs(np.log((mine + CHANCE) / (its + CHANCE))) <= np.log1p(more))
