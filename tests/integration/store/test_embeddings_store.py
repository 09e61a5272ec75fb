"""Vectors in the database, and the queries that feed the encoder and the assignment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import numpy as np
import pytest
from sqlalchemy import func, select

from feedback.domain import Span
from feedback.store import embeddings, topics
from feedback.store.database import Database
from feedback.store.tables import embedding
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION, assigned, fill, publish, sample, version

WIDTH = 384


def unit_vectors(count: int) -> embeddings.FloatArray:
    rows = np.random.default_rng(7).normal(size=(count, WIDTH)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def embed(database: Database, hashes: list[str], encoder: str = "encoder-1") -> None:
    with database.write() as connection:
        embeddings.store_vectors(connection, encoder, hashes, unit_vectors(len(hashes)))


def waiting(database: Database, encoder: str = "encoder-1") -> list[tuple[str, str]]:
    with database.read() as connection:
        return embeddings.texts_without_vector(connection, encoder, NOW)


def test_vectors_come_back_to_half_precision(database: Database) -> None:
    publish(database)
    fill(database, [sample(number) for number in range(5)], assign=False)
    embed(database, [f"hash-{number}" for number in range(5)])
    with database.read() as connection:
        rows = topics.vectors_to_assign(connection, version(), NOW, 10)
    found = embeddings.decode_vectors([row.vector for row in rows])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, unit_vectors(5).astype(np.float16).astype(np.float32))
    assert float(np.einsum("ij,ij->i", found, unit_vectors(5)).min()) > 0.9999


def test_no_vectors_are_an_empty_array() -> None:
    assert embeddings.decode_vectors([]).shape == (0, 0)


def test_as_many_vectors_as_hashes_or_none(database: Database) -> None:
    with pytest.raises(ValueError, match="longer"), database.write() as connection:
        embeddings.store_vectors(connection, "encoder-1", ["a"], unit_vectors(2))


def test_a_text_is_embedded_once_however_often_it_is_written(database: Database) -> None:
    fill(database, [sample(1), sample(2, text_hash="hash-1"), sample(3)], assign=False)
    assert [key for key, _ in waiting(database)] == ["hash-1", "hash-3"]
    with database.read() as connection:
        assert embeddings.count_without_vector(connection, "encoder-1", NOW) == 2
    embed(database, ["hash-1"])
    assert waiting(database) == [("hash-3", sample(3).text)]


def test_another_encoder_has_its_own_vectors(database: Database) -> None:
    fill(database, [sample(1)], assign=False)
    embed(database, ["hash-1"])
    assert waiting(database) == []
    assert [key for key, _ in waiting(database, "encoder-2")] == ["hash-1"]


def test_what_was_received_later_is_not_seen(database: Database) -> None:
    fill(database, [sample(1), sample(2, received_at=NOW)], assign=False)
    assert [key for key, _ in waiting(database)] == ["hash-1"]


def test_two_workers_may_embed_the_same_texts(database: Database) -> None:
    hashes = [f"hash-{number}" for number in range(300)]
    fill(database, [sample(number) for number in range(300)], assign=False)
    together = Barrier(2, timeout=60)

    def work(mine: list[str]) -> None:
        together.wait()
        embed(database, mine)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, [hashes, hashes[::-1]]))
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(embedding)).scalar_one() == 300


def test_only_unassigned_complaints_wait_for_the_assignment(database: Database) -> None:
    publish(database)
    fill(database, [sample(1)])
    fill(database, [sample(2), sample(3)], assign=False)
    embed(database, ["hash-1", "hash-2"])
    with database.read() as connection:
        rows = topics.vectors_to_assign(connection, version(), NOW, 10)
        assert [row.id for row in topics.vectors_to_assign(connection, version(), NOW, 0)] == []
        everything = topics.embedded_complaints(connection, "encoder-1", NOW)
    assert [row.id for row in rows] == [sample(2).id]
    assert rows[0].received_at == sample(2).received_at
    assert [row.id for row in everything] == [sample(1).id, sample(2).id]


def test_the_latest_complaints_of_a_span_are_found_whatever_topic_took_them(database: Database) -> None:
    publish(database)
    old, new = sample(1, received_at=DAY - timedelta(days=30)), sample(4, received_at=DAY + timedelta(hours=1))
    fill(database, [old, sample(2), sample(3), new], assign=False)
    embed(database, ["hash-1", "hash-2", "hash-4"])
    with database.write() as connection:
        topics.assign(connection, VERSION, [assigned(old, None), assigned(sample(2), TOPIC)])
    with database.read() as connection:
        rows = topics.latest_complaints(connection, "encoder-1", Span(DAY, NOW), 10)
        latest = topics.latest_complaints(connection, "encoder-1", Span(DAY, NOW), 1)
    found = {(row.id, row.text_hash, row.customer_hash) for row in rows}
    assert found == {(sample(2).id, "hash-2", "customer-2"), (new.id, "hash-4", "customer-4")}
    assert [row.received_at for row in rows] == sorted(row.received_at for row in rows)
    assert latest == rows[-1:]
