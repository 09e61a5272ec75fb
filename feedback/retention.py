"""How long complaints are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """Days by source, `days` for sources that are not named; 0 is for good."""

    days: int = 0
    by_source: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_set(self) -> bool:
        """Whether anything is ever deleted."""
        return self.shortest is not None

    @property
    def shortest(self) -> int | None:
        """The fewest days that anything is kept; None where all is kept for good."""
        return min((days for days in (self.days, *self.by_source.values()) if days), default=None)

    def of(self, source: str) -> int:
        return self.by_source.get(source, self.days)

    def until(self, source: str, now: datetime) -> datetime | None:
        """What came from a source before this goes; None where nothing does."""
        days = self.of(source)
        return now - timedelta(days=days) if days else None
