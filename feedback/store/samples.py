"""Complaints to compare two topic model versions on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from feedback.store.tables import complaint, embedding


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
