"""Whom alerts went on to because nobody had taken them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from feedback.store.database import insert_new
from feedback.store.tables import escalation


@dataclass(frozen=True, slots=True)
class Escalation:
    """Step number `step` (from 0) of an alert that `owner` did not take on after its transition at `position`: it went
    on to `told`."""

    alert_id: UUID
    position: int
    step: int
    at: datetime
    owner: str
    told: str


def add_escalation(connection: Connection, made: Escalation) -> None:
    """Write it down; one that is there already stays."""
    insert_new(connection, escalation, [asdict(made)])


def escalations_of(connection: Connection, alert_id: UUID) -> Sequence[Escalation]:
    """Those of an alert, in their order."""
    order = escalation.c.position, escalation.c.step
    rows = connection.execute(select(escalation).where(escalation.c.alert_id == alert_id).order_by(*order))
    return [Escalation(**row._asdict()) for row in rows]
