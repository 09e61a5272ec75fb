"""Sessions of people who have signed in: only a hash of each is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from feedback.accounts import Session
from feedback.store.accounts import COLUMNS, of_row
from feedback.store.tables import account, session

NOTED_EVERY = timedelta(minutes=1)
"""So often at most it is written that a session is used."""


def begin_session(connection: Connection, account_id: UUID, now: datetime, *, complete: bool = True) -> str:
    """Begin a session; its id, 256 random bits, is returned here and nowhere else."""
    token = secrets.token_urlsafe(32)
    row = {"account_id": account_id, "complete": complete, "begun_at": now, "seen_at": now}
    connection.execute(session.insert().values(hash=_hash(token), **row))
    return token


def session_of(connection: Connection, token: str) -> Session | None:
    """The session of that id and whose it is, timed out or not."""
    columns = (session.c.hash, session.c.complete, session.c.begun_at, session.c.seen_at)
    joined = select(*COLUMNS, *columns).join(account, account.c.id == session.c.account_id)
    row = connection.execute(joined.where(session.c.hash == _hash(token))).one_or_none()
    return Session(row.hash, of_row(row), row.complete, row.begun_at, row.seen_at) if row else None


def note_seen(connection: Connection, found: Session, now: datetime) -> None:
    """The session is in use."""
    connection.execute(update(session).where(session.c.hash == found.hash).values(seen_at=now))


def end_session(connection: Connection, token: str) -> None:
    """End a session; nothing happens when there is none."""
    connection.execute(delete(session).where(session.c.hash == _hash(token)))


def end_sessions(connection: Connection, account_id: UUID) -> None:
    """End all sessions of an account."""
    connection.execute(delete(session).where(session.c.account_id == account_id))


def end_old_sessions(connection: Connection, before: datetime) -> int:
    """Delete sessions begun before a time; how many."""
    return connection.execute(delete(session).where(session.c.begun_at < before)).rowcount


def _hash(token: str) -> str:
    # 256 random bits cannot be searched, so a plain hash does
    return hashlib.sha256(token.encode()).hexdigest()
