"""What the API answers about topics, alerts, what is hot, and its own health, over real databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from feedback.api.pages import cursor_of
from feedback.domain import AlertState, TopicKind
from feedback.store import alerts, runs
from feedback.store.database import Database, open_database
from tests.applications import create_app
from tests.conftest import SettingsFactory
from tests.integration.api.api_world import (
    BONUS,
    EVIDENCE,
    LOGIN,
    MIDNIGHT,
    NOW,
    QUIET,
    VERSION,
    assert_problem,
    complain,
    open_alert,
    publish,
    responding,
    signal,
    topic,
)
from tests.unit.feedback.test_support_words import BACKGROUND


class TestHotIssues:
    def test_before_the_first_training_nothing_is_hot(self, client: TestClient) -> None:
        answer = client.get("/v1/hot-issues").json()
        assert (answer["version_id"], answer["items"]) == (None, [])

    def test_an_alert_comes_with_all_that_is_known(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            complain(connection, BONUS, MIDNIGHT - timedelta(days=27), 2)
            complain(connection, BONUS, MIDNIGHT - timedelta(days=7), 3)
            complain(connection, BONUS, MIDNIGHT - timedelta(days=6), 4)
            complain(connection, BONUS, MIDNIGHT, 39)
            alerts.store_signals(connection, [signal(BONUS)], NOW - timedelta(hours=3))
            alert_id = open_alert(connection, BONUS)
        (issue,) = client.get("/v1/hot-issues").json()["items"]
        figures = {name: issue[name] for name in ("observed", "expected", "low", "high", "p", "q", "ratio")}
        assert figures == {name: EVIDENCE[name] for name in figures}
        assert issue["drivers"][0]["value"] == "Trustly"
        assert issue["voices"] == EVIDENCE["voices"]
        assert (issue["name"], issue["owner"], issue["area"]) == (BONUS.name, "promotions", "bonus")
        assert issue["words"] == BONUS.words
        assert (UUID(issue["alert_id"]), issue["state"]) == (alert_id, "open")
        assert datetime.fromisoformat(issue["opened_at"]) == NOW - timedelta(hours=22)
        assert issue["latest"]["judged_at"] == "2026-03-08T12:30:00Z"
        assert issue["current"]["complaints"] == 43
        assert issue["current"]["window"] == {"start": "2026-03-02T00:00:00Z", "end": "2026-03-09T00:00:00Z"}
        assert issue["sparkline"] == [2, *[0] * 19, 3, 4, 0, 0, 0, 0, 0, 39]

    def test_what_was_counted_since_the_detection_counts(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            calm = signal(LOGIN, observed=18, score=1.4, rising=False)
            alerts.store_signals(connection, [calm], NOW - timedelta(hours=3))
            complain(connection, LOGIN, MIDNIGHT, 20)
        assert client.get("/v1/hot-issues").json()["items"] == []
        with database.write() as connection:
            complain(connection, LOGIN, MIDNIGHT - timedelta(days=1), 1)
        (issue,) = client.get("/v1/hot-issues").json()["items"]
        assert (issue["name"], issue["alert_id"], issue["current"]["complaints"]) == (LOGIN.name, None, 21)
        assert (issue["observed"], issue["latest"]["observed"]) == (18, 18)

    def test_a_topic_that_detection_found_nothing_about_is_held_against_its_weeks_before(
        self, client: TestClient, database: Database
    ) -> None:
        with database.write() as connection:
            publish(connection)
            for days in range(28):
                complain(connection, QUIET, MIDNIGHT - timedelta(days=days), 3)
            complain(connection, LOGIN, MIDNIGHT, 3)
        (issue,) = client.get("/v1/hot-issues").json()["items"]
        assert (issue["name"], issue["observed"], issue["latest"]) == (LOGIN.name, None, None)

    def test_alerts_first_then_by_what_is_beyond_expectation(self, client: TestClient, database: Database) -> None:
        born = topic("Something new", TopicKind.PROVISIONAL)
        with database.write() as connection:
            publish(connection, (BONUS, LOGIN, QUIET, born))
            complain(connection, born, MIDNIGHT, 30)
            complain(connection, QUIET, MIDNIGHT, 90)
            open_alert(connection, BONUS, state=AlertState.ACKNOWLEDGED)
            open_alert(connection, LOGIN, state=AlertState.REGRESSED)
            complain(connection, LOGIN, MIDNIGHT, 50)
        names = [each["name"] for each in client.get("/v1/hot-issues").json()["items"]]
        assert names == [LOGIN.name, BONUS.name, QUIET.name, born.name]
        of_owner = client.get("/v1/hot-issues", params={"alerts_only": True, "owner": "promotions"}).json()["items"]
        assert [each["name"] for each in of_owner] == [BONUS.name]
        shortened = client.get("/v1/hot-issues?limit=1").json()
        assert len(shortened["items"]) == 1
        assert shortened["total"] == len(client.get("/v1/hot-issues").json()["items"]) > 1

    @pytest.mark.parametrize(
        "evidence",
        [
            {},
            {"observed": None, "drivers": None, "window": None},
            {"observed": "many", "expected": "?", "drivers": [1], "window": {"start": 1}, "version_id": "x"},
            {"observed": 3, "expected": 0.0, "ratio": None},
        ],
    )
    def test_evidence_of_another_release_is_shown_as_far_as_it_goes(
        self, client: TestClient, database: Database, evidence: dict[str, Any]
    ) -> None:
        with database.write() as connection:
            publish(connection)
            alert_id = open_alert(connection, BONUS, evidence=evidence)
        (issue,) = client.get("/v1/hot-issues").json()["items"]
        assert issue["drivers"] == []
        assert issue["ratio"] is None
        assert client.get(f"/v1/alerts/{alert_id}").json()["evidence"]["ratio"] is None

    def test_how_grave_an_alert_is_is_told_wherever_it_is_shown(self, client: TestClient, database: Database) -> None:
        entry = {"at": NOW.isoformat(), "level": "high", "why": "29 customers more than expected (+1 point)"}
        kept = {"level": "high", "reasons": [{"what": "size", "points": 1, "excess": 29.0}], "history": [entry]}
        with database.write() as connection:
            publish(connection)
            alert_id = open_alert(connection, BONUS, evidence={**EVIDENCE, "severity": kept})
        (issue,) = client.get("/v1/hot-issues").json()["items"]
        (listed,) = client.get("/v1/alerts").json()["items"]
        detail = client.get(f"/v1/alerts/{alert_id}").json()
        assert (issue["severity"], listed["severity"], detail["severity"]) == ("high", "high", "high")
        assert detail["evidence"]["severity"] == kept

    def test_a_resolved_alert_is_not_hot(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            open_alert(connection, BONUS, NOW - timedelta(days=9), AlertState.RESOLVED)
        assert client.get("/v1/hot-issues").json()["items"] == []

    def test_days_are_the_operators(
        self, settings: SettingsFactory, sqlite_database: str, sqlite_client: TestClient
    ) -> None:
        database = open_database(sqlite_database)
        berlin = settings(time_zone="Europe/Berlin")
        app = create_app(berlin, database, lambda: NOW, lambda *_: [], responding(berlin, database))
        with TestClient(app, headers=dict(sqlite_client.headers)) as client:
            answer = client.get("/v1/hot-issues").json()
        database.close()
        assert answer["sparkline_start"] == "2026-02-08T23:00:00Z"


class TestTopics:
    def test_topics_with_their_counts(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            complain(connection, LOGIN, MIDNIGHT, 5)
            complain(connection, LOGIN, MIDNIGHT - timedelta(days=7), 50)
            complain(connection, None, MIDNIGHT, 2)
        answer = client.get("/v1/topics").json()
        assert answer["version"]["id"] == str(VERSION.id)
        assert answer["unassigned_last_7_days"] == 2
        first = answer["items"][0]
        assert (first["name"], first["last_7_days"], first["size"], first["kind"]) == (LOGIN.name, 5, 400, "pinned")
        assert {each["name"] for each in answer["items"]} == {BONUS.name, LOGIN.name, QUIET.name}

    def test_topics_come_in_pages(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            complain(connection, LOGIN, MIDNIGHT, 5)
        first = client.get("/v1/topics?limit=2").json()
        second = client.get("/v1/topics", params={"limit": 2, "cursor": first["next_cursor"]}).json()
        seen = [each["name"] for page in (first, second) for each in page["items"]]
        assert seen[0] == LOGIN.name
        assert sorted(seen) == sorted([BONUS.name, LOGIN.name, QUIET.name])
        assert second["next_cursor"] is None

    def test_before_the_first_training(self, client: TestClient) -> None:
        answer = client.get("/v1/topics").json()
        assert (answer["version"], answer["items"]) == (None, [])


class TestAlerts:
    def test_one_alert_with_its_history(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            alert_id = open_alert(connection, BONUS)
        answer = client.get(f"/v1/alerts/{alert_id}").json()
        assert (answer["topic"], answer["state"], answer["observed"]) == (BONUS.name, "open", 41)
        assert client.get("/v1/alerts").json()["items"][0]["voices"] == answer["voices"] == EVIDENCE["voices"]
        (opened,) = answer["transitions"]
        assert (opened["before"], opened["after"], opened["who"]) == (None, "open", "feedback")
        assert (opened["numbers"]["observed"], opened["numbers"]["expected"]) == (41, 12.3)
        assert opened["numbers"]["window"] == answer["evidence"]["window"]
        assert answer["evidence"]["complaint_ids"] == EVIDENCE["complaint_ids"]
        assert answer["evidence"]["window"]["end"] == "2026-03-09T00:00:00Z"

    def test_the_numbers_behind_an_alert_are_given_as_they_were_kept(
        self, client: TestClient, database: Database
    ) -> None:
        kept = {
            **EVIDENCE,
            "voices": {"messages": 41, "customers": None, "texts": 30, "unknown": 41},
            "reason": {"rate": 1.7, "unit": "day"},
            "threshold_origin": {"budget": 1.0, "topics": 54},
            "q_bound": 0.1,
            "late": True,
        }
        with database.write() as connection:
            publish(connection)
            alert_id = open_alert(connection, BONUS, evidence=kept)
        answer = client.get(f"/v1/alerts/{alert_id}").json()["evidence"]
        for name in ("voices", "reason", "threshold_origin", "q_bound", "late"):
            assert answer[name] == kept[name]

    def test_how_its_customers_are_served_is_given_as_it_was_kept(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            alert = open_alert(connection, BONUS, evidence={**EVIDENCE, "support": BACKGROUND.as_dict()})
        support = client.get(f"/v1/alerts/{alert}").json()["evidence"]["support"]
        assert support["impact"]["without"] == 0.74
        assert support["impact"]["gain"] == {"value": 0.05, "low": 0.01, "high": 0.08, "of": 300, "few": False}
        assert support["week"]["first_response"]["slow"]["high"] is None
        assert support["before"]["satisfied"] is None

    def test_an_alert_that_is_not_there(self, sqlite_client: TestClient) -> None:
        assert_problem(sqlite_client.get(f"/v1/alerts/{VERSION.id}"), 404, "unknown-alert")
        assert_problem(sqlite_client.get("/v1/alerts/42"), 422, "invalid-request")

    def test_filters(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            open_alert(connection, BONUS, NOW - timedelta(days=30), AlertState.RESOLVED)
            open_alert(connection, BONUS, NOW - timedelta(days=2))
            open_alert(connection, LOGIN, NOW - timedelta(days=1), AlertState.ACKNOWLEDGED)

        def topics(query: str) -> list[str]:
            return [f"{each['topic']} {each['state']}" for each in client.get(f"/v1/alerts{query}").json()["items"]]

        assert topics("") == [f"{LOGIN.name} acknowledged", f"{BONUS.name} open", f"{BONUS.name} resolved"]
        assert topics("?state=open&state=resolved") == [f"{BONUS.name} open", f"{BONUS.name} resolved"]
        exactly = (NOW - timedelta(days=2)).isoformat()
        assert topics(f"?since={exactly}") == [f"{LOGIN.name} acknowledged", f"{BONUS.name} open"]  # an unquoted +
        assert topics(f"?since={exactly.replace('+', '%2B')}&state=open") == [f"{BONUS.name} open"]

    def test_pages_stay_in_step_while_alerts_are_opened(self, client: TestClient, database: Database) -> None:
        moments = [NOW - timedelta(days=each // 3) for each in range(11)]  # several at the same moment
        subjects = [topic(f"topic {place}") for place in range(11)]
        with database.write() as connection:
            publish(connection, subjects)
            expected = {str(open_alert(connection, each, at)) for each, at in zip(subjects, moments, strict=True)}
        seen: list[str] = []
        cursor: str | None = None
        for page in range(4):
            answer = client.get("/v1/alerts", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
            seen += [each["id"] for each in answer["items"]]
            cursor = answer["next_cursor"]
            with database.write() as connection:
                open_alert(connection, subjects[0], NOW + timedelta(minutes=page))
        assert cursor is None
        assert len(seen) == 11
        assert set(seen) == expected

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0", "limit=501", "limit=x", "state=closed", "since=2026-03-01T00:00:00", "since=yesterday",
            "since=0001-01-01T00:00:00%2B14:00", "sate=open", f"cursor={'x' * 300}",
        ],
    )  # fmt: skip
    def test_impossible_queries_say_which_part_is_wrong(self, sqlite_client: TestClient, query: str) -> None:
        problem = assert_problem(sqlite_client.get(f"/v1/alerts?{query}"), 422, "invalid-request")
        assert problem["errors"][0]["where"].startswith(f"query.{query.split('=', maxsplit=1)[0]}")

    @pytest.mark.parametrize("path", ["/v1/topics", "/v1/models", f"/v1/topics/{BONUS.id}/quotes"])
    def test_so_are_those_of_another_list(self, sqlite_client: TestClient, path: str) -> None:
        with sqlite_client.app.state.service.database.write() as connection:  # type: ignore[attr-defined]
            publish(connection)
        for cursor in ("x", cursor_of(-1, 1, 1), cursor_of(10**30, 1, BONUS.id), cursor_of(MIDNIGHT.isoformat())):
            assert_problem(sqlite_client.get(path, params={"cursor": cursor}), 422, "bad-cursor")

    @pytest.mark.parametrize("cursor", ["x", "%00", "AAAA", "MjAyNg==", "ä", "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMCB4"])
    def test_made_up_cursors_are_refused(self, sqlite_client: TestClient, cursor: str) -> None:
        assert_problem(sqlite_client.get(f"/v1/alerts?cursor={cursor}"), 422, "bad-cursor")


class TestHealth:
    def test_healthy_without_a_key(self, anyone: TestClient, database: Database) -> None:
        window = NOW - timedelta(minutes=30)
        with database.write() as connection:
            for job, at in (("detect", window), ("count", window), ("count", NOW)):
                claim = runs.claim(connection, job, at, "me:1:1", at, lambda _: False)
                assert claim is not None
                if (job, at) != ("count", NOW):
                    runs.succeed(connection, claim, at + timedelta(seconds=4), 4.0, {})
        answer = anyone.get("/healthz").json()
        assert (answer["status"], answer["database"], answer["schema"]) == ("ok", "reachable", "current")
        success = {"last_success": "2026-03-08T15:00:04Z", "window": "2026-03-08T15:00:00Z"}
        assert answer["jobs"] == [{"job": "count", **success}, {"job": "detect", **success}]

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/hot-issues", "/v1/nothing", "/sign-in"])
    def test_head_is_answered_as_get_is_but_for_the_body(self, sqlite_client: TestClient, path: str) -> None:
        got, head = sqlite_client.get(path), sqlite_client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        told = ("content-type", "content-length", "etag")
        assert [head.headers.get(name) for name in told] == [got.headers.get(name) for name in told]

    def test_a_job_that_never_succeeded(self, anyone: TestClient, database: Database) -> None:
        with database.write() as connection:
            claim = runs.claim(connection, "retrain", NOW, "me:1:1", NOW, lambda _: False)
            assert claim is not None
            runs.fail(connection, claim, NOW, 1.0, "out of memory")
        assert anyone.get("/healthz").json()["jobs"] == [{"job": "retrain", "last_success": None, "window": None}]

    def test_a_database_that_was_deleted(self, sqlite_client: TestClient, tmp_path: Path) -> None:
        assert sqlite_client.get("/healthz").status_code == 200
        (tmp_path / "feedback.db").unlink()
        response = sqlite_client.get("/healthz")
        problem = assert_problem(response, 503, "database-unusable")
        assert problem["database"] == "unusable"
        assert str(tmp_path) not in response.text
        assert not (tmp_path / "feedback.db").exists()

    def test_a_database_of_another_release(self, anyone: TestClient, database: Database) -> None:
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        assert_problem(anyone.get("/healthz"), 503, "database-unusable")

    def test_a_file_that_is_no_database(self, sqlite_client: TestClient, tmp_path: Path) -> None:
        for path in tmp_path.glob("feedback.db*"):
            path.unlink()
        (tmp_path / "feedback.db").write_bytes(b"no database" * 1000)
        assert sqlite_client.get("/healthz").status_code == 503

    def test_when_the_database_is_gone_every_route_says_so(self, sqlite_client: TestClient, tmp_path: Path) -> None:
        sqlite_client.app.state.service.database.close()  # type: ignore[attr-defined]
        for path in tmp_path.glob("feedback.db*"):
            path.unlink()
        response = sqlite_client.get("/v1/topics")
        assert_problem(response, 503, "database-unreachable")
        assert response.headers["retry-after"]
