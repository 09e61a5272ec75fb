"""The API over real databases: who may ask, what comes in, how errors look, and what it says of itself."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from feedback.api.bounds import FEEDBACK_LIMIT
from feedback.roles import Role
from feedback.store import keys
from feedback.store.complaints import count_complaints, rejected_records
from feedback.store.database import Database
from feedback.store.tables import complaint
from tests.integration.api.api_world import NOW, VERSION, assert_problem, record


class TestKeys:
    def test_both_headers_are_taken(self, anyone: TestClient, key: str) -> None:
        for headers in ({"Authorization": f"Bearer {key}"}, {"authorization": f"bearer {key}"}, {"X-API-Key": key}):
            assert anyone.get("/v1/topics", headers=headers).status_code == 200

    @pytest.mark.parametrize("path", ["/v1/topics", "/v1/hot-issues", "/v1/alerts", f"/v1/alerts/{VERSION.id}"])
    def test_without_a_key_nothing_is_answered(self, sqlite_client: TestClient, path: str) -> None:
        del sqlite_client.headers["X-API-Key"]
        response = sqlite_client.get(path)
        assert_problem(response, 401, "missing-key")
        assert response.headers["www-authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("wrong", ["ft_wrong", "Zm9v" * 1000, "ft_\u00e4\u00f6", "' or 1=1 --"])
    def test_wrong_keys_are_refused(self, sqlite_client: TestClient, wrong: str) -> None:
        response = sqlite_client.get("/v1/topics", headers={b"X-API-Key": wrong.encode()})
        problem = assert_problem(response, 401, "invalid-key")
        assert wrong not in json.dumps(problem)

    def test_a_revoked_key_is_refused_at_once(self, client: TestClient, database: Database) -> None:
        assert client.get("/v1/topics").status_code == 200
        with database.write() as connection:
            keys.revoke_key(connection, "helpdesk", NOW)
        assert_problem(client.get("/v1/topics"), 401, "invalid-key")


class TestSendFeedback:
    def test_a_complaint_is_taken_once(self, client: TestClient, database: Database) -> None:
        for status in ("accepted", "unchanged"):
            response = client.post("/v1/feedback", json=record())
            assert response.status_code == 200
            result = response.json()
            assert result[status] == 1
            assert result["results"][0]["source_id"] == "1"
            assert result["results"][0]["status"] == status
        with database.read() as connection:
            assert count_complaints(connection)[0] == 1

    def test_a_changed_complaint_is_updated(self, client: TestClient, database: Database) -> None:
        client.post("/v1/feedback", json=record())
        assert client.post("/v1/feedback", json=record(rating=2)).json()["updated"] == 1
        with database.read() as connection:
            assert connection.execute(select(complaint.c.rating)).scalar_one() == 2

    def test_bad_items_do_not_stop_the_good_ones(self, client: TestClient, database: Database) -> None:
        batch = [record("1"), record("2", text=" "), "no object", record("4"), {"text": "no id"}, record("1"), None]
        response = client.post("/v1/feedback", json=batch)
        assert response.status_code == 207
        result = response.json()
        assert [each["index"] for each in result["results"]] == list(range(7))
        statuses = [each["status"] for each in result["results"]]
        assert statuses == ["accepted", "rejected", "rejected", "accepted", "rejected", "unchanged", "rejected"]
        assert (result["accepted"], result["rejected"]) == (2, 4)
        assert all(each["reason"] and each["detail"] for each in result["results"] if each["status"] == "rejected")
        with database.read() as connection:
            assert count_complaints(connection)[0] == 2
            assert {each.source_id for each in connection.execute(select(complaint))} == {"1", "4"}
            assert len(rejected_records(connection)) == 2  # those that had fields can be sent again

    def test_when_nothing_was_taken_the_answer_is_an_error_that_says_why(self, client: TestClient) -> None:
        problem = assert_problem(client.post("/v1/feedback", json=record(text="")), 422, "nothing-taken")
        assert problem["results"][0]["reason"] == "empty_text"
        assert problem["detail"] == problem["results"][0]["detail"]
        problem = assert_problem(client.post("/v1/feedback", json=[1, 2]), 422, "nothing-taken")
        assert problem["rejected"] == 2

    def test_personal_data_is_gone_before_anything_is_stored(self, client: TestClient, database: Database) -> None:
        client.post("/v1/feedback", json=record(text="Schreibt an hans@example.com", customer_key="hans"))
        with database.read() as connection:
            stored = connection.execute(select(complaint)).one()
        assert "hans" not in repr(stored)

    def test_a_batch_may_name_its_source_and_items_theirs(self, client: TestClient, database: Database) -> None:
        items = [record("1"), record("1", source="chat"), record("1", source="zendesk")]
        response = client.post("/v1/feedback?source=mail", json={"source": "zendesk", "items": items})
        assert [each["status"] for each in response.json()["results"]] == ["accepted", "accepted", "unchanged"]
        client.post("/v1/feedback?source=mail", json=record("1"))
        client.post("/v1/feedback", json=record("1"))
        with database.read() as connection:
            sources = set(connection.execute(select(complaint.c.source)).scalars())
        assert sources == {"zendesk", "chat", "mail", "api"}

    def test_a_key_that_is_bound_to_sources_sends_those_alone(self, anyone: TestClient, database: Database) -> None:
        with database.write() as connection:
            key = keys.add_key(connection, "desk", NOW, Role.SENDER, sources=["mail", "chat"])
            only = keys.add_key(connection, "one", NOW, Role.SENDER, sources=["phone"])
        anyone.headers["X-API-Key"] = key
        mixed = anyone.post("/v1/feedback", json=[record("1", source="mail"), record("2", source="zendesk")])
        assert mixed.status_code == 207
        assert [each["status"] for each in mixed.json()["results"]] == ["accepted", "rejected"]
        assert mixed.json()["results"][1]["reason"] == "not_your_source"
        for asked in (record("3", source="zendesk"), record("3"), [record("3", source=" zendesk "), record("4")]):
            problem = assert_problem(anyone.post("/v1/feedback", json=asked), 403, "not-your-source")
            assert "mail, chat" in problem["detail"]
        assert_problem(anyone.post("/v1/feedback?source=phone", json=record("3")), 403, "not-your-source")
        anyone.headers["X-API-Key"] = only
        assert anyone.post("/v1/feedback", json=record("5")).json()["results"][0]["source"] == "phone"
        with database.read() as connection:
            assert set(connection.execute(select(complaint.c.source)).scalars()) == {"mail", "phone"}
            assert rejected_records(connection) == []

    @pytest.mark.parametrize("source", ["", "  ", "x" * 201, "a\x00b", "a\nb", 7, None, ["a"]])
    def test_impossible_sources_are_refused(self, sqlite_client: TestClient, source: object) -> None:
        problem = assert_problem(sqlite_client.post("/v1/feedback", json=record(source=source)), 422, "nothing-taken")
        assert problem["results"][0]["reason"] == "bad_source"
        wrapped = sqlite_client.post("/v1/feedback", json={"source": source, "items": [record()]})
        assert_problem(wrapped, 422, "bad-source")

    def test_unknown_fields_become_attributes_or_are_named_as_ignored(
        self, client: TestClient, database: Database
    ) -> None:
        sent = record(payment_method="Trustly", first_name="Hans", history=[{"a": 1}], note="x" * 200, empty=None)
        result = client.post("/v1/feedback", json=sent).json()["results"][0]
        assert result["ignored"] == ["first_name", "history", "note"]
        with database.read() as connection:
            assert connection.execute(select(complaint.c.attributes)).scalar_one() == {"payment_method": "Trustly"}

    def test_usual_names_of_fields_are_understood(self, client: TestClient) -> None:
        sent = {"id": 7, "created_at": "2026-03-08T10:00:00Z", "body": "Bonus fehlt", "country": "DE"}
        result = client.post("/v1/feedback", json=sent).json()["results"][0]
        assert (result["source_id"], result["status"], result["ignored"]) == ("7", "accepted", [])

    def test_odd_characters_survive_or_are_cleaned(self, client: TestClient, database: Database) -> None:
        body = b'{"source_id": "1\\u0000", "received_at": "2026-03-08T10:00:00Z", "text": "a\\u0000b \\ud83d \xc3\xa4"}'
        assert client.post("/v1/feedback", content=body).json()["accepted"] == 1
        odd = record("2", **{"k\x00ey": "v\x00alue", "nested\ud83d": {"a": 1}})
        result = client.post("/v1/feedback", content=json.dumps(odd)).json()
        assert result["results"][0]["ignored"] == ["nested?"]
        with database.read() as connection:
            assert "\x00" not in repr(connection.execute(select(complaint)).all())

    def test_a_thousand_items_at_most(self, client: TestClient) -> None:
        items: list[object] = [None] * 999 + [record()]
        assert client.post("/v1/feedback", json=items).json()["accepted"] == 1
        for body in ([*items, record()], {"items": [*items, record()]}):
            problem = assert_problem(client.post("/v1/feedback", json=body), 413, "too-many-items")
            assert "1,001" in problem["detail"]

    def test_nothing_is_nothing_wrong(self, client: TestClient) -> None:
        empty: tuple[object, ...] = ([], {"items": []})
        for body in empty:
            response = client.post("/v1/feedback", json=body)
            assert response.status_code == 200
            assert response.json() == {"accepted": 0, "updated": 0, "unchanged": 0, "rejected": 0, "results": []}

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"not json",
            b"3",
            b"null",
            b'"text"',
            b'{"text": "\x00"}',
            b"\xff\xfe{\x00",
            b'{"text": "\xe4"}',
            b"[" * 200_000,
            b'{"a":' * 100_000,
            b"9" * 5_000,
            b'[{"a": 1} {"b": 2}]',
        ],
    )
    def test_unreadable_bodies(self, sqlite_client: TestClient, body: bytes) -> None:
        problem = assert_problem(sqlite_client.post("/v1/feedback", content=body), 422, "unreadable-body")
        assert len(problem["detail"]) < 200

    def test_deep_values_do_no_harm(self, client: TestClient) -> None:
        deep: object = "x"
        for _ in range(400):
            deep = {"a": [deep]}
        result = client.post("/v1/feedback", json=[record(history=deep, attributes={"a": deep}, market=deep)]).json()
        assert result["accepted"] == 1

    def test_too_many_fields(self, sqlite_client: TestClient) -> None:
        sent = {**record(), **{f"field{place}": place for place in range(300)}}
        problem = assert_problem(sqlite_client.post("/v1/feedback", json=sent), 422, "nothing-taken")
        assert problem["results"][0]["reason"] == "too_many_fields"

    def test_numbers_that_json_does_not_have_are_missing(self, client: TestClient) -> None:
        body = json.dumps(record(rating=float("nan"), odds=float("inf")))
        assert client.post("/v1/feedback", content=body).json()["accepted"] == 1

    def test_a_body_too_large_is_refused_while_it_streams(self, sqlite_client: TestClient) -> None:
        def stream() -> Iterator[bytes]:
            for _ in range(11):
                yield b" " * 1024 * 1024

        assert_problem(sqlite_client.post("/v1/feedback", content=stream()), 413, "body-too-large")
        declared = sqlite_client.post("/v1/feedback", content=b" " * (FEEDBACK_LIMIT + 1))
        assert_problem(declared, 413, "body-too-large")

    def test_a_compressed_body_is_refused(self, sqlite_client: TestClient) -> None:
        response = sqlite_client.post("/v1/feedback", content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
        assert_problem(response, 415, "compressed-body")

    def test_the_content_type_does_not_matter(self, client: TestClient) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert client.post("/v1/feedback", content=json.dumps(record()), headers=headers).status_code == 200


class TestProblems:
    def test_paths_and_methods_that_are_not_there(self, sqlite_client: TestClient) -> None:
        assert_problem(sqlite_client.get("/v1/nothing"), 404, "not-found")
        assert_problem(sqlite_client.get("/nothing"), 404, "not-found")
        assert_problem(sqlite_client.get("/docs"), 404, "not-found")
        response = sqlite_client.delete("/v1/feedback")
        assert_problem(response, 405, "method-not-allowed")
        assert response.headers["allow"] == "POST"

    def test_a_defect_shows_neither_trace_nor_message(
        self, sqlite_client: TestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        response = sqlite_client.post("/v1/feedback", json=record())
        assert_problem(response, 500, "defect")
        for told in (response.text, caplog.text):
            assert "hans" not in told
        assert "secret" not in response.text
        assert "secret" not in caplog.text
        (entry,) = [each for each in caplog.records if each.__dict__.get("event") == "request_failed"]
        assert "RuntimeError" in entry.getMessage()
        assert "conftest.py" in entry.getMessage()

    def test_the_log_holds_a_line_a_request_and_nothing_that_was_asked_for(
        self, client: TestClient, key: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        client.get("/v1/alerts?cursor=hans@example.com")
        client.get(f"/v1/alerts/{VERSION.id}")
        client.get("/v1/hans@example.com?key=" + key)
        client.post("/v1/feedback?source=hans", json=record(text="hans"))
        lines = [each for each in caplog.records if each.__dict__.get("event") == "request"]
        shown = [(each.__dict__["route"], each.__dict__["status"], each.__dict__["key"]) for each in lines]
        assert shown == [
            ("/v1/alerts", 422, "helpdesk"),
            ("/v1/alerts/{alert_id}", 404, "helpdesk"),
            ("(no such path)", 404, None),
            ("/v1/feedback", 200, "helpdesk"),
        ]
        ours = "".join(each.getMessage() + repr(each.__dict__) for each in lines)
        assert "hans" not in ours
        assert key not in ours


class TestDescription:
    def test_every_route_is_described_with_an_example(self, sqlite_client: TestClient) -> None:
        del sqlite_client.headers["X-API-Key"]
        described = sqlite_client.get("/openapi.json").json()
        schemas = described["components"]["schemas"]
        assert set(described["paths"]) == {
            "/v1/feedback", "/v1/hot-issues", "/v1/areas", "/v1/topics", "/v1/series", "/v1/alerts",
            "/v1/alerts/{alert_id}", "/v1/alerts/{alert_id}/acknowledge", "/v1/alerts/{alert_id}/resolve",
            "/v1/alerts/{alert_id}/verdict", "/v1/alerts/{alert_id}/mute", "/v1/alerts/{alert_id}/unmute", "/healthz",
            "/readyz", "/metrics", "/v1/topics/{topic_id}/rename", "/v1/topics/{topic_id}/owner",
            "/v1/topics/{topic_id}/area", "/v1/topics/{topic_id}/severity", "/v1/topics/{topic_id}/merge",
            "/v1/topics/{topic_id}/split", "/v1/topics/{topic_id}/pin", "/v1/topics/{topic_id}/retire",
            "/v1/topics/{topic_id}/move", "/v1/edits", "/v1/edits/{edit_id}/undo", "/v1/fixes", "/v1/fixes/{fix_id}",
            "/v1/fixes/{fix_id}/withdraw", "/v1/kpi", "/v1/models", "/v1/retrain", "/v1/roll-back",
            "/v1/models/{version_id}", "/v1/models/{version_id}/publish", "/v1/models/{version_id}/compare",
            "/v1/models/{version_id}/page", "/v1/requests", "/v1/requests/{request_id}", "/v1/runs",
            "/v1/rejected", "/v1/rejected/retry", "/v1/digests",
            "/v1/digests/{week}/{name}", "/v1/topics/{topic_id}", "/v1/topics/{topic_id}/quotes", "/v1/classify",
            "/v1/similar",
        }  # fmt: skip
        pages = {"/metrics": "text/plain", "/v1/models/{version_id}/page": "text/html"}
        for path, methods in described["paths"].items():
            for method, route in methods.items():
                assert route["summary"], path
                assert route["description"], path
                assert bool(route.get("security")) == (path not in ("/healthz", "/readyz"))
                if path in pages:
                    assert list(route["responses"]["200"]["content"]) == [pages[path]]
                    continue
                (good,) = route["responses"].keys() & {"200", "201", "202"}
                name = route["responses"][good]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
                assert schemas[name]["examples"], (method, path)
                for status in route["responses"].keys() - {good, "207", "304"}:
                    assert list(route["responses"][status]["content"]) == ["application/problem+json"]
        body = described["paths"]["/v1/feedback"]["post"]["requestBody"]["content"]["application/json"]
        assert set(body["examples"]) == {"one", "many", "batch"}

    def test_all_references_lead_somewhere(self, sqlite_client: TestClient) -> None:
        described = sqlite_client.get("/openapi.json").json()
        names = set(described["components"]["schemas"])
        for reference in json.dumps(described).split('"$ref": "#/components/schemas/')[1:]:
            assert reference.split('"')[0] in names

    def test_the_examples_are_answers_that_could_be_given(self, client: TestClient) -> None:
        from feedback.api import (
            alerts,
            classify,
            curation,
            digests,
            feedback,
            fixes,
            health,
            hot_issues,
            kpi,
            models,
            rejected,
            requests,
            runs,
            topics,
        )

        for model in (
            feedback.FeedbackResult, hot_issues.HotIssues, topics.Topics, alerts.Alerts, alerts.AlertDetail,
            health.Health, health.Readiness, curation.Decision, curation.Decisions, fixes.Fixes, fixes.FixDetail,
            kpi.Kpi, models.Models, topics.TopicDetail, topics.Quotes, classify.Places, classify.SimilarComplaints,
            rejected.RejectedRecords, digests.Digests, digests.DigestText, models.ModelDetail, requests.Requests,
            runs.Runs,
        ):  # fmt: skip
            for example in model.model_json_schema()["examples"]:
                model.model_validate(example)
        described = client.get("/openapi.json").json()
        examples = described["paths"]["/v1/feedback"]["post"]["requestBody"]["content"]["application/json"]["examples"]
        for example in examples.values():
            assert client.post("/v1/feedback", json=example["value"]).status_code == 200


def test_the_api_loads_no_heavy_library() -> None:
    heavy = ("bertopic", "sklearn", "sknetwork", "matplotlib", "spacy", "presidio_analyzer", "onnxruntime", "scipy")
    code = f"import sys, feedback.api, feedback.api.server; print([m for m in {heavy} if m in sys.modules])"
    root = Path(__file__).parents[2]
    shown = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
