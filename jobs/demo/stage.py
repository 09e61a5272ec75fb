"""Plays the demonstration: invent, ingest, replay, and hold what was raised against what was planted."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from feedback.domain import AlertState
from feedback.ingest import ingest_file
from feedback.series import day_of
from feedback.sources import FieldMapping
from feedback.store.complaints import Counts
from feedback.store.tables import alert, assignment, complaint, transition
from jobs.context import Context
from jobs.demo.invent import Invented, invent, write
from jobs.demo.score import AlertFacts, Score, score
from jobs.digest import last_week
from jobs.digest import write as write_digests
from jobs.published import published
from jobs.replay import replay

SOURCE = "demo"
FILE = "complaints.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Staged:
    """What the demonstration showed. `truth` never came near the pipeline; `digests` are HTML files."""

    truth: Invented
    counts: Counts
    score: Score
    digests: list[Path]
    file: Path


def clear(data_dir: Path) -> None:
    """Remove an earlier demonstration's database, models and digests; the converted encoder stays."""
    for path in data_dir.glob("feedback.db*"):
        path.unlink()
    for folder in ("topic_models", "digests", "inbox"):
        shutil.rmtree(data_dir / folder, ignore_errors=True)


def stage(context: Context, seed: int) -> Staged:
    """Play it in a database that holds nothing yet."""
    truth = invent(seed)
    file = context.settings.data_dir / FILE
    write(truth.records, file)
    with context.progress.task("Reading complaints", len(truth.records)) as advance:
        counts = ingest_file(
            context.database, context.parts.intake, file, SOURCE, FieldMapping(), context.wall(), advance
        )
    zone = context.settings.zone
    last = day_of(truth.end - timedelta(seconds=1), zone)
    replay(context, day_of(truth.start, zone), last)
    weeks = (truth.end - truth.start) / timedelta(days=7)
    result = score(truth.planted, alert_facts(context), weeks=weeks, seed=seed)
    digests = write_digests(context, last_week(context, truth.end), truth.end)
    return Staged(truth, counts, result, digests, file)


def alert_facts(context: Context) -> list[AlertFacts]:
    """Every opening and return of an alert, with the complaints that its topic holds."""
    current = published(context)
    if current is None:
        return []
    opened = (
        select(alert.c.topic_id, transition.c.at)
        .join(transition, transition.c.alert_id == alert.c.id)
        .where(transition.c.before.is_(None) | (transition.c.after == str(AlertState.REGRESSED)))
        .order_by(transition.c.at, alert.c.id)
    )
    held = (
        select(assignment.c.topic_id, complaint.c.source_id, complaint.c.received_at)
        .join(complaint, complaint.c.id == assignment.c.complaint_id)
        .where(assignment.c.version_id == current.version.id, assignment.c.topic_id.is_not(None))
    )
    with context.database.read() as connection:
        openings_there = connection.execute(opened).all()
        members = connection.execute(held).all()
    return [
        AlertFacts(
            row.topic_id,
            row.at,
            frozenset(
                each.source_id for each in members if each.topic_id == row.topic_id and each.received_at < row.at
            ),
        )
        for row in openings_there
    ]
