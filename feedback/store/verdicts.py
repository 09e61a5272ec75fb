"""What owners say of alerts, and what they want to hear no more of. Nothing in it is ever deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, false, func, or_, select, update

from feedback.domain import GivenVerdict, Mute, Segment, Verdict
from feedback.store.tables import mute, verdict


def add_verdict(connection: Connection, given: GivenVerdict) -> None:
    """Write a verdict down."""
    connection.execute(verdict.insert().values({**asdict(given), "verdict": str(given.verdict)}))


def verdicts_of(connection: Connection, alert_id: UUID) -> list[GivenVerdict]:
    """All verdicts about an alert, the oldest first."""
    rows = connection.execute(_verdicts().where(verdict.c.alert_id == alert_id).order_by(verdict.c.id))
    return [_given(row) for row in rows]


def all_verdicts(connection: Connection) -> list[GivenVerdict]:
    """All verdicts about all alerts, the oldest first."""
    return [_given(row) for row in connection.execute(_verdicts().order_by(verdict.c.id))]


def latest_verdicts(connection: Connection) -> dict[UUID, GivenVerdict]:
    """The verdict that holds of each alert that has one."""
    newest = select(func.max(verdict.c.id)).group_by(verdict.c.alert_id)
    return {row.alert_id: _given(row) for row in connection.execute(_verdicts().where(verdict.c.id.in_(newest)))}


def add_mute(connection: Connection, made: Mute) -> Mute:
    """Write a mute down; its id is given here."""
    key = connection.execute(mute.insert().values({n: v for n, v in asdict(made).items() if n != "id"}))
    assert key.inserted_primary_key is not None
    return replace(made, id=key.inserted_primary_key[0])


def mutes(connection: Connection, topic_id: UUID | None = None, *, lifted: bool = False) -> list[Mute]:
    """Those of one topic or all, the oldest first; some may have ended. Those that were lifted only if asked for."""
    query = select(mute).order_by(mute.c.id)
    query = query if lifted else query.where(mute.c.lifted_at.is_(None))
    query = query if topic_id is None else query.where(mute.c.topic_id == topic_id)
    return [_mute(row) for row in connection.execute(query)]


def lift_mutes(connection: Connection, ids: Sequence[int], at: datetime, who: str) -> int:
    """End those mutes that have not been ended; how many there were."""
    mine = mute.c.id.in_(ids) & mute.c.lifted_at.is_(None)
    return connection.execute(update(mute).where(mine).values(lifted_at=at, lifted_by=who)).rowcount


def lift_mutes_of(
    connection: Connection, alert_id: UUID, at: datetime, who: str, made: Sequence[GivenVerdict] | None = None
) -> int:
    """End the mutes that hold while that alert is open, all or those that verdicts have `made`; how many."""
    mine = (mute.c.alert_id == alert_id) & mute.c.lifted_at.is_(None)
    if made is not None:
        mine &= or_(false(), *((mute.c.who == each.who) & (mute.c.at == each.at) for each in made))
    return connection.execute(update(mute).where(mine).values(lifted_at=at, lifted_by=who)).rowcount


def _verdicts() -> Select[Any]:
    return select(*(column for column in verdict.c if column.name != "id"))


def _given(row: Row[Any]) -> GivenVerdict:
    return GivenVerdict(**{**row._asdict(), "verdict": Verdict(row.verdict)})


def _mute(row: Row[Any]) -> Mute:
    return Mute(**{**row._asdict(), "segment": Segment(**row.segment) if row.segment else None})
