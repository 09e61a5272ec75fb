"""A made-up world whose subjects are axes: vectors, versions and judgements without an encoder or a training."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from feedback.domain import Complaint, TopicKind, derived_id
from feedback.settings import Settings
from feedback.store import alerts, topics
from feedback.store.complaints import store_complaints
from feedback.store.tables import embedding
from feedback.store.topics import StoredTopic, StoredVersion
from jobs.assign import run as assign
from jobs.bootstrap import build_context
from jobs.context import Context
from jobs.count import run as count
from jobs.detect import run as detect
from jobs.progress import Silent
from jobs.published import artefact_dir
from models.artifacts import TopicModel, save
from models.centre import LanguageOffsets
from tests.end_to_end.world import WALL
from tests.integration.store.store_samples import sample

NOW = datetime(2026, 3, 20, 17, tzinfo=WALL.tzinfo)
SUBJECTS = 6
FAULT = SUBJECTS - 1
"""The subject that only the second version knows."""


def made_up_context(home: Path, days: int = 80) -> Context:
    """Days of five subjects, six complaints a day each, and thirty of a sixth in the last two days."""
    data_dir = home / "var"
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "feedback.db").write_bytes(_made_up_database(days))
    return build_context(_settings(data_dir), Silent(), lambda: WALL)


def copied(made: Context, home: Path) -> Context:
    """The same world in a folder of its own; the database of `made` has been closed."""
    settings = made.settings
    shutil.copytree(settings.data_dir.parent, home, dirs_exist_ok=True)
    moved = {"data_dir": home / "var"} | ({"channels": str(home / "channels.yaml")} if settings.channels else {})
    return build_context(settings.model_copy(update=moved), Silent(), lambda: WALL)


def _settings(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir, taxonomy="none", time_zone="UTC")


@cache
def _made_up_database(days: int) -> bytes:
    """Filled once for all tests: it takes longer than a copy by a second."""
    with TemporaryDirectory() as folder:
        context = build_context(_settings(Path(folder)), Silent(), lambda: WALL, create=True)
        _fill(context, days)
        context.database.close()
        return (Path(folder) / "feedback.db").read_bytes()


def _fill(context: Context, days: int) -> None:
    hours = [4.0 * step for step in range(days * 6)]
    calm = [told(subject, NOW - timedelta(hours=each, minutes=subject)) for subject in range(FAULT) for each in hours]
    fault = [told(FAULT, NOW - timedelta(hours=1.2 * each)) for each in range(1, 31)]
    with context.write() as connection:
        store_complaints(connection, [*calm, *fault], NOW)
        vectors = np.eye(SUBJECTS, dtype=np.float16)
        rows = [{"text_hash": f"subject {place}", "vector": each.tobytes()} for place, each in enumerate(vectors)]
        connection.execute(embedding.insert(), [{**row, "encoder_version": "made-up"} for row in rows])


def told(subject: int, at: datetime) -> Complaint:
    name = f"{subject} {at:%m-%d %H:%M}"
    return sample(1, source_id=name, received_at=at, text_hash=f"subject {subject}", customer_hash=name)


def version(context: Context, subjects: int) -> StoredVersion:
    """A candidate that knows the first so many subjects."""
    ids = tuple(derived_id("topic", place) for place in range(subjects))
    model = TopicModel(
        derived_id("version", subjects),
        "made-up",
        LanguageOffsets(("de",), np.zeros((1, SUBJECTS), np.float32), np.zeros(SUBJECTS, np.float32)),
        ids,
        (TopicKind.DISCOVERED,) * subjects,
        np.eye(SUBJECTS, dtype=np.float32)[:subjects],
        np.full(subjects, 0.5, np.float32),
        tuple(f"Topic {place}" for place in range(subjects)),
        ({},) * subjects,
        (0,) * subjects,
        manifest={},
    )
    save(model, artefact_dir(context, model.version_id))
    stored = StoredVersion(model.version_id, "candidate", NOW, None, "", "made-up", {})
    members = [StoredTopic(each, TopicKind.DISCOVERED, "Topic", None, None, NOW, {}, 0) for each in ids]
    with context.write() as connection:
        topics.store_version(connection, stored, members, ())
    return stored


def judge(context: Context, now: datetime) -> set[str]:
    """The names of the topics with an open alert after everything was judged."""
    for job in (assign, count, detect):
        job(context, now)
    with context.database.read() as connection:
        return {row.topic for row in alerts.alert_rows(connection, only_open=True)}
