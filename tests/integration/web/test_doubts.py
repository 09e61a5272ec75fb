"""Nobody is told that it is calm while nobody looks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from feedback.api.service import Look
from feedback.domain import SilentSource
from feedback.lag import JUDGING
from feedback.roles import Role
from feedback.store import keys
from feedback.store.alerts import alert_rows
from feedback.store.database import Database
from feedback.store.tables import run
from feedback.store.topics import store_judged
from tests.applications import create_app
from tests.conftest import SettingsFactory
from tests.integration.api.api_world import BONUS, NOW, VERSION, open_alert, responding
from tests.integration.web.web_world import let_run

SILENT = Look(silent=lambda _: [SilentSource("zendesk", date(2026, 3, 5), 41.0)])


@pytest.fixture
def judged(world: Database) -> Database:
    """A world in which all jobs have just run."""
    with world.write() as connection:
        store_judged(connection, VERSION.id, NOW)
        let_run(connection, JUDGING, NOW)
    return world


def browser_of(settings: SettingsFactory, world: Database, look: Look) -> TestClient:
    with world.write() as connection:
        key = keys.add_key(connection, "rita", NOW, Role.READER)
    app = create_app(settings(), world, lambda: NOW, lambda *_: [], responding(settings(), world), look)
    return TestClient(app, headers={"X-API-Key": key})


@pytest.fixture
def reader(settings: SettingsFactory, judged: Database) -> Iterator[TestClient]:
    with browser_of(settings, judged, Look()) as client:
        yield client


@pytest.fixture
def worried(settings: SettingsFactory, judged: Database) -> Iterator[TestClient]:
    """A reader where a source is silent."""
    with browser_of(settings, judged, SILENT) as client:
        yield client


def last_done(world: Database, job: str, at: datetime) -> None:
    with world.write() as connection:
        connection.execute(delete(run).where(run.c.job == job))
        let_run(connection, [job], at)


def test_it_is_calm_when_all_was_judged_and_all_sources_speak(reader: TestClient) -> None:
    page = reader.get("/?alerts_only=true").text
    assert "It is calm" in page
    assert "mood-calm" in page
    health = reader.get("/health").text
    assert "All is well" in health
    assert "Behind" not in health


@pytest.mark.parametrize("job", JUDGING)
def test_with_a_job_that_stands_still_neither_page_says_that_all_is_well(
    reader: TestClient, judged: Database, job: str
) -> None:
    last_done(judged, job, NOW - timedelta(days=3))
    for path in ("/?alerts_only=true", "/health"):
        page = reader.get(path).text
        assert "mood-watch" in page
        assert f"1 job is behind ({job})" in page.replace("J", "j")
        assert "It is calm" not in page
        assert "All is well" not in page
    assert "Behind" in reader.get("/health").text


def test_when_nothing_was_judged_of_late_calm_is_doubtful(reader: TestClient, judged: Database) -> None:
    with judged.write() as connection:
        store_judged(connection, VERSION.id, NOW - timedelta(hours=14))
    page = reader.get("/?alerts_only=true").text
    assert "mood-watch" in page
    assert "nothing has been judged since 8 March 2026" in page.replace("\N{NO-BREAK SPACE}", " ")


def test_with_a_silent_source_calm_is_doubtful(worried: TestClient) -> None:
    page = worried.get("/?alerts_only=true").text
    assert "mood-watch" in page
    assert "1 source is silent" in page
    assert "It is calm" not in page


def test_an_alert_stays_an_alert_beside_a_doubt(worried: TestClient, judged: Database) -> None:
    with judged.write() as connection:
        open_alert(connection, BONUS)
        assert alert_rows(connection, only_open=True)
    page = worried.get("/").text
    assert "mood-alert" in page
    assert "1 alert is open. 1 source is silent." in page


def test_before_the_first_training_nothing_is_called_calm(settings: SettingsFactory, sqlite_database: str) -> None:
    from feedback.store.database import open_database

    database = open_database(sqlite_database)
    with browser_of(settings, database, Look()) as client:
        page = client.get("/").text
    database.close()
    assert "mood-watch" in page
    assert "no topics yet" in page
