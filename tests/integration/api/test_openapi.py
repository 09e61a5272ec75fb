"""All checks of schemathesis on what the API says of itself: whatever is sent, the answer is one that is described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from sqlalchemy import Connection, create_engine
from starlette.testclient import TestClient

from feedback.api import create_app
from feedback.api.limits import Limits
from feedback.api.service import Judge, Service
from feedback.domain import Author, Fate, Outcome, OutcomeVerdict, RejectedRecord, derived_id
from feedback.edits import EditKind
from feedback.ingest import Taken, take_in
from feedback.judging import Alike, Placed, Text
from feedback.requests import RequestKind
from feedback.roles import Role
from feedback.settings import Settings
from feedback.store import keys, runs
from feedback.store.complaints import store_rejected
from feedback.store.database import Database, create_database
from feedback.store.edits import add_edit
from feedback.store.fixes import add_fix, store_outcomes
from feedback.store.requests import add_request
from feedback.store.topics import LineageEntry, store_version
from tests.integration.api.api_world import (
    BONUS,
    LOGIN,
    MIDNIGHT,
    NOW,
    VERSION,
    complain,
    open_alert,
    publish,
    responding,
)
from tests.integration.api.conftest import shared_intake

FOUND = [derived_id("complaint", "api", f"{BONUS.name}/0803/{place}") for place in range(3)]
"""The complaints that `complain` stores."""

CANDIDATE = derived_id("version", 2)
WEEK, DIGEST = "2026-W10", "2026-W10-promotions-1a2b3c4d5e6f"
KNOWN = {"topic_id": BONUS.id, "alert_id": derived_id("alert", BONUS.id, NOW - timedelta(hours=22)), "fix_id": 1,
         "edit_id": 1, "request_id": 1, "version_id": CANDIDATE, "week": WEEK, "name": DIGEST,
         "complaint": FOUND[0], "topic": BONUS.id}  # fmt: skip
"""What is there, by the names of the parameters that ask for it."""


def classify(texts: Sequence[Text]) -> list[Placed]:
    """By turns known and unknown."""
    return [Placed(BONUS.id if place % 2 == 0 else None, 0.7, "de") for place, _ in enumerate(texts)]


def search(_now: datetime, _days: int, limit: int) -> list[Alike]:
    return [Alike(each, 0.9, MIDNIGHT) for each in FOUND][:limit]


JUDGE = Judge(classify, lambda _: search, lambda _, *span: search(*span))

NOWHERE = Database(create_engine("sqlite://"))
APP = create_app(Settings(requests_per_minute=0), NOWHERE, lambda: NOW, lambda *_: [], responding(Settings(), NOWHERE))
described = schemathesis.openapi.from_asgi("/openapi.json", APP)
described.config.generation.with_security_parameters = False  # each case is sent with the key
REFUSED = described.config.checks.negative_data_rejection
REFUSED.expected_statuses = [*REFUSED.expected_statuses, "413"]  # more than a thousand items


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An administrator's, after the application was given a small world."""
    shared_intake()  # loaded by the first request, it could take longer than a case may
    home = tmp_path_factory.mktemp("described")
    database = create_database(f"sqlite:///{home / 'feedback.db'}")
    with database.write() as connection:
        publish(connection)
        complain(connection, BONUS, MIDNIGHT, 3)
        open_alert(connection, BONUS)
        _furnish(connection)
        key = keys.add_key(connection, "admin", NOW, Role.ADMINISTRATOR)

    folder = home / "digests" / WEEK
    folder.mkdir(parents=True)
    (folder / f"{DIGEST}.md").write_text("# Week 10\n\nCalm.")
    (folder / f"{DIGEST}.html").write_text("<h1>Week 10</h1>")

    def take(records: Sequence[Mapping[str, object]], source: str, now: datetime) -> Sequence[Taken]:
        return take_in(database, shared_intake(), records, source, now)

    minutes = count()
    service, made = cast("Service", APP.state.service), Settings(requests_per_minute=0, data_dir=Path(home))
    APP.state.service = replace(
        service,
        settings=made,
        database=database,
        take_in=take,
        respond=responding(made, database),
        judge=JUDGE,
        limits=Limits(lambda: 60.0 * next(minutes)),  # the checks ask without a key more often than people may
    )
    yield key
    APP.state.service = service
    database.close()


