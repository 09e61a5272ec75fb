"""Backups: the database as it stands at one moment, while the service goes on, with the files it cannot do without."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shlex
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import URL, make_url

from feedback.errors import BackupError
from feedback.settings import Settings
from feedback.store import nearest
from feedback.store.database import create_database, open_database

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "feedback.db"
KEY = "hash.key"
TOPIC_MODELS = "topic_models"
LAST = "last_backup.json"
"""Where the data directory notes when it was last backed up."""

MANIFEST_LIMIT = 10_000_000

EMPTY = (
    "DO $$DECLARE each regclass; BEGIN FOR each IN SELECT oid FROM pg_class "
    "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace "
    "AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e') "
    "LOOP EXECUTE format('DROP TABLE %s CASCADE', each); END LOOP; END$$"
)
"""Drops all tables but those of extensions. `pg_restore --clean` drops what the dump holds, and a dump from before an
upgrade does not hold the tables that the upgrade made, which refer to others."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a file holds: `made_at`, `database` (sqlite or postgresql), and each file's name with its SHA-256."""

    made_at: datetime
    database: str
    files: Mapping[str, str]

    @property
    def holds_database(self) -> bool:
        return DATABASE in self.files


def back_up(settings: Settings, target: Path, now: datetime) -> Backup:
    """Write a backup to `target`, whole or not at all. BackupError when it is there already or cannot be written.

    On PostgreSQL only the files: `dump_command` says how the database is backed up.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; choose another name, such as one with the date.")
    if not target.absolute().parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}; make it, or choose another.")
    kind = make_url(settings.url).get_backend_name()
    try:
        with TemporaryDirectory(dir=target.absolute().parent, prefix=".backup-") as folder:
            staged = Path(folder) / "staged"
            staged.mkdir()
            if kind == "sqlite":
                _snapshot(settings.url, staged / DATABASE)
            _stage_files(settings.data_dir, staged)
            made = Backup(now, kind, {name: _checksum(staged / name) for name in _names(staged)})
            _pack(staged, made, Path(folder) / "packed")
            (Path(folder) / "packed").replace(target)
        (settings.data_dir / LAST).write_text(json.dumps({"made_at": now.isoformat(), "file": str(target.absolute())}))
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}: {error.filename}.") from None
    return made


def last_backup(data_dir: Path) -> datetime | None:
    """When the data directory was last backed up; None if never."""
    try:
        return datetime.fromisoformat(json.loads((data_dir / LAST).read_text("utf-8"))["made_at"])
    except (OSError, ValueError, KeyError):
        return None


def restore(settings: Settings, source: Path, *, force: bool = False) -> Backup:
    """Put back what `source` holds and bring its database to the newest schema; what is there only if `force`d away.

    Nothing is touched before all of it was checked. Killed, the same command does it again. BackupError when the file
    is damaged or no backup, when something is there already, or when another process uses the database.
    """
    if not source.is_file():
        raise BackupError(f"There is no file {source}.")
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=settings.data_dir, prefix=".restore-") as folder:
            found = _unpack(source, Path(folder))
            location = _location(settings.url)
            if found.holds_database and location is None:
                raise BackupError("This backup holds a SQLite database, and 'database_url' names another: correct it.")
            if found.holds_database:
                create_database(f"sqlite:///{Path(folder) / DATABASE}").close()
            _make_way(settings.data_dir, location if found.holds_database else None, force=force)
            _put_back(found, Path(folder), settings.data_dir, location)
    except OSError as error:
        raise BackupError(f"{source} cannot be restored: {error.strerror}: {error.filename}.") from None
    return found


def dump_command(url: str, target: Path) -> str:
    """The command that backs up a PostgreSQL database; it holds no password."""
    # of all tables and not of the database: the extension is not in it, which may not be had where it is restored
    tables = ("--table=*", "--exclude-table=pg_catalog.*", f"--exclude-table={nearest.TABLE}")
    words = ("pg_dump", "--format=custom", "--no-owner", *tables, f"--file={dump_beside(target)}", _libpq(url))
    return shlex.join(words)


def restore_commands(url: str, source: Path) -> tuple[str, str]:
    """The commands that put back what `dump_command` wrote in place of what is there; `feedback init` then makes what
    is not in it."""
    empty = ("psql", f"--dbname={_libpq(url)}", f"--command={EMPTY}")
    words = ("pg_restore", "--no-owner", "--single-transaction", f"--dbname={_libpq(url)}")
    return shlex.join(empty), shlex.join((*words, str(dump_beside(source))))


def dump_beside(archive: Path) -> Path:
    """Where the dump of the database goes that belongs to an archive."""
    return archive.with_name(f"{archive.name}.dump")


def _libpq(url: str) -> str:
    location = make_url(url)
    bare = URL.create("postgresql", location.username, None, location.host, location.port, location.database)
    query = {name: value for name, value in location.query.items() if name not in ("password", "sslpassword")}
    return bare.set(query=query).render_as_string(hide_password=False)


def _snapshot(url: str, target: Path) -> None:
    """Copy all pages in one step: under one read lock, which in WAL mode keeps no writer waiting."""
    database = open_database(url)
    try:
        with closing(database.engine.raw_connection()) as pooled, closing(sqlite3.connect(target)) as copy:
            assert isinstance(pooled.driver_connection, sqlite3.Connection)
            pooled.driver_connection.backup(copy)
            told = [row[0] for row in copy.execute("PRAGMA quick_check(3)")]
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    except sqlite3.DatabaseError as error:
        raise BackupError(f"The database cannot be copied: {error}.") from None
    finally:
        database.close()
    if told != ["ok"]:
        raise BackupError(f"The database is damaged ({'; '.join(told)}); `feedback restore` an earlier backup.")


def _stage_files(data_dir: Path, staged: Path) -> None:
    if (data_dir / KEY).exists():
        shutil.copyfile(data_dir / KEY, staged / KEY)
    if (data_dir / TOPIC_MODELS).is_dir():
        shutil.copytree(data_dir / TOPIC_MODELS, staged / TOPIC_MODELS, ignore=shutil.ignore_patterns(".*"))


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(staged: Path, made: Backup, target: Path) -> None:
    head = {"format": FORMAT, "made_at": made.made_at.isoformat(), "database": made.database, "files": made.files}
    written = json.dumps(head, indent=2).encode()
    target.touch(mode=0o600, exist_ok=False)
    with target.open("wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, MANIFEST, len(written), io.BytesIO(written), made.made_at)
            for name in made.files:
                with (staged / name).open("rb") as content:
                    _add(archive, name, (staged / name).stat().st_size, content, made.made_at)
        file.flush()
        os.fsync(file.fileno())


def _add(archive: tarfile.TarFile, name: str, size: int, content: Any, at: datetime) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(at.timestamp())
    archive.addfile(entry, content)


def _unpack(source: Path, folder: Path) -> Backup:
    try:
        with tarfile.open(source, "r:") as archive:
            found = _manifest(archive)
            for name, checksum in found.files.items():
                _extract(archive, name, checksum, folder)
            return found
    except (tarfile.TarError, KeyError, ValueError, TypeError) as error:
        raise BackupError(f"{source} is no backup of `feedback backup`, or damaged: {error}.") from None


def _manifest(archive: tarfile.TarFile) -> Backup:
    with _opened(archive, MANIFEST) as file:
        head = json.loads(file.read(MANIFEST_LIMIT))
    if head["format"] != FORMAT:
        raise BackupError(f"The backup has format {head['format']}, this program reads {FORMAT}: use its release.")
    if not all(_is_known(name) for name in head["files"]):
        raise ValueError("it names files that no backup has")
    return Backup(datetime.fromisoformat(head["made_at"]), str(head["database"]), dict(head["files"]))


def _is_known(name: str) -> bool:
    path = PurePosixPath(name)
    return name in (DATABASE, KEY) or (path.parts[0] == TOPIC_MODELS and ".." not in path.parts and len(path.parts) > 1)


@contextmanager
def _opened(archive: tarfile.TarFile, name: str) -> Iterator[Any]:
    member = archive.extractfile(name)
    if member is None:
        raise ValueError(f"{name} is no file")
    with member:
        yield member


def _extract(archive: tarfile.TarFile, name: str, checksum: str, folder: Path) -> None:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600, exist_ok=False)
    with _opened(archive, name) as content, target.open("wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
    if _checksum(target) != checksum:
        raise BackupError(f"The backup is damaged: {name} is not what was written. Use another backup.")


def _location(url: str) -> Path | None:
    """The file of a SQLite database."""
    location = make_url(url)
    return Path(location.database) if location.get_backend_name() == "sqlite" and location.database else None


def _make_way(data_dir: Path, database: Path | None, *, force: bool) -> None:
    there = [path for path in (database, data_dir / KEY, data_dir / TOPIC_MODELS) if path and path.exists()]
    if there and not force:
        names = ", ".join(map(str, there))
        raise BackupError(f"There is something already: {names}. Restore elsewhere, or replace it with --force.")
    if database and database.exists():
        _let_go(database)


def _let_go(database: Path) -> None:
    """Write its log into the old database, which only works while nobody uses it, and remove what is left beside it."""
    try:
        with closing(sqlite3.connect(database, timeout=0)) as old:
            old.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BackupError(f"{database} is in use: stop the service first.") from None
    except sqlite3.DatabaseError:
        pass  # too damaged to be asked; that is what backups are for
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _put_back(found: Backup, folder: Path, data_dir: Path, database: Path | None) -> None:
    shutil.rmtree(data_dir / TOPIC_MODELS, ignore_errors=True)
    for name in (TOPIC_MODELS, KEY):
        with suppress(FileNotFoundError):
            (folder / name).replace(data_dir / name)
    if found.holds_database and database:
        database.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / DATABASE, database)
