"""What goes with a complaint and what stays, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from feedback.domain import Author, Complaint, Fate, Span, derived_id
from feedback.edits import EditKind
from feedback.retention import Retention
from feedback.store import departures, edits, erasures, kept_counts, nearest, tables, topics
from feedback.store.complaints import store_complaints, store_rejected
from feedback.store.counts import counts, counts_by_segment, recount
from feedback.store.database import Database
from feedback.store.kept_counts import UNASSIGNED
from feedback.store.topics import LineageEntry
from tests.integration.store.store_samples import (
    DAY,
    NOW,
    TOPIC,
    VERSION,
    assigned,
    fill,
    publish,
    rejected,
    sample,
    topic,
    version,
)

EVER = Span(DAY - timedelta(days=400), DAY + timedelta(days=400))
BY = Author("dpo", "request", NOW)
ANNA = [sample(number, customer_hash="anna", market="DE") for number in (1, 2)]
BERT = [sample(3, customer_hash="bert", market="DE"), sample(4, customer_hash="bert", market="NO")]


def numbers(database: Database, version_id: UUID = VERSION) -> list[tuple[datetime, UUID, int, int]]:
    with database.write() as connection:
        recount(connection, version_id)
        return counts(connection, version_id, EVER)


def forget(database: Database, complaints: list[Complaint]) -> Any:
    with database.write() as connection:
        return departures.forget(connection, [each.id for each in complaints])


def size(database: Database, name: str) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one())


@pytest.fixture
def filled(database: Database) -> Database:
    publish(database)
    fill(database, [*ANNA, *BERT])
    return database


def test_numbers_stay_whenever_they_are_counted_again(filled: Database) -> None:
    before = numbers(filled)
    assert before == [(DAY, TOPIC, 4, 2)]
    with filled.read() as connection:
        segments = list(counts_by_segment(connection, VERSION, EVER))
    assert forget(filled, [ANNA[0], BERT[0]])["complaints"] == 2
    assert numbers(filled) == before
    forget(filled, [ANNA[1]])
    assert numbers(filled) == before
    with filled.read() as connection:
        assert list(counts_by_segment(connection, VERSION, EVER)) == segments
    late = sample(5, customer_hash="carl", market="DE")
    fill(filled, [late])
    assert numbers(filled) == [(DAY, TOPIC, 5, 3)]


def test_complaints_that_no_version_has_judged_leave_no_number(database: Database) -> None:
    publish(database)
    fill(database, ANNA, assign=False)
    forget(database, ANNA)
    assert (numbers(database), size(database, "kept_count")) == ([], 0)


def test_forgetting_twice_changes_nothing(filled: Database) -> None:
    before = numbers(filled)
    forget(filled, ANNA)
    assert forget(filled, ANNA) == {}
    assert numbers(filled) == before


def test_a_later_version_counts_them_under_what_became_of_their_topic(filled: Database) -> None:
    numbers(filled)
    forget(filled, ANNA)
    heir = derived_id("heir")
    later = version("later", trained_at=NOW + timedelta(days=1))
    publish(filled, of=later, members=[topic(heir)], entries=[LineageEntry(Fate.MERGED, TOPIC, heir, 0.9)])
    with filled.write() as connection:
        topics.assign(connection, later.id, [assigned(each, heir) for each in BERT])
        kept_counts.mark_kept(connection, later.id)
    assert numbers(filled, later.id) == [(DAY, heir, 4, 2)]
    stranger = version("stranger", trained_at=NOW + timedelta(days=2))
    publish(filled, of=stranger, members=[topic(derived_id("other"))])
    with filled.write() as connection:
        kept_counts.mark_kept(connection, stranger.id)
    assert numbers(filled, stranger.id) == [(DAY, UNASSIGNED, 2, 1)]


def test_a_merge_by_people_takes_them_along(filled: Database) -> None:
    other = derived_id("other")
    with filled.write() as connection:
        topics.add_topics(connection, VERSION, [topic(other)])
    forget(filled, [*ANNA, *BERT])
    with filled.write() as connection:
        edits.add_edit(connection, EditKind.MERGE, TOPIC, {"into": str(other)}, NOW, "anna", "")
        kept_counts.mark_kept(connection, VERSION)
    assert numbers(filled) == [(DAY, other, 4, 2)]


def test_a_vector_stays_while_another_complaint_says_the_same(database: Database) -> None:
    pair = [sample(1, text_hash="same"), sample(2, text_hash="same", customer_hash="bert")]
    fill(database, [*pair, sample(3)], assign=False)
    with database.write() as connection:
        rows = [{"text_hash": each, "encoder_version": "e", "vector": b"1"} for each in ("same", "hash-3")]
        connection.execute(tables.embedding.insert(), rows)
    assert forget(database, [pair[0]]).get("vectors", 0) == 0
    assert forget(database, [pair[1]])["vectors"] == 1
    assert size(database, "embedding") == 1


def test_decisions_no_longer_name_them_and_parts_are_shown_by_others(filled: Database) -> None:
    with filled.write() as connection:
        moved = [str(ANNA[0].id), str(BERT[0].id)]
        edits.add_edit(connection, EditKind.MOVE, TOPIC, {"complaints": moved}, NOW, "x", "")
        part = {"id": str(TOPIC), "name": "Part", "examples": [str(ANNA[0].id)]}
        edits.add_edit(connection, EditKind.SPLIT, derived_id("whole"), {"parts": [part]}, NOW, "x", "")
    assert forget(filled, ANNA)["edits"] == 2
    with filled.read() as connection:
        decided = edits.curation(connection)
    assert set(decided.places) == {BERT[0].id}
    assert set(decided.parts[0].examples) == {each.id for each in BERT}


def test_rejected_records_go_by_customer_and_by_source_id(database: Database) -> None:
    records = [
        rejected(1, record={"source_id": "T-1", "text": "?"}),
        rejected(2, record={"customer_hash": "anna", "text": "?"}),
        rejected(3, source="chat", record={"source_id": "T-1"}),
        rejected(4, record={"shape": "a list"}),
    ]
    fill(database, ANNA, assign=False)
    with database.write() as connection:
        store_rejected(connection, records, NOW)
        assert departures.is_kept(connection, "anna")
        assert departures.forget(connection, [each.id for each in ANNA])["rejected records"] == 1
        assert departures.is_kept(connection, "anna")
        assert departures.drop_rejected_of(connection, "anna") == 1
        assert not departures.is_kept(connection, "anna")
    assert size(database, "rejected_record") == 2


def test_what_is_too_old_goes_by_source(database: Database) -> None:
    old = [sample(n, source=source, received_at=NOW - timedelta(days=100)) for n, source in ((1, "desk"), (2, "chat"))]
    fill(database, [*old, sample(3)], assign=False)
    rules = Retention(365, {"desk": 90})
    with database.write() as connection:
        store_rejected(connection, [rejected(1), rejected(2, source="chat")], NOW - timedelta(days=100))
        assert departures.expired(connection, rules, NOW, 10) == [old[0].id]
        assert departures.expired(connection, Retention(), NOW, 10) == []
        assert departures.drop_expired_rejected(connection, rules, NOW) == 1
        assert departures.drop_expired_rejected(connection, Retention(), NOW) == 0


def test_an_erasure_goes_on_until_it_is_finished(database: Database) -> None:
    with database.write() as connection:
        number = erasures.begin(connection, "anna", BY)
        erasures.add_counts(connection, number, {"complaints": 2, "pages": 0})
    later = Author("dpo", "again", NOW + timedelta(days=1))
    with database.write() as connection:
        assert erasures.begin(connection, "anna", later) == number
        erasures.add_counts(connection, number, {"complaints": 1})
        assert erasures.finish(connection, number, later.at) == {"complaints": 3}
        assert erasures.begin(connection, "anna", later) != number
        assert erasures.erased_at(connection) == {"anna": later.at}


def test_nobody_takes_in_while_an_erasure_begins(postgres_database: str) -> None:
    from feedback.store.database import open_database

    database, begun = open_database(postgres_database), threading.Event()

    def begin() -> None:
        with database.write() as connection:
            erasures.begin(connection, "anna", BY)
        begun.set()

    with database.write() as connection:
        assert erasures.erased_at(connection) == {}
        thread = threading.Thread(target=begin)
        thread.start()
        assert not begun.wait(0.5)
        store_complaints(connection, ANNA, NOW)
    assert begun.wait(30)
    thread.join()
    with database.read() as connection:
        assert len(departures.complaints_of(connection, "anna", NOW)) == 2, "so that it is seen, and erased"
    database.close()


@pytest.mark.parametrize("nested", [lambda each: each, lambda each: {"parts": [{"examples": each}]}])
def test_ids_are_taken_out_wherever_they_stand(nested: Callable[[Any], Any]) -> None:
    assert departures.without(nested(["a", "b", 1]), {"a"}) == nested(["b", 1])


def test_every_table_that_an_erasure_writes_anew_is_named(database: Database) -> None:
    with database.read() as connection:
        named = set(departures.rewritten(connection))
        searched = nearest.is_there(connection)
    assert {"complaint", "area_alert", "request", "topic", "topic_in_version"} <= named
    assert (nearest.TABLE in named) == searched
