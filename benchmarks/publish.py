"""How long publishing takes, how much memory, and what readers wait meanwhile.

    python benchmarks/publish.py [--complaints 200000] [--database-url postgresql+psycopg://…]

Complaints, vectors and both versions are made up. Without a URL it runs on SQLite in a temporary folder; a PostgreSQL
database must be empty. A reader in a process of its own asks every tenth of a second for what the API shows.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sqlalchemy import text

from feedback.domain import Span, TopicKind, derived_id
from feedback.series import bucket_of
from feedback.settings import Settings
from feedback.store import counts, topics
from feedback.store.database import Database, open_database, parts
from feedback.store.tables import complaint, embedding
from feedback.store.topics import StoredTopic, StoredVersion
from jobs.bootstrap import build_context
from jobs.context import Context
from jobs.progress import Silent
from jobs.publish import publish
from jobs.published import artefact_dir
from models.artifacts import TopicModel, save
from models.centre import LanguageOffsets, unit_rows

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TOPICS, DIMENSIONS = 60, 384
LANGUAGES = ("de", "en", "fi", "nb", "pl")
MARKETS = ("DE", "PL", "NO", "FI", "GB")
CHANNELS = ("e-mail", "live chat", "contact form", "phone")
BATCH = 10_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--complaints", type=int, default=200_000)
    options.add_argument("--database-url", default="")
    chosen = options.parse_args()
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url=chosen.database_url, taxonomy="none", time_zone="UTC")
        context = build_context(settings, Silent(), lambda: NOW, create=True)
        fill(context.database, chosen.complaints)
        print(f"{chosen.complaints:,} complaints on {context.database.engine.dialect.name}")
        print(f"{'':22}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'reads':>7}{'median ms':>11}{'slowest ms':>12}")
        for number, label in ((1, "the first version"), (2, "over another"), (1, "back to the first")):
            version = candidate(context, number)
            with reading(settings.url) as reader:
                row = timed(context, version)
            print(f"{label:22}{row[0]:8.1f}{row[1]:8.1f}{row[2]:9.0f}" + "{:7d}{:11.1f}{:12.1f}".format(*reader()))
        context.database.close()


def fill(database: Database, number: int) -> None:
    """Complaints over a year, each with a vector near one of the topics."""
    rng = np.random.default_rng(0)
    middles = centroids(1)
    for rows in parts(range(number), BATCH):
        near = middles[rng.integers(0, TOPICS, len(rows))]
        vectors = unit_rows(near + 0.8 * rng.normal(size=(len(rows), DIMENSIONS)) / DIMENSIONS**0.5).astype(np.float16)
        with database.write() as connection:
            connection.execute(complaint.insert(), [complained(row) for row in rows])
            made = zip(rows, vectors, strict=True)
            connection.execute(
                embedding.insert(),
                [
                    {"text_hash": f"{row:064d}", "encoder_version": "made-up", "vector": vec.tobytes()}
                    for row, vec in made
                ],
            )
    with database.write() as connection:
        # PostgreSQL does so by itself within a minute or two
        connection.execute(text("ANALYZE"))


def complained(row: int) -> dict[str, Any]:
    at = NOW - timedelta(days=365) + timedelta(seconds=row * 150 % (364 * 86_400))
    return {
        "id": derived_id("made up", row),
        "source": "made up",
        "source_id": str(row),
        "received_at": at,
        "ingested_at": at,
        "text": f"Where is my bonus number {row}?",
        "text_hash": f"{row:064d}",
        "language": LANGUAGES[row % len(LANGUAGES)],
        "channel": CHANNELS[row // 3 % len(CHANNELS)],
        "market": MARKETS[row % len(MARKETS)],
        "brand": f"brand {row // 7 % 2}",
        "customer_segment": "VIP" if row % 11 == 0 else "regular",
        "customer_hash": f"{row // 2:064d}",
        "attributes": {},
    }


def centroids(number: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    first = np.random.default_rng(1).normal(size=(TOPICS, DIMENSIONS))
    return unit_rows(first + 0.1 * number * np.random.default_rng(number).normal(size=first.shape))


def candidate(context: Context, number: int) -> StoredVersion:
    """A version whose topics are much the same in each."""
    version_id = derived_id("version", number)
    with context.database.read() as connection:
        known = topics.version_of(connection, version_id)
    if known:
        return known
    ids = tuple(derived_id("topic", place) for place in range(TOPICS))
    names = tuple(f"Topic {place}" for place in range(TOPICS))
    offsets = LanguageOffsets(LANGUAGES, np.zeros((5, DIMENSIONS), np.float32), np.zeros(DIMENSIONS, np.float32))
    kinds, floors = (TopicKind.DISCOVERED,) * TOPICS, np.full(TOPICS, 0.3, np.float32)
    words: tuple[dict[str, tuple[str, ...]], ...] = ({},) * TOPICS
    sizes = (0,) * TOPICS
    model = TopicModel(
        version_id, "made-up", offsets, ids, kinds, centroids(number), floors, names, words, sizes, manifest={}
    )
    save(model, artefact_dir(context, version_id))
    version = StoredVersion(version_id, "candidate", NOW, None, "", "made-up", {})
    members = [StoredTopic(each, TopicKind.DISCOVERED, "Topic", None, None, NOW, {}, 0) for each in ids]
    with context.database.write() as connection:
        topics.store_version(connection, version, members, ())
    return version


def timed(context: Context, version: StoredVersion) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds, and the peak memory of this process in MB."""
    wall, cpu = time.perf_counter(), time.process_time()
    publish(context, version, NOW)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return time.perf_counter() - wall, time.process_time() - cpu, peak


@contextmanager
def reading(url: str) -> Any:
    """A reader meanwhile; gives a function for (reads, median, slowest) in milliseconds."""
    mine, its = multiprocessing.get_context("spawn").Pipe()
    reader = multiprocessing.get_context("spawn").Process(target=read, args=(url, its))
    reader.start()
    mine.recv()
    found: list[float] = []
    yield lambda: (len(found), float(np.median(found)) * 1000, max(found) * 1000)
    mine.send(None)
    found += mine.recv()
    reader.join()


def read(url: str, pipe: Pipe) -> None:
    """Read what the API shows, again and again, until told to stop; then send how long each took."""
    database, took = open_database(url), []
    pipe.send(None)
    while not pipe.poll(0.1):
        began = time.perf_counter()
        with database.read() as connection:
            version = topics.published_version(connection)
            if version:
                topics.topics_of(connection, version.id)
                week = Span(bucket_of(NOW, Settings().zone) - timedelta(days=28), NOW)
                counts.counts(connection, version.id, week)
        took.append(time.perf_counter() - began)
    pipe.send(took)


if __name__ == "__main__":
    main()
