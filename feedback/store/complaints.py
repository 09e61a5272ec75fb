"""Complaints and rejected records."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, select, update

from feedback.domain import Channel, Complaint, RejectedRecord, Segment, Span, derived_id
from feedback.store.database import insert_new, parts
from feedback.store.tables import UtcDateTime, assignment, complaint, rejected_record, stale_bucket

LASTING = frozenset({"source", "source_id", "received_at"})
"""What never changes about a complaint, however often its record arrives."""

COLUMNS = tuple(field.name for field in fields(Complaint))


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of records."""

    accepted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def store_complaints(connection: Connection, complaints: Sequence[Complaint], now: datetime) -> Counts:
    """Insert new complaints and bring known ones up to date, in the caller's transaction.

    A field that arrives empty keeps what it held. A new text drops the complaint's assignments, so that it is
    assigned again.
    """
    merged: dict[UUID, Complaint] = {}
    for each in complaints:
        merged[each.id] = _newer(merged[each.id], each) if each.id in merged else each
    merged = dict(sorted(merged.items()))  # all writers lock in one order, so that none waits for another in a circle
    known = _known(connection, list(merged), lock=True)
    new = [each for key, each in merged.items() if key not in known]
    inserted = insert_new(connection, complaint, [_row(each, now) for each in new])
    if inserted < len(new):  # another writer was quicker with some of them
        known = _known(connection, list(merged), lock=True)
    changed = [_newer(known[key], each) for key, each in merged.items() if key in known]
    changed = [each for each in changed if each != known[each.id]]
    for each in changed:
        _update(connection, known[each.id], each, now)
    return Counts(inserted, len(changed), len(complaints) - inserted - len(changed))


def store_rejected(connection: Connection, records: Sequence[RejectedRecord], now: datetime) -> int:
    """Keep records that could not become complaints; the same one is kept once. The number given."""
    rows = {each["id"]: each for each in (_rejected_row(record, now) for record in records)}
    insert_new(connection, rejected_record, list(rows.values()))
    return len(records)


def complaints_by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Complaint]:
    return _known(connection, list(ids))


