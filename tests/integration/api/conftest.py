"""What the API's tests share: applications over real databases, keys, and clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import count

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from feedback import ingest
from feedback.api.probes import Probes
from feedback.intake.pipeline import Intake, IntakeOptions
from feedback.roles import Role
from feedback.store import keys
from feedback.store.database import Database, open_database
from tests.applications import create_app
from tests.conftest import SettingsFactory
from tests.integration.api.api_world import NOW, responding


@lru_cache(maxsize=1)
def shared_intake() -> Intake:
    """Loaded once: it takes seconds."""
    return Intake(IntakeOptions(hash_key=b"k" * 32))


@pytest.fixture
def app(settings: SettingsFactory, database: Database) -> FastAPI:
    def take(records: Sequence[Mapping[str, object]], source: str, now: datetime) -> Sequence[ingest.Taken]:
        return ingest.take_in(database, shared_intake(), records, source, now)

    return unresting(create_app(settings(), database, lambda: NOW, take, responding(settings(), database)))


def unresting(app: FastAPI) -> FastAPI:
    """The application, to which each question about its health comes a minute after the one before."""
    minutes = count()
    app.state.service = replace(app.state.service, probes=Probes(lambda: 60.0 * next(minutes)))
    return app


@pytest.fixture
def key(database: Database) -> str:
    with database.write() as connection:
        return keys.add_key(connection, "helpdesk", NOW, Role.ADMINISTRATOR)


@pytest.fixture
def anyone(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.fixture
def client(anyone: TestClient, key: str) -> TestClient:
    anyone.headers["Authorization"] = f"Bearer {key}"
    return anyone


@pytest.fixture
def sqlite_client(settings: SettingsFactory, sqlite_database: str) -> Iterator[TestClient]:
    """Over SQLite alone, with an intake that fails: for what has nothing to do with complaints."""
    database = open_database(sqlite_database)

    def fail(_records: Sequence[Mapping[str, object]], _source: str, _now: datetime) -> Sequence[ingest.Taken]:
        raise RuntimeError("hans@example.com wrote something secret")

    with database.write() as connection:
        key = keys.add_key(connection, "helpdesk", NOW, Role.ADMINISTRATOR)
    app = unresting(create_app(settings(), database, lambda: NOW, fail, responding(settings(), database)))
    with TestClient(app, headers={"X-API-Key": key}) as client:
        yield client
    database.close()
