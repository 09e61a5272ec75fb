"""What the doctor finds: each trouble with what to do about it, and nothing where all is well."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feedback.domain import Span
from feedback.exposure import EndedExposure
from feedback.settings import Settings, hash_key
from feedback.store.database import Database, create_database
from feedback.store.tables import run
from jobs import doctor
from jobs.doctor import Finding, State, examine
from jobs.overdue import LeftOut

NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def named(check: str, found: list[Finding]) -> Finding:
    return next(each for each in found if each.check == check)


def mended(found: list[Finding]) -> dict[str, Finding]:
    return {each.check: each for each in found if each.state is State.MEND}


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A set-up as `feedback init` leaves it, on a port that is free."""
    monkeypatch.setenv("FEEDBACK_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("FEEDBACK_PORT", "0")
    create_database(f"sqlite:///{tmp_path / 'var' / 'feedback.db'}").close()
    hash_key(tmp_path / "var")
    return tmp_path / "var"


def test_a_fresh_set_up_needs_no_mending(at_home: Path) -> None:
    found = examine(lambda: NOW)
    assert mended(found) == {}
    assert {each.check for each in found if each.state is State.NOTE} >= {"time zone", "channels", "backup"}


def test_all_that_is_not_well_comes_with_advice(at_home: Path) -> None:
    (at_home / "feedback.db").unlink()
    (at_home / "hash.key").unlink()
    found = examine(lambda: NOW)
    assert "feedback init" in mended(found)["database"].found
    assert all(each.advice for each in found if each.state is not State.OK)


def test_settings_that_cannot_be_read_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACK_TIME_ZONE", "Berlin")
    (found,) = examine(lambda: NOW)
    assert found.state is State.MEND
    assert "time_zone" in found.found


@pytest.mark.parametrize(
    ("variable", "check"),
    [("FEEDBACK_TAXONOMY", "taxonomy"), ("FEEDBACK_ENTITIES", "entities"), ("FEEDBACK_CHANNELS", "channels")],
)
def test_files_that_cannot_be_used_are_named(
    at_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, check: str
) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("nonsense: [", "utf-8")
    monkeypatch.setenv(variable, str(file))
    assert list(mended(examine(lambda: NOW))) == [check]


def test_variables_that_channels_ask_for_must_be_set(
    at_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text("default:\n  - apprise: ${NOT_SET_ANYWHERE}\n", "utf-8")
    monkeypatch.setenv("FEEDBACK_CHANNELS", str(file))
    assert "NOT_SET_ANYWHERE" in mended(examine(lambda: NOW))["channels"].found


def test_an_encoder_that_is_no_encoder(at_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACK_ENCODER", str(tmp_path))
    assert "tokenizer.json" in mended(examine(lambda: NOW))["encoder"].found


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    assert doctor.data_dir(tmp_path).state is State.OK
    assert "feedback init" in doctor.data_dir(tmp_path / "missing").advice
    (tmp_path / "file").touch()
    assert doctor.data_dir(tmp_path / "file").state is State.MEND


@pytest.mark.parametrize(("free", "state"), [(10**12, State.OK), (10**9, State.NOTE), (10**8, State.MEND)])
def test_disk_space(free: int, state: State) -> None:
    assert doctor.disk_space(free).state is state


def test_a_key_that_others_may_read_or_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "hash.key"
    hash_key(tmp_path)
    assert doctor.hash_key(path).state is State.OK
    path.chmod(0o640)
    assert f"chmod 600 {path}" in doctor.hash_key(path).advice
    path.write_bytes(b"short")
    assert "5 bytes" in doctor.hash_key(path).found


def test_a_database_that_others_may_read(tmp_path: Path) -> None:
    folder, file = tmp_path / "var", tmp_path / "var" / "feedback.db"
    create_database(f"sqlite:///{file}").close()
    folder.chmod(0o755)
    assert doctor.privacy(file).state is State.OK, "it was made so"
    file.chmod(0o644)
    assert doctor.privacy(file).state is State.NOTE
    folder.chmod(0o700)
    assert doctor.privacy(file).state is State.OK, "nobody gets there"


def test_a_port_that_another_program_has() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
        found = doctor.port(number)
    assert found.state is State.MEND
    assert "'port'" in found.advice


@pytest.mark.parametrize(
    ("taken", "state"),
    [(None, State.NOTE), (NOW - timedelta(days=30), State.NOTE), (NOW - timedelta(days=1), State.OK)],
)
def test_the_age_of_the_last_backup(taken: datetime | None, state: State) -> None:
    assert doctor.backup(taken, NOW).state is state


def test_what_databases_say_of_themselves() -> None:
    assert doctor.journal("wal").state is State.OK
    assert doctor.journal("delete").state is State.MEND
    assert doctor.integrity(["ok"]).state is State.OK
    assert "page 7" in doctor.integrity(["page 7 is never used"]).found
    assert doctor.postgres_version(180_001).found == "PostgreSQL 18.1"
    assert doctor.postgres_version(130_020).state is State.MEND


def test_files_of_the_inbox_that_could_not_be_read() -> None:
    assert doctor.unread(0).state is State.OK
    assert "'inbox_map'" in doctor.unread(2).advice


def test_people_who_sign_in_without_https() -> None:
    assert doctor.https("", accounts=False).state is State.OK
    assert doctor.https("https://feedback.example.org", accounts=True).state is State.OK
    for url in ("", "http://feedback.example.org"):
        assert "'public_url'" in doctor.https(url, accounts=True).advice


@pytest.mark.parametrize("apart", [HOUR, -HOUR])
def test_clocks_that_disagree(apart: timedelta) -> None:
    assert doctor.clock(NOW, NOW + timedelta(seconds=1)).state is State.OK
    assert "NTP" in doctor.clock(NOW, NOW + apart).advice


@pytest.mark.parametrize(
    ("job", "done", "first", "state"),
    [
        ("intake", None, None, State.OK),  # nothing has come in yet
        ("intake", NOW - timedelta(minutes=6), NOW - 90 * HOUR, State.OK),
        ("intake", NOW - 2 * HOUR, NOW - 90 * HOUR, State.MEND),
        ("detect", None, NOW - HOUR, State.OK),
        ("detect", None, NOW - 90 * HOUR, State.MEND),
        ("detect", NOW - 7 * HOUR, NOW - 90 * HOUR, State.OK),
        ("digest", NOW - 7 * 24 * HOUR, NOW - 900 * HOUR, State.OK),
        ("digest", NOW - 9 * 24 * HOUR, NOW - 900 * HOUR, State.MEND),
    ],
)
def test_jobs_that_are_behind(job: str, done: datetime | None, first: datetime | None, state: State) -> None:
    assert doctor.lag(job, done, first, NOW).state is state


def test_a_run_that_was_given_up_is_told_until_it_is_made_up_for() -> None:
    zone = ZoneInfo("Europe/Berlin")
    failed = [("detect", NOW - HOUR), ("detect", NOW - 7 * HOUR)]
    assert doctor.given_up([], {}, zone).state is State.OK
    assert "--at 2026-11-22T17:30" in doctor.given_up(failed, {}, zone).advice
    assert "2 given up" in doctor.given_up(failed, {"detect": None}, zone).found
    assert "1 given up" in doctor.given_up(failed, {"detect": NOW - 2 * HOUR}, zone).found
    assert doctor.given_up(failed, {"detect": NOW}, zone).state is State.OK


def test_windows_that_a_long_pause_left_out_are_told() -> None:
    assert doctor.never_done([]).state is State.OK
    found = doctor.never_done([LeftOut("detect", 8, Span(NOW - 48 * HOUR, NOW))])
    assert found.state is State.NOTE
    assert "8 of detect, 2026-11-20 17:30 to 2026-11-22 17:30 UTC" in found.found
    assert "'catch_up_days'" in found.advice


def test_dead_notices_and_abandoned_runs() -> None:
    assert doctor.dead_notices(0).state is State.OK
    assert "feedback notices retry --all" in doctor.dead_notices(3).advice
    assert doctor.abandoned(0).state is State.OK
    assert doctor.abandoned(1).state is State.NOTE


def test_a_column_of_exposure_that_ended() -> None:
    assert doctor.exposure("players", None).state is State.OK
    found = doctor.exposure("players", EndedExposure("players", NOW.date(), given_up=True))
    assert found.state is State.NOTE
    assert "feedback exposure ingest" in found.advice


def test_both_databases_are_examined(
    database: Database, settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("FEEDBACK_DATABASE_URL", url)
    monkeypatch.setenv("FEEDBACK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FEEDBACK_PORT", "0")
    left = {"job": "embed", "window_start": NOW - HOUR, "status": "running", "holder": "elsewhere:1:1", "token": 1}
    with database.write() as connection:
        connection.execute(run.insert().values(**left, failures=0, lease_until=NOW - HOUR, started_at=NOW - HOUR))
    wall = datetime.now(UTC) if database.engine.dialect.name == "postgresql" else NOW
    found = examine(lambda: wall)
    assert mended(found) == {}
    assert named("abandoned runs", found).state is State.NOTE
    assert (
        {"version", "clock"}
        if database.engine.dialect.name == "postgresql"
        else {"journal", "integrity"} <= {each.check for each in found}
    )


def test_a_damaged_database_is_found(at_home: Path) -> None:
    file = at_home / "feedback.db"
    size = file.stat().st_size
    with file.open("r+b") as raw:
        raw.seek(size // 2)
        raw.write(os.urandom(size // 3))
    assert State.MEND in {each.state for each in examine(lambda: NOW) if each.check in ("integrity", "database")}
