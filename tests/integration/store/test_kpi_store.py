"""Complaints as the figures of support see them, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from feedback.domain import Channel, Complaint, Segment, Span
from feedback.kpi import Record, Scale
from feedback.store import topics
from feedback.store.complaints import store_complaints
from feedback.store.database import Database
from feedback.store.kpi import Selection, records, tellings
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION, assigned, publish, sample

SPAN = Span(DAY, DAY + timedelta(days=1))
HOUR = timedelta(hours=1)


def keep(database: Database, complaints: Sequence[Complaint]) -> None:
    """Store complaints and give them the sample topic, each on its own day."""
    with database.write() as connection:
        store_complaints(connection, complaints, NOW)
        days = {each.id: each.received_at.replace(hour=0, minute=0) for each in complaints}
        topics.assign(connection, VERSION, [assigned(each, bucket=days[each.id]) for each in complaints])


def found(database: Database, *, before: datetime = NOW, segments: Sequence[Segment] = ()) -> list[Record]:
    with database.read() as connection:
        selection = Selection(VERSION, SPAN, before, segments=segments)
        return sorted(records(connection, selection), key=lambda each: each.received)


def test_a_complaint_is_read_with_its_times_and_what_it_tells(database: Database) -> None:
    publish(database)
    told = {"market": "DE", "rating": 2.0, "escalations": 1, "attributes": {"returned": True}}
    times = {"first_response_at": DAY + HOUR, "resolved_at": DAY + 2.5 * HOUR}
    keep(database, [sample(1, received_at=DAY, channel=Channel.PHONE, **told, **times)])
    (record,) = found(database)
    assert (record.topic, record.bucket, record.market, record.channel) == (TOPIC, DAY, "DE", "phone")
    moments = [each - record.received for each in (record.first_response, record.resolved) if each is not None]
    assert moments == pytest.approx([3600, 9000], abs=0.01)
    assert record.received == pytest.approx(DAY.timestamp(), abs=0.01)
    assert (record.rating, record.escalations, record.returned) == (2.0, 1, True)


def test_times_are_the_same_numbers_on_every_database(database: Database) -> None:
    publish(database)
    times = [DAY + timedelta(minutes=17 * each, milliseconds=347 * each) for each in range(80)]
    keep(database, [sample(place, received_at=each) for place, each in enumerate(times)])
    assert [each.received for each in found(database)] == [each.timestamp() for each in times]


def test_records_come_in_the_same_order_whatever_order_they_were_stored_in(database: Database) -> None:
    publish(database)
    several = [sample(place, received_at=DAY + HOUR, rating=float(place)) for place in range(9)]
    for each in reversed(several):
        keep(database, [each])
    with database.read() as connection:
        read = [each.rating for each in records(connection, Selection(VERSION, SPAN, NOW))]
    assert read == [each.rating for each in sorted(several, key=lambda each: each.id)]


@pytest.mark.parametrize(
    ("written", "read"), [(True, True), ("no", False), ("YES", True), ("perhaps", None), (0, False)]
)
def test_a_truth_value_is_read_however_records_write_it(database: Database, written: object, read: bool | None) -> None:
    publish(database)
    keep(database, [sample(1, attributes={"returned": written})])
    assert [each.returned for each in found(database)] == [read]


def test_a_contact_within_two_weeks_is_a_repeated_one_whatever_came_between(database: Database) -> None:
    publish(database)
    late, early = DAY + 5 * HOUR, DAY + 3 * HOUR
    keep(
        database,
        [
            sample(1, customer_hash="a", received_at=DAY - timedelta(days=13), market="PL"),
            sample(2, customer_hash="a", received_at=early, market="DE"),
            sample(3, customer_hash="b", received_at=DAY - timedelta(days=15)),
            sample(4, customer_hash="b", received_at=late),
            sample(5, customer_hash=None, received_at=late + HOUR),
            sample(6, customer_hash=None, received_at=late + 2 * HOUR),
        ],
    )
    assert [each.again for each in found(database)] == [True, False, False, False]
    (record,) = found(database, segments=[Segment("market", "DE")])
    assert record.again, "the first contact was in another market"


def test_twice_on_one_day_is_again_once(database: Database) -> None:
    publish(database)
    keep(database, [sample(each, customer_hash="a") for each in (1, 2)])
    assert sorted(each.again for each in found(database)) == [False, True]


def test_what_comes_later_is_not_seen(database: Database) -> None:
    publish(database)
    keep(database, [sample(1, received_at=DAY), sample(2, received_at=DAY + 3 * HOUR)])
    assert len(found(database, before=DAY + HOUR)) == 1


def test_a_source_tells_of_a_channel_what_it_has_told_so_far(database: Database) -> None:
    publish(database)
    answered = sample(1, channel=Channel.EMAIL, first_response_at=DAY + HOUR, resolved_at=DAY + 8 * HOUR)
    keep(database, [answered, sample(2, channel=Channel.PHONE), sample(3, source="letters", channel=Channel.PHONE)])
    with database.read() as connection:
        known = tellings(connection, DAY + 4 * HOUR, {"letters": Scale(6, 1)})
    mail, phone, letters = (known[key] for key in (("desk", "e-mail"), ("desk", "phone"), ("letters", "phone")))
    assert (mail.first_responses, mail.resolutions) == (True, False), "the resolution is yet to come"
    assert (phone.first_responses, phone.resolutions) == (False, False)
    assert mail.until == (DAY + 4 * HOUR).timestamp()
    assert phone.until == pytest.approx((DAY + timedelta(minutes=2)).timestamp(), abs=0.01), "it said nothing since"
    assert (phone.scale, letters.scale) == (None, Scale(6, 1))


def test_the_scale_is_what_the_ratings_of_a_source_show(database: Database) -> None:
    publish(database)
    channels = (Channel.EMAIL, Channel.PHONE)
    keep(database, [sample(each, rating=float(each % 5 + 1), channel=channels[each % 2]) for each in range(60)])
    with database.read() as connection:
        assert {each.scale for each in tellings(connection, NOW, {}).values()} == {Scale(1.0, 5.0)}
        assert {each.scale for each in tellings(connection, DAY + timedelta(minutes=20), {}).values()} == {None}
