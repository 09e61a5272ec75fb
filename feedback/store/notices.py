"""Notices in the outbox. A sender claims some by compare-and-set, so that two do not send the same one at once.

A sender that dies leaves its claims behind: they are taken at once by who can see that it is gone, else when the lease
has run out. What it had sent without saying so is sent again, with the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select, update

from feedback.notify.outbox import Notice, NoticeKind, NoticeState
from feedback.store.database import insert_new
from feedback.store.tables import notice, told

LEASE = timedelta(minutes=5)
"""Longer than what is claimed can take; a sender that is slower may find its notices sent by another too."""

_PENDING = notice.c.state == str(NoticeState.PENDING)


def add_notices(connection: Connection, notices: Sequence[Notice]) -> int:
    """Put notices into the outbox, in the transaction of what they tell; one that is there already stays."""
    written = insert_new(connection, notice, [_row(each) for each in notices])
    insert_new(
        connection,
        told,
        [
            {"alert_id": alert_id, "channel": each.channel, "position": position, "notice_id": each.id}
            for each in notices
            for alert_id, position in each.about
        ],
    )
    return written


def told_channels(connection: Connection, alert_id: UUID, position: int) -> dict[str, str]:
    """The keys of the channels that are told, or were, of one transition, each with the owner it was told as."""
    of_it = (told.c.alert_id == alert_id) & (told.c.position == position)
    query = select(told.c.channel, notice.c.owner).join(notice, notice.c.id == told.c.notice_id).where(of_it)
    return {row.channel: row.owner for row in connection.execute(query.order_by(told.c.channel))}


def claim(
    connection: Connection, wall: datetime, holder: str, is_gone: Callable[[str], bool], most: int
) -> list[Notice]:
    """Take up to `most` notices that are due, the longest due first, for `LEASE`.

    An alert's notices to one channel go out in their order: a later one waits until the earlier is sent or dead.
    """
    free = or_(
        notice.c.lease_until.is_(None), notice.c.lease_until <= wall, notice.c.holder.in_(_gone(connection, is_gone))
    )
    due = (
        select(notice)
        .where(_PENDING, notice.c.next_at <= wall, free, ~_earlier_is_pending())
        .order_by(notice.c.next_at, notice.c.id)
        .limit(most)
    )
    found = [_notice(row) for row in connection.execute(due)]
    # all senders lock in one order, so that no two wait for each other
    taken = {each.id for each in sorted(found, key=lambda one: one.id) if _take(connection, each, wall, holder)}
    return [replace(each, token=each.token + 1) for each in found if each.id in taken]


def settle(connection: Connection, each: Notice) -> bool:
    """Keep what an attempt has made of a claimed notice; False, and nothing kept, when another has it now.

    That it was sent is a fact whoever holds it.
    """
    mine = notice.c.id == each.id if each.state is NoticeState.SENT else _held(each)
    names = ("attempts", "next_at", "last_error", "sent_at")
    values = {**{name: getattr(each, name) for name in names}, "state": str(each.state)}
    kept = update(notice).where(mine, _PENDING).values(**values, holder=None, lease_until=None)
    return connection.execute(kept).rowcount > 0


def give_back(connection: Connection, notices: Sequence[Notice]) -> None:
    """Let go of claimed notices that were not tried."""
    for each in notices:
        connection.execute(update(notice).where(_held(each), _PENDING).values(holder=None, lease_until=None))


def retry(connection: Connection, ids: Sequence[UUID], wall: datetime) -> int:
    """Send dead notices again as if never tried; how many there were among `ids`."""
    dead = notice.c.state == str(NoticeState.DEAD)
    anew = {"state": str(NoticeState.PENDING), "attempts": 0, "next_at": wall, "holder": None, "lease_until": None}
    return sum(
        connection.execute(update(notice).where(notice.c.id == each, dead).values(**anew)).rowcount for each in ids
    )


def listed(connection: Connection, state: NoticeState | None = None, limit: int | None = None) -> list[Notice]:
    """Notices, the newest first."""
    query = select(notice).order_by(notice.c.created_at.desc(), notice.c.id).limit(limit)
    if state:
        query = query.where(notice.c.state == str(state))
    return [_notice(row) for row in connection.execute(query)]


def of_kind(connection: Connection, kind: NoticeKind, since: datetime) -> list[Notice]:
    """Notices of a kind that were made at `since` or later, the oldest first."""
    made = (notice.c.kind == str(kind)) & (notice.c.created_at >= since)
    rows = connection.execute(select(notice).where(made).order_by(notice.c.created_at, notice.c.id))
    return [_notice(row) for row in rows]


def tally(connection: Connection) -> dict[NoticeState, int]:
    """How many notices are in each state."""
    rows = connection.execute(select(notice.c.state, func.count()).group_by(notice.c.state))
    found = {NoticeState(state): number for state, number in rows}
    return {state: found.get(state, 0) for state in NoticeState}


def first_about(connection: Connection, alert_id: UUID, channel: str) -> Notice | None:
    """The first notice that one channel was to get about an alert."""
    of_it = (told.c.alert_id == alert_id) & (told.c.channel == channel)
    query = select(notice).join(told, told.c.notice_id == notice.c.id).where(of_it).order_by(told.c.position).limit(1)
    row = connection.execute(query).one_or_none()
    return _notice(row) if row else None


def last_tried(connection: Connection, alert_id: UUID, channel: str, since: int) -> Notice | None:
    """The last notice of an alert's transitions from the position `since` on that one channel was sent, or that was
    given up."""
    of_it = (told.c.alert_id == alert_id) & (told.c.channel == channel) & (told.c.position >= since)
    query = select(notice).join(told, told.c.notice_id == notice.c.id).where(of_it, ~_PENDING)
    row = connection.execute(query.order_by(told.c.position.desc()).limit(1)).one_or_none()
    return _notice(row) if row else None


def untried(connection: Connection, alert_id: UUID, wall: datetime) -> list[Notice]:
    """An alert's notices that wait for their time, none of which was tried yet."""
    waiting = (notice.c.attempts == 0) & (notice.c.next_at > wall)
    query = select(notice).join(told, told.c.notice_id == notice.c.id).where(told.c.alert_id == alert_id)
    return [_notice(row) for row in connection.execute(query.where(_PENDING, waiting))]


