"""What PostgreSQL finds by pgvector is what numpy finds without it; and it is erased, kept up and made anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, select, text

from feedback.domain import Complaint, TopicKind, derived_id
from feedback.settings import Settings
from feedback.store import departures, embeddings, nearest, topics
from feedback.store.complaints import store_complaints
from feedback.store.database import create_database
from feedback.store.tables import embedding
from feedback.store.topics import StoredVersion
from jobs.bootstrap import build_context
from jobs.context import Context
from jobs.judge import like
from jobs.progress import Silent
from jobs.published import artefact_dir
from models.artifacts import TopicModel, save
from models.centre import LanguageOffsets, unit_rows
from tests.end_to_end.world import WALL
from tests.integration.store.store_samples import sample

ENCODER, WIDTH, NUMBER = "made-up", 48, 600
LANGUAGES = ("de", "en", "fi", "nb", "pl", "sv")
"""The model knows all but the last."""


@pytest.fixture
def context(empty_postgres_database: str, tmp_path: Path) -> Iterator[Context]:
    settings = Settings(data_dir=tmp_path / "var", database_url=empty_postgres_database, time_zone="UTC")
    made = build_context(settings, Silent(), lambda: WALL, create=True)
    make_up(made)
    yield made
    made.database.close()


def make_up(context: Context) -> None:
    """Complaints in six languages, each of which lies somewhere else; some texts come more than once."""
    draw = np.random.default_rng(5)
    places = draw.normal(size=(len(LANGUAGES), WIDTH)).astype(np.float32)
    rows = [
        sample(each, received_at=WALL - timedelta(hours=each), language=LANGUAGES[each % 6], text_hash=key_of(each))
        for each in range(NUMBER)
    ]
    vectors = {each.text_hash: draw.normal(size=WIDTH) + 2 * places[LANGUAGES.index(each.language)] for each in rows}
    with context.write() as connection:
        store_complaints(connection, rows, WALL)
        embeddings.store_vectors(connection, ENCODER, list(vectors), unit_rows(np.array(list(vectors.values()))))
        embeddings.store_vectors(connection, "another", ["hash-1"], np.ones((1, 7), np.float32))
    offsets = LanguageOffsets(LANGUAGES[:5], places[:5] / np.float32(4), draw.normal(size=WIDTH).astype(np.float32))
    topic = derived_id("topic")
    model = TopicModel(
        derived_id("version"), ENCODER, offsets, (topic,), (TopicKind.DISCOVERED,), np.eye(1, WIDTH, dtype=np.float32),
        np.full(1, 0.5, np.float32), ("Topic",), ({},), (0,), manifest={},
    )  # fmt: skip
    save(model, artefact_dir(context, model.version_id))
    with context.write() as connection:
        topics.store_version(
            connection, StoredVersion(model.version_id, "candidate", WALL, None, "", ENCODER, {}), (), ()
        )
        topics.publish_version(connection, model.version_id, WALL)


def key_of(number: int) -> str:
    """The hash of a text: each sixtieth is the one sixty before it, in another language never."""
    return f"hash-{number - 60 if number % 60 == 31 and number > 60 else number}"


def found(context: Context, about: Complaint, days: int) -> list[tuple[object, object, float]]:
    alike = like(context, about.id, WALL + timedelta(seconds=1), days, 10)
    assert alike
    return [(each.complaint_id, each.received_at, each.similarity) for each in alike]


def searchable(connection: Connection) -> set[tuple[str, str]]:
    rows = connection.execute(text("SELECT text_hash, encoder_version FROM search_vector"))
    return {(row[0], row[1]) for row in rows}


def stored(connection: Connection) -> set[tuple[str, str]]:
    rows = connection.execute(select(embedding.c.text_hash, embedding.c.encoder_version))
    return {(row[0], row[1]) for row in rows}


@pytest.mark.parametrize("days", [4, 366])
def test_the_database_finds_what_is_found_without_it(context: Context, days: int) -> None:
    asked = [sample(each) for each in range(12)]
    with context.database.read() as connection:
        assert nearest.is_there(connection)
    by_database = [found(context, each, days) for each in asked]
    with context.write() as connection:
        connection.execute(text("DROP TABLE search_vector"))
    by_numpy = [found(context, each, days) for each in asked]
    assert [[row[:2] for row in rows] for rows in by_database] == [[row[:2] for row in rows] for rows in by_numpy]
    ours, theirs = ([row[2] for rows in each for row in rows] for each in (by_database, by_numpy))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert all(len(rows) == 10 for rows in by_numpy)


def test_what_is_there_already_is_filled_in_once_the_extension_is(context: Context) -> None:
    with context.write() as connection:
        connection.execute(text("DROP TABLE search_vector"))
        connection.execute(text("DROP EXTENSION vector"))
        embeddings.store_vectors(connection, "another", ["hash-2"], np.ones((1, 7), np.float32))
    create_database(context.settings.url).close()
    with context.database.read() as connection:
        assert searchable(connection) == stored(connection)
        assert ("hash-2", "another") in searchable(connection)


def test_what_is_erased_can_not_be_found(context: Context) -> None:
    with context.write() as connection:
        departures.forget(connection, [sample(1).id, sample(2).id])
    with context.database.read() as connection:
        assert searchable(connection) == stored(connection)
        assert not {"hash-1", "hash-2"} & {key for key, _ in searchable(connection)}
    assert sample(1).id not in {row[0] for row in found(context, sample(7), 366)}


def test_who_may_not_create_the_extension_goes_on_without(empty_postgres_database: str) -> None:
    made = create_database(empty_postgres_database, "0001")
    with made.write() as connection:
        connection.execute(text("DROP ROLE IF EXISTS plain"))
        connection.execute(text("CREATE ROLE plain"))
        connection.execute(text("GRANT USAGE, CREATE ON SCHEMA public TO plain"))
        connection.execute(text("SET LOCAL ROLE plain"))
        nearest.prepare(connection)
        assert not nearest.is_there(connection)
        assert list(connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'vector'"))) == []
        connection.rollback()
    made.close()
