"""What the API answers one level above topics, and day by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from feedback.store.database import Database
from tests.integration.api.api_world import BONUS, LOGIN, MIDNIGHT, QUIET, complain, open_alert, publish

ACCOUNT = replace(LOGIN, area="account")
LOST = replace(QUIET, area=None)


@pytest.fixture
def filled(client: TestClient, database: Database) -> TestClient:
    with database.write() as connection:
        publish(connection, (BONUS, ACCOUNT, LOST))
        complain(connection, BONUS, MIDNIGHT - timedelta(days=10), 3)
        complain(connection, BONUS, MIDNIGHT, 30)
        complain(connection, ACCOUNT, MIDNIGHT - timedelta(days=1), 4)
        complain(connection, LOST, MIDNIGHT - timedelta(days=20), 1)
        complain(connection, None, MIDNIGHT, 5)
        open_alert(connection, ACCOUNT)
    return client


def test_before_the_first_training_there_is_no_area(client: TestClient) -> None:
    assert client.get("/v1/areas").json()["items"] == []
    assert client.get("/v1/series").json()["items"] == []


def test_areas_add_up_their_topics_the_alerted_first(filled: TestClient) -> None:
    account, bonus, lost = filled.get("/v1/areas").json()["items"]
    assert [each["name"] for each in (account, bonus, lost)] == ["account", "bonus", None]
    assert (account["open_alerts"], account["last_7_days"], account["raised"]) == (1, 4, True)
    assert (bonus["last_7_days"], bonus["usual_7_days"], bonus["raised"]) == (30, 1.0, True)
    assert bonus["sparkline"][-1] == 30
    assert sum(bonus["sparkline"]) == 33
    assert [each["name"] for each in bonus["topics"]] == [BONUS.name]
    assert (lost["last_7_days"], lost["raised"]) == (0, False)
    hot = filled.get("/v1/areas?hot_only=true").json()["items"]
    assert [each["name"] for each in hot] == ["account", "bonus"]


def test_series_come_by_topic_and_by_area(filled: TestClient) -> None:
    answer = filled.get("/v1/series?days=3").json()
    assert answer["days"] == ["2026-03-06", "2026-03-07", "2026-03-08"]
    assert [each["complaints"] for each in answer["items"]] == [[0, 0, 30], [0, 4, 0], [0, 0, 0]]
    areas = filled.get("/v1/series?level=area&days=11").json()["items"]
    assert [(each["name"], sum(each["complaints"])) for each in areas] == [("bonus", 33), ("account", 4), (None, 0)]


def test_one_topic_or_area_can_be_asked_for(filled: TestClient) -> None:
    (bonus,) = filled.get(f"/v1/series?topic={BONUS.id}").json()["items"]
    assert bonus["topic_id"] == str(BONUS.id)
    (account,) = filled.get("/v1/series?area=account&level=area").json()["items"]
    assert account["name"] == "account"
    assert filled.get("/v1/series?days=0").status_code == 422
    assert filled.get("/v1/areas?level=x").status_code == 422
