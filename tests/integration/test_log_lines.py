"""What a run and a request leave in the log: JSON, each line with what it belongs to."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from feedback.domain import derived_id
from feedback.errors import FeedbackError
from feedback.notify.channels import Channels
from feedback.notify.outbox import Result, passing
from feedback.settings import Settings
from feedback.store.database import open_database
from feedback.store.notices import add_notices
from jobs import deliver
from jobs.bootstrap import log_to
from jobs.context import Context, Parts
from jobs.progress import Silent
from jobs.run import execute, this_process
from jobs.service import tick
from tests.applications import create_app
from tests.integration.api.api_world import responding
from tests.unit.feedback.notify.notify_samples import KEY, NOW, notice

ITS = {"job": "count", "window": NOW.isoformat(), "token": 1, "holder": this_process()}

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What was logged since, as a program that reads the log has it."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log_to(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def context(sqlite_database: str, settings: Callable[..., Settings]) -> Iterator[Context]:
    database, made = open_database(sqlite_database), settings(time_zone="UTC")
    yield Context(made, database, Parts(made, Silent()), Silent(), lambda: NOW, this_process())
    database.close()


def of_its_run(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: line.get(name) for name in ITS}


def do(monkeypatch: pytest.MonkeyPatch, job: Callable[[Context, datetime], Any]) -> None:
    monkeypatch.setattr("jobs.run.job_named", lambda _: job)


def test_every_line_of_a_run_says_which_and_whose(
    context: Context, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed = threading.Semaphore(0)

    def fail(*_: object) -> None:
        missed.release()
        raise OperationalError("", {}, Exception("database is locked"))

    def job(_context: Context, _now: datetime) -> dict[str, Any]:
        logging.getLogger("models").warning("few complaints", extra={"event": "few"})
        missed.acquire()
        missed.acquire()  # what was said of the first beat is written by then
        return {}

    do(monkeypatch, job)
    monkeypatch.setattr("jobs.run.BEAT_SECONDS", 0.01)
    monkeypatch.setattr("jobs.run.runs.hold", fail)
    assert execute(context, "count", NOW)
    logging.getLogger("jobs").info("after it")
    *within, after = lines()
    assert {line["event"] for line in within} == {"few", "beat_missed"}
    assert [of_its_run(line) for line in within] == [ITS] * len(within)
    assert of_its_run(after) == dict.fromkeys(ITS)


def test_so_does_what_senders_say(context: Context, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(*_: object) -> Result:
        logging.getLogger("a library").warning("%s", threading.current_thread().name, extra={"event": "sending"})
        return passing("no answer")

    with context.database.write() as connection:
        add_notices(connection, [replace(notice(), id=derived_id(each), alert_id=None) for each in "abc"])
    context.parts.__dict__["channels"] = Channels({}, [Silently()])
    monkeypatch.setattr(deliver._Delivery, "_attempt", attempt)
    do(monkeypatch, deliver.run)
    assert execute(context, "count", NOW)
    found = lines()
    assert [line["event"] for line in found] == ["sending"] * 3 + ["notices_delivered"]
    assert {line["message"].split("_")[0] for line in found[:3]} == {"sender"}
    assert [of_its_run(line) for line in found] == [ITS] * 4


class Silently:
    """A channel that is never asked."""

    key, quotes, language, digests, outcomes = KEY, False, "", False, True

    def send(self, *_: object) -> Result:
        raise AssertionError("nothing is to be sent")


def test_what_became_of_a_run_says_so_too(context: Context, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def job(_context: Context, _now: datetime) -> dict[str, Any]:
        raise FeedbackError("out of luck")

    do(monkeypatch, job)
    tick(context, lambda: NOW)
    (failed,) = [line for line in lines() if line["event"] == "run_failed"]
    assert (failed["job"], failed["holder"]) == ("intake", this_process())
    assert failed["window"] <= NOW.isoformat()


def test_all_of_a_request_can_be_found_by_its_number(
    settings: Callable[..., Settings], sqlite_database: str, lines: Lines
) -> None:
    database = open_database(sqlite_database)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    app = create_app(settings(), database, lambda: NOW, lambda *_: [], responding(settings(), database))
    with TestClient(app) as client:
        first, second = (client.get(path).headers["X-Request-Id"] for path in ("/healthz", "/readyz"))
    database.close()
    told = [(line["event"], line["request"]) for line in lines() if "request" in line]
    assert first != second
    assert told == [(event, number) for number in (first, second) for event in ("database_unusable", "request")]
