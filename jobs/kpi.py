"""The figures of support, by whatever they are asked for, and of a week for the digests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from feedback.digest import iso_week
from feedback.domain import SEGMENTED, Span
from feedback.kpi import Compared, Figures, Impact, Record, Support, Tally, impacts, joined, tallied
from feedback.series import bucket_start, day_of
from feedback.store.kept_counts import UNASSIGNED
from feedback.store.kpi import Selection, records, tellings
from feedback.store.topics import StoredTopic
from jobs.context import Context

if TYPE_CHECKING:
    from jobs.published import Published

BEFORE = timedelta(weeks=4)
"""A week is held against the weeks before it, so many together."""

BY = ("topic", "area", "week", *SEGMENTED)
"""What complaints can be grouped by."""

Value = UUID | str | None
"""A topic's id, or the value of anything else; None where there is none."""

Group = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The figures of the complaints that have the values `group`; `impact` where those are of one topic."""

    group: Group
    figures: Figures
    impact: Impact | None = None


def figures_by(
    context: Context, connection: Connection, selection: Selection, topics: Sequence[StoredTopic], by: Sequence[str]
) -> list[GroupFigures]:
    """The figures of the selected complaints by one or more of `BY`, by week in order of time, else the largest first.

    By nothing, all of them together.
    """
    keys = [_key(name, {each.id: each.area for each in topics}, context.settings.zone) for name in by]
    told = tellings(connection, selection.before, context.settings.scales)
    tallies = tallied(records(connection, selection), told, lambda record: tuple(key(record) for key in keys))
    gains = _gains(tallies) if tuple(by) == ("topic",) else {}
    found = [
        GroupFigures(group, figures, gains.get(group))
        for group, tally in tallies.items()
        if (figures := tally.figures())
    ]
    week = by.index("week") if "week" in by else None
    return sorted(found, key=lambda each: ("" if week is None else each.group[week], -each.figures.complaints.value))


def _key(name: str, areas: Mapping[UUID, str | None], zone: ZoneInfo) -> Callable[[Record], Value]:
    if name == "area":
        return lambda record: areas.get(record.topic) if record.topic else None
    if name == "week":
        week = cache(lambda bucket: iso_week(day_of(bucket, zone)))
        return lambda record: week(record.bucket)
    return attrgetter(name)


def _gains(tallies: Mapping[Group, Tally]) -> dict[Group, Impact]:
    """Complaints without a topic count among the others."""
    found = impacts({group[0] if isinstance(group[0], UUID) else UNASSIGNED: each for group, each in tallies.items()})
    return {(each.topic_id,): each for each in found if each.topic_id != UNASSIGNED}


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
        both = {each: joined(_of(self.week_of, [each]) + _of(self.before_of, [each])) for each in seen}
        return Support(
            span=self.span,
            before=self.before,
            whole=self._compared(seen),
            areas={area: self._compared([each for each in seen if self.areas[each] == area]) for area in areas},
            topics={each: self._compared([each]) for each in seen},
            impacts=[each for each in impacts(both) if each.gain.low > 0],
        )

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
