"""Vectors, kept once a text and encoder version, as float16."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, and_, func, select

from feedback.store import nearest
from feedback.store.database import insert_new
from feedback.store.tables import complaint, embedding

FloatArray = NDArray[np.float32]


def texts_without_vector(
    connection: Connection, encoder_version: str, before: datetime, limit: int | None = None
) -> list[tuple[str, str]]:
    """(hash, text) of complaints received before `before` that have no vector yet, the oldest first."""
    waiting = _without_vector(encoder_version, before)
    first = func.min(complaint.c.received_at)
    query = (
        waiting.with_only_columns(complaint.c.text_hash, func.min(complaint.c.text))
        .group_by(complaint.c.text_hash)
        .order_by(first, complaint.c.text_hash)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def count_without_vector(connection: Connection, encoder_version: str, before: datetime) -> int:
    """How many texts `texts_without_vector` would give."""
    waiting = _without_vector(encoder_version, before)
    return connection.execute(waiting.with_only_columns(func.count(complaint.c.text_hash.distinct()))).scalar_one()


def store_vectors(connection: Connection, encoder_version: str, hashes: Sequence[str], vectors: FloatArray) -> None:
    """Keep `vectors` (n, d), one for each text hash that a complaint still has: it may be erased by now."""
    there = set(connection.execute(select(complaint.c.text_hash).where(complaint.c.text_hash.in_(hashes))).scalars())
    rows = [
        {"text_hash": key, "encoder_version": encoder_version, "vector": vector.tobytes()}
        for key, vector in zip(hashes, vectors.astype(np.float16), strict=True)
        if key in there
    ]
    insert_new(connection, embedding, rows)
    nearest.add(connection, rows)


def decode_vectors(blobs: Sequence[bytes]) -> FloatArray:
    """Stored vectors as an array (n, d) of float32; (0, 0) for none."""
    if not blobs:
        return np.empty((0, 0), np.float32)
    return np.frombuffer(b"".join(blobs), np.float16).reshape(len(blobs), -1).astype(np.float32)


def _without_vector(encoder_version: str, before: datetime) -> Select[Any]:
    same = and_(embedding.c.text_hash == complaint.c.text_hash, embedding.c.encoder_version == encoder_version)
    return (
        select(complaint.c.text_hash)
        .outerjoin(embedding, same)
        .where(embedding.c.text_hash.is_(None), complaint.c.received_at < before)
    )