def bring_forward(connection: Connection, notice_id: UUID, at: datetime) -> None:
    """Let a notice that waits go out at `at` already."""
    connection.execute(update(notice).where(notice.c.id == notice_id, _PENDING).values(next_at=at))


def notice_of(connection: Connection, notice_id: UUID) -> Notice | None:
    """The notice of that id."""
    row = connection.execute(select(notice).where(notice.c.id == notice_id)).one_or_none()
    return _notice(row) if row else None


def told_at(
    connection: Connection, alert_id: UUID, position: int, channels: Collection[str] | None = None
) -> datetime | None:
    """When people were first told of the alert's transition at `position`, alone or with others, through any of
    `channels` where they are given; None if nobody was."""
    of_it = (told.c.alert_id == alert_id) & (told.c.position == position)
    if channels is not None:
        of_it &= told.c.channel.in_(channels)
    query = select(notice.c.created_at).join(told, told.c.notice_id == notice.c.id).where(of_it)
    first = query.order_by(notice.c.created_at).limit(1)
    found: datetime | None = connection.execute(first).scalar_one_or_none()
    return found


def _gone(connection: Connection, is_gone: Callable[[str], bool]) -> list[str]:
    holders = connection.execute(select(notice.c.holder).where(_PENDING, notice.c.holder.is_not(None)).distinct())
    return [holder for holder in holders.scalars() if is_gone(holder)]


def _earlier_is_pending() -> ColumnElement[bool]:
    """Of any of the alerts that a notice is about, which may be several."""
    earlier, mine, before = notice.alias("earlier"), told.alias("mine"), told.alias("before")
    same = and_(before.c.alert_id == mine.c.alert_id, before.c.channel == mine.c.channel)
    joined = and_(mine.c.notice_id == notice.c.id, same, before.c.position < mine.c.position)
    waiting = and_(earlier.c.id == before.c.notice_id, earlier.c.state == str(NoticeState.PENDING))
    return exists().where(joined, waiting)


def _take(connection: Connection, each: Notice, wall: datetime, holder: str) -> bool:
    taken = update(notice).where(_held(each), _PENDING)
    values = {"token": each.token + 1, "holder": holder, "lease_until": wall + LEASE}
    return connection.execute(taken.values(**values)).rowcount > 0


def _held(each: Notice) -> ColumnElement[bool]:
    return and_(notice.c.id == each.id, notice.c.token == each.token)


def _row(each: Notice) -> dict[str, Any]:
    return {**asdict(each), "kind": str(each.kind), "state": str(each.state)}


def _notice(row: Row[Any]) -> Notice:
    values = {name: getattr(row, name) for name in Notice.__slots__}
    return Notice(**{**values, "kind": NoticeKind(row.kind), "state": NoticeState(row.state)})
