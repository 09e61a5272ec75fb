"""What is hot in a market, a language or a window, and that an answer is not sent twice, over real databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from feedback.domain import Author, Complaint, HeldBack, Holding
from feedback.edits import EditKind
from feedback.owners import Charge, Owned
from feedback.store import alerts, counts, erasures, topics
from feedback.store.complaints import store_complaints
from feedback.store.database import Database
from feedback.store.held import hold, let_go
from feedback.store.labels import label
from feedback.store.owners import add_ownership
from feedback.store.topics import Assigned, StoredTopic
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
    signal,
)

BY = Author("anna", "", NOW)


def write_in(connection: Connection, about: StoredTopic, day: datetime, number: int, **fields: Any) -> None:
    """Complaints of a day with some of their fields set, assigned and counted."""
    key = "/".join([about.name, *map(str, fields.values())])
    written = [
        Complaint("api", f"{key}/{day:%d%m}/{place}", day, "text", "0" * 64, **{"language": "de", **fields})
        for place in range(number)
    ]
    store_complaints(connection, written, NOW)
    topics.assign(connection, VERSION.id, [Assigned(each.id, about.id, 0.9, day) for each in written])
    counts.recount(connection, VERSION.id)


def items(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/hot-issues", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


class TestWindowAndSegment:
    def test_only_complaints_of_the_market_count(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            write_in(connection, BONUS, MIDNIGHT, 9, market="DE")
            write_in(connection, BONUS, MIDNIGHT, 30, market="PL")
            write_in(connection, LOGIN, MIDNIGHT, 40, market="PL")
        (issue,) = items(client, market="DE")
        assert (issue["name"], issue["current"]["complaints"], issue["sparkline"][-1]) == (BONUS.name, 9, 9)
        assert [each["current"]["complaints"] for each in items(client, market="PL")] == [40, 30]
        assert items(client, market="FI") == []

    def test_several_attributes_are_asked_for_together(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            write_in(connection, BONUS, MIDNIGHT, 9, market="DE", brand="one", language="pl")
            write_in(connection, BONUS, MIDNIGHT, 30, market="DE", brand="two")
        (issue,) = items(client, market="DE", brand="one", language="pl")
        assert issue["current"]["complaints"] == 9

    def test_an_alert_without_a_complaint_in_the_segment_is_left_out(
        self, client: TestClient, database: Database
    ) -> None:
        with database.write() as connection:
            publish(connection)
            open_alert(connection, BONUS)
            open_alert(connection, LOGIN)
            write_in(connection, BONUS, MIDNIGHT, 2, market="DE")
        assert [each["name"] for each in items(client, market="DE")] == [BONUS.name]
        assert len(items(client)) == 2

    def test_what_a_segment_expects_is_what_the_alert_saw_there_else_its_weeks_before(
        self, client: TestClient, database: Database
    ) -> None:
        where = [{"segment": {"attribute": "market", "value": "DE"}, "observed": 33, "expected": 5.5, "low": 1.0,
                  "high": 10.0, "p": 1e-9}]  # fmt: skip
        with database.write() as connection:
            publish(connection)
            open_alert(connection, BONUS, evidence={**EVIDENCE, "where": where})
            write_in(connection, BONUS, MIDNIGHT, 22, market="DE")
            write_in(connection, BONUS, MIDNIGHT - timedelta(days=10), 6, market="DE")
        (issue,) = items(client, market="DE")
        assert {name: issue["current"][name] for name in ("expected", "ratio", "basis")} == {
            "expected": 5.5, "ratio": 4.0, "basis": "detection",
        }  # fmt: skip
        (issue,) = items(client, language="de")
        assert (issue["current"]["expected"], issue["current"]["basis"]) == (2.0, "weeks before")

    @pytest.mark.parametrize(("days", "complaints", "expected"), [(1, 30, 1.0), (7, 31, 7.0), (14, 38, 14.0)])
    def test_a_window_of_other_days(
        self, client: TestClient, database: Database, days: int, complaints: int, expected: float
    ) -> None:
        with database.write() as connection:
            publish(connection)
            for ago in range(35):
                complain(connection, BONUS, MIDNIGHT - timedelta(days=ago), 30 if ago == 0 else 1 if ago > 5 else 0)
        (issue,) = items(client, days=days)
        assert issue["current"]["complaints"] == complaints
        if days != 1:
            assert issue["current"]["expected"] == pytest.approx(expected)
        assert len(issue["sparkline"]) == 28


@pytest.mark.parametrize(
    "path", ["hot-issues?market=", "kpi?brand=", "rejected?reason=", "runs?cursor=", "series?area="]
)
def test_a_filter_without_a_value_is_refused(client: TestClient, path: str) -> None:
    assert_problem(client.get(f"/v1/{path}"), 422, "invalid-request")


def test_what_is_given_twice_is_not_guessed_at(client: TestClient) -> None:
    assert_problem(client.get("/v1/hot-issues?market=DE&market=PL"), 422, "repeated-parameter")
    assert client.get("/v1/alerts?state=open&state=regressed").status_code == 200


class TestOwners:
    def test_a_topic_that_nobody_owns_is_its_areas(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            add_ownership(connection, Charge(Owned.AREA, "bonus"), "bonus team", NOW, "anna", "")
            complain(connection, QUIET, MIDNIGHT, 30)
        (issue,) = items(client, owner="bonus team")
        assert (issue["name"], issue["owner"]) == (QUIET.name, "bonus team")
        assert items(client, owner="promotions") == []

    def test_what_nobody_owns_is_found_with_the_default_owner(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            complain(connection, QUIET, MIDNIGHT, 30)
        (issue,) = items(client, owner="unowned", area="bonus")
        assert issue["owner"] is None
        assert items(client, area="games") == []


class TestMarks:
    @pytest.mark.parametrize(
        ("cause", "mark"), [(Holding.MUTED, "muted"), (Holding.AREA, "held back"), (Holding.FLAPPING, "held back")]
    )
    def test_an_alert_that_is_not_told_says_why(
        self, client: TestClient, database: Database, cause: Holding, mark: str
    ) -> None:
        with database.write() as connection:
            publish(connection)
            alert_id = open_alert(connection, BONUS)
            hold(connection, HeldBack(alert_id, 0, NOW, cause, "the area says the same"))
        (issue,) = items(client)
        assert issue["marks"] == [{"mark": mark, "since": "2026-03-08T15:30:00Z", "why": "the area says the same"}]
        with database.write() as connection:
            let_go(connection, [alert_id], NOW, "over")
        assert items(client)[0]["marks"] == []


@contextmanager
def changed(client: TestClient) -> Iterator[None]:
    """What is hot is another answer after the block, and the same one until then."""
    first = client.get("/v1/hot-issues")
    known = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/v1/hot-issues", headers=known).status_code == 304
    yield
    second = client.get("/v1/hot-issues", headers=known)
    assert second.status_code == 200
    assert second.headers["ETag"] != first.headers["ETag"]
    assert second.json()["items"] != first.json()["items"]


class TestNothingIsSentTwice:
    @pytest.fixture
    def alert(self, database: Database) -> UUID:
        with database.write() as connection:
            publish(connection)
            complain(connection, QUIET, MIDNIGHT, 30)
            return open_alert(connection, BONUS)

    def test_a_count_changes_the_answer(self, client: TestClient, database: Database, alert: UUID) -> None:
        with changed(client), database.write() as connection:
            complain(connection, QUIET, MIDNIGHT - timedelta(days=1), 1)

    def test_a_judgement_changes_the_answer(self, client: TestClient, database: Database, alert: UUID) -> None:
        with changed(client), database.write() as connection:
            alerts.store_signals(connection, [signal(BONUS)], NOW - timedelta(hours=3))

    def test_what_somebody_does_changes_the_answer(self, client: TestClient, alert: UUID) -> None:
        with changed(client):
            client.post(f"/v1/alerts/{alert}/acknowledge", json={})

    def test_a_name_changes_the_answer(self, client: TestClient, database: Database, alert: UUID) -> None:
        with changed(client), database.write() as connection:
            label(connection, EditKind.RENAME, BONUS.id, "Bonus late", BY)

    def test_an_owner_changes_the_answer(self, client: TestClient, database: Database, alert: UUID) -> None:
        with changed(client), database.write() as connection:
            add_ownership(connection, Charge(Owned.AREA, "bonus"), "bonus team", NOW, "anna", "")

    def test_what_an_erasure_takes_out_of_names_changes_the_answer(
        self, client: TestClient, database: Database, alert: UUID
    ) -> None:
        with changed(client), database.write() as connection:
            number = erasures.begin(connection, "hash", BY)
            topics.rename(connection, BONUS.id, "Unnamed")
            erasures.finish(connection, number, NOW)

    def test_other_questions_have_other_answers(self, client: TestClient, alert: UUID) -> None:
        known = {"If-None-Match": client.get("/v1/hot-issues").headers["ETag"]}
        assert client.get("/v1/hot-issues?market=DE", headers=known).status_code == 200

    @pytest.mark.parametrize("path", ["/v1/topics", "/v1/alerts", "/v1/series", "/v1/models"])
    def test_every_list_is_known_by_what_it_says(self, client: TestClient, alert: UUID, path: str) -> None:
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": f'"other", W/{first.headers["ETag"]}'})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
