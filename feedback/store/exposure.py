"""What the operator told of each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, func, select

from feedback.exposure import Exposure
from feedback.store.database import put
from feedback.store.tables import exposure


def store_exposure(connection: Connection, given: Sequence[Exposure]) -> None:
    """Keep them; a later value of a day replaces an earlier."""
    latest = {(each.name, each.day): each for each in given}
    put(connection, exposure, [asdict(each) for each in latest.values()])


def exposure_columns(connection: Connection) -> list[Row[Any]]:
    """Rows (name, days, first, last, mean) of the columns there are."""
    day = exposure.c.day
    query = select(
        exposure.c.name,
        func.count().label("days"),
        func.min(day).label("first"),
        func.max(day).label("last"),
        func.avg(exposure.c.value).label("mean"),
    )
    return list(connection.execute(query.group_by(exposure.c.name).order_by(exposure.c.name)))


def exposure_of(connection: Connection, name: str, first: date, last: date) -> dict[date, float]:
    """A column's values from `first` to `last`, both included."""
    within = exposure.c.day.between(first, last)
    query = select(exposure.c.day, exposure.c.value).where(exposure.c.name == name, within)
    return {row.day: row.value for row in connection.execute(query)}


def last_exposure(connection: Connection, name: str, until: date) -> date | None:
    """The last day, `until` at most, of which a column has a value; None where there is none."""
    query = select(func.max(exposure.c.day)).where(exposure.c.name == name, exposure.c.day <= until)
    found: date | None = connection.execute(query).scalar_one()
    return found
