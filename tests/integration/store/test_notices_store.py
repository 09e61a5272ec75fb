"""The outbox in the database: who may send what, in which order, and what is never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from feedback.domain import derived_id
from feedback.notify.outbox import DELIVERED, Notice, NoticeKind, NoticeState, RetryPolicy, after, passing, permanent
from feedback.store import notices
from feedback.store.database import Database
from tests.integration.store.store_samples import NOW

MINE, OTHER = "here:1:0", "there:2:0"


def notice(number: int = 1, alert: str | None = None, position: int = 0, channel: str = "default/1") -> Notice:
    return Notice(
        id=derived_id("notice", alert or number, position, channel),
        kind=NoticeKind.OPENED,
        owner="payments",
        channel=channel,
        content={"subject": f"Größe {number}", "labels": {}},
        created_at=NOW,
        next_at=NOW,
        alert_id=derived_id(alert) if alert else None,
        position=position,
    )


def add(database: Database, *each: Notice) -> int:
    with database.write() as connection:
        return notices.add_notices(connection, each)


def claim(database: Database, holder: str = MINE, later: float = 0.0, gone: str = "", most: int = 10) -> list[Notice]:
    with database.write() as connection:
        wall = NOW + timedelta(seconds=later)
        return notices.claim(connection, wall, holder, lambda each: each == gone, most)


def settle(database: Database, each: Notice) -> bool:
    with database.write() as connection:
        return notices.settle(connection, each)


def states(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {str(state): number for state, number in notices.tally(connection).items() if number}


def test_a_notice_comes_back_as_it_was(database: Database) -> None:
    assert add(database, notice(), notice(2, alert="a", position=3)) == 2
    with database.read() as connection:
        found = {each.id: each for each in notices.listed(connection)}
    assert found == {each.id: each for each in (notice(), notice(2, alert="a", position=3))}


def test_written_twice_is_there_once(database: Database) -> None:
    assert [add(database, notice()), add(database, notice(), notice(2))] == [1, 1]
    (first,) = claim(database, most=1)
    settle(database, after(first, DELIVERED, NOW, RetryPolicy()))
    add(database, notice(), notice(2))
    assert states(database) == {"pending": 1, "sent": 1}


def test_what_one_has_claimed_no_other_gets(database: Database) -> None:
    add(database, *(notice(each) for each in range(5)))
    mine, others = claim(database, most=3), claim(database, OTHER)
    assert len(mine) == 3
    assert len(others) == 2
    assert not {each.id for each in mine} & {each.id for each in others}
    assert claim(database) == []


def test_what_is_not_due_waits(database: Database) -> None:
    add(database, replace(notice(), next_at=NOW + timedelta(minutes=1)))
    assert claim(database) == []
    assert len(claim(database, later=60)) == 1


def test_a_dead_sender_s_claims_are_taken_at_once_where_it_is_seen_else_when_the_lease_is_over(
    database: Database,
) -> None:
    add(database, notice())
    claim(database, OTHER)
    assert claim(database) == []
    assert len(claim(database, gone=OTHER)) == 1
    lease = notices.LEASE.total_seconds()
    assert claim(database, OTHER, later=lease - 1) == []
    assert len(claim(database, OTHER, later=lease)) == 1


def test_who_wakes_too_late_changes_nothing_but_what_was_sent_is_sent(database: Database) -> None:
    add(database, notice())
    (slow,) = claim(database, OTHER)
    (mine,) = claim(database, gone=OTHER)
    assert not settle(database, after(slow, permanent("HTTP 404"), NOW, RetryPolicy()))
    assert states(database) == {"pending": 1}
    assert settle(database, after(slow, DELIVERED, NOW, RetryPolicy()))
    assert not settle(database, after(mine, passing("HTTP 500"), NOW, RetryPolicy()))
    assert states(database) == {"sent": 1}


def test_a_failure_is_kept_with_its_next_time(database: Database) -> None:
    add(database, notice())
    (claimed,) = claim(database)
    failed = after(claimed, passing("HTTP 500"), NOW, RetryPolicy())
    assert settle(database, failed)
    with database.read() as connection:
        (found,) = notices.listed(connection, NoticeState.PENDING)
    assert (found.attempts, found.last_error, found.next_at) == (1, "HTTP 500", failed.next_at)
    assert claim(database, later=29) == []
    assert len(claim(database, later=60)) == 1


def test_an_alert_s_notices_go_out_in_their_order(database: Database) -> None:
    first, over = notice(alert="a"), notice(alert="a", position=2)
    elsewhere = notice(alert="a", position=2, channel="default/2")
    add(database, over, first, elsewhere)
    claimed = claim(database)
    assert {each.id for each in claimed} == {first.id, elsewhere.id}
    assert claim(database) == []
    settle(database, after(next(each for each in claimed if each.id == first.id), DELIVERED, NOW, RetryPolicy()))
    assert [each.id for each in claim(database)] == [over.id]


def test_one_that_is_given_up_holds_nothing_back(database: Database) -> None:
    add(database, notice(alert="a"), notice(alert="a", position=1))
    (first,) = claim(database)
    settle(database, after(first, permanent("HTTP 410"), NOW, RetryPolicy()))
    assert [each.position for each in claim(database)] == [1]


def test_what_was_given_up_can_be_sent_again_with_its_key(database: Database) -> None:
    add(database, notice(), notice(2))
    for each in claim(database):
        settle(database, after(each, permanent("HTTP 410"), NOW, RetryPolicy()))
    assert states(database) == {"dead": 2}
    wanted: list[UUID] = [notice().id, derived_id("nothing")]
    with database.write() as connection:
        assert notices.retry(connection, wanted, NOW) == 1
    (again,) = claim(database)
    assert (again.id, again.attempts, again.last_error) == (notice().id, 0, "HTTP 410")


def test_the_first_about_an_alert_is_found_by_channel(database: Database) -> None:
    add(database, notice(alert="a", position=4), notice(alert="a", position=2), notice(alert="a", channel="default/2"))
    with database.read() as connection:
        found = notices.first_about(connection, derived_id("a"), "default/1")
        assert found is not None
        assert found.position == 2
        assert notices.first_about(connection, derived_id("b"), "default/1") is None


@pytest.mark.parametrize("most", [1, 3])
def test_the_longest_due_goes_first(database: Database, most: int) -> None:
    add(database, *(replace(notice(each), next_at=NOW - timedelta(minutes=each)) for each in range(5)))
    found = [each.next_at for each in claim(database, most=most)]
    assert found == [NOW - timedelta(minutes=4 - each) for each in range(most)]


def together(*alerts: str, position: int = 0) -> Notice:
    """One notice about several alerts, the first of which it is filed under."""
    parts = [{"alert": {"id": str(derived_id(each))}, "position": position} for each in alerts]
    filed = notice(alert=alerts[0], position=position)
    return replace(filed, content={**filed.content, "together": parts})


def test_what_is_told_together_is_told_of_each(database: Database) -> None:
    both = together("a", "b")
    add(database, both)
    with database.read() as connection:
        for alert in ("a", "b"):
            assert notices.told_channels(connection, derived_id(alert), 0).keys() == {"default/1"}
            assert notices.first_about(connection, derived_id(alert), "default/1") == both
        assert notices.told_channels(connection, derived_id("b"), 1) == {}


def test_what_follows_waits_for_the_notice_that_told_it_together_with_others(database: Database) -> None:
    add(database, together("a", "b"), notice(alert="b", position=1), notice(alert="c", position=1))
    first = claim(database)
    assert {each.alert_id for each in first} == {derived_id("a"), derived_id("c")}
    for each in first:
        settle(database, after(each, DELIVERED, NOW, RetryPolicy()))
    assert [each.alert_id for each in claim(database)] == [derived_id("b")]
