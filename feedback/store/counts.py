"""Buckets: how many complaints a day each topic has under a version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Select, String, cast, delete, func, select, type_coerce

from feedback.domain import Span
from feedback.store.database import insert_new, parts
from feedback.store.tables import assignment, bucket_count, complaint, stale_bucket

UNASSIGNED = UUID(int=0)
"""Stands for "no topic" in the table of counts."""


def recount(connection: Connection, version_id: UUID) -> int:
    """Count again the buckets whose assignments changed; how many they were."""
    stale = connection.execute(
        select(stale_bucket.c.id, stale_bucket.c.bucket_start).where(stale_bucket.c.version_id == version_id)
    ).all()
    buckets = sorted({row.bucket_start for row in stale})
    for part in parts(buckets, 5_000):
        _recount(connection, version_id, list(part))
    for ids in parts([row.id for row in stale], 10_000):
        # by id: a bucket that changes again meanwhile stays marked
        connection.execute(delete(stale_bucket).where(stale_bucket.c.id.in_(ids)))
    return len(buckets)


def counts(connection: Connection, version_id: UUID, span: Span) -> list[tuple[datetime, UUID, int, int]]:
    """(bucket start, topic or UNASSIGNED, complaints, distinct customers) within `span`, by time.

    A complaint whose customer is not known counts as another customer's.
    """
    table = bucket_count
    start, topic = (_undecoded(connection, column) for column in (table.c.bucket_start, table.c.topic_id))
    query = (
        select(start, topic, table.c.complaints, table.c.customers)
        .where(table.c.version_id == version_id)
        .where(table.c.bucket_start >= span.start, table.c.bucket_start < span.end)
        .order_by(table.c.bucket_start, table.c.topic_id)
    )
    return [(_moment(row[0]), _uuid(row[1]), row[2], row[3]) for row in connection.execute(query)]


def counts_until(connection: Connection, version_id: UUID, bucket: Span) -> dict[UUID, int]:
    """Distinct customers by topic or UNASSIGNED among the complaints received within the begun part of a bucket."""
    query = _grouped(version_id, [bucket.start]).where(complaint.c.received_at < bucket.end)
    return {row.topic_id: row.customers for row in connection.execute(query)}


def counts_by_source(connection: Connection, version_id: UUID, span: Span) -> dict[str, dict[datetime, int]]:
    """Complaints by source and bucket start, of the buckets within `span` that have any."""
    query = (
        select(complaint.c.source, assignment.c.bucket_start, func.count())
        .join(complaint, complaint.c.id == assignment.c.complaint_id)
        .where(assignment.c.version_id == version_id)
        .where(assignment.c.bucket_start >= span.start, assignment.c.bucket_start < span.end)
        .group_by(complaint.c.source, assignment.c.bucket_start)
    )
    found: dict[str, dict[datetime, int]] = {}
    for source, start, number in connection.execute(query):
        found.setdefault(source, {})[start] = number
    return found


def busy_topics(connection: Connection, version_id: UUID, span: Span, least: int) -> list[UUID]:
    """The topics about which at least so many customers wrote within `span`, which is shorter than a bucket."""
    query = (
        _voices(version_id, span)
        .where(assignment.c.topic_id.is_not(None))
        .with_only_columns(assignment.c.topic_id)
        .group_by(None)
        .group_by(assignment.c.topic_id)
        .having(func.count(_who().distinct()) >= least)
    )
    return list(connection.execute(query).scalars())


def first_voices(connection: Connection, version_id: UUID, span: Span) -> list[tuple[UUID, datetime]]:
    """(topic or UNASSIGNED, moment) of each customer's first complaint about a topic in a bucket, within `span`."""
    rows = connection.execute(_voices(version_id, span))
    return [(row.topic_id or UNASSIGNED, row.first) for row in rows]


def _voices(version_id: UUID, span: Span) -> Select[Any]:
    # a bucket begins less than two days before what is in it
    within = (assignment.c.bucket_start > span.start - timedelta(days=2)) & (complaint.c.received_at >= span.start)
    return (
        select(assignment.c.topic_id, func.min(complaint.c.received_at).label("first"))
        .join(complaint, complaint.c.id == assignment.c.complaint_id)
        .where(assignment.c.version_id == version_id, within, complaint.c.received_at < span.end)
        .group_by(assignment.c.topic_id, assignment.c.bucket_start, _who())
    )


def _who() -> ColumnElement[str]:
    """A complaint whose customer is not known is another's."""
    return func.coalesce(complaint.c.customer_hash, cast(complaint.c.id, String))


def buckets(connection: Connection, version_id: UUID) -> list[datetime]:
    """The starts of the buckets that were counted under a version, oldest first."""
    start = bucket_count.c.bucket_start
    query = select(start).where(bucket_count.c.version_id == version_id).distinct().order_by(start)
    return list(connection.execute(query).scalars())


def _undecoded(connection: Connection, column: Column[Any]) -> ColumnElement[Any]:
    """SQLite's text as it is: a year holds tens of thousands of rows but few different days and topics."""
    return type_coerce(column, String) if connection.dialect.name == "sqlite" else column


@lru_cache(maxsize=10_000)
def _moment(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


@lru_cache(maxsize=10_000)
def _uuid(value: str | UUID) -> UUID:
    return UUID(value) if isinstance(value, str) else value


def _recount(connection: Connection, version_id: UUID, buckets: list[datetime]) -> None:
    table = bucket_count
    connection.execute(delete(table).where(table.c.version_id == version_id, table.c.bucket_start.in_(buckets)))
    query = _grouped(version_id, buckets)
    rows = [{"version_id": version_id, **row._asdict()} for row in connection.execute(query)]
    insert_new(connection, table, rows)


def _grouped(version_id: UUID, buckets: list[datetime]) -> Select[Any]:
    """Rows (bucket_start, topic_id, complaints, customers), counted from the assignments."""
    topic_id = func.coalesce(assignment.c.topic_id, UNASSIGNED, type_=bucket_count.c.topic_id.type)
    who = complaint.c.customer_hash
    return (
        select(
            assignment.c.bucket_start,
            topic_id.label("topic_id"),
            func.count().label("complaints"),
            (func.count(who.distinct()) + func.count() - func.count(who)).label("customers"),
        )
        .join(complaint, complaint.c.id == assignment.c.complaint_id)
        .where(assignment.c.version_id == version_id, assignment.c.bucket_start.in_(buckets))
        .group_by(assignment.c.bucket_start, topic_id)
    )
