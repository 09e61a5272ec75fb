"""The watched folder with others at it: those who write the files, and other workers."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from sqlalchemy import select

from feedback.errors import ClaimLostError
from feedback.ingest import ingest_file
from feedback.settings import Settings
from feedback.sources.writers import is_being_written
from feedback.store import runs
from feedback.store.complaints import Counts, rejected_records
from feedback.store.database import Database
from feedback.store.tables import complaint
from jobs.context import Context, Parts
from jobs.intake import run
from jobs.progress import Silent
from jobs.run import execute, this_process

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ANOTHER = "elsewhere:1:0.00"
"""A worker of another machine, of which nobody can see whether it is gone."""

leases = pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")

HOLD_OPEN = """
import sys
with open(sys.argv[1], sys.argv[2]) as file:
    print("open", flush=True)
    sys.stdin.readline()
    file.write(sys.argv[3])
"""


@pytest.fixture
def context(database: Database, settings: Callable[..., Settings]) -> Context:
    chosen = settings()
    return Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())


@contextmanager
def held_open(path: Path, mode: str, text: str = "") -> Iterator[None]:
    """Another process has the file open, and writes `text` to it in the end."""
    command = [sys.executable, "-c", HOLD_OPEN, str(path), mode, text]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait(30) == 0


def put(context: Context, name: str, *numbers: int, end: str = "") -> Path:
    path = context.settings.inbox_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line(number) for number in numbers) + end, "utf-8")
    age(path)
    return path


def age(path: Path) -> None:
    """It has not changed for a minute."""
    changed = (NOW - timedelta(minutes=1)).timestamp()
    os.utime(path, (changed, changed))


def line(number: int) -> str:
    record = {"id": f"T-{number}", "created": "2026-03-02T08:30:00Z", "text": "Wo bleibt mein Bonus?"}
    return json.dumps(record) + "\n"


def stored(context: Context) -> list[str]:
    with context.database.read() as connection:
        return list(connection.execute(select(complaint.c.source_id).order_by(complaint.c.source_id)).scalars())


@leases
def test_a_file_that_another_process_has_open_for_writing_waits_however_long_it_has_not_changed(
    context: Context,
) -> None:
    rest = line(2)
    path = put(context, "a.jsonl", 1, end=rest[:20])
    with held_open(path, "a", rest[20:]):
        assert run(context, NOW)["files"] == 0
        assert (path.exists(), stored(context)) == (True, [])
    age(path)
    assert run(context, NOW)["accepted"] == 2
    assert stored(context) == ["T-1", "T-2"]
    with context.database.read() as connection:
        assert not rejected_records(connection), "no half of a line was ever read"


@leases
def test_a_file_that_is_held_up_holds_up_no_other(context: Context) -> None:
    held, other = put(context, "a.jsonl", 1), put(context, "b.jsonl", 2)
    with held_open(held, "r+"):
        assert run(context, NOW)["files"] == 1
    assert (held.exists(), other.exists(), stored(context)) == (True, False, ["T-2"])


@leases
def test_a_file_that_somebody_opens_to_write_while_it_is_read_is_not_put_away(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(context, "a.jsonl", 1)
    with ExitStack() as others, monkeypatch.context() as patch:

        def opened_meanwhile(*given: Any, **named: Any) -> Counts:
            counts = ingest_file(*given, **named)
            others.enter_context(held_open(path, "a", line(2)))
            return counts

        patch.setattr("jobs.intake.ingest_file", opened_meanwhile)
        run(context, NOW)
        assert path.exists()
    age(path)
    run(context, NOW)
    assert (path.exists(), stored(context)) == (False, ["T-1", "T-2"])


def test_who_only_reads_a_file_does_not_hold_it_up(context: Context) -> None:
    path = put(context, "a.jsonl", 1)
    with path.open("rb"):
        assert run(context, NOW)["files"] == 1


@leases
def test_who_opens_a_file_to_write_while_it_is_asked_for_ends_no_worker(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch()
    # many openings: some come while the lease is held, of which the kernel tells its holder by a signal
    opening = "import sys\nfor _ in range(20_000):\n    open(sys.argv[1], 'a').close()\nprint('done')"
    asking = (
        "import sys\nfrom pathlib import Path\nfrom feedback.sources.writers import is_being_written\n"
        "while sys.argv[2] not in Path(sys.argv[1] + '.end').read_text():\n    is_being_written(Path(sys.argv[1]))"
    )
    (tmp_path / "a.jsonl.end").touch()
    with subprocess.Popen([sys.executable, "-c", asking, str(path), "end"]) as worker:
        subprocess.run([sys.executable, "-c", opening, str(path)], check=True, capture_output=True)
        (tmp_path / "a.jsonl.end").write_text("end")
        assert worker.wait(30) == 0


@leases
@pytest.mark.parametrize("refusal", [errno.EINVAL, errno.EACCES, errno.ENOLCK])
def test_where_leases_are_not_to_be_had_a_file_counts_as_written_once_it_rests(
    context: Context, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    import fcntl

    def refused(_descriptor: int, command: int, _argument: object = 0) -> int:
        if command == fcntl.F_SETLEASE:
            raise OSError(refusal, os.strerror(refusal))
        return 0

    monkeypatch.setattr(fcntl, "fcntl", refused)
    path = put(context, "a.jsonl", 1)
    with held_open(path, "a"):
        assert run(context, NOW)["files"] == 1


@leases
def test_on_a_network_file_system_a_refused_lease_says_nothing(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(context, "a.jsonl", 1)
    local = SimpleNamespace(mountpoint="/", fstype="ext4")
    remote = SimpleNamespace(mountpoint=str(context.settings.inbox_dir.resolve()), fstype="nfs4")
    with held_open(path, "a"):
        assert is_being_written(path)
        monkeypatch.setattr(psutil, "disk_partitions", lambda **_: [remote, local])
        assert run(context, NOW)["files"] == 1


def test_on_other_systems_nothing_is_asked(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(context, "a.jsonl", 1)
    monkeypatch.setattr("feedback.sources.writers.sys", SimpleNamespace(platform="darwin"))
    with held_open(path, "a"):
        assert not is_being_written(path)


def test_two_workers_do_not_take_in_the_same_file(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    put(context, "a.jsonl", 1)
    other = replace(context, holder=ANOTHER)
    read: list[str] = []
    found: list[bool] = []

    def both_at_once(*given: Any, **named: Any) -> Counts:
        read.append(given[2].name)
        found.extend(execute(other, "intake", NOW + timedelta(minutes=late)) for late in (0, 5))
        return ingest_file(*given, **named)

    monkeypatch.setattr("jobs.intake.ingest_file", both_at_once)
    assert execute(context, "intake", NOW)
    assert read == ["a.jsonl"]
    assert found == [False, False], "neither the same window nor another"
    assert stored(context) == ["T-1"]


def test_a_worker_that_loses_its_run_in_the_middle_of_a_file_writes_nothing_more(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(context, "a.jsonl", 1, 2, 3)
    taken: list[runs.Claim] = []

    def taken_over(done: int) -> None:
        assert done == 1, "another batch was written"
        with context.database.write() as connection:
            claim = runs.claim(connection, "intake", NOW, ANOTHER, NOW + 2 * runs.LEASE, lambda _: False)
        assert claim
        taken.append(claim)

    monkeypatch.setattr("feedback.ingest.BATCH", 1)
    with monkeypatch.context() as patch:
        patch.setattr("jobs.intake.ingest_file", partial(ingest_file, advance=taken_over))
        assert not execute(context, "intake", NOW)
    assert (path.exists(), stored(context)) == (True, ["T-1"])
    assert run(context.holding(taken[0]), NOW)["accepted"] == 2
    assert (path.exists(), stored(context)) == (False, ["T-1", "T-2", "T-3"])


def test_a_worker_that_loses_its_run_after_the_last_batch_leaves_the_file_to_the_other(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(context, "a.jsonl", 1)
    with context.database.write() as connection:
        lost = runs.claim(connection, "intake", NOW, context.holder, NOW, lambda _: False)
    assert lost

    def taken_over(*given: Any, **named: Any) -> Counts:
        counts = ingest_file(*given, **named)
        with context.database.write() as connection:
            assert runs.claim(connection, "intake", NOW, ANOTHER, NOW, lambda _: True)
        return counts

    monkeypatch.setattr("jobs.intake.ingest_file", taken_over)
    with pytest.raises(ClaimLostError):
        run(context.holding(lost), NOW)
    assert (path.exists(), stored(context)) == (True, ["T-1"])
