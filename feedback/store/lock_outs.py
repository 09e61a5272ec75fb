"""Failed attempts to sign in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, case, delete, select, update

from feedback.lock_out import FORGOTTEN, Tried, locked_until
from feedback.store.database import upsert
from feedback.store.tables import lock_out


def attempt(connection: Connection, subjects: Iterable[Tried], now: datetime) -> datetime | None:
    """Count an attempt as a failure before it is made, so that many at once are counted too.

    Where one has to wait nothing is counted, and it says until when.
    """
    subjects = sorted(subjects, key=lambda each: each.hash)  # all lock in one order
    until = [found for each in subjects if (found := _locked(connection, each, now))]
    if until:
        return max(until)
    for each in subjects:
        _count(connection, each, now)
    return None


def take_back(connection: Connection, subjects: Iterable[Tried]) -> None:
    """The attempt was no failure after all."""
    hashes = [each.hash for each in subjects]
    connection.execute(update(lock_out).where(lock_out.c.hash.in_(hashes)).values(failures=lock_out.c.failures - 1))


def forget(connection: Connection, subject: Tried) -> None:
    """All failures are forgotten."""
    connection.execute(delete(lock_out).where(lock_out.c.hash == subject.hash))


def forget_old(connection: Connection, now: datetime) -> int:
    """Delete what no longer counts; how much it was."""
    return connection.execute(delete(lock_out).where(lock_out.c.last_at < now - FORGOTTEN)).rowcount


def _locked(connection: Connection, subject: Tried, now: datetime) -> datetime | None:
    query = select(lock_out.c.failures, lock_out.c.last_at).where(lock_out.c.hash == subject.hash).with_for_update()
    row = connection.execute(query).one_or_none()
    return locked_until(row.failures, row.last_at, subject.free, now) if row else None


def _count(connection: Connection, subject: Tried, now: datetime) -> None:
    added = upsert(connection, lock_out)
    forgotten = lock_out.c.last_at < now - FORGOTTEN
    failures = case((forgotten, 1), else_=lock_out.c.failures + 1)
    counted = added.on_conflict_do_update(index_elements=["hash"], set_={"failures": failures, "last_at": now})
    connection.execute(counted.values(hash=subject.hash, failures=1, last_at=now))
