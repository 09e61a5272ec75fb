"""Planned events: a campaign, a holiday, a release, entered with their days so that a rise can be explained by them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """`first` and `last` are the operator's days, both included; without a `topic_id` it concerns every topic.

    Where a rise on its days is `expected`, they count neither in what is judged nor in what is usual. Who entered it,
    `who`, and when, `at`, are kept for the record.
    """

    id: int
    name: str
    first: date
    last: date
    topic_id: UUID | None
    note: str
    at: datetime
    who: str
    expected: bool = False

    def concerns(self, topic_id: UUID) -> bool:
        return self.topic_id is None or self.topic_id == topic_id

    def overlaps(self, first: date, last: date) -> bool:
        """Whether it has a day in common with those from `first` to `last`, both included."""
        return self.first <= last and first <= self.last
