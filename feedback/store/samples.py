"""Some of many complaints: to compare two topic model versions on, and to read what a topic is made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from feedback.domain import Span
from feedback.store.tables import assignment, complaint, embedding


def latest_embedded(
    connection: Connection, encoders: tuple[str, str], before: datetime, limit: int
) -> Sequence[Row[Any]]:
    """Rows (id, received_at, language, text, one, two) of the latest complaints with a vector of both encoder versions.

    At most `limit`, received before `before`, the oldest first; `one` and `two` are the vectors.
    """
    first, second = embedding.alias(), embedding.alias()
    columns = (complaint.c.id, complaint.c.received_at, complaint.c.language, complaint.c.text)
    query = (
        select(*columns, first.c.vector.label("one"), second.c.vector.label("two"))
        .join(first, (first.c.text_hash == complaint.c.text_hash) & (first.c.encoder_version == encoders[0]))
        .join(second, (second.c.text_hash == complaint.c.text_hash) & (second.c.encoder_version == encoders[1]))
        .where(complaint.c.received_at < before)
        .order_by(complaint.c.received_at.desc(), complaint.c.id.desc())
        .limit(limit)
    )
    return list(reversed(connection.execute(query).all()))


def texts_by_topic(
    connection: Connection, version_id: UUID, span: Span, before: datetime, topics: Sequence[UUID], most: int
) -> list[Row[Any]]:
    """Rows (topic_id, text, language, similarity) of each topic's complaints of the buckets within `span`, received
    before `before`: at most so many each, the same ones every time, the nearest to its centre first."""
    order = func.row_number().over(partition_by=assignment.c.topic_id, order_by=assignment.c.complaint_id)
    ranked = (
        select(assignment.c.topic_id, assignment.c.complaint_id, assignment.c.similarity, order.label("rank"))
        .where(assignment.c.version_id == version_id, assignment.c.topic_id.in_(topics))
        .where(assignment.c.bucket_start >= span.start, assignment.c.bucket_start < span.end)
        .subquery()
    )
    query = (
        select(ranked.c.topic_id, complaint.c.text, complaint.c.language, ranked.c.similarity)
        .join(complaint, complaint.c.id == ranked.c.complaint_id)
        .where(ranked.c.rank <= most, complaint.c.received_at < before)
        .order_by(ranked.c.topic_id, ranked.c.similarity.desc(), ranked.c.complaint_id)
    )
    return list(connection.execute(query))
