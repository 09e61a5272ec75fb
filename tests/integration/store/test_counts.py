"""Counting by topic and day: only what changed, and always what an honest count over everything would say."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from feedback.domain import Channel, Segment, Span, derived_id
from feedback.store import topics
from feedback.store.complaints import store_complaints
from feedback.store.counts import counts, counts_by_segment, counts_until, recount
from feedback.store.database import Database
from feedback.store.kept_counts import UNASSIGNED
from feedback.store.tables import stale_bucket
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION, assigned, fill, publish, sample, topic

OTHER = derived_id("other topic")
EVER = Span(DAY - timedelta(days=400), DAY + timedelta(days=400))


def counted(database: Database, span: Span = EVER) -> list[tuple[datetime, UUID, int, int]]:
    with database.write() as connection:
        recount(connection, VERSION)
    with database.read() as connection:
        return counts(connection, VERSION, span)


def stale(database: Database) -> list[datetime]:
    with database.read() as connection:
        return list(connection.execute(select(stale_bucket.c.bucket_start)).scalars())


@pytest.fixture
def two_topics(database: Database) -> Database:
    publish(database, members=[topic(), topic(OTHER)])
    return database


def test_customers_are_counted_once_a_day_and_whoever_is_not_known_as_another(two_topics: Database) -> None:
    fill(two_topics, [sample(1), sample(2, customer_hash="customer-1"), sample(3), sample(4, customer_hash=None)])
    assert counted(two_topics) == [(DAY, TOPIC, 4, 3)]


def test_customers_are_counted_by_segment(two_topics: Database) -> None:
    german = {"market": "DE", "channel": Channel.LIVE_CHAT}
    again = sample(4, customer_hash="customer-1", market="AT", channel=Channel.LIVE_CHAT)
    unknown = sample(3, customer_hash=None, customer_segment="VIP", language="pl")
    fill(two_topics, [sample(1, **german), sample(2, **german), again, unknown])
    counted(two_topics)
    with two_topics.read() as connection:
        ((start, topic_id, found),) = counts_by_segment(connection, VERSION, EVER)
        chat = Segment("channel", Channel.LIVE_CHAT)
        begun = Span(DAY, DAY + timedelta(minutes=4))
        assert counts_until(connection, VERSION, begun, chat) == {TOPIC: 2}
        assert counts_until(connection, VERSION, begun, Segment("market", "AT")) == {}
    assert (start, topic_id) == (DAY, TOPIC)
    assert found == {
        "market": {"DE": 2, "AT": 1},
        "language": {"de": 2, "pl": 1},
        "channel": {"live chat": 2, "other": 1},
        "customer_segment": {"VIP": 1},
    }


def test_the_unassigned_are_counted_too(two_topics: Database) -> None:
    fill(two_topics, [sample(1), sample(2)])
    with two_topics.write() as connection:
        topics.assign(connection, VERSION, [assigned(sample(2), None)])
    assert counted(two_topics) == [(DAY, UNASSIGNED, 1, 1), (DAY, TOPIC, 1, 1)]


def test_a_late_complaint_is_added_to_its_day(two_topics: Database) -> None:
    fill(two_topics, [sample(1)])
    assert counted(two_topics) == [(DAY, TOPIC, 1, 1)]
    fill(two_topics, [sample(2)])
    assert counted(two_topics) == [(DAY, TOPIC, 2, 2)]
    assert stale(two_topics) == []


def test_only_days_that_changed_are_counted_again(two_topics: Database) -> None:
    fill(two_topics, [sample(1)])
    with two_topics.write() as connection:
        assert recount(connection, VERSION) == 1
        assert recount(connection, VERSION) == 0


def test_a_day_that_lost_its_last_complaint_has_no_row(two_topics: Database) -> None:
    fill(two_topics, [sample(1)])
    counted(two_topics)
    with two_topics.write() as connection:
        store_complaints(connection, [sample(1, text="other", text_hash="other")], NOW)
    assert counted(two_topics) == []


def test_a_complaint_that_moves_to_another_day_leaves_the_first(two_topics: Database) -> None:
    fill(two_topics, [sample(1)])
    counted(two_topics)
    with two_topics.write() as connection:
        store_complaints(connection, [sample(1, text="other", text_hash="other")], NOW)
        topics.assign(connection, VERSION, [assigned(sample(1), OTHER)])
    assert counted(two_topics) == [(DAY, OTHER, 1, 1)]


def test_a_span_is_half_open(two_topics: Database) -> None:
    fill(two_topics, [sample(number) for number in range(3)], assign=False)
    with two_topics.write() as connection:
        days = [DAY + timedelta(days=number) for number in range(3)]
        topics.assign(connection, VERSION, [assigned(sample(n), TOPIC, day) for n, day in enumerate(days)])
    found = counted(two_topics, Span(days[0], days[2]))
    assert [row[0] for row in found] == days[:2]


def test_a_day_is_counted_as_far_as_it_had_come(two_topics: Database) -> None:
    fill(two_topics, [sample(number) for number in range(5)])
    with two_topics.write() as connection:
        topics.assign(connection, VERSION, [assigned(sample(1), OTHER), assigned(sample(2), None)])
        begun = Span(DAY, DAY + timedelta(minutes=4))
        assert counts_until(connection, VERSION, begun) == {TOPIC: 2, OTHER: 1, UNASSIGNED: 1}
        assert counts_until(connection, derived_id("other version"), begun) == {}


def test_another_version_has_counts_of_its_own(two_topics: Database) -> None:
    fill(two_topics, [sample(1)])
    counted(two_topics)
    with two_topics.write() as connection:
        assert recount(connection, derived_id("other version")) == 0
        assert counts(connection, derived_id("other version"), EVER) == []


moves = st.lists(st.tuples(st.integers(1, 6), st.sampled_from([TOPIC, OTHER, None]), st.booleans()), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(moves)
def test_counts_are_what_counting_everything_anew_gives(
    two_topics: Database, steps: list[tuple[int, UUID | None, bool]]
) -> None:
    with two_topics.write() as connection:
        connection.exec_driver_sql("DELETE FROM assignment")
        connection.exec_driver_sql("DELETE FROM stale_bucket")
        connection.exec_driver_sql("DELETE FROM bucket_count")
        store_complaints(connection, [sample(number, customer_hash=f"c{number % 3}") for number in range(1, 7)], NOW)
    truth: dict[int, tuple[UUID, datetime]] = {}
    for number, topic_id, recount_now in steps:
        day = DAY + timedelta(days=number % 3)  # a complaint's day never changes under one version
        truth[number] = (topic_id or UNASSIGNED, day)
        with two_topics.write() as connection:
            topics.assign(connection, VERSION, [assigned(sample(number), topic_id, day)])
            if recount_now:
                recount(connection, VERSION)
    customers: dict[tuple[datetime, UUID], set[int]] = defaultdict(set)
    for number, (topic_id, day) in truth.items():
        customers[day, topic_id].add(number % 3)
    complaints = Counter((day, topic_id) for topic_id, day in truth.values())
    expected = {(*key, complaints[key], len(customers[key])) for key in complaints}
    assert set(counted(two_topics)) == expected
