"""Complaints and rejected records, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from feedback.domain import Channel, Complaint
from feedback.store import topics
from feedback.store.complaints import (
    Counts,
    complaints_by_id,
    count_complaints,
    mark_accepted,
    rejected_records,
    store_complaints,
    store_rejected,
)
from feedback.store.counts import recount
from feedback.store.database import Database
from feedback.store.tables import complaint, stale_bucket
from tests.integration.store.store_samples import (
    DAY,
    NOW,
    TOPIC,
    VERSION,
    assigned,
    assigned_topics,
    fill,
    publish,
    rejected,
    sample,
)

LATER = NOW + timedelta(hours=1)


def store(database: Database, *complaints: Any, now: datetime = NOW) -> Counts:
    with database.write() as connection:
        return store_complaints(connection, complaints, now)


def stored(database: Database, number: int = 1) -> Any:
    each = sample(number)
    with database.read() as connection:
        return complaints_by_id(connection, [each.id])[each.id]


def test_everything_said_of_a_complaint_comes_back(database: Database) -> None:
    each = sample(
        channel=Channel.LIVE_CHAT,
        market="FI",
        brand="Fjord",
        product="Spielautomaten",
        customer_segment="VIP",
        rating=2.5,
        first_response_at=DAY + timedelta(hours=2),
        resolved_at=DAY + timedelta(days=3),
        escalations=2,
        attributes={
            "zahlungsart": "Überweisung",
            "zażółć": "gęślą jaźń",
            "määrä": 3,
            "sum": 1.5,
            "first": True,
            "😀": "§",
        },
    )
    assert store(database, each) == Counts(accepted=1)
    assert stored(database) == each


def test_reading_the_same_again_changes_nothing(database: Database) -> None:
    batch = [sample(number) for number in range(50)]
    assert store(database, *batch) == Counts(accepted=50)
    assert store(database, *batch, now=LATER) == Counts(unchanged=50)
    with database.read() as connection:
        assert count_complaints(connection) == (50, batch[0].received_at, batch[-1].received_at)
        rows = connection.execute(select(complaint.c.ingested_at, complaint.c.updated_at)).all()
    assert {tuple(row) for row in rows} == {(NOW, None)}


def test_nothing_to_store_is_no_error(database: Database) -> None:
    assert store(database) == Counts()
    with database.read() as connection:
        assert count_complaints(connection) == (0, None, None)


def test_more_than_one_statement_can_hold(database: Database) -> None:
    batch = [sample(number) for number in range(2000)]
    assert store(database, *batch) == Counts(accepted=2000)
    assert store(database, *batch) == Counts(unchanged=2000)


@pytest.mark.parametrize(
    "change",
    [
        {"resolved_at": DAY + timedelta(days=1)},
        {"first_response_at": DAY + timedelta(hours=1)},
        {"escalations": 1},
        {"rating": 1.0},
        {"product": "poker"},
        {"channel": Channel.PHONE},
    ],
)
def test_what_becomes_known_later_is_added(database: Database, change: dict[str, Any]) -> None:
    store(database, sample())
    assert store(database, sample(**change), now=LATER) == Counts(updated=1)
    assert stored(database) == sample(**change)
    with database.read() as connection:
        assert connection.execute(select(complaint.c.updated_at)).scalar_one() == LATER


def test_a_field_that_arrives_empty_keeps_what_it_held(database: Database) -> None:
    full = sample(market="NO", escalations=0, channel=Channel.PHONE, attributes={"payment": "card"})
    store(database, full)
    assert store(database, sample(market=None, attributes={}, channel=Channel.OTHER)) == Counts(unchanged=1)
    assert stored(database) == full


def test_attributes_add_up(database: Database) -> None:
    store(database, sample(attributes={"payment": "card", "game": "keno"}))
    store(database, sample(attributes={"payment": "Trustly", "urgent": False}))
    assert stored(database).attributes == {"payment": "Trustly", "game": "keno", "urgent": False}


def test_when_it_was_received_never_changes(database: Database) -> None:
    store(database, sample())
    assert store(database, sample(received_at=DAY + timedelta(days=9))) == Counts(unchanged=1)
    assert stored(database).received_at == sample().received_at


def test_the_same_text_keeps_its_language(database: Database) -> None:
    store(database, sample(language="nb"))
    assert store(database, sample(language="en")) == Counts(unchanged=1)
    assert stored(database).language == "nb"


def test_a_new_text_drops_the_assignment_and_marks_its_bucket(database: Database) -> None:
    publish(database)
    fill(database, [sample(1), sample(2)])
    with database.write() as connection:
        recount(connection, VERSION)
    assert store(database, sample(1, text="Neu.", text_hash="new")) == Counts(updated=1)
    with database.read() as connection:
        assert assigned_topics(connection, VERSION) == {sample(2).id: TOPIC}
        assert connection.execute(select(stale_bucket.c.bucket_start)).scalars().all() == [DAY]


def test_other_news_leave_the_assignment_alone(database: Database) -> None:
    publish(database)
    fill(database, [sample()])
    store(database, sample(escalations=4))
    with database.read() as connection:
        assert assigned_topics(connection, VERSION) == {sample().id: TOPIC}


def test_a_record_twice_in_one_batch_is_one_complaint(database: Database) -> None:
    first, second = sample(), sample(escalations=2, attributes={"payment": "card"})
    assert store(database, first, second, sample(2)) == Counts(accepted=2, unchanged=1)
    assert stored(database) == second


def test_two_sources_may_use_the_same_number(database: Database) -> None:
    assert store(database, sample(), sample(source="chat")) == Counts(accepted=2)


@pytest.mark.parametrize("mirrored", [False, True])
def test_two_writers_at_once_store_each_complaint_once(database: Database, mirrored: bool) -> None:
    together = Barrier(2, timeout=60)

    def write(orders: list[list[Complaint]]) -> Counts:
        total = Counts()
        for batch in orders:
            together.wait()
            total += store(database, *batch)
        return total

    batches = [[sample(number + 1000 * turn) for number in range(200)] for turn in range(4)]
    other = [batch[::-1] for batch in batches] if mirrored else batches
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(write, [batches, other]))
    assert found[0] + found[1] == Counts(accepted=800, unchanged=800)
    with database.read() as connection:
        assert count_complaints(connection)[0] == 800


def test_two_writers_at_once_update_without_blocking_each_other_for_good(database: Database) -> None:
    batch = [sample(number) for number in range(200)]
    store(database, *batch)
    together = Barrier(2, timeout=60)

    def write(change: dict[str, Any], order: int) -> Counts:
        together.wait()
        return store(database, *[replace(each, **change) for each in batch[::order]])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, [{"rating": 1.0}, {"market": "PL"}], [1, -1]))
    with database.read() as connection:
        kept = complaints_by_id(connection, [each.id for each in batch])
    assert {(each.rating, each.market) for each in kept.values()} == {(1.0, "PL")}


def test_times_come_back_as_the_same_moment_in_utc(database: Database) -> None:
    received = datetime(2026, 3, 29, 4, 15, 7, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    store(database, sample(received_at=received))
    found = stored(database).received_at
    assert found == received
    assert found.tzinfo is UTC


def test_a_time_without_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="a time without zone"):
        store(database, sample(received_at=datetime(2026, 3, 1, 12)))  # noqa: DTZ001 - what must be refused


def test_a_rejected_record_is_kept_once(database: Database) -> None:
    for now in (NOW, LATER):
        with database.write() as connection:
            assert store_rejected(connection, [rejected(), rejected(), rejected(line=9)], now) == 3
    with database.read() as connection:
        rows = rejected_records(connection)
        assert len(rejected_records(connection, limit=1)) == 1
    assert [(row.line, row.rejected_at) for row in rows] == [(3, NOW), (9, NOW)]
    assert rows[0].record == {"id": "T-3", "text": " ", "betreff": "Rückfrage"}
    assert (rows[0].reason, rows[0].detail) == ("empty_text", "The text is empty.")


def test_what_json_has_no_word_for_is_kept_as_text(database: Database) -> None:
    record = {"when": DAY, "name": "a\x00b", "nested": {"list": [1, None, True, 0.5]}, "much": float("inf"), 7: (1, 2)}
    with database.write() as connection:
        store_rejected(connection, [rejected(record=record)], NOW)
    with database.read() as connection:
        kept = rejected_records(connection)[0].record
    nested = {"list": [1, None, True, 0.5]}
    assert kept == {"when": str(DAY), "name": "ab", "nested": nested, "much": "inf", "7": [1, 2]}


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "C:\\u0000\x00", "\ud800", "\\"])
def test_hostile_characters_in_a_rejected_record(database: Database, text: str) -> None:
    with database.write() as connection:
        store_rejected(connection, [rejected(place=f"a\x00{text}", detail=text, record={text: [text]})], NOW)
    clean = text.replace("\x00", "").replace("\ud800", "\ufffd")
    with database.read() as connection:
        (row,) = rejected_records(connection)
    assert (row.place, row.detail, row.record) == (f"a{clean}", clean, {clean: [clean]})


def test_an_accepted_record_is_not_listed_any_more(database: Database) -> None:
    with database.write() as connection:
        store_rejected(connection, [rejected(), rejected(line=None)], NOW)
        first, *_ = rejected_records(connection)
        mark_accepted(connection, [first.id], LATER)
        assert first.id not in {row.id for row in rejected_records(connection)}
        assert len(rejected_records(connection)) == 1


def test_assigned_complaints_are_found_by_their_ids(database: Database) -> None:
    publish(database)
    fill(database, [sample(1), sample(2)])
    with database.write() as connection:
        topics.assign(connection, VERSION, [assigned(sample(1), None)])
    with database.read() as connection:
        assert topics.count_assigned(connection, VERSION) == (2, 1)
        assert topics.texts_of(connection, [sample(1).id]) == {sample(1).id: sample(1).text}
