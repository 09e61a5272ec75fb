"""What people and their systems do about an alert through the API, over real databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from feedback.domain import AlertState
from feedback.store.database import Database
from tests.integration.api.api_world import BONUS, NOW, assert_problem, open_alert, publish


@pytest.fixture
def alert(database: Database) -> UUID:
    with database.write() as connection:
        publish(connection)
        return open_alert(connection, BONUS)


def post(client: TestClient, alert: UUID, what: str, **body: object) -> dict[str, Any]:
    answer = client.post(f"/v1/alerts/{alert}/{what}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_alert_is_taken_on_by_name_or_by_key(client: TestClient, alert: UUID) -> None:
    taken = post(client, alert, "acknowledge", who="anna", why="with Trustly")
    assert taken["state"] == "acknowledged"
    numbers = taken["transitions"][-1].pop("numbers")
    assert numbers == taken["transitions"][0]["numbers"], "those of the rise that was taken on"
    assert taken["transitions"][-1] | {"at": ""} == {
        "at": "", "before": "open", "after": "acknowledged", "who": "anna (by key helpdesk)", "why": "with Trustly",
    }  # fmt: skip
    assert len(post(client, alert, "acknowledge")["transitions"]) == 2, "a second time changes nothing"
    assert post(client, alert, "resolve")["transitions"][-1]["who"] == "helpdesk"


def test_what_is_resolved_cannot_be_taken_on(client: TestClient, database: Database) -> None:
    with database.write() as connection:
        publish(connection)
        alert = open_alert(connection, BONUS, NOW - timedelta(days=9), AlertState.RESOLVED)
    problem = assert_problem(client.post(f"/v1/alerts/{alert}/acknowledge", json={}), 409, "not-possible")
    assert "was resolved on" in problem["detail"]


@pytest.mark.parametrize(
    ("verdict", "state", "muted"),
    [("real", "acknowledged", 0), ("expected", "acknowledged", 1), ("not an issue", "resolved", 0)],
)
def test_a_verdict_has_its_effect(client: TestClient, alert: UUID, verdict: str, state: str, muted: int) -> None:
    found = post(client, alert, "verdict", verdict=verdict, who="anna")
    assert (found["state"], len(found["mutes"])) == (state, muted)
    assert [(each["verdict"], each["who"]) for each in found["verdicts"]] == [(verdict, "anna (by key helpdesk)")]


def test_the_wrong_owner_gives_it_to_the_right_one(client: TestClient, alert: UUID) -> None:
    assert post(client, alert, "verdict", verdict="wrong owner", owner="payments")["owner"] == "payments"
    assert post(client, alert, "verdict", verdict="wrong owner")["owner"] is None
    assert client.get(f"/v1/topics/{BONUS.id}").json()["owner"] is None


def test_a_mute_until_below_and_for_a_segment(client: TestClient, alert: UUID) -> None:
    until = (NOW + timedelta(days=2)).isoformat()
    post(client, alert, "mute", until=until)
    found = post(client, alert, "mute", below=3.5, segment={"attribute": "market", "value": "DE"})
    first, second = found["mutes"]
    assert datetime.fromisoformat(first["until"]) == NOW + timedelta(days=2)
    assert (second["below"], second["segment"]) == (3.5, {"attribute": "market", "value": "DE"})
    assert post(client, alert, "unmute")["mutes"] == []


def test_what_is_resolved_is_muted_for_a_time_alone(client: TestClient, alert: UUID) -> None:
    post(client, alert, "resolve")
    problem = assert_problem(client.post(f"/v1/alerts/{alert}/mute", json={}), 409, "not-possible")
    assert "until a time" in problem["detail"]
    assert len(post(client, alert, "mute", until=(NOW + timedelta(days=2)).isoformat())["mutes"]) == 1


@pytest.mark.parametrize(
    ("what", "body", "code"),
    [
        ("verdict", {}, "invalid-request"),
        ("verdict", {"verdict": "real", "owner": "x"}, "invalid-request"),
        ("acknowledge", {"whom": "x"}, "invalid-request"),
        ("mute", {"until": "2026-03-12T00:00:00"}, "invalid-request"),
        ("mute", {"until": "2020-01-01T00:00:00Z"}, "in-the-past"),
        ("mute", {"below": 0}, "invalid-request"),
        ("mute", {"segment": {"attribute": "colour", "value": "red"}}, "invalid-request"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    client: TestClient, alert: UUID, what: str, body: dict[str, Any], code: str
) -> None:
    assert_problem(client.post(f"/v1/alerts/{alert}/{what}", json=body), 422, code)


@pytest.mark.parametrize("what", ["acknowledge", "resolve", "verdict", "mute", "unmute"])
def test_without_a_key_or_an_alert_nothing_is_done(anyone: TestClient, key: str, alert: UUID, what: str) -> None:
    body = {"verdict": "real"} if what == "verdict" else {}
    assert_problem(anyone.post(f"/v1/alerts/{alert}/{what}", json=body), 401, "missing-key")
    anyone.headers["X-API-Key"] = key
    assert_problem(anyone.post(f"/v1/alerts/{uuid4()}/{what}", json=body), 404, "unknown-alert")
