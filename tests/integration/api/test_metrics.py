"""What monitors are told: whether requests can be sent here, and the vital signs for Prometheus."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, text
from starlette.testclient import TestClient

from feedback.api.service import Look
from feedback.domain import AlertState, Author, Complaint, RejectedRecord
from feedback.notify.outbox import NoticeState
from feedback.requests import RequestKind
from feedback.store import runs
from feedback.store.complaints import store_complaints, store_rejected
from feedback.store.database import Database
from feedback.store.requests import add_request
from feedback.store.tables import embedding, notice
from tests.conftest import SettingsFactory
from tests.integration.api.api_world import (
    BONUS,
    LOGIN,
    MIDNIGHT,
    NOW,
    VERSION,
    assert_problem,
    complain,
    open_alert,
    publish,
)

HOUR = timedelta(hours=1)


def scraped(client: TestClient) -> dict[tuple[str, ...], float]:
    """Each sample by its name and labels' values."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def test_metrics_ask_for_a_key(anyone: TestClient) -> None:
    assert_problem(anyone.get("/metrics"), 401, "missing-key")


def test_an_empty_service_has_metrics_too(client: TestClient) -> None:
    found = scraped(client)
    assert found["feedback_runs_failed",] == 0
    assert found["feedback_alerts_open", "critical"] == 0
    assert ("feedback_unassigned_ratio",) not in found
    for name in ("unembedded_seconds", "requests_waiting", "inbox_files", "rejected_records"):
        assert found[f"feedback_{name}",] == 0, name


def test_what_waits_since_an_import_of_history_is_told(client: TestClient, database: Database) -> None:
    with database.write() as connection:
        publish(connection)
        complain(connection, BONUS, MIDNIGHT, 2)
        embed(connection, "0" * 64)
        old = [
            Complaint("export", str(number), NOW - 9_000 * HOUR, "old", f"{number:064x}", "en") for number in (1, 2, 3)
        ]
        store_complaints(connection, old, NOW - 3 * HOUR)
        embed(connection, f"{1:064x}")
    found = scraped(client)
    assert found["feedback_complaints_waiting", "embed"] == 2
    assert found["feedback_complaints_waiting", "assign"] == 3
    assert found["feedback_unembedded_seconds",] == 3 * 3600


def test_a_vector_of_another_encoder_is_none(client: TestClient, database: Database) -> None:
    with database.write() as connection:
        publish(connection)
        store_complaints(connection, [Complaint("chat", "1", NOW - HOUR, "new", "a" * 64, "en")], NOW)
        embed(connection, "a" * 64, "another")
    assert scraped(client)["feedback_complaints_waiting", "embed"] == 1


def embed(connection: Connection, text_hash: str, encoder: str = VERSION.encoder_version) -> None:
    connection.execute(embedding.insert().values(text_hash=text_hash, encoder_version=encoder, vector=b"\0\0"))


def test_what_people_asked_for_what_lies_in_the_inbox_and_what_was_rejected(
    client: TestClient, database: Database, settings: SettingsFactory
) -> None:
    inbox = settings().inbox_dir
    for name in ("done/old.csv", "failed/bad.csv", "desk/new.csv", "newer.csv.part"):
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / name).touch()
    with database.write() as connection:
        add_request(connection, RequestKind.RETRAIN, {}, Author("anna", "", NOW))
        store_rejected(connection, [RejectedRecord("desk", "new.csv", 3, "empty_text", "no text", {})], NOW)
    found = scraped(client)
    assert found["feedback_requests_waiting",] == 1
    assert found["feedback_inbox_files",] == 2
    assert found["feedback_inbox_failed_files",] == 1
    assert found["feedback_rejected_records",] == 1


def test_a_job_is_overdue_from_when_it_was_due(app: FastAPI, client: TestClient, database: Database) -> None:
    app.state.service = replace(app.state.service, look=Look(overdue=lambda _: {"digest": timedelta(hours=2)}))
    with database.write() as connection:
        for job in ("detect", "digest", "deliver"):
            _run(connection, job, done=job != "digest")
    found = scraped(client)
    assert found["feedback_job_overdue_seconds", "digest"] == 7200
    assert found["feedback_job_overdue_seconds", "detect"] == 0
    assert ("feedback_job_overdue_seconds", "deliver") not in found


