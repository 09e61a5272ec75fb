"""Answers are given again while nothing is written, but to nobody else, and no longer than they are true."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event, select
from starlette.testclient import TestClient

from feedback.api import create_app
from feedback.domain import Author
from feedback.edits import EditKind
from feedback.roles import Role
from feedback.store import keys
from feedback.store.database import Database, open_database
from feedback.store.labels import label
from feedback.store.tables import api_key
from tests.conftest import SettingsFactory
from tests.integration.api.api_world import (
    BONUS,
    LOGIN,
    NOW,
    assert_problem,
    complain,
    open_alert,
    publish,
    responding,
    topic,
)

PATHS = ("/v1/hot-issues", "/v1/alerts", f"/v1/topics/{BONUS.id}")
KYC = topic("KYC refused", owner="risk")
every_path = pytest.mark.parametrize("path", PATHS)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _world(database: Database) -> None:
    with database.write() as connection:
        publish(connection, (BONUS, LOGIN, KYC))
        for each in (BONUS, KYC):
            open_alert(connection, each)
            complain(connection, each, NOW - timedelta(days=1), 3)


@pytest.fixture
def app(settings: SettingsFactory, database: Database, clock: Clock) -> FastAPI:
    return create_app(settings(), database, clock, lambda *_: [], responding(settings(), database))


def asked_twice(client: TestClient, path: str, **headers: str) -> Any:
    first, second = (client.get(path, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert (first.content, first.headers["ETag"]) == (second.content, second.headers["ETag"])
    return second.json()


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """What the database is asked, as it is asked."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


@every_path
@pytest.mark.parametrize("known", [False, True], ids=["200", "304"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_database_is_not_read_again(
    client: TestClient, statements: list[str], caplog: pytest.LogCaptureFixture, path: str, known: bool
) -> None:
    client.get(path)  # notes that the key is used
    first = client.get(path)
    headers = {"If-None-Match": first.headers["ETag"]} if known else {}
    statements.clear()
    with caplog.at_level(logging.INFO, "feedback.api"):
        again = client.get(path, headers=headers)
    assert statements == []
    assert (again.status_code, again.headers["ETag"]) == (304 if known else 200, first.headers["ETag"])
    assert again.content == (b"" if known else first.content)
    (line,) = [each for each in caplog.records if getattr(each, "event", "") == "request"]
    assert (getattr(line, "key", ""), getattr(line, "route", "")) == (
        "helpdesk",
        path.replace(str(BONUS.id), "{topic_id}"),
    )


@every_path
def test_what_another_process_writes_is_seen_by_the_next_request(
    client: TestClient, database_url: str, path: str
) -> None:
    before = asked_twice(client, path)
    worker = open_database(database_url)
    with worker.write() as connection:
        label(connection, EditKind.RENAME, BONUS.id, "Bonus late", Author("anna", "", NOW))
    worker.close()
    after = client.get(path)
    assert after.json() != before
    assert "Bonus late" in after.text


@every_path
def test_a_key_that_was_revoked_is_refused_at_once(client: TestClient, database_url: str, path: str) -> None:
    asked_twice(client, path)
    shell = open_database(database_url)
    with shell.write() as connection:
        keys.revoke_key(connection, "helpdesk", NOW)
    shell.close()
    assert_problem(client.get(path), 401, "invalid-key")


def test_a_key_that_ran_out_is_refused_at_once(anyone: TestClient, database: Database, clock: Clock) -> None:
    with database.write() as connection:
        key = keys.add_key(connection, "short", NOW, expires_at=NOW + timedelta(seconds=30))
    anyone.headers["X-API-Key"] = key
    asked_twice(anyone, PATHS[0])
    clock.now += timedelta(seconds=30)
    assert_problem(anyone.get(PATHS[0]), 401, "invalid-key")


@pytest.mark.parametrize("given", ["Authorization", "X-API-Key"])
def test_everybody_is_answered_by_what_they_see(anyone: TestClient, database: Database, given: str) -> None:
    with database.write() as connection:
        owners = {each: keys.add_key(connection, each, NOW, Role.OWNER, each) for each in ("promotions", "risk")}
    seen = {}
    for _ in range(2):
        for owner, key in owners.items():
            answer = asked_twice(anyone, "/v1/alerts", **{given: f"Bearer {key}" if given == "Authorization" else key})
            seen[owner] = [each["topic"] for each in answer["items"]]
    assert seen == {"promotions": [BONUS.name], "risk": [KYC.name]}
    assert_problem(anyone.get("/v1/alerts"), 401, "missing-key")


def test_another_question_has_another_answer(client: TestClient) -> None:
    names = [
        [each["topic"] for each in asked_twice(client, f"/v1/alerts?limit={limit}")["items"]] for limit in (1, 2, 1)
    ]
    assert [len(each) for each in names] == [1, 2, 1]


def test_requests_count_whether_or_not_the_database_is_asked(
    client: TestClient, app: FastAPI, settings: SettingsFactory
) -> None:
    app.state.service = replace(app.state.service, settings=settings(requests_per_minute=3))
    assert [client.get(PATHS[0]).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_the_use_of_a_key_goes_on_being_noted(client: TestClient, database: Database, clock: Clock) -> None:
    asked_twice(client, PATHS[0])
    clock.now += timedelta(minutes=2)
    asked_twice(client, PATHS[0])
    with database.read() as connection:
        assert connection.execute(select(api_key.c.last_used_at)).scalar_one() == clock.now


def test_a_new_day_has_its_own_answer(client: TestClient, database: Database, clock: Clock) -> None:
    clock.now = datetime.combine(NOW, datetime.max.time(), NOW.tzinfo) - timedelta(seconds=1)
    today = asked_twice(client, PATHS[0])["sparkline_start"]
    clock.now += timedelta(seconds=2)
    tomorrow = asked_twice(client, PATHS[0])["sparkline_start"]
    assert datetime.fromisoformat(tomorrow) - datetime.fromisoformat(today) == timedelta(days=1)
