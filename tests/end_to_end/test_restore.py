"""A service that was restored from a backup has come to the same conclusions, and goes on to the same ones."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedback.domain import Complaint
from feedback.series import bucket_start
from feedback.settings import Settings
from feedback.store.complaints import count_complaints, store_complaints
from feedback.store.database import Database
from jobs.backup import back_up, restore
from jobs.doctor import Finding, State, examine
from jobs.replay import replay
from jobs.run import execute
from tests.end_to_end.world import LAST, OpenContext, Replayed, state

pytestmark = pytest.mark.timeout(900)  # the first test makes the world that all share

LATER = datetime(2026, 9, 1, tzinfo=UTC)
NEXT = LAST + timedelta(days=1)


@pytest.mark.slow
def test_a_backup_taken_while_complaints_come_in_gives_the_same_alerts(
    replayed: Replayed, open_context: OpenContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(replayed.settings.data_dir, tmp_path / "home")
    home = replayed.settings.model_copy(update={"data_dir": tmp_path / "home"})
    copy = replayed.settings.model_copy(update={"data_dir": tmp_path / "copy"})
    original = open_context(home)
    taken = back_up_while_writing(home, original.database, tmp_path / "b.tar")
    restore(copy, tmp_path / "b.tar")
    shutil.copytree(home.data_dir / "encoder", copy.data_dir / "encoder")  # else it is converted anew, in seconds

    restored = open_context(copy)
    assert state(restored.database) == replayed.state
    with restored.database.read() as connection:
        assert taken[0] <= count_complaints(connection)[0] <= taken[1]
    end = bucket_start(NEXT, copy.zone)
    execute(restored, "intake", end)  # which a replay leaves out
    assert troubles(copy, end, monkeypatch) == []
    for each in (original, restored):
        replay(each, NEXT, NEXT)
    assert state(restored.database) == state(original.database)


def back_up_while_writing(home: Settings, database: Database, file: Path) -> tuple[int, int]:
    """How many complaints there were before and after; those that come in were received `LATER`."""
    begun, stop = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            with database.write() as connection:
                late = Complaint("api", str(number), LATER, "later", "0" * 64, "de")
                store_complaints(connection, [late], LATER)
            number += 1
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(60)
        before = number_of_complaints(database)
        back_up(home, file, LATER)
        return before, number_of_complaints(database)
    finally:
        stop.set()
        thread.join()


def number_of_complaints(database: Database) -> int:
    with database.read() as connection:
        return count_complaints(connection)[0]


def troubles(settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What the doctor would have mended of a service with these settings."""
    for name, value in {"DATA_DIR": settings.data_dir, "TIME_ZONE": settings.time_zone, "PORT": 0}.items():
        monkeypatch.setenv(f"FEEDBACK_{name}", str(value))
    return [each for each in examine(lambda: now) if each.state is State.MEND]