def test_what_waits_and_what_is_behind(client: TestClient, database: Database) -> None:
    with database.write() as connection:
        publish(connection)
        complain(connection, BONUS, MIDNIGHT, 3)
        complain(connection, None, MIDNIGHT, 1)
        new = [Complaint("chat", str(number), NOW - 2 * HOUR, "new", f"{number:064}", "en") for number in range(5)]
        store_complaints(connection, new, NOW)
        _run(connection, "detect", done=True)
        _run(connection, "outage", done=False)
        open_alert(connection, BONUS, evidence={"severity": {"level": "high", "reasons": [], "history": []}})
        open_alert(connection, LOGIN, evidence={})
        open_alert(connection, LOGIN, NOW - 900 * HOUR, AlertState.RESOLVED)
    found = scraped(client)
    assert found["feedback_complaints_waiting", "embed"] == 5, "what was judged had a vector"
    assert found["feedback_complaints_waiting", "assign"] == 5
    assert found["feedback_unassigned_ratio",] == 0.25
    assert found["feedback_source_silence_seconds", "chat"] == 7200
    assert found["feedback_job_lag_seconds", "detect"] == 3600
    assert ("feedback_job_lag_seconds", "outage") not in found
    assert found["feedback_runs_failed",] == 1
    assert found["feedback_alerts_open", "high"] == 1
    assert found["feedback_alerts_open", "unknown"] == 1


def test_a_run_that_a_later_one_made_up_for_has_not_failed(client: TestClient, database: Database) -> None:
    with database.write() as connection:
        _run(connection, "embed", done=False)
        _run(connection, "count", done=True, window=NOW - 2 * HOUR)
        _run(connection, "count", done=False)
    assert scraped(client)["feedback_runs_failed",] == 2
    with database.write() as connection:
        _run(connection, "embed", done=True, window=NOW)
    assert scraped(client)["feedback_runs_failed",] == 1


def _run(connection: Connection, job: str, *, done: bool, window: datetime = NOW - HOUR) -> None:
    claim = runs.claim(connection, job, window, "me:1:1", NOW, lambda _: False)
    assert claim is not None
    if done:
        runs.succeed(connection, claim, NOW, 4.0, {})
    else:
        runs.fail(connection, claim, NOW, 1.0, "out of memory")


def test_the_encoder_s_speed_and_the_outbox(client: TestClient, database: Database) -> None:
    waiting = {
        "kind": "alert", "owner": "payments", "content": {}, "created_at": NOW, "next_at": NOW, "position": 0,
        "attempts": 0, "token": 0,
    }  # fmt: skip
    with database.write() as connection:
        for window, embedded in ((NOW - HOUR, 300), (NOW, 0)):
            claim = runs.claim(connection, "embed", window, "me:1:1", NOW, lambda _: False)
            assert claim is not None
            runs.succeed(connection, claim, NOW, 10.0, {"embedded": embedded})
        for number, state in enumerate((NoticeState.PENDING, NoticeState.DEAD, NoticeState.DEAD, NoticeState.SENT)):
            id_ = UUID(int=number)
            connection.execute(notice.insert().values(id=id_, channel=str(number), state=str(state), **waiting))
    found = scraped(client)
    assert found["feedback_embedded_texts_per_second",] == 30
    assert (found["feedback_notices", "pending"], found["feedback_notices", "dead"]) == (1, 2)


def test_ready_as_soon_as_complaints_can_be_taken_in(anyone: TestClient, database: Database) -> None:
    answer = anyone.get("/readyz").json()
    assert (answer["status"], answer["topic_model"]) == ("ready", None)
    assert "warm_up_days" in answer["missing"][0]
    with database.write() as connection:
        publish(connection)
        # while another writes, too
        assert anyone.get("/readyz").status_code == 200
    assert anyone.get("/readyz").json() == {"status": "ready", "topic_model": str(VERSION.id), "missing": []}


def test_not_ready_with_the_tables_of_another_release(anyone: TestClient, database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert_problem(anyone.get("/readyz"), 503, "database-unusable")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_not_ready_where_the_database_can_only_be_read(anyone: TestClient, database: Database) -> None:
    name = database.engine.url.database
    with database.write() as connection:
        connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    assert_problem(anyone.get("/readyz"), 503, "read-only")
