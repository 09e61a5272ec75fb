"""Customers whose data were erased, by hash: the record of who asked for it, and what keeps them from coming back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from feedback.domain import Author
from feedback.store.database import exclusively, together
from feedback.store.tables import erasure

_LOCK = 6_013
"""PostgreSQL: taken by who begins an erasure or erases, shared by who takes complaints in or writes what follows."""


def erased_at(connection: Connection) -> dict[str, datetime]:
    """When each customer was erased last. Until the transaction ends, no other erasure begins."""
    together(connection, _LOCK)
    query = select(erasure.c.customer_hash, func.max(erasure.c.at)).group_by(erasure.c.customer_hash)
    return {row[0]: row[1] for row in connection.execute(query)}


def hold_off(connection: Connection) -> None:
    """Until the transaction ends nothing is erased: what it reads of complaints, it may write."""
    together(connection, _LOCK)


def wait_for_writers(connection: Connection) -> None:
    """Until the transaction ends nobody takes in, and no job writes: none brings back what is erased now."""
    exclusively(connection, _LOCK)


def state(connection: Connection) -> Sequence[Row[Any]]:
    """How far all erasures have come: something else once one begins, erases something, or ends."""
    return connection.execute(select(erasure).order_by(erasure.c.id)).all()


def begin(connection: Connection, customer_hash: str, by: Author) -> int:
    """Write down that a customer is to be erased; one that was begun and not finished goes on, as of now. Its number.

    Whoever is taking complaints in finishes first, so that none of this customer's slips through.
    """
    exclusively(connection, _LOCK)
    begun = (erasure.c.customer_hash == customer_hash) & erasure.c.finished_at.is_(None)
    number: int | None = connection.execute(select(erasure.c.id).where(begun)).scalar()
    if number is not None:
        connection.execute(update(erasure).where(erasure.c.id == number).values(at=by.at))
        return number
    values = {"customer_hash": customer_hash, "at": by.at, "who": by.who, "why": by.why, "counts": {}}
    key = connection.execute(erasure.insert().values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def add_counts(connection: Connection, number: int, gone: Mapping[str, int]) -> None:
    """Note what has been erased, on top of what was before."""
    before = connection.execute(select(erasure.c.counts).where(erasure.c.id == number)).scalar_one()
    total = dict(Counter(before) + Counter(gone))
    connection.execute(update(erasure).where(erasure.c.id == number).values(counts=total))


def finish(connection: Connection, number: int, now: datetime) -> dict[str, int]:
    """Note that all is gone; what was erased in all."""
    connection.execute(update(erasure).where(erasure.c.id == number).values(finished_at=now))
    return dict(connection.execute(select(erasure.c.counts).where(erasure.c.id == number)).scalar_one())


def erasures_of(connection: Connection, customer_hash: str) -> Sequence[Row[Any]]:
    """Every erasure of a customer, the first first."""
    query = select(erasure).where(erasure.c.customer_hash == customer_hash).order_by(erasure.c.id)
    return connection.execute(query).all()
