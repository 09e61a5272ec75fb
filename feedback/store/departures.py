"""Complaints that go for good. All that hangs on them goes too, and their numbers stay."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Text,
    and_,
    cast,
    delete,
    or_,
    select,
    update,
)

from feedback.edits import EditKind
from feedback.retention import Retention
from feedback.store import nearest
from feedback.store.cell import Cell
from feedback.store.counts import rows_of
from feedback.store.erasures import wait_for_writers
from feedback.store.kept_counts import keep
from feedback.store.tables import (
    alert,
    area_alert,
    assignment,
    complaint,
    edit,
    embedding,
    notice,
    rejected_record,
    request,
    stale_bucket,
    topic,
    topic_in_version,
)
from feedback.store.topics import published_version

NAMING: tuple[tuple[str, Table, Column[Any]], ...] = (
    ("alerts", alert, alert.c.evidence),
    ("area alerts", area_alert, area_alert.c.facts),
    ("notices", notice, notice.c.content),
    ("edits", edit, edit.c.detail),
    ("requests", request, request.c.detail),
)
"""Where ids of complaints are written down."""


ATTRIBUTED: tuple[tuple[Table, Column[Any]], ...] = (
    (complaint, complaint.c.attributes),
    (rejected_record, rejected_record.c.record),
)
"""Where free attributes are kept."""


def rewritten(connection: Connection) -> list[str]:
    """The tables that an erasure deletes from or writes anew: their files hold what was there until that is freed."""
    tables = (complaint, embedding, rejected_record, *(table for _, table, _ in NAMING), topic, topic_in_version)
    return [*(table.name for table in tables), *([nearest.TABLE] if nearest.is_there(connection) else [])]


LEAST_EXAMPLES = 20
"""With fewer, a part of a split topic is shown by others of its complaints too."""


def complaints_of(connection: Connection, customer_hash: str, until: datetime, limit: int | None = None) -> list[UUID]:
    """A customer's complaints received up to `until`, the oldest first."""
    mine = (complaint.c.customer_hash == customer_hash) & (complaint.c.received_at <= until)
    return list(connection.execute(_oldest(limit).where(mine)).scalars())


def is_kept(connection: Connection, customer_hash: str) -> bool:
    """Whether there is a complaint or a rejected record of a customer."""
    complained = select(complaint.c.id).where(complaint.c.customer_hash == customer_hash)
    rejected = select(rejected_record.c.id).where(_is_rejected_of(customer_hash))
    return any(connection.execute(query.limit(1)).first() for query in (complained, rejected))


def rejected_of(connection: Connection, customer_hash: str) -> Sequence[Row[Any]]:
    """A customer's rejected records, the oldest first."""
    mine = select(rejected_record).where(_is_rejected_of(customer_hash))
    return connection.execute(mine.order_by(rejected_record.c.rejected_at, rejected_record.c.id)).all()


def naming(connection: Connection, ids: Sequence[UUID]) -> dict[str, list[str]]:
    """What names some of the complaints: ids by kind."""
    written = {str(each) for each in ids}
    return {
        name: [str(key) for key, _ in _naming(connection, table, column, lambda value: without(value, written))]
        for name, table, column in NAMING
    }


def expired(connection: Connection, retention: Retention, now: datetime, limit: int) -> list[UUID]:
    """Complaints older than their source's are kept, the oldest first."""
    old = _is_old(complaint.c.source, complaint.c.received_at, _sources(connection, complaint), retention, now)
    return list(connection.execute(_oldest(limit).where(old)).scalars()) if old is not None else []


def drop_expired_rejected(connection: Connection, retention: Retention, now: datetime) -> int:
    """Delete rejected records older than complaints of their source are kept; how many."""
    table = rejected_record
    old = _is_old(table.c.source, table.c.rejected_at, _sources(connection, table), retention, now)
    return connection.execute(delete(table).where(old)).rowcount if old is not None else 0


def drop_rejected_of(connection: Connection, customer_hash: str) -> int:
    """Delete a customer's rejected records; how many."""
    return connection.execute(delete(rejected_record).where(_is_rejected_of(customer_hash))).rowcount


