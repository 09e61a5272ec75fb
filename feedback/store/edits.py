"""The record of what people decided about topics; nothing in it is ever deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from feedback.edits import Curation, Edit, EditKind, fold
from feedback.store.tables import edit


def add_edit(
    connection: Connection,
    kind: EditKind,
    topic_id: UUID,
    detail: Mapping[str, Any],
    at: datetime,
    who: str,
    why: str,
) -> Edit:
    """Write a decision down."""
    values = {"kind": str(kind), "topic_id": topic_id, "detail": dict(detail), "at": at, "who": who, "why": why}
    key = connection.execute(edit.insert().values(**values)).inserted_primary_key
    assert key is not None
    return Edit(key[0], kind, topic_id, detail, at, who, why)


def undo_edit(connection: Connection, edit_id: int, at: datetime, who: str, why: str) -> Edit | None:
    """Take a decision back; None when there is none of that number in force."""
    mine = (edit.c.id == edit_id) & edit.c.undone_at.is_(None)
    undone = connection.execute(update(edit).where(mine).values(undone_at=at, undone_by=who, undone_why=why))
    if not undone.rowcount:
        return None
    (found,) = [each for each in edits(connection) if each.id == edit_id]
    return found


def edits(connection: Connection) -> list[Edit]:
    """Every decision there was, the oldest first."""
    rows = connection.execute(select(edit).order_by(edit.c.id))
    return [Edit(**{**row._asdict(), "kind": EditKind(row.kind)}) for row in rows]


def curation(connection: Connection) -> Curation:
    """What all decisions in force come to."""
    return fold(edits(connection))


def edits_state(connection: Connection) -> tuple[int, int]:
    """Changes whenever a decision is made or taken back."""
    made, undone = connection.execute(select(func.count(), func.count(edit.c.undone_at)).select_from(edit)).one()
    return made, undone
