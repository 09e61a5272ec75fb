"""Planned events: entered, found by their days, and taken out."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from feedback.store.database import Database
from feedback.store.events import add_event, planned_events, remove_event
from feedback.store.tables import planned_event
from tests.integration.store.store_samples import NOW

FRIDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 30)


def test_an_event_is_found_by_any_of_its_days(database: Database) -> None:
    with database.write() as connection:
        made = add_event(connection, "Black Friday", FRIDAY, MONDAY, None, "free spins for all", NOW, "ana")
        add_event(connection, "Release 4.2", date(2026, 12, 9), date(2026, 12, 9), UUID(int=7), "", NOW, "ben")
        assert [each.name for each in planned_events(connection)] == ["Black Friday", "Release 4.2"]
        assert planned_events(connection, MONDAY, date(2026, 12, 8)) == [made]
        assert planned_events(connection, MONDAY + timedelta(days=1), date(2026, 12, 8)) == []
        assert planned_events(connection, last=FRIDAY) == [made]
        assert not made.expected
        foreseen = add_event(connection, "Derby", MONDAY, MONDAY, None, "", NOW, "ana", expected=True)
        assert foreseen in planned_events(connection)


def test_it_concerns_its_topic_or_all() -> None:
    from feedback.events import PlannedEvent

    event = PlannedEvent(1, "Release", FRIDAY, MONDAY, UUID(int=7), "", NOW, "ben")
    assert event.concerns(UUID(int=7))
    assert not event.concerns(UUID(int=8))
    assert event.overlaps(MONDAY, MONDAY)
    assert not event.overlaps(MONDAY + timedelta(days=1), MONDAY + timedelta(days=9))


def test_what_is_removed_is_an_event_no_more_but_stays_on_record(database: Database) -> None:
    with database.write() as connection:
        made = add_event(connection, "Black Friday", FRIDAY, MONDAY, None, "", NOW, "ana")
        assert remove_event(connection, made.id, NOW, "ben") == made
        assert remove_event(connection, made.id, NOW, "ben") is None
        assert planned_events(connection) == []
        (row,) = connection.execute(select(planned_event)).all()
    assert (row.removed_at, row.removed_by) == (NOW, "ben")


def test_an_event_that_ends_before_it_begins_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="would end"), database.write() as connection:
        add_event(connection, "Black Friday", MONDAY, FRIDAY, None, "", NOW, "ana")
