"""What the tests of pages share: the dashboard over a small world, seen by somebody who may do everything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from argon2 import PasswordHasher, profiles
from starlette.testclient import TestClient

from feedback.roles import Role
from feedback.store import keys
from feedback.store.database import Database, open_database
from tests.applications import create_app
from tests.conftest import SettingsFactory
from tests.integration.api.api_world import BONUS, LOGIN, NOW, complain, open_alert, publish, responding
from tests.integration.web.web_world import House


@pytest.fixture(autouse=True)
def _passwords_for_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Working one out is slow on purpose, and what it costs is nothing that pages are to show."""
    monkeypatch.setattr("feedback.passwords._hasher", lambda: PasswordHasher.from_parameters(profiles.CHEAPEST))


@pytest.fixture(scope="session")
def world_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world in a file to copy."""
    path = tmp_path_factory.mktemp("web") / "template.db"
    shutil.copyfile(sqlite_template, path)
    database = open_database(f"sqlite:///{path}")
    with database.write() as connection:
        publish(connection)
        complain(connection, BONUS, NOW, 9)
        complain(connection, LOGIN, NOW, 2)
    database.close()
    return path


@pytest.fixture
def world(world_template: Path, sqlite_database: str) -> Iterator[Database]:
    shutil.copyfile(world_template, sqlite_database.removeprefix("sqlite:///"))
    database = open_database(sqlite_database)
    yield database
    database.close()


@pytest.fixture
def alert(world: Database) -> UUID:
    with world.write() as connection:
        return open_alert(connection, BONUS)


@pytest.fixture
def browser(settings: SettingsFactory, world: Database) -> Iterator[TestClient]:
    with world.write() as connection:
        key = keys.add_key(connection, "anna", NOW, Role.ADMINISTRATOR)
    app = create_app(settings(), world, lambda: NOW, lambda *_: [], responding(settings(), world))
    with TestClient(app, headers={"X-API-Key": key}) as client:
        yield client


@pytest.fixture
def house(settings: SettingsFactory, sqlite_database: str) -> Iterator[House]:
    """The service with people who sign in."""
    database = open_database(sqlite_database)
    yield House(settings(), database)
    database.close()


@pytest.fixture
def visitor(house: House) -> Iterator[TestClient]:
    """A browser in which nobody has signed in."""
    with house.browser() as client:
        yield client
