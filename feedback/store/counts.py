"""Buckets: how many complaints a day each topic has under a version, as a whole and by segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, String, cast, delete, func, select

from feedback.domain import SEGMENTED, Segment, Span
from feedback.store.cell import BySegment, Cell, customers
from feedback.store.database import insert_new, parts, upsert
from feedback.store.kept_counts import UNASSIGNED, kept_cells
from feedback.store.raw import moment, undecoded, uuid
from feedback.store.segments import in_any
from feedback.store.tables import assignment, bucket_count, complaint, counting, stale_bucket


def recount(connection: Connection, version_id: UUID) -> int:
    """Count again the buckets whose assignments changed, with what is kept of complaints that are gone; how many they
    were."""
    stale = connection.execute(
        select(stale_bucket.c.id, stale_bucket.c.bucket_start).where(stale_bucket.c.version_id == version_id)
    ).all()
    buckets = sorted({row.bucket_start for row in stale})
    for part in parts(buckets, 500):
        _recount(connection, version_id, list(part))
    if buckets:
        _note(connection, version_id)
    for ids in parts([row.id for row in stale], 10_000):
        # by id: a bucket that changes again meanwhile stays marked
        connection.execute(delete(stale_bucket).where(stale_bucket.c.id.in_(ids)))
    return len(buckets)


def times_counted(connection: Connection, version_id: UUID) -> int:
    """How often buckets of a version were counted: while it is the same, so are the counts."""
    query = select(counting.c.times).where(counting.c.version_id == version_id)
    return connection.execute(query).scalar_one_or_none() or 0


def counts(connection: Connection, version_id: UUID, span: Span) -> list[tuple[datetime, UUID, int, int]]:
    """(bucket start, topic or UNASSIGNED, complaints, distinct customers) within `span`, by time.

    A complaint whose customer is not known counts as another customer's.
    """
    table = bucket_count
    start, topic = (undecoded(connection, column) for column in (table.c.bucket_start, table.c.topic_id))
    query = (
        select(start, topic, table.c.complaints, table.c.customers)
        .where(table.c.version_id == version_id)
        .where(table.c.bucket_start >= span.start, table.c.bucket_start < span.end)
        .order_by(table.c.bucket_start, table.c.topic_id)
    )
    return [(moment(row[0]), uuid(row[1]), row[2], row[3]) for row in connection.execute(query)]


def complaints_a_day(
    connection: Connection,
    version_id: UUID,
    span: Span,
    segments: Sequence[Segment] = (),
    places: Sequence[Segment] = (),
) -> list[tuple[datetime, UUID, int]]:
    """(bucket start, topic or UNASSIGNED, complaints) within `span`; of those in all of `segments`, and in one of
    `places`, where any are named, as far as their texts are kept."""
    if not segments and not places:
        return [(start, topic, complaints) for start, topic, complaints, _ in counts(connection, version_id, span)]
    start, topic = (undecoded(connection, assignment.c[name]) for name in ("bucket_start", "topic_id"))
    query = (
        select(start, topic, func.count())
        .join(complaint, complaint.c.id == assignment.c.complaint_id)
        .where(assignment.c.version_id == version_id)
        .where(assignment.c.bucket_start >= span.start, assignment.c.bucket_start < span.end)
        .where(*(complaint.c[each.attribute] == each.value for each in segments))
        .where(*([in_any(places)] if places else []))
        .group_by(assignment.c.bucket_start, assignment.c.topic_id)
    )
    rows = connection.execute(query)
    return [(moment(row[0]), uuid(row[1]) if row[1] else UNASSIGNED, row[2]) for row in rows]


def counts_by_segment(
    connection: Connection, version_id: UUID, span: Span
) -> Iterator[tuple[datetime, UUID, BySegment]]:
    """(bucket start, topic or UNASSIGNED, distinct customers by segment) within `span`, by time."""
    table = bucket_count
    start, topic = (undecoded(connection, column) for column in (table.c.bucket_start, table.c.topic_id))
    query = (
        select(start, topic, table.c.segments)
        .where(table.c.version_id == version_id, table.c.segments.is_not(None))
        .where(table.c.bucket_start >= span.start, table.c.bucket_start < span.end)
        .order_by(table.c.bucket_start, table.c.topic_id)
    )
    for row in connection.execute(query):
        yield moment(row[0]), uuid(row[1]), row[2]


def counts_until(
    connection: Connection, version_id: UUID, bucket: Span, segment: Segment | None = None
) -> dict[UUID, int]:
    """Distinct customers by topic or UNASSIGNED among the complaints received within the begun part of a bucket; of
    one segment where it is given."""
    query = _received(connection, version_id, [bucket.start]).where(complaint.c.received_at < bucket.end)
    if segment:
        query = query.where(complaint.c[segment.attribute] == segment.value)
    return {topic: customers(row.customer_hash for row in rows) for (_, topic), rows in _by_cell(connection, query)}


def counts_by_source_and_topic(connection: Connection, version_id: UUID, span: Span) -> dict[str, dict[UUID, int]]:
    """Complaints by source and by topic or UNASSIGNED, of the buckets within `span`."""
    query = (
        select(complaint.c.source, assignment.c.topic_id, func.count())
        .join(complaint, complaint.c.id == assignment.c.complaint_id)
        .where(assignment.c.version_id == version_id)
        .where(assignment.c.bucket_start >= span.start, assignment.c.bucket_start < span.end)
        .group_by(complaint.c.source, assignment.c.topic_id)
    )
    found: dict[str, dict[UUID, int]] = {}
    for source, topic, number in connection.execute(query):
        found.setdefault(source, {})[topic or UNASSIGNED] = number
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


def _note(connection: Connection, version_id: UUID) -> None:
    added = upsert(connection, counting).values(version_id=version_id, times=1)
    connection.execute(added.on_conflict_do_update(index_elements=["version_id"], set_={"times": counting.c.times + 1}))


def _recount(connection: Connection, version_id: UUID, buckets: list[datetime]) -> None:
    table = bucket_count
    connection.execute(delete(table).where(table.c.version_id == version_id, table.c.bucket_start.in_(buckets)))
    found = {place: Cell.of(rows) for place, rows in rows_of(connection, version_id, buckets)}
    for place, kept in kept_cells(connection, version_id, buckets).items():
        found[place] = found.get(place, Cell()) + kept
    rows = [
        {"version_id": version_id, "bucket_start": start, "topic_id": topic, **cell.as_row()}
        for (start, topic), cell in found.items()
    ]
    insert_new(connection, table, rows)


def rows_of(
    connection: Connection, version_id: UUID, buckets: list[datetime]
) -> Iterator[tuple[tuple[datetime, UUID], list[Row[Any]]]]:
    """Rows (bucket start, topic, customer_hash, segments …, id) of the complaints of some buckets, by bucket start, and
    topic or UNASSIGNED."""
    return _by_cell(connection, _received(connection, version_id, buckets))


def _received(connection: Connection, version_id: UUID, buckets: list[datetime]) -> Select[Any]:
    """(bucket start, topic, customer, segments …) of the complaints of some buckets, a topic's of a day together."""
    start, topic = (undecoded(connection, assignment.c[name]) for name in ("bucket_start", "topic_id"))
    return (
        select(start, topic, complaint.c.customer_hash, *(complaint.c[name] for name in SEGMENTED), complaint.c.id)
        .join(complaint, complaint.c.id == assignment.c.complaint_id)
        .where(assignment.c.version_id == version_id, assignment.c.bucket_start.in_(buckets))
        .order_by(assignment.c.bucket_start, assignment.c.topic_id)
    )


def _by_cell(connection: Connection, query: Select[Any]) -> Iterator[tuple[tuple[datetime, UUID], list[Row[Any]]]]:
    """The rows of each bucket and topic."""
    for (start, topic), rows in groupby(connection.execute(query), key=itemgetter(0, 1)):
        yield (moment(start), uuid(topic) if topic else UNASSIGNED), list(rows)
