"""The watched folder: what is taken in, where it goes, and what counts as the future."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from feedback.errors import ClaimLostError, SettingError, Stopped
from feedback.ingest import ingest_file
from feedback.settings import Settings, load_settings
from feedback.store import runs
from feedback.store.complaints import Counts, count_complaints, rejected_records
from feedback.store.database import Database, open_database
from feedback.store.tables import complaint as table
from jobs.context import Context, Parts
from jobs.intake import run, waiting
from jobs.progress import Silent

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LONG_AGO = (NOW - timedelta(minutes=1)).timestamp()


@pytest.fixture
def database(sqlite_database: str) -> Iterator[Database]:
    opened = open_database(sqlite_database)
    yield opened
    opened.close()


@pytest.fixture
def context(database: Database, settings: Callable[..., Settings]) -> Context:
    chosen = settings()
    return Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, "test:1:0")


def put(context: Context, name: str, text: str, changed: float = LONG_AGO) -> Path:
    path = context.settings.inbox_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (changed, changed))
    return path


def complaint(received_at: datetime = NOW - timedelta(hours=1), number: int = 1) -> str:
    record = {"id": f"T-{number}", "created": received_at.isoformat(), "text": "Wo bleibt mein Bonus?"}
    return json.dumps(record) + "\n"


def count(context: Context) -> int:
    with context.database.read() as connection:
        return count_complaints(connection)[0]


def test_a_file_is_taken_in_once_and_put_away(context: Context) -> None:
    path = put(context, "zendesk/a.jsonl", complaint())
    assert run(context, NOW) == {"files": 1, "accepted": 1, "updated": 0, "rejected": 0}
    assert not path.exists()
    assert (context.settings.inbox_dir / "done" / "a.jsonl").exists()
    assert run(context, NOW)["files"] == 0


def test_a_second_file_of_the_same_name_replaces_none(context: Context) -> None:
    for number in (1, 2):
        put(context, "a.jsonl", complaint(number=number))
        run(context, NOW)
    assert len(list((context.settings.inbox_dir / "done").iterdir())) == 2
    assert count(context) == 2


def test_what_cannot_be_read_is_put_aside_and_the_rest_goes_on(context: Context) -> None:
    put(context, "a.csv", "when,what\n1,2\n")
    put(context, "b.jsonl", complaint())
    assert run(context, NOW)["accepted"] == 1
    assert (context.settings.inbox_dir / "failed" / "a.csv").exists()


def test_a_file_still_being_written_waits(context: Context) -> None:
    put(context, "fresh.jsonl", complaint(), changed=NOW.timestamp())
    put(context, "half.jsonl.part", complaint())
    put(context, ".hidden.jsonl", complaint())
    assert waiting(context.settings.inbox_dir, NOW) == []


def test_a_file_that_is_still_growing_while_it_is_read_stays_and_is_read_whole_later(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(context, "a.jsonl", complaint(number=1) + complaint(number=2)[:20])

    def written_on_meanwhile(*given: Any, **named: Any) -> Counts:
        counts = ingest_file(*given, **named)
        put(context, "a.jsonl", complaint(number=1) + complaint(number=2))
        return counts

    monkeypatch.setattr("jobs.intake.ingest_file", written_on_meanwhile)
    run(context, NOW)
    assert path.exists()
    monkeypatch.undo()
    run(context, NOW)
    assert not path.exists()
    assert count(context) == 2


def test_a_worker_whose_run_was_taken_over_leaves_the_files_to_the_other(context: Context) -> None:
    path = put(context, "a.jsonl", complaint())
    with context.database.write() as connection:
        lost = runs.claim(connection, "intake", NOW, context.holder, NOW, lambda _: False)
        assert lost
        assert runs.claim(connection, "intake", NOW, "another:1:0", NOW, lambda _: True)
    with pytest.raises(ClaimLostError):
        run(context.holding(lost), NOW)
    assert path.exists()
    assert count(context) == 0


def test_asked_to_stop_it_ends_with_the_batch_and_reads_the_file_again_later(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(context, "a.jsonl", "".join(complaint(number=number) for number in (1, 2, 3)))
    asked: list[int] = []
    monkeypatch.setattr("feedback.ingest.BATCH", 1)
    monkeypatch.setattr("jobs.intake.ingest_file", partial(ingest_file, advance=asked.append))
    with pytest.raises(Stopped):
        run(replace(context, stopping=lambda: bool(asked)), NOW)
    assert (path.exists(), count(context)) == (True, 1)
    assert run(context, NOW)["accepted"] == 2
    assert (path.exists(), count(context)) == (False, 3)


def test_a_run_that_comes_late_takes_what_came_in_since_its_window(context: Context) -> None:
    put(context, "a.jsonl", complaint(NOW - timedelta(minutes=2)))
    assert run(context, NOW - timedelta(hours=3))["accepted"] == 1
    with context.database.read() as connection:
        assert not rejected_records(connection)


def test_what_is_not_yet_is_refused(context: Context) -> None:
    put(context, "a.jsonl", complaint(NOW + timedelta(hours=1)))
    assert run(context, NOW)["rejected"] == 1


def test_a_file_that_another_worker_moves_meanwhile_is_no_failure(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(context, "complaints.jsonl", complaint())

    def read_by_both(*given: Any, **named: Any) -> Counts:
        counts = ingest_file(*given, **named)
        path.unlink()
        return counts

    monkeypatch.setattr("jobs.intake.ingest_file", read_by_both)
    run(context, NOW)
    assert count(context) == 1


def test_columns_and_encoding_are_those_that_the_settings_name_for_the_source(
    context: Context, settings: Callable[..., Settings]
) -> None:
    maps = ("desk:source_id=Vorgang", "desk:received_at=Eingang", "desk:text=Betreff+Inhalt")
    chosen = settings(inbox_map=maps, inbox_encoding=("desk=windows-1252",))
    path = put(context, "desk/a.csv", "")
    path.write_bytes(
        "Vorgang;Eingang;Betreff;Inhalt\nT-1;2026-03-02T08:00:00Z;Bonus;Zahlt für mich nichts\n".encode("cp1252")
    )
    os.utime(path, (LONG_AGO, LONG_AGO))
    named = replace(context, settings=chosen, parts=Parts(chosen, Silent()))
    assert run(named, NOW)["accepted"] == 1
    with context.database.read() as connection:
        assert "für mich" in connection.execute(select(table.c.text)).scalar_one()


@pytest.mark.parametrize(
    "wrong",
    [{"inbox_map": ("text=body",)}, {"inbox_map": ("desk:nosuch=body",)}, {"inbox_encoding": ("desk=windows-12",)}],
)
def test_a_map_or_an_encoding_that_is_none_stops_the_start(wrong: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(SettingError, match=next(iter(wrong))):
        load_settings(**wrong)