def forget(connection: Connection, ids: Sequence[UUID]) -> Counter[str]:
    """Delete complaints with their vectors, their rejected records and every mention of them; how much of what."""
    wait_for_writers(connection)
    rows = connection.execute(
        select(complaint.c.source, complaint.c.source_id, complaint.c.text_hash).where(complaint.c.id.in_(ids))
    ).all()
    gone = Counter(_unmention(connection, ids))
    _keep_numbers(connection, frozenset(ids))
    gone["rejected records"] = _drop_rejected(connection, [(row.source, row.source_id) for row in rows])
    gone["complaints"] = connection.execute(delete(complaint).where(complaint.c.id.in_(ids))).rowcount
    gone["vectors"] = _drop_vectors(connection, {row.text_hash for row in rows})
    return +gone


def others_write(connection: Connection, customer_hash: str, forms: Collection[str]) -> bool:
    """Whether a complaint that is not this customer's holds one of the words, as it stands or in other case."""
    written = {way(each) for each in forms for way in (str, str.lower, str.upper, str.capitalize)}
    other = complaint.c.customer_hash.is_distinct_from(customer_hash)
    held = or_(*(complaint.c.text.contains(each, autoescape=True) for each in sorted(written)))
    return connection.execute(select(complaint.c.id).where(other, held).limit(1)).first() is not None


def drop_drivers(connection: Connection, values: Collection[str]) -> int:
    """Take drivers of these values out of whatever names them; how many rows did."""
    return sum(_rewrite(connection, lambda value: without_drivers(value, values)).values())


def rename_in_records(connection: Connection, rename: Callable[[str], str]) -> int:
    """Put names otherwise wherever complaints may be named, as topics' names are there; how many rows changed."""
    return sum(_rewrite(connection, lambda value: renamed(value, rename)).values())


def drop_attributes(connection: Connection, value: str) -> int:
    """Take attributes of this value out of all complaints and rejected records; how many."""
    return sum(_drop_attributes(connection, table, column, value) for table, column in ATTRIBUTED)


def _drop_attributes(connection: Connection, table: Table, column: Column[Any], value: str) -> int:
    # by text first: JSON of a hundred thousand rows is not read for one value
    written = (json.dumps(value), json.dumps(value, ensure_ascii=False))
    like = or_(*(cast(column, Text).contains(each[1:-1], autoescape=True) for each in written))
    found = [
        (row.id, less)
        for row in connection.execute(select(table.c.id, column.label("json")).where(like).order_by(table.c.id))
        if (less := without_values(row.json, value)) != row.json
    ]
    for key, less in found:
        connection.execute(update(table).where(table.c.id == key).values({column.name: less}))
    return len(found)


def without_drivers(value: Any, gone: Collection[str]) -> Any:
    """JSON without the items of lists that are drivers of one of these values."""
    if isinstance(value, Mapping):
        return {name: without_drivers(each, gone) for name, each in value.items()}
    if isinstance(value, list):
        return [without_drivers(each, gone) for each in value if not _is_driver(each, gone)]
    return value


def _is_driver(value: Any, gone: Collection[str]) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("attribute"), str) and value.get("value") in gone


def renamed(value: Any, rename: Callable[[str], str]) -> Any:
    """JSON with every text in it, but for the names of fields, as `rename` has it."""
    if isinstance(value, Mapping):
        return {name: renamed(each, rename) for name, each in value.items()}
    if isinstance(value, list):
        return [renamed(each, rename) for each in value]
    return rename(value) if isinstance(value, str) else value


def without_values(value: Any, gone: str) -> Any:
    """JSON without the entries of mappings that are this value."""
    if not isinstance(value, Mapping):
        return value
    return {name: without_values(each, gone) for name, each in value.items() if str(each) != gone}


