"""What people decide about topics and models through the API, and what workers are asked for, over real databases."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from feedback.domain import Author, Fate, TopicKind
from feedback.requests import RequestKind
from feedback.store import topics
from feedback.store.database import Database
from feedback.store.requests import add_request
from tests.integration.api.api_world import BONUS, LOGIN, NOW, VERSION, assert_problem, publish, topic


@pytest.fixture(autouse=True)
def _published(database: Database) -> None:
    with database.write() as connection:
        publish(connection)


def asked(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/requests/{found['id']}"
    return found


@pytest.mark.parametrize(
    ("what", "field", "value", "shown"),
    [
        ("rename", "name", "Bonus late", "name"),
        ("owner", "owner", "payments", "owner"),
        ("area", "area", "Payments", "area"),
    ],
)
def test_a_label_holds_at_once_and_is_on_record(
    client: TestClient, what: str, field: str, value: str, shown: str
) -> None:
    made = client.post(f"/v1/topics/{BONUS.id}/{what}", json={field: value, "who": "anna", "why": "clearer"})
    assert made.status_code == 200, made.text
    (found,) = [each for each in client.get("/v1/topics").json()["items"] if each["id"] == str(BONUS.id)]
    assert found[shown] == value
    (decision,) = client.get("/v1/edits").json()["items"]
    assert decision == made.json()
    assert (decision["detail"]["value"], decision["who"], decision["why"]) == (
        value,
        "anna (by key helpdesk)",
        "clearer",
    )


def test_what_is_no_label_is_refused(client: TestClient) -> None:
    assert_problem(client.post(f"/v1/topics/{BONUS.id}/rename", json={"name": "   "}), 409, "not-possible")
    assert_problem(client.post(f"/v1/topics/{BONUS.id}/rename", json={"name": ""}), 422, "invalid-request")
    assert_problem(client.post(f"/v1/topics/{uuid4()}/rename", json={"name": "x"}), 404, "unknown-topic")


@pytest.mark.parametrize(
    ("what", "body", "detail"),
    [
        ("merge", {"into": str(LOGIN.id)}, {"into": str(LOGIN.id)}),
        ("split", {"parts": 3}, {"parts": 3}),
        ("pin", {}, {}),
        ("retire", {}, {}),
        ("move", {"complaints": [str(LOGIN.id)]}, {"complaints": [str(LOGIN.id)]}),
    ],
)
def test_what_changes_complaints_is_asked_of_a_worker(
    client: TestClient, what: str, body: dict[str, Any], detail: dict[str, Any]
) -> None:
    found = asked(client.post(f"/v1/topics/{BONUS.id}/{what}", json={**body, "why": "seen"}))
    assert (found["kind"], found["state"], found["who"], found["why"]) == (what, "waiting", "helpdesk", "seen")
    assert found["detail"] == {"topic": str(BONUS.id), **detail}
    assert client.get(f"/v1/requests/{found['id']}").json() == found


def test_topics_that_are_not_there_are_not_asked_about(client: TestClient) -> None:
    assert_problem(client.post(f"/v1/topics/{uuid4()}/pin", json={}), 404, "unknown-topic")
    assert_problem(client.post(f"/v1/topics/{BONUS.id}/merge", json={"into": str(uuid4())}), 404, "unknown-topic")
    same = client.post(f"/v1/topics/{BONUS.id}/merge", json={"into": str(BONUS.id)})
    assert_problem(same, 422, "same-topic")
    assert_problem(client.get("/v1/requests/7"), 404, "unknown-request")


def test_a_decision_is_undone_by_a_worker(client: TestClient) -> None:
    made = client.post(f"/v1/topics/{BONUS.id}/rename", json={"name": "Bonus late"}).json()
    found = asked(client.post(f"/v1/edits/{made['id']}/undo", json={}))
    assert (found["kind"], found["detail"]) == ("undo", {"edit": made["id"]})
    assert_problem(client.post("/v1/edits/99/undo", json={}), 404, "unknown-edit")


def test_requests_and_decisions_come_in_pages(client: TestClient, database: Database) -> None:
    for name in "abcde":
        client.post(f"/v1/topics/{BONUS.id}/rename", json={"name": name})
        client.post(f"/v1/topics/{BONUS.id}/pin", json={"why": name})
    for path, read in (("/v1/requests", lambda each: each["why"]), ("/v1/edits", lambda each: each["detail"]["value"])):
        seen, cursor = "", None
        while cursor is not None or not seen:
            page = client.get(path, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
            seen += "".join(map(read, page["items"]))
            cursor = page["next_cursor"]
        assert seen == "edcba"
        assert_problem(client.get(path, params={"cursor": "?"}), 422, "bad-cursor")


def test_no_two_requests_are_of_one_moment(database: Database) -> None:
    with database.write() as connection:
        made = [add_request(connection, RequestKind.RETRAIN, {}, Author("a", "", NOW)) for _ in range(3)]
    assert len({each.at for each in made}) == 3
    assert made[0].at == NOW


class TestModels:
    def candidate(self, database: Database) -> topics.StoredVersion:
        other = topics.StoredVersion(
            uuid4(), "candidate", NOW, None, "b", "e5-test", {"topics": 2, "coverage": 0.9, "moved": 0.1}
        )
        born = topic("Something new", TopicKind.DISCOVERED)
        entries = [
            topics.LineageEntry(Fate.KEPT, BONUS.id, BONUS.id, 0.97),
            topics.LineageEntry(Fate.BORN, None, born.id, None),
        ]
        with database.write() as connection:
            topics.store_version(connection, other, [BONUS, born], entries)
        return other

    def test_versions_are_listed_with_what_they_change(self, client: TestClient, database: Database) -> None:
        other = self.candidate(database)
        found = client.get("/v1/models").json()["items"]
        assert [(each["id"], each["status"]) for each in found] == [
            (str(other.id), "candidate"),
            (str(VERSION.id), "published"),
        ]
        first = client.get("/v1/models?limit=1").json()
        second = client.get("/v1/models", params={"limit": 1, "cursor": first["next_cursor"]}).json()
        assert [*first["items"], *second["items"]] == found
        assert second["next_cursor"] is None
        detail = client.get(f"/v1/models/{other.id}").json()
        assert (detail["topics"], detail["coverage"], detail["moved"]) == (2, 0.9, 0.1)
        assert [(each["fate"], each["before"], each["after"]) for each in detail["lineage"]] == [
            ("kept", BONUS.name, BONUS.name),
            ("born", None, "Something new"),
        ]

    def test_trainings_comparisons_and_publications_are_asked_for(self, client: TestClient, database: Database) -> None:
        other = self.candidate(database)
        assert asked(client.post("/v1/retrain", json={"why": "new games"}))["kind"] == "retrain"
        compared = asked(client.post(f"/v1/models/{other.id}/compare", json={"before": str(VERSION.id)}))
        assert compared["detail"] == {"before": str(VERSION.id), "after": str(other.id)}
        published = asked(client.post(f"/v1/models/{other.id}/publish", json={}))
        assert (published["kind"], published["detail"]) == ("publish", {"version": str(other.id)})

    def test_what_is_in_force_is_not_published_again(self, client: TestClient) -> None:
        assert_problem(client.post(f"/v1/models/{VERSION.id}/publish", json={}), 409, "not-possible")
        assert_problem(client.post("/v1/roll-back", json={}), 409, "not-possible")
        assert_problem(client.get(f"/v1/models/{uuid4()}"), 404, "unknown-version")

    def test_going_back_names_the_version_before(self, client: TestClient, database: Database) -> None:
        other = self.candidate(database)
        with database.write() as connection:
            topics.publish_version(connection, other.id, NOW)
        found = asked(client.post("/v1/roll-back", json={}))
        assert found["detail"] == {"version": str(VERSION.id)}

    def test_the_page_on_a_candidate_is_sealed(self, client: TestClient, database: Database) -> None:
        other = self.candidate(database)
        assert_problem(client.get(f"/v1/models/{other.id}/page"), 404, "unknown-page")
        folder = client.app.state.service.settings.data_dir / "topic_models" / str(other.id)  # type: ignore[attr-defined]
        folder.mkdir(parents=True)
        (folder / "report.html").write_text("<p>before and after</p>")
        page = client.get(f"/v1/models/{other.id}/page")
        assert page.text == "<p>before and after</p>"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert client.get("/v1/models").json()["items"][0]["has_page"]
