"""What the API says of texts and topics: where a text belongs, what is like it, and what a topic is made of."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from feedback.api.service import Judge
from feedback.domain import Complaint, Fate, RejectedRecord
from feedback.judging import Alike, Placed, Text
from feedback.roles import Role
from feedback.store import keys, topics
from feedback.store.complaints import mark_accepted, rejected_records, store_complaints, store_rejected
from feedback.store.database import Database
from feedback.store.topics import Assigned
from tests.applications import create_app
from tests.conftest import SettingsFactory
from tests.integration.api.api_world import (
    BONUS,
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
)

SECRET = "Herr Mustermann, hans@example.com"


def classify(texts: Sequence[Text]) -> list[Placed]:
    """Whatever names a bonus is about the bonus."""
    return [Placed(BONUS.id if "bonus" in each.text.lower() else None, 0.7, each.language or "de") for each in texts]


STORED = [Complaint("api", str(number), MIDNIGHT, f"text {number}", "0" * 64, "de") for number in range(3)]


LET_GO = threading.Event()
"""Until it is set, who searches a whole year waits."""


def search(_now: datetime, days: int, limit: int) -> list[Alike]:
    if days == 366:
        assert LET_GO.wait(60)
    found = [Alike(each.id, 0.9 - place / 10, each.received_at) for place, each in enumerate(STORED)]
    return found[:limit]


@pytest.fixture
def judging(settings: SettingsFactory, database: Database) -> Iterator[TestClient]:
    """A client of an application that places texts."""
    with database.write() as connection:
        publish(connection)
        store_complaints(connection, STORED, NOW)
        topics.assign(connection, VERSION.id, [Assigned(STORED[0].id, BONUS.id, 0.9, MIDNIGHT)])
        key = keys.add_key(connection, "helpdesk", NOW)
    judge = Judge(classify, lambda _: search, lambda _, *span: search(*span))
    app = create_app(settings(), database, lambda: NOW, lambda *_: [], responding(settings(), database), judge=judge)
    with TestClient(app, headers={"X-API-Key": key}) as client:
        yield client


class TestTurns:
    def test_a_long_search_does_not_keep_others_from_having_a_text_placed(self, judging: TestClient) -> None:
        LET_GO.clear()
        with ThreadPoolExecutor(2) as pool:
            by_id = pool.submit(judging.get, f"/v1/similar?complaint={STORED[0].id}&days=366")
            by_text = pool.submit(judging.post, "/v1/similar", json={"text": "Where is my bonus?", "days": 366})
            try:
                placed = judging.post("/v1/classify", json={"items": [{"text": "Where is my bonus?"}]})
            finally:
                searching = not (by_id.done() or by_text.done())
                LET_GO.set()
            assert placed.status_code == 200
            assert searching
            assert [each.result(60).status_code for each in (by_id, by_text)] == [200, 200]


class TestClassify:
    def test_a_text_finds_its_topic_its_owner_and_the_open_alert(self, judging: TestClient, database: Database) -> None:
        with database.write() as connection:
            alert = open_alert(connection, BONUS)
        texts = [{"text": "Where is my bonus?", "language": "en"}, {"text": "Hallo"}]
        known, unknown = judging.post("/v1/classify", json={"items": texts}).json()["items"]
        assert (known["topic"], known["owner"], known["area"]) == (BONUS.name, "promotions", "bonus")
        assert (known["similarity"], known["language"]) == (0.7, "en")
        assert (UUID(known["alert"]["id"]), known["alert"]["state"]) == (alert, "open")
        assert (unknown["topic_id"], unknown["alert"], unknown["similarity"]) == (None, None, 0.7)

    def test_before_the_first_training_there_is_nothing_to_say(self, client: TestClient) -> None:
        answer = client.post("/v1/classify", json={"items": [{"text": "bonus"}]})
        assert_problem(answer, 409, "no-topic-model")
        assert_problem(client.post("/v1/similar", json={"text": "bonus"}), 409, "no-topic-model")

    @pytest.mark.parametrize("items", [[], [{"text": ""}], [{"text": "x"}] * 51, [{"text": "x" * 20_001}]])
    def test_what_is_no_batch_of_texts_is_refused(self, judging: TestClient, items: list[object]) -> None:
        assert_problem(judging.post("/v1/classify", json={"items": items}), 422, "invalid-request")

    def test_the_text_is_neither_stored_nor_logged(
        self, judging: TestClient, database: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        judging.post("/v1/classify", json={"items": [{"text": SECRET}]})
        judging.post("/v1/similar", json={"text": SECRET})
        judging.post("/v1/classify", json={"items": [{"text": SECRET, "unknown": 1}]})
        assert "Mustermann" not in caplog.text
        path = database.engine.url.database
        if database.engine.dialect.name == "sqlite" and path:
            assert all(b"Mustermann" not in each.read_bytes() for each in Path(path).parent.glob("*.db*"))


class TestSimilar:
    def test_complaints_like_a_text_come_with_their_topic(self, judging: TestClient) -> None:
        found = judging.post("/v1/similar", json={"text": "bonus", "limit": 2}).json()["items"]
        assert [(each["text"], each["similarity"]) for each in found] == [("text 0", 0.9), ("text 1", 0.8)]
        assert [each["topic_id"] for each in found] == [str(BONUS.id), None]

    def test_complaints_like_another(self, judging: TestClient) -> None:
        found = judging.get("/v1/similar", params={"complaint": str(STORED[2].id)}).json()["items"]
        assert len(found) == 3
        assert_problem(judging.get(f"/v1/similar?complaint={uuid4()}"), 404, "unknown-complaint")

    def test_an_owner_finds_those_of_their_topics(self, judging: TestClient, database: Database) -> None:
        with database.write() as connection:
            key = keys.add_key(connection, "owner", NOW, Role.OWNER, "promotions")
        found = judging.post("/v1/similar", json={"text": "bonus"}, headers={"X-API-Key": key}).json()["items"]
        assert [each["text"] for each in found] == ["text 0"]

    def test_an_owner_finds_as_many_as_asked_for_past_what_they_do_not_see(
        self, judging: TestClient, database: Database
    ) -> None:
        with database.write() as connection:
            topics.assign(connection, VERSION.id, [Assigned(STORED[2].id, LOGIN.id, 0.9, MIDNIGHT)])
            key = keys.add_key(connection, "owner", NOW, Role.OWNER, "accounts")
        by_text = judging.post("/v1/similar", json={"text": "bonus", "limit": 1}, headers={"X-API-Key": key})
        by_id = judging.get(f"/v1/similar?complaint={STORED[0].id}&limit=1", headers={"X-API-Key": key})
        for answer in (by_text, by_id):
            assert [each["text"] for each in answer.json()["items"]] == ["text 2"]


class TestTopic:
    def test_a_topic_with_its_days_alerts_and_relatives(self, client: TestClient, database: Database) -> None:
        entries = [
            topics.LineageEntry(Fate.MERGED, LOGIN.id, BONUS.id, 0.8),
            topics.LineageEntry(Fate.KEPT, BONUS.id, BONUS.id, 0.9),
            topics.LineageEntry(Fate.SPLIT, BONUS.id, QUIET.id, 0.7),
        ]
        with database.write() as connection:
            topics.store_version(connection, VERSION, (BONUS, LOGIN, QUIET), entries)
            topics.publish_version(connection, VERSION.id, VERSION.trained_at)
            complain(connection, BONUS, MIDNIGHT, 4)
            complain(connection, BONUS, MIDNIGHT - timedelta(days=10), 3)
            alert = open_alert(connection, BONUS)
        found = client.get(f"/v1/topics/{BONUS.id}").json()
        assert (found["name"], found["last_7_days"], found["usual_7_days"]) == (BONUS.name, 4, 1.0)
        assert (found["sparkline"][-1], sum(found["sparkline"])) == (4, 7)
        assert [each["id"] for each in found["alerts"]] == [str(alert)]
        assert [each["name"] for each in found["parents"]] == [LOGIN.name]
        assert [each["name"] for each in found["children"]] == [QUIET.name]
        assert_problem(client.get(f"/v1/topics/{uuid4()}"), 404, "unknown-topic")

    def test_quotes_come_by_language(self, client: TestClient, database: Database) -> None:
        with database.write() as connection:
            publish(connection)
            written = [
                Complaint("api", language, MIDNIGHT, f"in {language}", "0" * 64, language) for language in ("de", "pl")
            ]
            store_complaints(connection, written, NOW)
            topics.assign(connection, VERSION.id, [Assigned(each.id, BONUS.id, 0.9, MIDNIGHT) for each in written])
        assert len(client.get(f"/v1/topics/{BONUS.id}/quotes").json()["items"]) == 2
        first = client.get(f"/v1/topics/{BONUS.id}/quotes?limit=1").json()
        path = f"/v1/topics/{BONUS.id}/quotes?limit=1&cursor={first['next_cursor']}"
        second = client.get(path).json()
        ids = [each["complaint_id"] for page in (first, second) for each in page["items"]]
        assert (len(set(ids)), second["next_cursor"]) == (2, None)
        (quote,) = client.get(f"/v1/topics/{BONUS.id}/quotes?language=pl").json()["items"]
        assert (quote["text"], quote["language"]) == ("in pl", "pl")


class TestRejected:
    def test_the_latest_first_in_pages_without_those_mended(self, client: TestClient, database: Database) -> None:
        for hour in range(4):
            with database.write() as connection:
                record = RejectedRecord("desk", "a.csv", hour, "empty_text", "No text.", {"source_id": str(hour)})
                store_rejected(connection, [record], NOW + timedelta(hours=hour))
        with database.write() as connection:
            mended = next(row.id for row in rejected_records(connection) if row.line == 1)
            mark_accepted(connection, [mended], NOW)
        first = client.get("/v1/rejected?limit=2&source=desk&reason=empty_text").json()
        last = client.get("/v1/rejected", params={"cursor": first["next_cursor"]}).json()
        assert [each["line"] for each in first["items"] + last["items"]] == [3, 2, 0]
        assert client.get("/v1/rejected?source=other").json()["items"] == []
        assert client.post("/v1/rejected/retry", json={}).json()["kind"] == "retry rejected"


class TestDigests:
    def test_a_digest_is_sent_as_it_was_written(self, client: TestClient, settings: SettingsFactory) -> None:
        folder = settings().data_dir / "digests" / "2026-W10"
        folder.mkdir(parents=True)
        (folder / "2026-W10-promotions-1a2b3c4d5e6f.md").write_text("# Week 10\n\nCalm.")
        (folder / "2026-W10-promotions-1a2b3c4d5e6f.html").write_text("<h1>Week 10</h1>")
        (listed,) = client.get("/v1/digests").json()["items"]
        assert (listed["week"], listed["title"]) == ("2026-W10", "Week 10")
        address = f"/v1/digests/2026-W10/{listed['name']}"
        assert client.get(address).json()["text"] == "# Week 10\n\nCalm."
        page = client.get(address, params={"format": "html"})
        assert (page.text, page.headers["content-type"]) == ("<h1>Week 10</h1>", "text/html; charset=utf-8")
        assert client.get(address, params={"format": "markdown"}).text.startswith("# Week 10")
        assert_problem(client.get("/v1/digests/2026-W10/2026-W10-x"), 404, "unknown-digest")
        assert_problem(client.get("/v1/digests/2026-W10/..%2f..%2fhash.key"), 404, "not-found")


CLASSIFYING = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from feedback.api import create_app
from feedback.domain import TopicKind, derived_id
from feedback.judging import Text
from feedback.settings import Settings
from feedback.store import topics
from feedback.store.topics import StoredTopic, StoredVersion
from jobs.bootstrap import build_context
from jobs.judge import judges
from jobs.look import looks
from jobs.progress import Silent
from jobs.published import artefact_dir
from jobs.respond import responses
from models.artifacts import TopicModel, save
from models.centre import LanguageOffsets
import numpy as np

now = datetime(2026, 3, 8, tzinfo=UTC)
context = build_context(Settings(data_dir=Path(sys.argv[1]), taxonomy="none"), Silent(), lambda: now, create=True)
encoder, names = context.parts.encoder, ("Bonus payout delayed", "Login fails")
ids = tuple(derived_id(name) for name in names)
model = TopicModel(
    derived_id("v"), encoder.version,
    LanguageOffsets(("en",), np.zeros((1, 384), np.float32), np.zeros(384, np.float32)),
    ids, (TopicKind.PINNED,) * 2, encoder.encode(names), np.full(2, 0.5, np.float32), names, ({}, {}), (1, 1), {},
)
save(model, artefact_dir(context, derived_id("v")))
with context.database.write() as connection:
    members = [StoredTopic(id_, TopicKind.PINNED, name, None, None, now, {}, 1) for id_, name in zip(ids, names)]
    version = StoredVersion(derived_id("v"), "candidate", now, None, "", encoder.version, {})
    topics.store_version(connection, version, members, ())
    topics.publish_version(connection, derived_id("v"), now)
injected = (responses(context), looks(context), judges(context))
create_app(context.settings, context.database, lambda: now, lambda *_: [], *injected)
placed = judges(context).classify([Text("my bonus payout is late"), Text("I cannot log in")])
heavy = [name for name in ("bertopic", "sklearn", "sknetwork", "hdbscan", "umap", "torch") if name in sys.modules]
print(json.dumps({"topics": [names[ids.index(each.topic_id)] for each in placed], "heavy": heavy}))
"""


def test_the_api_process_classifies_without_a_clustering_library(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLASSIFYING, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"topics": ["Bonus payout delayed", "Login fails"], "heavy": []}
