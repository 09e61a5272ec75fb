"""What is known about the complaints of a topic beside their text: the attributes that may drive a rise, and quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, func, select

from feedback.domain import Span
from feedback.store.tables import assignment, complaint

FIELDS = ("channel", "market", "language", "brand", "product", "customer_segment")


@dataclass(frozen=True, slots=True)
class Facets:
    """A complaint as a driver sees it: `values` by attribute. `similarity` is the cosine to its topic's centroid."""

    complaint_id: UUID
    similarity: float
    text_hash: str
    language: str
    values: Mapping[str, str]
    customer_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """Who wrote a complaint, of which segment, and what they rated, in the unit of `source`."""

    complaint_id: UUID
    source: str
    customer_hash: str | None
    segment: str | None
    rating: float | None


@dataclass(frozen=True, slots=True)
class StoredQuote:
    text: str
    language: str
    channel: str
    received_at: datetime
    market: str | None


def facets_of_topic(
    connection: Connection, version_id: UUID, topic_id: UUID, span: Span, without: Sequence[Span] = ()
) -> list[Facets]:
    """The complaints of a topic received within `span` and outside of `without`, nearest its centroid first."""
    query = (
        _facets()
        .where(assignment.c.version_id == version_id, assignment.c.topic_id == topic_id)
        .where(complaint.c.received_at >= span.start, complaint.c.received_at < span.end)
        .order_by(assignment.c.similarity.desc(), complaint.c.id)
    )
    return [_read(row) for row in connection.execute(query) if not _is_in(row.received_at, without)]


def facets_of_all(
    connection: Connection, version_id: UUID, span: Span, limit: int, without: Mapping[UUID, Sequence[Span]]
) -> list[Facets]:
    """Of the latest `limit` complaints within `span`, of all topics and none, those not in their topic's `without`."""
    query = (
        _facets()
        .where(assignment.c.version_id == version_id)
        .where(complaint.c.received_at >= span.start, complaint.c.received_at < span.end)
        .order_by(complaint.c.received_at.desc(), complaint.c.id)
        .limit(limit)
    )
    rows = connection.execute(query)
    return [_read(row) for row in rows if not _is_in(row.received_at, without.get(row.topic_id, ()))]


def customers_of_topic(
    connection: Connection, version_id: UUID, topic_id: UUID, span: Span, without: Sequence[Span] = ()
) -> list[Customer]:
    """Who wrote a topic's complaints received within `span` and outside of `without`, in the order of their ids."""
    columns = (complaint.c.id, complaint.c.source, complaint.c.customer_hash, complaint.c.customer_segment)
    query = (
        select(*columns, complaint.c.rating, complaint.c.received_at)
        .join(assignment, assignment.c.complaint_id == complaint.c.id)
        .where(assignment.c.version_id == version_id, assignment.c.topic_id == topic_id)
        .where(complaint.c.received_at >= span.start, complaint.c.received_at < span.end)
        .order_by(complaint.c.id)
    )
    rows = connection.execute(query)
    return [Customer(*row[:-1]) for row in rows if not _is_in(row.received_at, without)]


def customers_by_topic(connection: Connection, version_id: UUID, span: Span) -> dict[UUID, tuple[int, int | None]]:
    """(complaints, distinct customers) of each topic received within `span`, as far as they are kept.

    Of a topic of which some customers are known, each other complaint counts as another's; None where none is.
    """
    known = func.count(complaint.c.customer_hash.distinct())
    query = (
        select(assignment.c.topic_id, func.count(), known, func.count(complaint.c.customer_hash))
        .join(complaint, complaint.c.id == assignment.c.complaint_id)
        .where(assignment.c.version_id == version_id, assignment.c.topic_id.is_not(None))
        .where(complaint.c.received_at >= span.start, complaint.c.received_at < span.end)
        .group_by(assignment.c.topic_id)
    )
    return {
        topic: (number, customers + number - named if named else None)
        for topic, number, customers, named in connection.execute(query)
    }


def count_customers(connection: Connection, version_id: UUID, span: Span) -> int:
    """How many distinct customers wrote the complaints, of all topics and none, received within `span`."""
    query = (
        select(func.count(complaint.c.customer_hash.distinct()))
        .join(assignment, assignment.c.complaint_id == complaint.c.id)
        .where(assignment.c.version_id == version_id)
        .where(complaint.c.received_at >= span.start, complaint.c.received_at < span.end)
    )
    return int(connection.execute(query).scalar_one())


def quotes_by_id(connection: Connection, ids: list[UUID]) -> list[StoredQuote]:
    """The texts of complaints, in the order of `ids`; one that was deleted since is passed over."""
    columns = (complaint.c.text, complaint.c.language, complaint.c.channel, complaint.c.received_at, complaint.c.market)
    found = {row.id: row for row in connection.execute(select(complaint.c.id, *columns).where(complaint.c.id.in_(ids)))}
    rows = [found[each] for each in ids if each in found]
    return [StoredQuote(row.text, row.language, row.channel, row.received_at, row.market) for row in rows]


def _facets() -> Select[Any]:
    columns = [complaint.c[name] for name in FIELDS]
    return select(
        complaint.c.id,
        complaint.c.received_at,
        assignment.c.topic_id,
        assignment.c.similarity,
        complaint.c.text_hash,
        complaint.c.customer_hash,
        complaint.c.attributes,
        *columns,
    ).join(assignment, assignment.c.complaint_id == complaint.c.id)


def _is_in(moment: datetime, spans: Sequence[Span]) -> bool:
    return any(moment in each for each in spans)


def _read(row: Row[Any]) -> Facets:
    own = {name: str(value) for name in FIELDS if (value := getattr(row, name)) is not None}
    free = {name: str(value) for name, value in row.attributes.items() if isinstance(value, str | bool)}
    return Facets(row.id, row.similarity, row.text_hash, row.language, {**free, **own}, row.customer_hash)
