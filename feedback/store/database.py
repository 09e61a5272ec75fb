"""The database: SQLite in WAL mode or PostgreSQL, brought to the newest schema by migrations."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.pool import NullPool, Pool

from feedback.errors import StoreError
from feedback.store import nearest
from feedback.store.tables import metadata

Item = TypeVar("Item")

BUSY_SECONDS = 60
"""How long SQLite waits for another writer before it gives up."""


QUERY_CANCELED = "57014"
"""What PostgreSQL says of a statement that it cut off."""

PROGRESS = 500_000
"""SQLite asks after so many steps, some hundredths of a second: each asking waits for Python's lock."""


@dataclass(frozen=True, slots=True)
class Database:
    engine: Engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the data; what it writes is not kept."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, written whole or not at all. On SQLite it takes the write lock at once."""
        with self.engine.execution_options(immediate=True).begin() as connection:
            yield connection

    def scrub(self) -> bool:
        """Leave nothing of what was deleted in the file: SQLite's is written anew without free space, its log emptied.

        False where another process is reading what was there before. PostgreSQL has its own VACUUM for this. StoreError
        where it cannot be done.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        raw = self.engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy = (cursor.fetchone() or (True,))[0]
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"What was deleted cannot be scrubbed out of the file ({error}): it takes as much free space as the "
                "database has, and no other writer for a while. Run the same command again."
            ) from None
        finally:
            raw.close()
        return not busy

    def unpooled(self) -> Database:
        """The same database, each connection to it opened anew: a pooled one still reads a file that was deleted."""
        return Database(_engine(_url(self.engine), poolclass=NullPool))

    def refuse_unusable(self) -> None:
        """StoreError when it cannot be reached or has another schema than this release's."""
        url = _url(self.engine)
        try:
            _check_schema(url, _revision(self.engine), migrating=False)
            _check_tables(self.engine)
        except DatabaseError as error:
            raise StoreError(_unreachable(url, error)) from None

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str, seconds: float | None = None) -> Database:
    """Connect to a database that `feedback init` has made; StoreError when it isn't there or has another schema.

    `seconds` bounds each statement, and each wait for another writer: then it fails, and `took_too_long` knows it.
    """
    database = Database(_engine(url, seconds))
    try:
        database.refuse_unusable()
    except BaseException:
        database.close()
        raise
    return database


def took_too_long(error: DBAPIError) -> bool:
    """Whether a statement was cut off after the seconds that it had."""
    return getattr(error.orig, "sqlstate", None) == QUERY_CANCELED or str(error.orig) == "interrupted"


def create_database(url: str, revision: str = "head") -> Database:
    """Create the tables, or bring those of an older release to the newest schema, or to `revision`; data stay."""
    from alembic import command
    from alembic.config import Config

    location = make_url(url)
    if location.get_backend_name() == "sqlite" and location.database:
        _make_file(Path(location.database))
    config = Config()
    config.set_main_option("script_location", str(resources.files("feedback.store") / "migrations"))
    with _connected(url) as engine:
        _check_schema(url, _revision(engine), migrating=True)
        config.attributes["engine"] = engine
        try:
            command.upgrade(config, revision)
        except DatabaseError as error:
            raise StoreError(
                f"The database {_shown(url)} stays as it was, as it cannot be brought to this release's schema: "
                f"{error.orig}."
            ) from None
        if revision == "head":
            with engine.begin() as connection:
                nearest.prepare(connection)
        return Database(engine)


def _make_file(path: Path) -> None:
    """Its user's alone: what customers wrote is in it. SQLite gives the files beside it the same mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be made: {error.strerror}. Check the settings 'database_url' and 'data_dir'."
        ) from None


def is_writable(database: Database) -> bool:
    """Whether it takes writes. A SQLite file that another writes to at the moment does."""
    with database.read() as connection:
        if connection.dialect.name != "sqlite":
            return bool(connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "off")
    with closing(database.engine.raw_connection()) as raw, closing(raw.cursor()) as cursor:
        try:
            cursor.execute("PRAGMA busy_timeout = 0")
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            return "locked" in str(error)
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    return True


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The dialect's INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert those of `rows` that aren't there yet; the number inserted."""
    if not rows:
        return 0
    statement = upsert(connection, table).on_conflict_do_nothing()
    # without the option psycopg says -1 of an INSERT; many VALUES in one statement take twenty times as long to compile
    counted = {"preserve_rowcount": True}
    return connection.execute(statement, _in_order(table, rows), execution_options=counted).rowcount