def _furnish(connection: Connection) -> None:
    """One of everything else that can be listed, so that no body is checked for being empty alone."""
    fix = add_fix(connection, BONUS.id, NOW - timedelta(days=60), -0.5, "retried", NOW, "anna")
    store_outcomes(connection, [Outcome(fix.id, NOW, OutcomeVerdict.WORKED, 35, 56, 40, 101.5, 0.39, 0.27, 0.55, 0.99)])
    add_request(connection, RequestKind.RETRAIN, {}, Author("anna", "to see", NOW))
    store_rejected(connection, [RejectedRecord("desk", "a.csv", 3, "empty_text", "No text.", {"source_id": "3"})], NOW)
    renamed = {"value": "Bonus late", "before": BONUS.name}
    add_edit(connection, EditKind.RENAME, BONUS.id, renamed, NOW, "anna", "clearer")
    entries = [  # of a candidate
        LineageEntry(Fate.KEPT, BONUS.id, BONUS.id, 0.97),
        LineageEntry(Fate.BORN, None, LOGIN.id, None),
    ]
    store_version(connection, replace(VERSION, id=CANDIDATE, trained_at=NOW), [BONUS, LOGIN], entries)
    held = runs.claim(connection, "detect", NOW - timedelta(minutes=30), "me:1:1", NOW, lambda _: False)
    assert held is not None
    runs.succeed(connection, held, NOW, 4.0, {"signals": 1})


QUIET = list(HealthCheck)


@described.parametrize()
@settings(max_examples=5, suppress_health_check=QUIET)
def test_every_answer_is_one_that_is_described(case: Case[Any], key: str) -> None:
    _check(case, key)


@pytest.mark.slow
@described.parametrize()
@settings(max_examples=100, suppress_health_check=QUIET)
def test_whatever_is_sent_every_answer_is_one_that_is_described(case: Case[Any], key: str) -> None:
    _check(case, key)


def _numbers() -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every number that a body may hold: where it is sent, a body as the description gives it, and its name."""
    document = APP.openapi()
    kinds = document["components"]["schemas"]
    for path, routes in document["paths"].items():
        body = routes.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        kind = kinds.get(body.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
        for name, field in kind.get("properties", {}).items():
            if {each.get("type") for each in field.get("anyOf", [field])} & {"integer", "number"}:
                yield path, kind["examples"][0], name


@pytest.mark.parametrize(("path", "example", "name"), list(_numbers()))
@pytest.mark.parametrize("value", [True, "5"])
def test_what_python_would_count_as_a_number_is_none_in_a_body(
    path: str, example: dict[str, Any], name: str, value: object, key: str
) -> None:
    named = path.format(**KNOWN)
    with TestClient(APP, headers={"Authorization": f"Bearer {key}"}) as client:
        answer = client.post(named, json={**example, name: value})
    assert answer.status_code == 422
    assert name in answer.text


def _check(case: Case[Any], key: str) -> None:
    if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
        _leave_out_what_goes_with_something_else(case)
        _ask_for_what_is_there(case)
    left_out: list[CheckFunction] = []
    if case.path == "/v1/feedback":  # what is described as a complaint may yet be none: of the future, or blank
        left_out.append(positive_data_acceptance)
    if isinstance(case.query, dict) and [] in case.query.values():  # of an empty list nothing is sent
        left_out.append(negative_data_rejection)
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, excluded_checks=left_out)


def _ask_for_what_is_there(case: Case[Any]) -> None:
    """Hardly any id that is made up names anything: every other case asks for something that is there."""
    for asked in (case.path_parameters, case.query):
        if isinstance(asked, dict) and len(str(case.path_parameters) + str(case.query)) % 2:
            asked.update({name: str(KNOWN[name]) for name in asked.keys() & KNOWN.keys()})


def _leave_out_what_goes_with_something_else(case: Case[Any]) -> None:
    """A cursor is given out by the page before, a last day comes after the first, and an owner goes with one verdict: a
    schema cannot say so."""
    if isinstance(case.query, dict):
        for name in ("cursor", "last"):
            case.query.pop(name, None)
    if isinstance(case.body, dict) and case.body.get("verdict", "wrong owner") != "wrong owner":
        case.body.pop("owner", None)
