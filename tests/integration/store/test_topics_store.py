"""Topics, topic model versions and assignments."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from feedback.domain import Fate, PinnedTopic, TopicKind, derived_id
from feedback.store import tables, topics
from feedback.store.counts import recount
from feedback.store.database import Database
from feedback.store.reset import discard_derived
from feedback.store.topics import LineageEntry
from tests.integration.store.store_samples import (
    NOW,
    TOPIC,
    VERSION,
    assigned,
    assigned_topics,
    fill,
    publish,
    sample,
    topic,
    version,
)

LATER = NOW + timedelta(days=28)
SECOND = version("second version", trained_at=LATER)


def size(database: Database, table: str) -> int:
    with database.read() as connection:
        query = select(func.count()).select_from(tables.metadata.tables[table])
        return connection.execute(query).scalar_one()


def statuses(database: Database) -> dict[UUID, str]:
    table = tables.topic_model_version
    with database.read() as connection:
        return {row.id: row.status for row in connection.execute(select(table.c.id, table.c.status))}


def test_before_the_first_training_there_is_no_version(database: Database) -> None:
    with database.read() as connection:
        assert topics.published_version(connection) is None


def test_a_version_comes_back_with_its_topics_and_lineage(database: Database) -> None:
    born = topic(
        derived_id("young"), name="aa", born_at=LATER, centroid=b"\x00\x01\x80\xff", kind=TopicKind.PROVISIONAL
    )
    entries = [LineageEntry(Fate.KEPT, TOPIC, TOPIC, 0.93), LineageEntry(Fate.BORN, None, born.id, None)]
    publish(database, members=[born, topic()], entries=entries)
    with database.read() as connection:
        assert topics.published_version(connection) == replace(version(), status="published", published_at=NOW)
        found = topics.topics_of(connection, VERSION)
        assert topics.lineage_of(connection, VERSION) == entries
        assert set(topics.topic_names(connection)) == {TOPIC, born.id}
    assert [each.id for each in found] == [TOPIC, born.id]
    assert found[0].words == {"de": ["bonus", "auszahlung"], "fi": ["käteisbonus"]}
    assert found[1].centroid == born.centroid
    assert found[1].kind is TopicKind.PROVISIONAL


def test_publishing_archives_the_version_before(database: Database) -> None:
    publish(database)
    publish(database, of=SECOND)
    assert statuses(database) == {VERSION: "archived", SECOND.id: "published"}


def test_as_of_when_was_judged_last_outlives_the_version_in_force(database: Database) -> None:
    with database.write() as connection:
        assert topics.last_judged(connection) is None
        topics.store_version(connection, version("a"), [], ())
        topics.store_version(connection, version("b"), [], ())
        topics.store_judged(connection, version("a").id, NOW)
        topics.publish_version(connection, version("b").id, NOW)
        assert topics.last_judged(connection) == NOW


def test_hindsight_is_looked_into_once_a_publication(database: Database) -> None:
    with database.write() as connection:
        topics.store_version(connection, version(), [], ())
        assert topics.hindsight_of(connection, version().id) is None
        topics.store_hindsight(connection, version().id, {})
        assert topics.hindsight_of(connection, version().id) == {}
        topics.publish_version(connection, version().id, NOW)
        assert topics.hindsight_of(connection, version().id) is None


def test_publishing_happens_whole_or_not_at_all(database: Database) -> None:
    publish(database)

    def publish_and_break() -> None:
        with database.write() as connection:
            topics.store_version(connection, SECOND, [topic()], [])
            topics.publish_version(connection, SECOND.id, LATER)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        publish_and_break()
    assert statuses(database) == {VERSION: "published"}


def test_a_reader_keeps_the_version_it_began_with_until_the_other_is_whole(database: Database) -> None:
    publish(database)
    with database.write() as connection:
        topics.store_version(connection, SECOND, [topic()], [])
        topics.publish_version(connection, SECOND.id, LATER)
        with database.read() as meanwhile:
            seen = topics.published_version(meanwhile)
    assert seen is not None
    assert seen.id == VERSION


def test_a_candidate_stored_again_replaces_itself(database: Database) -> None:
    publish(database, entries=[LineageEntry(Fate.BORN, None, TOPIC, None)])
    fill(database, [sample()])
    with database.write() as connection:
        topics.store_version(connection, version(metrics={"coverage": 0.75}), [], [])
    with database.read() as connection:
        assert topics.topics_of(connection, VERSION) == []
        assert topics.lineage_of(connection, VERSION) == []
        assert assigned_topics(connection, VERSION) == {}
    assert size(database, "stale_bucket") == 0


def test_a_topic_keeps_its_birth_and_name_over_versions(database: Database) -> None:
    publish(database)
    publish(database, of=SECOND, members=[topic(name="new words", born_at=LATER, size=99)])
    with database.read() as connection:
        (kept,) = topics.topics_of(connection, SECOND.id)
    assert (kept.name, kept.born_at, kept.size) == ("bonus / bonus", NOW, 99)


def test_a_provisional_topic_that_a_training_confirms_is_discovered(database: Database) -> None:
    publish(database, members=[topic(kind=TopicKind.PROVISIONAL, centroid=b"1234")])
    publish(database, of=SECOND, members=[topic(kind=TopicKind.DISCOVERED)])
    with database.read() as connection:
        assert topics.topics_of(connection, SECOND.id)[0].kind is TopicKind.DISCOVERED


def test_the_taxonomy_renames_its_topics_and_keeps_their_birth(database: Database) -> None:
    pinned = PinnedTopic("bonus_delayed", "Bonus delayed", "promotions", "bonus", {"en": ["Where is my bonus?"]})
    for each, now in ((pinned, NOW), (replace(pinned, name="Bonus late", owner="vip"), LATER)):
        with database.write() as connection:
            topics.load_taxonomy_topics(connection, [each], now)
    with database.read() as connection:
        row = topics.topic_names(connection)[pinned.id]
    assert (row.name, row.owner, row.area, row.kind, row.born_at) == ("Bonus late", "vip", "bonus", "pinned", NOW)


def test_a_later_assignment_replaces_an_earlier(database: Database) -> None:
    publish(database)
    fill(database, [sample()])
    with database.write() as connection:
        topics.assign(connection, VERSION, [assigned(sample(), None)])
        assert assigned_topics(connection, VERSION) == {sample().id: None}
        assert topics.count_assigned(connection, VERSION) == (1, 1)


def test_assigning_nothing_marks_nothing(database: Database) -> None:
    publish(database)
    with database.write() as connection:
        topics.assign(connection, VERSION, [])
    assert size(database, "stale_bucket") == 0


def test_a_complaint_cannot_belong_to_a_topic_that_is_not_there(database: Database) -> None:
    publish(database)
    fill(database, [sample()])
    with pytest.raises(IntegrityError), database.write() as connection:
        topics.assign(connection, VERSION, [assigned(sample(), derived_id("nowhere"))])


def test_archived_versions_are_pruned_to_the_latest(database: Database) -> None:
    chosen = [version(f"v{number}", trained_at=NOW + timedelta(days=number)) for number in range(4)]
    for each in chosen:
        publish(database, of=each)
        fill(database, [sample()], assign=False)
        with database.write() as connection:
            topics.assign(connection, each.id, [assigned(sample())])
            recount(connection, each.id)
    with database.write() as connection:
        topics.prune_versions(connection, keep=1)
        kept = [each.id for each in chosen if topics.count_assigned(connection, each.id)[0]]
    assert kept == [chosen[2].id, chosen[3].id]
    assert size(database, "bucket_count") == 2
    assert size(database, "topic_model_version") == 4


def test_forgetting_what_was_derived_keeps_complaints(database: Database) -> None:
    publish(database)
    fill(database, [sample(1), sample(2)])
    with database.write() as connection:
        recount(connection, VERSION)
        discard_derived(connection)
    assert size(database, "complaint") == 2
    derived = {"topic", "topic_model_version", "assignment", "bucket_count", "stale_bucket", "topic_in_version", "run"}
    derived |= {"request", "counting"}
    assert {name for name in derived if size(database, name)} == set()


def test_everything_is_either_kept_or_derived() -> None:
    from feedback.store.reset import DERIVED

    kept = {"complaint", "rejected_record", "embedding", "api_key", "edit", "planned_event", "exposure"}
    kept |= {"verdict", "mute", "fix", "notice", "told", "ownership", "escalation", "used_link"}
    kept |= {"kept_count", "erasure"}
    kept |= {"account", "recovery_code", "session", "lock_out", "audit_entry"}
    assert {table.name for table in DERIVED} | kept == set(tables.metadata.tables)
    assert kept.isdisjoint(table.name for table in DERIVED)
