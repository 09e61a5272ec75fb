"""Complaints that are too old go, night by night; what they came to stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from feedback.domain import Span
from feedback.store import counts
from feedback.store.tables import complaint
from feedback.store.topics import published_version
from jobs.context import Context
from jobs.publish import publish
from jobs.retain import run as retain
from jobs.schedule import Plan
from tests.end_to_end.made_up import NOW, SUBJECTS, judge, made_up_context, version

EVER = Span(NOW - timedelta(days=400), NOW + timedelta(days=400))
DAYS = 60


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = made_up_context(tmp_path)
    publish(made, version(made, SUBJECTS), NOW - timedelta(days=1))
    judge(made, NOW)
    settings = made.settings.model_copy(update={"retention_days": DAYS})
    yield replace(made, settings=settings)
    made.database.close()


def numbers(context: Context) -> list[str]:
    with context.database.read() as connection:
        found = published_version(connection)
        assert found
        return sorted(map(repr, counts.counts(connection, found.id, EVER)))


def oldest(context: Context) -> object:
    with context.database.read() as connection:
        return connection.execute(select(func.min(complaint.c.received_at))).scalar_one()


def test_old_complaints_go_and_their_numbers_stay(context: Context) -> None:
    before = numbers(context)
    done = retain(context, NOW)
    assert done["complaints"] == 5 * 6 * 20 - 1, "one is as old as that to the minute"
    assert oldest(context) >= NOW - timedelta(days=DAYS)  # type: ignore[operator]
    assert numbers(context) == before
    assert retain(context, NOW) == {}
    assert judge(context, NOW + timedelta(hours=6)) == {"Topic"}


def test_original_files_go_with_them(context: Context) -> None:
    folder = context.settings.inbox_dir / "done"
    folder.mkdir(parents=True)
    for name, days in (("old.csv", DAYS + 1), ("new.csv", DAYS - 1)):
        (folder / name).write_text("id\n", "utf-8")
        moment = (NOW - timedelta(days=days)).timestamp()
        os.utime(folder / name, (moment, moment))
    assert retain(context, NOW)["original files"] == 1
    assert [each.name for each in folder.iterdir()] == ["new.csv"]


def test_it_is_planned_at_midnight_where_something_is_to_go(context: Context) -> None:
    def planned(chosen: Context) -> list[int]:
        moments = Plan(chosen.settings).moments(NOW, NOW + timedelta(days=1))
        return [each.at.astimezone(UTC).hour for each in moments if "retain" in each.jobs]

    assert planned(context) == [0]
    kept = context.settings.model_copy(update={"retention_days": 0, "runs_days": 0})
    assert planned(replace(context, settings=kept)) == []
    assert retain(replace(context, settings=kept), NOW) == {}
