"""Take records in: each becomes a complaint or a rejected record, a batch a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol
from uuid import UUID

from sqlalchemy import Connection

from feedback.domain import Complaint, RejectedRecord
from feedback.erasure import Place, refuse_erased
from feedback.sources import FieldMapping, RawRecord, UnreadableRecord, read
from feedback.store.complaints import (
    Counts,
    complaints_by_id,
    mark_accepted,
    rejected_records,
    store_complaints,
    store_rejected,
)
from feedback.store.database import Database
from feedback.store.erasures import erased_at

BATCH = 500

Status = Literal["accepted", "updated", "unchanged", "rejected"]


class Taker(Protocol):
    """Makes a complaint of one record, or says why not; see `feedback.intake`."""

    def take(
        self, fields: Mapping[str, object], source: str, place: str, line: int | None, now: datetime
    ) -> Complaint | RejectedRecord: ...


class Writes(Protocol):
    """Gives transactions: the database, or a run that is refused them once another worker has taken it over."""

    def write(self) -> AbstractContextManager[Connection]: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one record: `reason` and `detail` say why it was rejected."""

    source_id: str | None
    status: Status
    reason: str | None = None
    detail: str | None = None


def ingest_file(
    target: Writes,
    intake: Taker,
    path: Path,
    source: str,
    mapping: FieldMapping,
    now: datetime,
    advance: Callable[[int], None] = lambda _: None,
    encoding: str = "utf-8",
) -> Counts:
    """Read a file of complaints into the database; `advance` is told the number of records done.

    Where `target` refuses a batch, reading ends; those before it are written. Reading the same file again changes
    nothing. SourceError when the file can't be read at all.
    """
    total, done = Counts(), 0
    for batch in _batches(read(path, mapping, encoding), BATCH):
        results = [_result(intake, each, source, path.name, now) for each in batch]
        with target.write() as connection:
            places = [(path.name, each.line) for each in batch]
            total += _write(connection, _accepted(connection, results, places), now)
        done += len(batch)
        advance(done)
    return total


def take_in(
    database: Database, intake: Taker, records: Sequence[Mapping[str, object]], source: str, now: datetime
) -> list[Taken]:
    """Store records that came over the network, in one transaction, and say of each what became of it, in order."""
    mapping = FieldMapping()
    results = [intake.take(mapping.fields(record), source, "api", None, now) for record in records]
    with database.write() as connection:
        results = _accepted(connection, results, [("api", None)] * len(results))
        before = complaints_by_id(connection, {each.id for each in results if isinstance(each, Complaint)})
        _write(connection, results, now)
        after = complaints_by_id(connection, {each.id for each in results if isinstance(each, Complaint)})
    seen: set[UUID] = set()
    return [_taken(each, before, after, seen) for each in results]


def retry_rejected(database: Database, intake: Taker, now: datetime) -> Counts:
    """Take the rejected records in again, as when a setting was mended; what succeeds leaves the list."""
    with database.read() as connection:
        waiting = rejected_records(connection)
    total = Counts()
    for batch in _batches(iter(waiting), BATCH):
        results = [intake.take(row.record, row.source, row.place, row.line, now) for row in batch]
        with database.write() as connection:
            results = _accepted(connection, results, [(row.place, row.line) for row in batch])
            good = [(row.id, each) for row, each in zip(batch, results, strict=True) if isinstance(each, Complaint)]
            total += store_complaints(connection, [each for _, each in good], now)
            mark_accepted(connection, [key for key, _ in good], now)
        total += Counts(rejected=len(batch) - len(good))
    return total


def _result(
    intake: Taker, record: RawRecord | UnreadableRecord, source: str, place: str, now: datetime
) -> Complaint | RejectedRecord:
    if isinstance(record, RawRecord):
        return intake.take(record.fields, source, place, record.line, now)
    return RejectedRecord(source, place, record.line, record.reason, record.detail, {"shape": record.shape})


def _accepted(
    connection: Connection, results: Sequence[Complaint | RejectedRecord], places: Sequence[Place]
) -> list[Complaint | RejectedRecord]:
    """The results without what comes from customers whose data were erased after it was received."""
    return refuse_erased(results, places, erased_at(connection))


def _write(connection: Connection, results: Sequence[Complaint | RejectedRecord], now: datetime) -> Counts:
    counts = store_complaints(connection, [each for each in results if isinstance(each, Complaint)], now)
    rejected = store_rejected(connection, [each for each in results if isinstance(each, RejectedRecord)], now)
    return counts + Counts(rejected=rejected)


def _taken(
    each: Complaint | RejectedRecord,
    before: Mapping[UUID, Complaint],
    after: Mapping[UUID, Complaint],
    seen: set[UUID],
) -> Taken:
    if isinstance(each, RejectedRecord):
        source_id = each.record.get("source_id")
        return Taken(str(source_id) if source_id is not None else None, "rejected", each.reason, each.detail)
    if each.id in seen:
        return Taken(each.source_id, "unchanged")
    seen.add(each.id)
    if each.id not in before:
        return Taken(each.source_id, "accepted")
    return Taken(each.source_id, "unchanged" if before[each.id] == after[each.id] else "updated")


def _batches(items: Iterator[Any] | Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
