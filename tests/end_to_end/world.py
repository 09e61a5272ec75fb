"""A small world to replay, and what the service concluded about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from feedback.settings import Settings
from feedback.store.database import Database, open_database, put
from feedback.store.tables import alert, assignment, bucket_count, complaint, embedding, signal, transition
from jobs.context import Context

WALL = datetime(2026, 11, 1, tzinfo=UTC)
FIRST, LAST = date(2025, 12, 29), date(2026, 1, 28)
RECORDS = 900

STATE = (alert, transition, signal, assignment, bucket_count)
"""The tables that say what the service concluded."""

MOMENTS = {"signal": 0, "transition": 2}
"""Where the rows of a table say as of when they hold."""

State = dict[str, list[tuple[Any, ...]]]

OpenContext = Callable[[Settings], Context]


@dataclass(frozen=True, slots=True)
class World:
    """`data_dir` holds the converted encoder and `feedback.db`, with everything taken in and embedded."""

    data_dir: Path

    def settings(self, home: Path, url: str = "") -> Settings:
        """Settings of a copy of its own under `home`; `url` names a migrated database that is filled first."""
        shutil.copytree(self.data_dir, home / "var", dirs_exist_ok=True)
        if url:
            _copy_rows(open_database(f"sqlite:///{self.data_dir / 'feedback.db'}"), open_database(url))
        return self.settings_in(home / "var", url)

    @staticmethod
    def settings_in(data_dir: Path, url: str = "") -> Settings:
        """The settings that this world is replayed with."""
        return Settings(
            data_dir=data_dir,
            database_url=url,
            time_zone="Europe/Berlin",
            warm_up_days=14,
            retrain_every_days=7,
            topic_resolution=2.3,  # what would be found: looking for it takes most of a training
            publish_automatically=True,
            publish_least_kept=0.5,
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """The world replayed without a break, and what was concluded."""

    settings: Settings
    state: State

    def before(self, moment: datetime) -> State:
        return up_to(self.state, moment)


def state(database: Database, before: datetime | None = None) -> State:
    """What the service concluded, `before` a moment if given; in an order that does not tell how it was reached."""
    with database.read() as connection:
        found = {table.name: connection.execute(select(table)).all() for table in STATE}
    rows = {name: sorted((tuple(row) for row in rows), key=repr) for name, rows in found.items()}
    return rows if before is None else up_to(rows, before)


def up_to(rows: State, before: datetime) -> State:
    """Of the rows that say as of when they hold, those before a moment."""
    return {name: [row for row in rows[name] if row[place] < before] for name, place in MOMENTS.items()}


def _copy_rows(source: Database, target: Database) -> None:
    tables: tuple[Table, ...] = (complaint, embedding)
    with source.read() as reading, target.write() as writing:
        for table in tables:
            put(writing, table, [row._asdict() for row in reading.execute(select(table))])
    source.close()
    target.close()
