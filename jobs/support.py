"""What the figures of support say of topics that rise: kept with their alerts, told with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from feedback.domain import Signal, Span
from feedback.series import bucket_start, day_of
from jobs.context import Context
from jobs.kpi import WeekSupport, gather_support
from jobs.ownership import owners_of
from jobs.published import published


@dataclass(frozen=True, slots=True, eq=False)
class Backgrounds:
    """Those of the rises of one run: complaints are read once for all that are judged by the same days."""

    context: Context
    connection: Connection
    now: datetime
    gathered: dict[Span, WeekSupport] = field(default_factory=dict)

    def of(self, signal: Signal) -> dict[str, Any] | None:
        """What to keep of a rise: the figures of its whole topic in the days of its window, beside the weeks before
        them, and its impact among its owner's topics. None for a topic that the version in force does not hold."""
        current = published(self.context)
        topics = {each.id: each for each in current.topics} if current else {}
        topic = topics.get(signal.topic_id)
        if current is None or topic is None:
            return None
        owners = owners_of(self.context, self.connection)
        owner = owners.of_topic(topic.owner, topic.area).owner
        mine = [key for key, each in topics.items() if owners.of_topic(each.owner, each.area).owner == owner]
        span = self._days(signal.window)
        if span not in self.gathered:
            found = gather_support(self.context, self.connection, current, span, self.now, current.topics)
            self.gathered[span] = found
        return self.gathered[span].background(topic.id, mine).as_dict()

    def _days(self, window: Span) -> Span:
        """The window with the whole of its first day: figures are read by day."""
        zone = self.context.settings.zone
        return Span(bucket_start(day_of(window.start, zone), zone), window.end)