def without(value: Any, ids: Collection[str]) -> Any:
    """JSON without the items of lists that are among `ids`."""
    if isinstance(value, Mapping):
        return {name: without(each, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [without(each, ids) for each in value if not (isinstance(each, str) and each in ids)]
    return value


def _is_rejected_of(customer_hash: str) -> ColumnElement[bool]:
    kept: ColumnElement[bool] = rejected_record.c.record["customer_hash"].as_string() == customer_hash
    return kept


def _oldest(limit: int | None) -> Select[Any]:
    return select(complaint.c.id).order_by(complaint.c.received_at, complaint.c.id).limit(limit)


def _sources(connection: Connection, table: Table) -> list[str]:
    return list(connection.execute(select(table.c.source).distinct()).scalars())


def _is_old(
    source: Column[Any], moment: Column[Any], sources: Sequence[str], retention: Retention, now: datetime
) -> ColumnElement[bool] | None:
    """What goes, source by source; None where nothing does."""
    limits = [(each, until) for each in sources if (until := retention.until(each, now))]
    return or_(*(and_(source == each, moment < until) for each, until in limits)) if limits else None


def _keep_numbers(connection: Connection, ids: Collection[UUID]) -> None:
    """Keep what the complaints count for in the version in force: what is there less what will be there."""
    version = published_version(connection)
    if version is None:
        return
    mine = (assignment.c.version_id == version.id) & assignment.c.complaint_id.in_(ids)
    buckets = list(connection.execute(select(assignment.c.bucket_start).where(mine).distinct()).scalars())
    if not buckets:
        return
    cells = rows_of(connection, version.id, buckets)
    keep(
        connection,
        {place: Cell.of(rows) - Cell.of([row for row in rows if row.id not in ids]) for place, rows in cells},
    )
    connection.execute(stale_bucket.insert(), [{"version_id": version.id, "bucket_start": each} for each in buckets])


def _unmention(connection: Connection, ids: Sequence[UUID]) -> dict[str, int]:
    """Take the ids out of whatever names them; how many rows of each kind did."""
    written = {str(each) for each in ids}
    changed = _rewrite(connection, lambda value: without(value, written))
    if changed["edits"]:
        _show_by_others(connection, ids)
    return changed


def _rewrite(connection: Connection, less: Callable[[Any], Any]) -> dict[str, int]:
    """Put JSON with less in it wherever complaints may be named; how many rows of each kind changed."""
    changed = {}
    for name, table, column in NAMING:
        found = _naming(connection, table, column, less)
        for key, left in found:
            connection.execute(update(table).where(table.c.id == key).values({column.name: left}))
        changed[name] = len(found)
    return changed


def _naming(
    connection: Connection, table: Table, column: Column[Any], less: Callable[[Any], Any]
) -> list[tuple[Any, Any]]:
    """The rows of whose JSON there is less: their id, and what is left."""
    rows = connection.execute(select(table.c.id, column.label("json")).order_by(table.c.id))
    return [(row.id, left) for row in rows if (left := less(row.json)) != row.json]


def _show_by_others(connection: Connection, ids: Sequence[UUID]) -> None:
    """A part of a split topic is known by examples: where those go that it had, others take their place."""
    version = published_version(connection)
    splits = connection.execute(select(edit.c.id, edit.c.detail).where(edit.c.kind == str(EditKind.SPLIT)))
    for row in splits.all() if version else ():
        assert version is not None
        parts = [{**part, "examples": _examples(connection, version.id, part, ids)} for part in row.detail["parts"]]
        connection.execute(update(edit).where(edit.c.id == row.id).values(detail={**row.detail, "parts": parts}))


def _examples(connection: Connection, version_id: UUID, part: Mapping[str, Any], ids: Sequence[UUID]) -> list[str]:
    """The part's examples; where few are left, also others of the complaints that it has, the nearest to its centre."""
    left: list[str] = part["examples"]
    if len(left) >= LEAST_EXAMPLES:
        return left
    mine = (assignment.c.version_id == version_id) & (assignment.c.topic_id == UUID(part["id"]))
    others = assignment.c.complaint_id.not_in([*ids, *map(UUID, left)])
    nearest = select(assignment.c.complaint_id).where(mine, others).order_by(assignment.c.similarity.desc())
    found = connection.execute(nearest.limit(LEAST_EXAMPLES - len(left))).scalars()
    return [*left, *map(str, found)]


def _drop_rejected(connection: Connection, complaints: Sequence[tuple[str, str]]) -> int:
    """Those that came of the same records before they were mended."""
    ids = rejected_record.c.record["source_id"].as_string()
    by_source: dict[str, list[str]] = {}
    for source, source_id in complaints:
        by_source.setdefault(source, []).append(source_id)
    return sum(
        connection.execute(delete(rejected_record).where(rejected_record.c.source == source, ids.in_(named))).rowcount
        for source, named in by_source.items()
    )


def _drop_vectors(connection: Connection, hashes: Collection[str]) -> int:
    """Those of texts that no complaint has any more."""
    used = select(complaint.c.text_hash).where(complaint.c.text_hash == embedding.c.text_hash).exists()
    return connection.execute(delete(embedding).where(embedding.c.text_hash.in_(hashes), ~used)).rowcount
