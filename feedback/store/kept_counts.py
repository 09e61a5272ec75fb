"""The numbers of complaints that are gone: no text, no id and no customer, only how many there were.

They are kept by the topic that each complaint had when it went. A version that does not know the topic counts them
under what became of it, and where that cannot be told as unassigned: without a text nobody can judge them again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from feedback.domain import Fate
from feedback.store.cell import Cell
from feedback.store.database import parts, put
from feedback.store.edits import curation
from feedback.store.tables import kept_count, lineage, stale_bucket, topic_in_version

UNASSIGNED = UUID(int=0)
"""Stands for "no topic" in the tables of counts."""

Cells = Mapping[tuple[datetime, UUID], Cell]
"""By bucket start, and topic or UNASSIGNED."""


def keep(connection: Connection, gone: Cells) -> None:
    """Add to what is kept."""
    before = _kept(connection, sorted({start for start, _ in gone}))
    rows = [
        {"bucket_start": start, "topic_id": topic, **(before.get((start, topic), Cell()) + cell).as_row()}
        for (start, topic), cell in gone.items()
        if cell
    ]
    put(connection, kept_count, rows)


def kept_cells(
    connection: Connection, version_id: UUID, buckets: Sequence[datetime]
) -> dict[tuple[datetime, UUID], Cell]:
    """What is kept of some buckets, under the topics of a version."""
    kept = _kept(connection, buckets)
    found: dict[tuple[datetime, UUID], Cell] = {}
    home = _homes(connection, version_id) if kept else None
    for (start, topic), cell in kept.items():
        assert home is not None
        place = (start, home(topic))
        found[place] = found.get(place, Cell()) + cell
    return found


def mark_kept(connection: Connection, version_id: UUID) -> None:
    """Have every bucket of which something is kept counted again: the version is new, or its topics changed."""
    starts = list(connection.execute(select(kept_count.c.bucket_start).distinct()).scalars())
    if starts:
        connection.execute(stale_bucket.insert(), [{"version_id": version_id, "bucket_start": each} for each in starts])


def _kept(connection: Connection, buckets: Sequence[datetime]) -> dict[tuple[datetime, UUID], Cell]:
    found = {}
    for part in parts(buckets, 500):
        for row in connection.execute(select(kept_count).where(kept_count.c.bucket_start.in_(part))):
            found[row.bucket_start, row.topic_id] = Cell(row.complaints, row.customers, row.segments)
    return found


def _homes(connection: Connection, version_id: UUID) -> Callable[[UUID], UUID]:
    """Under which topic of a version the numbers of any topic count."""
    decided, became = curation(connection), _became(connection)
    members = select(topic_in_version.c.topic_id).where(topic_in_version.c.version_id == version_id)
    shown = set(connection.execute(members).scalars()) - decided.hidden

    def home(topic: UUID) -> UUID:
        return _end(decided.home(topic), lambda each: decided.home(became[each]) if each in became else None, shown)

    return home


def _end(start: UUID, after: Callable[[UUID], UUID | None], shown: Collection[UUID]) -> UUID:
    place: UUID | None = start
    seen: set[UUID] = set()
    while place is not None and place not in seen:
        if place in shown:
            return place
        seen.add(place)
        place = after(place)
    return UNASSIGNED


def _became(connection: Connection) -> dict[UUID, UUID]:
    """What each topic went into when it did not go on, by any training: the likest."""
    query = (
        select(lineage.c.before_id, lineage.c.after_id)
        .where(lineage.c.before_id.is_not(None), lineage.c.after_id.is_not(None))
        .where(lineage.c.before_id != lineage.c.after_id, lineage.c.fate != str(Fate.DOUBTFUL))
        .order_by(lineage.c.similarity, lineage.c.before_id, lineage.c.after_id)
    )
    return {row.before_id: row.after_id for row in connection.execute(query)}
