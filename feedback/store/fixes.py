"""Fixes and the history of their outcomes. What is withdrawn stays on record."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, select, update

from feedback.domain import Fix, FixKind, Outcome, OutcomeVerdict
from feedback.store import tables
from feedback.store.database import insert_new


def add_fix(
    connection: Connection,
    topic_id: UUID,
    at: datetime,
    expect: float,
    note: str,
    recorded_at: datetime,
    who: str,
    kind: FixKind = FixKind.FIX,
) -> Fix:
    """Enter a fix; ValueError when the change hoped for is no reduction between none and all of it."""
    if not -1 < expect < 0:
        raise ValueError(f"a fix cannot be expected to change complaints by {expect:+.0%}: between -1 % and -99 %")
    made = Fix(0, topic_id, at, expect, note, who, recorded_at, kind=kind)
    values = {name: value for name, value in asdict(made).items() if name != "id"} | {"kind": kind.value}
    key = connection.execute(tables.fix.insert().values(**values)).inserted_primary_key
    assert key is not None
    return replace(made, id=key[0])


def withdraw_fix(connection: Connection, fix_id: int, at: datetime, who: str) -> Fix | None:
    """Take a fix back; None when there is none of that number or it was taken back before."""
    found = fix_by_id(connection, fix_id)
    if found is None or found.withdrawn_at is not None:
        return None
    gone = replace(found, withdrawn_at=at, withdrawn_by=who)
    values = {"withdrawn_at": gone.withdrawn_at, "withdrawn_by": gone.withdrawn_by}
    connection.execute(update(tables.fix).where(tables.fix.c.id == fix_id).values(values))
    return gone


def fix_by_id(connection: Connection, fix_id: int) -> Fix | None:
    """Also one that was withdrawn."""
    row = connection.execute(_fixes().where(tables.fix.c.id == fix_id)).one_or_none()
    return _fix(row) if row else None


def fixes(connection: Connection, first: datetime | None = None, until: datetime | None = None) -> list[Fix]:
    """The fixes in force by their moment, those made at `first` or later and before `until`."""
    query = _fixes().where(tables.fix.c.withdrawn_at.is_(None))
    if first is not None:
        query = query.where(tables.fix.c.at >= first)
    if until is not None:
        query = query.where(tables.fix.c.at < until)
    rows = connection.execute(query.order_by(tables.fix.c.at, tables.fix.c.id))
    return [_fix(row) for row in rows]


def _fix(row: Row[Any]) -> Fix:
    found = Fix(**row._asdict())
    return replace(found, kind=FixKind(found.kind))


def _fixes() -> Select[Any]:
    return select(*(tables.fix.c[name] for name in Fix.__slots__))


def store_outcomes(connection: Connection, outcomes: list[Outcome]) -> int:
    """Write those of `outcomes` that are not there yet; how many they were."""
    rows = [{**asdict(each), "verdict": each.verdict.value} for each in outcomes]
    return insert_new(connection, tables.outcome, rows)


def outcomes_of(connection: Connection, fix_id: int, until: datetime | None = None) -> list[Outcome]:
    """A fix's outcomes, oldest first; with `until` those judged until then."""
    table = tables.outcome
    query = select(*(table.c[name] for name in Outcome.__slots__)).where(table.c.fix_id == fix_id)
    if until is not None:
        query = query.where(table.c.judged_at <= until)
    return [_outcome(row) for row in connection.execute(query.order_by(table.c.judged_at))]


def _outcome(row: Row[Any]) -> Outcome:
    found = Outcome(**row._asdict())
    return replace(found, verdict=OutcomeVerdict(found.verdict))
