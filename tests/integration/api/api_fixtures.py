"""What the API's tests share: applications over real databases, keys, and clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import pytest
from api_world import NOW
from fastapi import FastAPI
from starlette.testclient import TestClient

from feedback import ingest
from feedback.api import create_app
from feedback.intake.pipeline import Intake, IntakeOptions
from feedback.settings import Settings
from feedback.store import keys
from feedback.store.database import Database, open_database

Record = dict[str, Any]
MakeSettings = Callable[..., Settings]


@lru_cache(maxsize=1)
def shared_intake() -> Intake:
    """Loaded once: it takes seconds."""
    return Intake(IntakeOptions(hash_key=b"k" * 32))


class WithApi:
    """Fixtures for the test classes that inherit them."""

    @pytest.fixture
    def app(self, settings: MakeSettings, database: Database) -> FastAPI:
        def take(records: Sequence[Mapping[str, object]], source: str, now: datetime) -> Sequence[ingest.Taken]:
            return ingest.take_in(database, shared_intake(), records, source, now)

        return create_app(settings(), database, lambda: NOW, take)

    @pytest.fixture
    def key(self, database: Database) -> str:
        with database.write() as connection:
            return keys.add_key(connection, "helpdesk", NOW)

    @pytest.fixture
    def anyone(self, app: FastAPI) -> Iterator[TestClient]:
        with TestClient(app) as client:
            yield client

    @pytest.fixture
    def client(self, anyone: TestClient, key: str) -> TestClient:
        anyone.headers["Authorization"] = f"Bearer {key}"
        return anyone

    @pytest.fixture
    def sqlite_client(self, settings: MakeSettings, sqlite_database: str) -> Iterator[TestClient]:
        """Over SQLite alone, with an intake that fails: for what has nothing to do with complaints."""
        database = open_database(sqlite_database)

        def fail(_records: Sequence[Mapping[str, object]], _source: str, _now: datetime) -> Sequence[ingest.Taken]:
            raise RuntimeError("hans@example.com wrote something secret")

        with database.write() as connection:
            key = keys.add_key(connection, "helpdesk", NOW)
        app = create_app(settings(), database, lambda: NOW, fail)
        with TestClient(app, headers={"X-API-Key": key}) as client:
            yield client
        database.close()


def record(source_id: str = "1", **fields: Any) -> Record:
    text = "Mein Bonus wurde nach der Einzahlung nicht gutgeschrieben."
    return {"source_id": source_id, "received_at": "2026-03-08T09:14:00+01:00", "text": text, **fields}


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"urn:feedback-trends:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].startswith("/")
    return problem
