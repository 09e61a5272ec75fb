"""The figures of support, by whatever they are asked for, and of a week for the digests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Connection

from feedback.domain import Span
from feedback.kpi import Background, Compared, Support, Tally, impacts, joined, tallied
from feedback.series import bucket_start, day_of
from feedback.store.kpi import Selection, records, tellings
from feedback.store.topics import StoredTopic
from jobs.context import Context

if TYPE_CHECKING:
    from jobs.published import Published

BEFORE = timedelta(weeks=4)
"""A week is held against the weeks before it, so many together."""


@dataclass(frozen=True, slots=True, eq=False)
class WeekSupport:
    """What the figures of a week and of the weeks before follow from, by topic; `of` picks an owner's."""

    span: Span
    before: Span
    week_of: Mapping[UUID, Tally]
    before_of: Mapping[UUID, Tally]
    areas: Mapping[UUID, str | None]

    def of(self, mine: Collection[UUID]) -> Support:
        """The figures of some topics."""
        seen = [each for each in self.areas if each in mine and (each in self.week_of or each in self.before_of)]
        areas = sorted({area for each in seen if (area := self.areas[each])})
        both = {each: self._whole_time(each) for each in seen}
        return Support(
            span=self.span,
            before=self.before,
            whole=self._compared(seen),
            areas={area: self._compared([each for each in seen if self.areas[each] == area]) for area in areas},
            topics={each: self._compared([each]) for each in seen},
            impacts=[each for each in impacts(both) if each.gain.low > 0],
        )

    def background(self, topic: UUID, mine: Collection[UUID]) -> Background:
        """The figures of one topic, and its impact among some that it is one of."""
        found = impacts({each: self._whole_time(each) for each in mine if each in self.areas})
        return Background(self._compared([topic]), next((each for each in found if each.topic_id == topic), None))

    def _whole_time(self, topic: UUID) -> Tally:
        return joined(_of(self.week_of, [topic]) + _of(self.before_of, [topic]))

    def _compared(self, topics: Sequence[UUID]) -> Compared:
        return Compared(*(joined(_of(tallies, topics)).figures() for tallies in (self.week_of, self.before_of)))


def gather_support(
    context: Context,
    connection: Connection,
    current: Published,
    span: Span,
    as_of: datetime,
    topics: Sequence[StoredTopic],
) -> WeekSupport:
    """The week `span` and the four weeks before it as known at `as_of`."""
    zone = context.settings.zone
    begin = bucket_start(day_of(span.start, zone) - BEFORE, zone)
    areas = {each.id: each.area for each in topics}
    selection = Selection(current.version.id, Span(begin, span.end), as_of, topics=list(areas))
    found = tallied(
        records(connection, selection),
        tellings(connection, as_of, context.settings.scales),
        lambda record: (record.topic, record.bucket >= span.start),
    )
    week, before = (
        {topic: each for (topic, late), each in found.items() if topic and late is which} for which in (True, False)
    )
    return WeekSupport(span, Span(begin, span.start), week, before, areas)


def _of(tallies: Mapping[UUID, Tally], topics: Sequence[UUID]) -> list[Tally]:
    return [tallies[each] for each in topics if each in tallies]
