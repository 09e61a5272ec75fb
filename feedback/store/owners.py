"""Who answers for areas, markets and brands. What was taken back stays on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from feedback.alerts import kept_count
from feedback.domain import Segment
from feedback.owners import Charge, Owned, Owners, Ownership, Responsible
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


def known_owners(connection: Connection, owned: Mapping[Charge, str], default: str) -> Owners:
    """Everybody's charges: a person's decision goes before what is `owned` by the taxonomy."""
    decided = {each.charge: each.owner for each in ownerships(connection)}
    return Owners.of({**owned, **decided}, default)


def responsible_for(owners: Owners, row: Row[Any]) -> Responsible:
    """Who is told of an alert, given as `feedback.store.alerts.alert_row` does."""
    evidence: Mapping[str, Any] = row.evidence
    segment = Segment(**evidence["segment"]) if evidence.get("segment") else None
    return owners.of_alert(row.owner, row.area, segment, _where(evidence))


def _where(evidence: Mapping[str, Any]) -> Iterable[Segment]:
    return [kept_count(each).segment for each in evidence.get("where", ())]


def _ownership(row: Row[tuple[object, ...]]) -> Ownership:
    fields = row._asdict()
    return Ownership(charge=Charge(Owned(fields.pop("attribute")), fields.pop("value")), **fields)
