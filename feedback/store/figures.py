"""The figures of support by whatever they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from feedback.digest import iso_week
from feedback.domain import SEGMENTED
from feedback.kpi import Figures, Impact, Record, Tally, impacts, tallied
from feedback.series import day_of
from feedback.settings import Settings
from feedback.store.kept_counts import UNASSIGNED
from feedback.store.kpi import Selection, records, tellings
from feedback.store.topics import StoredTopic

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
    connection: Connection,
    selection: Selection,
    topics: Sequence[StoredTopic],
    by: Sequence[str],
    settings: Settings,
) -> list[GroupFigures]:
    """The figures of the selected complaints by one or more of `BY`, by week in order of time, else the largest first.

    By nothing, all of them together.
    """
    keys = [_key(name, {each.id: each.area for each in topics}, settings.zone) for name in by]
    told = tellings(connection, selection.before, settings.scales)
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
