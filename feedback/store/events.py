"""Planned events. What is removed stays on record."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, select, update

from feedback.events import PlannedEvent
from feedback.store.tables import planned_event


def add_event(
    connection: Connection,
    name: str,
    first: date,
    last: date,
    topic_id: UUID | None,
    note: str,
    at: datetime,
    who: str,
    *,
    expected: bool = False,
) -> PlannedEvent:
    """Enter an event; ValueError when it would end before it begins."""
    if last < first:
        raise ValueError(f"the event would end ({last}) before it begins ({first})")
    event = PlannedEvent(0, name, first, last, topic_id, note, at, who, expected)
    values = {name: value for name, value in asdict(event).items() if name != "id"}
    key = connection.execute(planned_event.insert().values(**values)).inserted_primary_key
    assert key is not None
    return replace(event, id=key[0])


def remove_event(connection: Connection, event_id: int, at: datetime, who: str) -> PlannedEvent | None:
    """Take an event out; None when there is none of that number."""
    found = [each for each in planned_events(connection) if each.id == event_id]
    if not found:
        return None
    gone = {"removed_at": at, "removed_by": who}
    connection.execute(update(planned_event).where(planned_event.c.id == event_id).values(gone))
    return found[0]


def planned_events(connection: Connection, first: date | None = None, last: date | None = None) -> list[PlannedEvent]:
    """The events on record by their first day, or those with a day from `first` to `last`, both included."""
    columns = [planned_event.c[name] for name in PlannedEvent.__slots__]
    query = select(*columns).where(planned_event.c.removed_at.is_(None))
    if first is not None:
        query = query.where(planned_event.c.last >= first)
    if last is not None:
        query = query.where(planned_event.c.first <= last)
    rows = connection.execute(query.order_by(planned_event.c.first, planned_event.c.id))
    return [PlannedEvent(**row._asdict()) for row in rows]
