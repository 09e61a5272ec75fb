"""Rises that were not told at once, and the areas' alerts that hold some back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from feedback.domain import HeldBack, Holding
from feedback.inhibition import AreaAlert
from feedback.store.database import put
from feedback.store.tables import area_alert, held_back

_WAITING = held_back.c.ended_at.is_(None)
_COLUMNS = [held_back.c[name] for name in HeldBack.__slots__]


def hold(connection: Connection, held: HeldBack) -> None:
    """Note that a rise waits. One that waits for the same reason already goes on waiting."""
    before = waiting(connection).get(held.alert_id)
    if before and (before.position, before.cause, before.why) == (held.position, held.cause, held.why):
        return
    let_go(connection, [held.alert_id], held.at, f"held back from then on: {held.why}")
    connection.execute(held_back.insert().values({**asdict(held), "cause": str(held.cause)}))


def let_go(connection: Connection, alert_ids: Collection[UUID], at: datetime, why: str, *, told: bool = False) -> None:
    """End whatever holds these alerts back."""
    for each in sorted(alert_ids):
        mine = _WAITING & (held_back.c.alert_id == each)
        connection.execute(update(held_back).where(mine).values(ended_at=at, ended_why=why, told=told))


def waiting(connection: Connection) -> dict[UUID, HeldBack]:
    """What is held back, by alert; an alert that is over may be among them until the next judgement."""
    rows = connection.execute(select(*_COLUMNS).where(_WAITING).order_by(held_back.c.id))
    return {row.alert_id: _held(row) for row in rows}


def held_of(connection: Connection, alert_id: UUID) -> list[HeldBack]:
    """Every time that an alert was held back, the first time first."""
    rows = connection.execute(select(*_COLUMNS).where(held_back.c.alert_id == alert_id).order_by(held_back.c.id))
    return [_held(row) for row in rows]


def area_alerts(connection: Connection) -> list[AreaAlert]:
    """Those not over, the first opened first."""
    query = select(area_alert).where(area_alert.c.over_at.is_(None)).order_by(area_alert.c.opened_at, area_alert.c.id)
    return [AreaAlert.read(row.id, row.area, row.opened_at, row.facts) for row in connection.execute(query)]


def store_area_alert(connection: Connection, each: AreaAlert, over_at: datetime | None = None) -> None:
    """Keep an area's alert, over if there is a time for that."""
    row: dict[str, Any] = {"id": each.id, "area": each.area, "opened_at": each.opened_at, "facts": each.facts()}
    put(connection, area_alert, [{**row, "over_at": over_at}])


def _held(row: Row[Any]) -> HeldBack:
    found = HeldBack(**row._asdict())
    return replace(found, cause=Holding(found.cause))