def still_there(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the complaints that were not deleted meanwhile."""
    found: set[UUID] = set()
    for part in parts(ids, 10_000):
        found.update(connection.execute(select(complaint.c.id).where(complaint.c.id.in_(part))).scalars())
    return found


def rejected_records(connection: Connection, limit: int | None = None) -> Sequence[Row[Any]]:
    """Rejected records that have not become complaints since, oldest first."""
    waiting = select(rejected_record).where(rejected_record.c.accepted_at.is_(None))
    order = (rejected_record.c.rejected_at, rejected_record.c.place, rejected_record.c.line, rejected_record.c.id)
    return connection.execute(waiting.order_by(*order).limit(limit)).all()


def latest_rejected(
    connection: Connection,
    limit: int,
    source: str | None = None,
    reason: str | None = None,
    after: tuple[datetime, UUID] | None = None,
) -> Sequence[Row[Any]]:
    """The same, the latest first, of a source or a reason; those that come later in this order than `after`, the
    rejected_at and id of another."""
    table = rejected_record.c
    query = select(rejected_record).where(table.accepted_at.is_(None))
    if source is not None:
        query = query.where(table.source == source)
    if reason is not None:
        query = query.where(table.reason == reason)
    if after is not None:
        same = (table.rejected_at == after[0]) & (table.id > after[1])
        query = query.where((table.rejected_at < after[0]) | same)
    return connection.execute(query.order_by(table.rejected_at.desc(), table.id).limit(limit)).all()


def mark_accepted(connection: Connection, ids: Sequence[UUID], now: datetime) -> None:
    """Note that rejected records have become complaints."""
    for part in parts(ids, 10_000):
        connection.execute(update(rejected_record).where(rejected_record.c.id.in_(part)).values(accepted_at=now))


def count_complaints(connection: Connection) -> tuple[int, datetime | None, datetime | None]:
    """How many complaints there are, and when the first and the last were received."""
    found = connection.execute(
        select(func.count(), func.min(complaint.c.received_at), func.max(complaint.c.received_at))
    ).one()
    return found[0], found[1], found[2]


def sources(connection: Connection) -> Iterator[str]:
    """By leaps along the index: sources are few, complaints are not."""
    source: str | None = ""
    while source is not None:
        following = select(func.min(complaint.c.source)).where(complaint.c.source > source)
        source = connection.execute(following).scalar_one()
        if source is not None:
            yield source


def received_between(connection: Connection, source: str, edges: Sequence[datetime]) -> list[int]:
    """How many complaints of a source were received between each of the `edges`, in order, and the next."""
    at = complaint.c.received_at
    within = (at >= bindparam("first", type_=UtcDateTime)) & (at < bindparam("last", type_=UtcDateTime))
    query = select(func.count()).where(complaint.c.source == source, within)
    # by ranges of the index: to fetch the times takes far longer
    spans = ({"first": start, "last": end} for start, end in pairwise(edges))
    return [connection.execute(query, span).scalar_one() for span in spans]


def delays(
    connection: Connection, span: Span, now: datetime, limit: int = 10_000, source: str | None = None
) -> list[tuple[datetime, timedelta]]:
    """When the latest complaints within `span` were received, and how much later they were ingested, `now` at most; of
    one source where it is given.

    Those are left out that were received before their source was first ingested.
    """
    query = _live(span, now) if source is None else _live(span, now).where(complaint.c.source == source)
    rows = connection.execute(query.order_by(complaint.c.received_at.desc()).limit(limit))
    return [(row.received_at, row.ingested_at - row.received_at) for row in rows]


def came_late(
    connection: Connection, version_id: UUID, span: Span, ingested: Span, segment: Segment | None = None
) -> Mapping[tuple[UUID, datetime], int]:
    """How many complaints of each topic and bucket were received within `span` and ingested after `ingested.start`, up
    to its end; of one segment where it is given."""
    query = (
        _live(span, ingested.end)
        .join(assignment, (assignment.c.complaint_id == complaint.c.id) & (assignment.c.version_id == version_id))
        .where(complaint.c.ingested_at > ingested.start, assignment.c.topic_id.is_not(None))
        .with_only_columns(assignment.c.topic_id, assignment.c.bucket_start, func.count().label("number"))
        .group_by(assignment.c.topic_id, assignment.c.bucket_start)
    )
    if segment:
        query = query.where(complaint.c[segment.attribute] == segment.value)
    return {(row.topic_id, row.bucket_start): row.number for row in connection.execute(query)}


def _live(span: Span, now: datetime) -> Select[Any]:
    """Rows (received_at, ingested_at) of what came in while its source was being taken in already."""
    first = select(complaint.c.source, func.min(complaint.c.ingested_at).label("at"))
    started = first.group_by(complaint.c.source).subquery()
    return (
        select(complaint.c.received_at, complaint.c.ingested_at)
        .join(started, started.c.source == complaint.c.source)
        .where(complaint.c.received_at >= span.start, complaint.c.received_at < span.end)
        .where(complaint.c.ingested_at <= now, complaint.c.received_at >= started.c.at)
    )


def count_rejected(connection: Connection, span: Span | None = None) -> int:
    """How many records were rejected, ever or within `span`, and have not become complaints since."""
    moment = rejected_record.c.rejected_at
    query = select(func.count()).select_from(rejected_record).where(rejected_record.c.accepted_at.is_(None))
    if span:
        query = query.where(moment >= span.start, moment < span.end)
    return connection.execute(query).scalar_one()


def _known(connection: Connection, ids: Sequence[UUID], *, lock: bool = False) -> dict[UUID, Complaint]:
    columns = [complaint.c[name] for name in COLUMNS]
    query = select(complaint.c.id, *columns).order_by(complaint.c.id)
    if lock:  # PostgreSQL: what is about to be updated; SQLite has one writer anyway
        query = query.with_for_update()
    found: dict[UUID, Complaint] = {}
    for part in parts(ids, 10_000):
        for row in connection.execute(query.where(complaint.c.id.in_(part))):
            found[row.id] = _complaint(row)
    return found


def _complaint(row: Row[Any]) -> Complaint:
    values = {name: getattr(row, name) for name in COLUMNS}
    return Complaint(**{**values, "channel": Channel(row.channel)})


def _row(each: Complaint, now: datetime) -> dict[str, Any]:
    values = {name: getattr(each, name) for name in COLUMNS}
    return {
        **values,
        "id": each.id,
        "ingested_at": now,
        "channel": str(each.channel),
        "attributes": dict(each.attributes),
    }


def _newer(old: Complaint, new: Complaint) -> Complaint:
    """`old` with what `new` knows better: its filled fields and attributes."""
    filled: dict[str, Any] = {
        name: value for name in COLUMNS if name not in LASTING and (value := getattr(new, name)) not in (None, {})
    }
    if new.channel is Channel.OTHER:
        filled.pop("channel")
    if "attributes" in filled:
        filled["attributes"] = {**old.attributes, **new.attributes}
    if new.text_hash == old.text_hash:
        filled["language"] = old.language
    return replace(old, **filled)


def _update(connection: Connection, old: Complaint, new: Complaint, now: datetime) -> None:
    values: Mapping[str, Any] = {name: value for name, value in _row(new, now).items() if name not in LASTING}
    values = {name: value for name, value in values.items() if name not in ("id", "ingested_at")}
    connection.execute(update(complaint).where(complaint.c.id == old.id).values(**values, updated_at=now))
    if new.text_hash != old.text_hash or new.language != old.language:
        _unassign(connection, old.id)


def _unassign(connection: Connection, complaint_id: UUID) -> None:
    of_it = assignment.c.complaint_id == complaint_id
    buckets = connection.execute(select(assignment.c.version_id, assignment.c.bucket_start).where(of_it)).all()
    if buckets:
        connection.execute(stale_bucket.insert(), [row._asdict() for row in buckets])
        connection.execute(delete(assignment).where(of_it))


def _rejected_row(record: RejectedRecord, now: datetime) -> dict[str, Any]:
    source, place, content = (_storable(each) for each in (record.source, record.place, record.record))
    key = json.dumps(content, sort_keys=True)
    return {
        "id": derived_id("rejected", source, place, record.line, record.reason, key),
        "source": source,
        "place": place,
        "line": record.line,
        "reason": record.reason,
        "detail": _storable(record.detail),
        "record": content,
        "rejected_at": now,
        "accepted_at": None,
    }


def _storable(value: object) -> Any:
    """What came in, in JSON's terms and without what databases refuse: NUL, half a surrogate pair, NaN."""
    match value:
        case str():
            return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case Mapping():
            return {_storable(str(key)): _storable(each) for key, each in value.items()}
        case list() | tuple():
            return [_storable(each) for each in value]
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
    return _storable(str(value))
