"""Fixes, figures of support and runs through the API, over real databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from feedback.domain import Outcome, OutcomeVerdict
from feedback.store import runs
from feedback.store.database import Database
from feedback.store.fixes import store_outcomes
from tests.integration.api.api_world import BONUS, LOGIN, MIDNIGHT, NOW, assert_problem, complain, publish


@pytest.fixture(autouse=True)
def _published(database: Database) -> None:
    with database.write() as connection:
        publish(connection)


def fixed(client: TestClient, **said: Any) -> dict[str, Any]:
    answer = client.post("/v1/fixes", json={"topic_id": str(BONUS.id), **said})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestFixes:
    def test_a_fix_is_recorded_and_read(self, client: TestClient) -> None:
        made = fixed(client, at="2026-03-07T10:00:00+01:00", expect=-0.4, note="retried", kind="training", who="anna")
        assert (made["at"], made["expect"], made["note"], made["kind"]) == (
            "2026-03-07T09:00:00Z", -0.4, "retried", "training",
        )  # fmt: skip
        assert (made["topic"], made["who"], made["outcome"]) == (BONUS.name, "anna (by key helpdesk)", None)
        assert client.get(f"/v1/fixes/{made['id']}").json() == made
        (listed,) = client.get("/v1/fixes").json()["items"]
        assert listed.items() <= made.items()

    @pytest.mark.parametrize(
        ("said", "status", "code"),
        [
            ({"at": "2026-03-09T10:00:00Z"}, 422, "in-the-future"),
            ({"at": "2026-03-07T10:00:00"}, 422, "invalid-request"),
            ({"expect": 0.2}, 422, "invalid-request"),
            ({"topic_id": str(uuid4())}, 404, "unknown-topic"),
        ],
    )
    def test_what_is_no_fix_is_refused(self, client: TestClient, said: dict[str, Any], status: int, code: str) -> None:
        assert_problem(client.post("/v1/fixes", json={"topic_id": str(BONUS.id), **said}), status, code)

    def test_what_it_achieved_is_told_with_its_history(self, client: TestClient, database: Database) -> None:
        made = fixed(client, at="2026-01-01T00:00:00Z")
        outcome = Outcome(made["id"], NOW, OutcomeVerdict.WORKED, 35, 56, 40, 101.5, 0.39, 0.27, 0.55, 0.9999)
        with database.write() as connection:
            store_outcomes(connection, [outcome])
        found = client.get(f"/v1/fixes/{made['id']}").json()
        assert found["outcome"]["verdict"] == "worked"
        assert found["outcomes"] == [found["outcome"]]
        assert any("40" in sentence for sentence in found["sentences"])

    def test_a_fix_is_withdrawn_once(self, client: TestClient) -> None:
        made = fixed(client)
        gone = client.post(f"/v1/fixes/{made['id']}/withdraw", json={"who": "ben"}).json()
        assert (gone["withdrawn_by"], gone["withdrawn_at"]) == ("ben (by key helpdesk)", "2026-03-08T15:30:00Z")
        assert client.get("/v1/fixes").json()["items"] == []
        assert_problem(client.post(f"/v1/fixes/{made['id']}/withdraw", json={}), 409, "not-possible")
        assert_problem(client.post("/v1/fixes/99/withdraw", json={}), 404, "unknown-fix")

    def test_fixes_come_in_pages_by_topic(self, client: TestClient) -> None:
        for hour in range(5):
            fixed(client, at=f"2026-03-07T{hour:02d}:00:00Z", note=str(hour))
        fixed(client, topic_id=str(LOGIN.id), note="other")
        first = client.get("/v1/fixes", params={"topic": str(BONUS.id), "limit": 3}).json()
        last = client.get("/v1/fixes", params={"topic": str(BONUS.id), "cursor": first["next_cursor"]}).json()
        assert [each["note"] for each in first["items"] + last["items"]] == ["4", "3", "2", "1", "0"]
        assert last["next_cursor"] is None


class TestFigures:
    def test_by_topic_with_an_interval(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            complain(connection, BONUS, MIDNIGHT - timedelta(days=1), 12)
            complain(connection, LOGIN, MIDNIGHT - timedelta(days=2), 3)
        found = client.get("/v1/kpi").json()["items"]
        assert [(each["name"], each["complaints"]["value"]) for each in found] == [(BONUS.name, 12), (LOGIN.name, 3)]
        assert found[0]["complaints"]["low"] < 12 < found[0]["complaints"]["high"]
        assert found[1]["complaints"]["few"]
        (one,) = client.get("/v1/kpi", params={"topic": str(LOGIN.id), "by": "language"}).json()["items"]
        assert (one["group"], one["complaints"]["value"]) == ({"language": "de"}, 3)
        assert client.get("/v1/kpi", params={"area": "none"}).json()["items"] == []

    def test_days_are_named_in_order(self, client: TestClient) -> None:
        assert_problem(client.get("/v1/kpi?first=2026-03-05&last=2026-03-01"), 422, "invalid-request")
        span = client.get("/v1/kpi?first=2026-03-01&last=2026-03-02").json()["span"]
        assert span == {"start": "2026-03-01T00:00:00Z", "end": "2026-03-03T00:00:00Z"}


class TestRuns:
    def test_the_latest_windows_first_in_pages(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            for hour in range(3):
                for job in ("count", "detect"):
                    window = MIDNIGHT + timedelta(hours=hour)
                    claim = runs.claim(connection, job, window, "me", NOW, lambda _: False)
                    assert claim
                    if hour < 2:
                        runs.succeed(connection, claim, NOW, 1.5, {"done": hour})
        seen: list[tuple[str, str]] = []
        cursor: str | None = None
        while cursor or not seen:
            page = client.get("/v1/runs", params={"limit": 4, **({"cursor": cursor} if cursor else {})}).json()
            seen += [(each["window"][11:13], each["job"]) for each in page["items"]]
            cursor = page["next_cursor"]
        assert seen == [(f"0{hour}", job) for hour in (2, 1, 0) for job in ("count", "detect")]
        (running,) = client.get("/v1/runs", params={"job": "detect", "status": "running"}).json()["items"]
        assert (running["holder"], running["result"]) == ("me", None)