def put(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert `rows`; one with a primary key that is there already replaces it."""
    if not rows:
        return
    keys = table.primary_key.columns.keys()
    statement = upsert(connection, table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), _in_order(table, rows))


def exclusively(connection: Connection, number: int) -> None:
    """Wait until no other transaction holds the lock of that number, and hold it to the end of this one."""
    _lock(connection, "pg_advisory_xact_lock", number)


def together(connection: Connection, number: int) -> None:
    """As `exclusively`, beside others that hold it together."""
    _lock(connection, "pg_advisory_xact_lock_shared", number)


def _lock(connection: Connection, function: str, number: int) -> None:
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(text(f"SELECT {function}({number})"))


def parts(rows: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Cut `rows` into slices of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _in_order(table: Table, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    # all writers lock in one order, so that no two wait for each other
    keys = table.primary_key.columns.keys()
    return sorted(rows, key=lambda row: [row[name] for name in keys])


@contextmanager
def _connected(url: str) -> Iterator[Engine]:
    """An engine that is closed when the block fails; what the database refuses is a StoreError."""
    engine = _engine(url)
    try:
        yield engine
    except DatabaseError as error:
        engine.dispose()
        raise StoreError(_unreachable(url, error)) from None
    except BaseException:
        engine.dispose()
        raise


def _check_schema(url: str, found: str | None, *, migrating: bool) -> None:
    newest = _newest_revision()
    if found is not None and found > newest:
        raise StoreError(
            f"The database {_shown(url)} has schema {found}, this program only {newest}: install the later release."
        )
    if migrating or found == newest:
        return
    if found is None:
        raise StoreError(f"The database {_shown(url)} is empty: `feedback init` creates its tables.")
    raise StoreError(f"The database {_shown(url)} has schema {found}, this program {newest}: run `feedback init`.")


def _check_tables(engine: Engine) -> None:
    """What a dump of some tables leaves behind has the right number and is of no use."""
    missing = sorted(metadata.tables.keys() - set(inspect(engine).get_table_names()))
    if missing:
        raise StoreError(
            f"The database {_shown(_url(engine))} has this program's schema but lacks tables: {', '.join(missing)}. "
            "Restore a backup that is whole."
        )


def _engine(url: str, seconds: float | None = None, poolclass: type[Pool] | None = None) -> Engine:
    # an error must not quote what customers wrote
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True, poolclass=poolclass)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    if seconds is not None:
        (_bound_sqlite if engine.dialect.name == "sqlite" else _bound_postgres)(engine, seconds)
    return engine


def _url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def _bound_postgres(engine: Engine, seconds: float) -> None:
    def bound(connection: Any, _record: object) -> None:
        connection.execute(f"SET statement_timeout = {int(seconds * 1000)}")
        connection.commit()

    event.listen(engine, "connect", bound)


def _bound_sqlite(engine: Engine, seconds: float) -> None:
    """SQLite has no time limit of its own, but asks now and then whether to go on."""

    def connect(connection: Any, record: Any) -> None:
        record.info["until"] = math.inf
        connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
        connection.set_progress_handler(lambda: time.monotonic() > record.info["until"], PROGRESS)

    def begin(connection: Connection, *_: object) -> None:
        connection.info["until"] = time.monotonic() + seconds

    def checkin(_connection: Any, record: Any) -> None:
        record.info["until"] = math.inf

    event.listen(engine, "connect", connect)
    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "checkin", checkin)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # _begin_sqlite, not the driver, says when a transaction begins
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "cache_size = -16384",  # of each connection, and a server has a dozen; the system keeps the file in memory too
        "secure_delete = ON",  # what is deleted or replaced is overwritten
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # a write that begins as a read can fail half-way when another writer comes between
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _revision(engine: Engine) -> str | None:
    location = engine.url
    if engine.dialect.name == "sqlite" and location.database and not Path(location.database).exists():
        return None  # connecting would leave an empty file behind
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


def _newest_revision() -> str:
    names = (Path(each.name).stem for each in (resources.files("feedback.store") / "migrations/versions").iterdir())
    return max(name.split("_", 1)[0] for name in names if name[0].isdigit())


def _shown(url: str) -> str:
    shown = make_url(url).difference_update_query(["password", "sslpassword"])
    return shown.render_as_string(hide_password=True)


def _unreachable(url: str, error: DatabaseError) -> str:
    return f"The database {_shown(url)} cannot be reached: {error.orig}. Check the setting 'database_url'."
