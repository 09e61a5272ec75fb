"""What keeps a caller from taking the whole service: time for a statement, requests of an address, and few probes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import cast
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from feedback.api.limits import OPEN_PER_MINUTE, Limits
from feedback.api.probes import Probes
from feedback.api.service import Judge, Service
from feedback.domain import Complaint
from feedback.judging import Alike
from feedback.roles import Role
from feedback.store import keys
from feedback.store.complaints import store_complaints
from feedback.store.database import Database, open_database, took_too_long
from tests.applications import create_app
from tests.conftest import SettingsFactory
from tests.integration.api.api_world import NOW, assert_problem, responding

ENDLESS = text(
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT count(*) FROM numbers"
)
STORED = Complaint("api", "1", NOW, "text", "0" * 64, "de")


@pytest.fixture
def impatient(database_url: str) -> Iterator[Database]:
    """A database that gives each statement a fifth of a second."""
    opened = open_database(database_url, 0.2)
    yield opened
    opened.close()


def service_of(client: TestClient) -> Service:
    return cast("Service", cast("FastAPI", client.app).state.service)


def test_a_slow_statement_is_cut_off_and_said_to_be(settings: SettingsFactory, impatient: Database) -> None:
    def like(_id: UUID, _now: datetime, _days: int, _limit: int) -> list[Alike]:
        with impatient.read() as connection:
            connection.execute(ENDLESS).all()
        raise AssertionError("it ends")

    with impatient.write() as connection:
        store_complaints(connection, [STORED], NOW)
        key = keys.add_key(connection, "helpdesk", NOW, Role.READER)
    judge = Judge(like=like)
    app = create_app(settings(), impatient, lambda: NOW, lambda *_: [], responding(settings(), impatient), judge=judge)
    with TestClient(app, headers={"X-API-Key": key}) as client:
        response = client.get(f"/v1/similar?complaint={STORED.id}")
        assert_problem(response, 503, "too-slow")
        assert response.headers["retry-after"]
        assert client.get("/v1/topics").status_code == 200  # on the same connection


def test_each_statement_has_its_own_time(impatient: Database) -> None:
    def loop(steps: int) -> None:
        with impatient.read() as connection:
            bounded = str(ENDLESS).replace("FROM numbers)", f"FROM numbers WHERE n < {steps})")
            connection.execute(text(bounded)).all()

    for _ in range(40):
        loop(20_000)
    with pytest.raises(OperationalError) as cut_off:
        loop(2_000_000_000)
    assert took_too_long(cut_off.value)
    loop(1_000)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/verdict/nonsense"])
def test_an_address_asks_open_routes_so_often_and_no_more(sqlite_client: TestClient, path: str) -> None:
    app = cast("FastAPI", sqlite_client.app)
    app.state.service = replace(service_of(sqlite_client), limits=Limits(lambda: 0.0), probes=Probes(lambda: 1.0))
    answers = [sqlite_client.get(path).status_code for _ in range(OPEN_PER_MINUTE + 1)]
    assert answers.index(429) == OPEN_PER_MINUTE


def test_what_a_probe_found_holds_for_a_second(sqlite_client: TestClient) -> None:
    now = [1.0]
    app = cast("FastAPI", sqlite_client.app)
    app.state.service = replace(service_of(sqlite_client), probes=Probes(lambda: now[0]))
    database = service_of(sqlite_client).database
    assert sqlite_client.get("/readyz").status_code == 200
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    now[0] += 0.9
    assert sqlite_client.get("/readyz").status_code == 200
    for _ in range(2):  # a problem holds, too
        now[0] += 0.4
        assert_problem(sqlite_client.get("/readyz"), 503, "database-unusable")
