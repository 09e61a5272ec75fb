"""Columns of many rows as the driver gives them: SQLite keeps times and ids as text, and few of them differ."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Float, Numeric, String, cast, extract, func, type_coerce

UNIX_EPOCH = 2440587.5
"""The Julian day at the beginning of 1970."""


def undecoded(connection: Connection, column: Column[Any]) -> ColumnElement[Any]:
    """SQLite's text as it is; `moment` and `uuid` read it."""
    return type_coerce(column, String) if connection.dialect.name == "sqlite" else column


def seconds(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[float]:
    """A time as seconds since 1970, to a millisecond: the same number on both databases, and from run to run."""
    if connection.dialect.name == "sqlite":
        return func.round((func.julianday(column) - UNIX_EPOCH) * 86_400.0, 3)
    return cast(func.round(cast(extract("epoch", column), Numeric), 3), Float)


@lru_cache(maxsize=10_000)
def moment(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


@lru_cache(maxsize=10_000)
def uuid(value: str | UUID) -> UUID:
    return UUID(value) if isinstance(value, str) else value
