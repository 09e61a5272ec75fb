"""Turn texts that have no vector yet into vectors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from feedback.store import embeddings
from jobs.context import Context
from models.encoder import Encoder

BATCH = 256


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Embed what was received before `now`, a batch a transaction."""
    encoder = context.parts.encoder
    with context.database.read() as connection:
        waiting = embeddings.count_without_vector(connection, encoder.version, now)
    done = 0
    if waiting:
        with context.progress.task("Embedding", waiting) as advance:
            while batch := _embed_batch(context, encoder, now):
                done += batch
                advance(done)
    return {"embedded": done}


def _embed_batch(context: Context, encoder: Encoder, now: datetime) -> int:
    with context.database.read() as connection:
        texts = embeddings.texts_without_vector(connection, encoder.version, now, BATCH)
    if texts:
        vectors = encoder.encode([text for _, text in texts])
        with context.write() as connection:
            embeddings.store_vectors(connection, encoder.version, [key for key, _ in texts], vectors)
    return len(texts)
