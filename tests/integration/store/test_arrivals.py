"""When complaints came in, from whom and whence, asked of both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from feedback.domain import Complaint, Span, derived_id
from feedback.exposure import Exposure
from feedback.store import counts, topics
from feedback.store.complaints import came_late, delays, received_between, sources, store_complaints
from feedback.store.database import Database
from feedback.store.exposure import exposure_columns, exposure_of, store_exposure
from tests.integration.store.store_samples import DAY, TOPIC, VERSION, assigned, publish, sample

HOUR = timedelta(hours=1)
ALL = Span(DAY - timedelta(days=9), DAY + timedelta(days=9))


@pytest.fixture
def published(database: Database) -> Database:
    publish(database)
    return database


def take_in(database: Database, complaints: list[Complaint], late: timedelta) -> None:
    """Each ingested so much later than the last of them was received, and assigned."""
    with database.write() as connection:
        store_complaints(connection, complaints, max(each.received_at for each in complaints) + late)
        topics.assign(connection, VERSION, [assigned(each) for each in complaints])


def at(hour: float, customer: str | None = None, source: str = "desk") -> Complaint:
    name = f"{hour} {customer} {source}"
    return sample(
        1, source=source, source_id=name, text_hash=name, customer_hash=customer, received_at=DAY + hour * HOUR
    )


def test_delays_leave_out_what_was_there_before_the_source_was_first_read(published: Database) -> None:
    take_in(published, [at(1), at(2)], HOUR)
    take_in(published, [at(4)], 2 * HOUR)
    take_in(published, [at(5, source="chat")], 9 * HOUR)
    with published.read() as connection:
        assert delays(connection, ALL, ALL.end) == [(DAY + 4 * HOUR, 2 * HOUR)]
        assert delays(connection, ALL, DAY + 5 * HOUR) == [], "nothing is known of what comes in later"


def test_what_came_late_is_counted_by_topic_and_bucket(published: Database) -> None:
    take_in(published, [at(1)], timedelta(0))
    take_in(published, [at(4), at(5)], 2 * HOUR)
    with published.read() as connection:
        since = Span(DAY + 3 * HOUR, DAY + 9 * HOUR)
        assert came_late(connection, VERSION, ALL, since) == {(TOPIC, DAY): 2}
        assert came_late(connection, VERSION, ALL, Span(DAY + 7 * HOUR, since.end)) == {}
        assert came_late(connection, derived_id("another"), ALL, since) == {}


def test_what_came_from_each_source_and_about_what(published: Database) -> None:
    take_in(published, [at(1), at(2), at(3, source="chat")], HOUR)
    edges = [DAY + hours * HOUR for hours in (0, 2, 2.5, 24)]
    with published.read() as connection:
        assert list(sources(connection)) == ["chat", "desk"]
        assert received_between(connection, "desk", edges) == [1, 1, 0]
        assert received_between(connection, "chat", edges) == [0, 0, 1]
        assert received_between(connection, "chat", edges[:2]) == [0]
        found = counts.counts_by_source_and_topic(connection, VERSION, ALL)
    assert found == {"desk": {TOPIC: 2}, "chat": {TOPIC: 1}}


def test_a_topic_is_busy_by_customers_not_by_messages(published: Database) -> None:
    take_in(published, [at(1, "a"), at(2, "a"), at(3, "b"), at(4), at(5)], HOUR)
    with published.read() as connection:
        assert counts.busy_topics(connection, VERSION, ALL, 4) == [TOPIC]
        assert counts.busy_topics(connection, VERSION, ALL, 5) == []
        assert counts.busy_topics(connection, VERSION, Span(DAY + 4 * HOUR, ALL.end), 3) == []
        voices = counts.first_voices(connection, VERSION, ALL)
    assert sorted(voices) == [(TOPIC, DAY + hour * HOUR) for hour in (1, 3, 4, 5)]


def test_a_later_exposure_of_a_day_replaces_an_earlier(database: Database) -> None:
    first, second = date(2026, 3, 1), date(2026, 3, 2)
    with database.write() as connection:
        store_exposure(connection, [Exposure("players", first, 5.0), Exposure("players", first, 6.0)])
        store_exposure(connection, [Exposure("players", first, 7.0), Exposure("players", second, 9.0)])
        store_exposure(connection, [])
        assert exposure_of(connection, "players", first, second) == {first: 7.0, second: 9.0}
        assert exposure_of(connection, "payouts", first, second) == {}
        (row,) = exposure_columns(connection)
    assert (row.name, row.days, row.first, row.last, row.mean) == ("players", 2, first, second, 8.0)
