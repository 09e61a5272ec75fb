"""What one topic had in one bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from feedback.domain import SEGMENTED

BySegment = Mapping[str, Mapping[str, int]]
"""Customers by attribute and value."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Complaints, the distinct customers who wrote them, and these by attribute and value."""

    complaints: int = 0
    customers: int = 0
    segments: BySegment = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[Row[Any]]) -> Cell:
        """What rows (customer_hash, segments …) of complaints come to."""
        return cls(len(rows), customers(row.customer_hash for row in rows), _segments(rows))

    def __add__(self, other: Cell) -> Cell:
        return self._with(other, 1)

    def __sub__(self, other: Cell) -> Cell:
        return self._with(other, -1)

    def __bool__(self) -> bool:
        return bool(self.complaints or self.customers or self.segments)

    def as_row(self) -> dict[str, Any]:
        return {"complaints": self.complaints, "customers": self.customers, "segments": self.segments}

    def _with(self, other: Cell, sign: int) -> Cell:
        return Cell(
            self.complaints + sign * other.complaints,
            self.customers + sign * other.customers,
            _summed(self.segments, other.segments, sign),
        )


def customers(who: Iterable[str | None]) -> int:
    """How many different ones; each that is not known is another."""
    named = list(who)
    known = {each for each in named if each is not None}
    return len(known) + named.count(None)


def _segments(rows: Sequence[Row[Any]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, list[str | None]]] = {}
    for row in rows:
        for name in SEGMENTED:
            if (value := getattr(row, name)) is not None:
                found.setdefault(name, {}).setdefault(value, []).append(row.customer_hash)
    return {name: {value: customers(who) for value, who in values.items()} for name, values in found.items()}


def _summed(one: BySegment, two: BySegment, sign: int) -> dict[str, dict[str, int]]:
    """Both, value by value; nothing is kept of what comes to none."""
    found: dict[str, dict[str, int]] = {name: dict(values) for name, values in one.items()}
    for name, values in two.items():
        mine = found.setdefault(name, {})
        for value, number in values.items():
            mine[value] = mine.get(value, 0) + sign * number
    left = {name: {value: number for value, number in values.items() if number} for name, values in found.items()}
    return {name: values for name, values in left.items() if values}
