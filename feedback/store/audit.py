"""Who changed what, when, and by which way. Nothing here is changed later; old entries go, if the operator wants it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from feedback.store.tables import audit_entry

WHAT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: `way` is page, api, key, link or command line; `what` a route or a command, done to `subject`."""

    at: datetime
    who: str
    way: str
    what: str
    subject: Mapping[str, str]


def note(connection: Connection, entry: Entry) -> None:
    """Write an entry down."""
    row = {**asdict(entry), "subject": dict(entry.subject), "what": entry.what[:WHAT_LENGTH]}
    connection.execute(audit_entry.insert().values(**row))


def entries(connection: Connection, limit: int, before: int | None = None, who: str = "") -> list[Row[Any]]:
    """Rows (id, at, who, way, what, subject), the newest first; only those before an id, only by somebody."""
    query = select(audit_entry).order_by(audit_entry.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit_entry.c.id < before)
    if who:
        query = query.where(audit_entry.c.who == who)
    return list(connection.execute(query))


def forget_entries(connection: Connection, before: datetime) -> int:
    """Delete entries from before a time; how many."""
    return connection.execute(delete(audit_entry).where(audit_entry.c.at < before)).rowcount


def subject_words(subject: Mapping[str, str]) -> str:
    """What was changed, in one line: "name anna, role analyst"."""
    return ", ".join(f"{name} {value}" for name, value in subject.items())
