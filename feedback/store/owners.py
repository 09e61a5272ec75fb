"""Who answers for areas, markets and brands. What was taken back stays on record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from feedback.owners import Charge, Owned, Ownership
from feedback.store.tables import ownership


def add_ownership(connection: Connection, charge: Charge, owner: str, at: datetime, who: str, why: str) -> Ownership:
    """Write down who answers for a charge from now on, in place of whoever did."""
    end_ownership(connection, charge, at, who)
    values = {"attribute": charge.attribute, "value": charge.value, "owner": owner, "at": at, "who": who, "why": why}
    key = connection.execute(ownership.insert().values(**values)).inserted_primary_key
    assert key is not None
    return Ownership(key[0], charge, owner, at, who, why)


def end_ownership(connection: Connection, charge: Charge, at: datetime, who: str) -> bool:
    """Take back who answers for a charge; False where nobody does."""
    # compared here: SQLite knows capitals of ASCII alone
    mine = [each.id for each in ownerships(connection) if each.charge.key == charge.key]
    ended = update(ownership).where(ownership.c.id.in_(mine)).values(ended_at=at, ended_by=who)
    return connection.execute(ended).rowcount > 0


def ownerships(connection: Connection, *, ended: bool = False) -> list[Ownership]:
    """Who answers for what, the oldest decision first; those taken back only if asked for."""
    query = select(ownership).order_by(ownership.c.id)
    query = query if ended else query.where(ownership.c.ended_at.is_(None))
    return [_ownership(row) for row in connection.execute(query)]


def _ownership(row: Row[tuple[object, ...]]) -> Ownership:
    fields = row._asdict()
    return Ownership(charge=Charge(Owned(fields.pop("attribute")), fields.pop("value")), **fields)
