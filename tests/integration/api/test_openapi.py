"""All checks of schemathesis on what the API says of itself: whatever is sent, the answer is one that is described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from sqlalchemy import create_engine

from feedback.api import create_app
from feedback.api.limits import Limits
from feedback.api.service import Judge, Service
from feedback.ingest import Taken, take_in
from feedback.judging import Placed
from feedback.roles import Role
from feedback.settings import Settings
from feedback.store import keys
from feedback.store.database import Database, create_database
from tests.integration.api.api_world import BONUS, MIDNIGHT, NOW, complain, open_alert, publish, responding
from tests.integration.api.conftest import shared_intake

UNKNOWING = Judge(lambda texts: [Placed(None, 0.1, "de") for _ in texts], lambda _: lambda *_: [], lambda *_: [])

NOWHERE = Database(create_engine("sqlite://"))
APP = create_app(Settings(requests_per_minute=0), NOWHERE, lambda: NOW, lambda *_: [], responding(Settings(), NOWHERE))
described = schemathesis.openapi.from_asgi("/openapi.json", APP)
described.config.generation.with_security_parameters = False  # each case is sent with the key
REFUSED = described.config.checks.negative_data_rejection
REFUSED.expected_statuses = [*REFUSED.expected_statuses, "413"]  # more than a thousand items


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An administrator's, after the application was given a small world."""
    home = tmp_path_factory.mktemp("described")
    database = create_database(f"sqlite:///{home / 'feedback.db'}")
    with database.write() as connection:
        publish(connection)
        complain(connection, BONUS, MIDNIGHT, 3)
        open_alert(connection, BONUS)
        key = keys.add_key(connection, "admin", NOW, Role.ADMINISTRATOR)

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
        judge=UNKNOWING,
        limits=Limits(lambda: 60.0 * next(minutes)),  # the checks ask without a key more often than people may
    )
    yield key
    APP.state.service = service
    database.close()


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


def _check(case: Case[Any], key: str) -> None:
    if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
        _leave_out_what_goes_with_something_else(case)
    left_out: list[CheckFunction] = []
    if case.path == "/v1/feedback":  # what is described as a complaint may yet be none: of the future, or blank
        left_out.append(positive_data_acceptance)
    if isinstance(case.query, dict) and [] in case.query.values():  # of an empty list nothing is sent
        left_out.append(negative_data_rejection)
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, excluded_checks=left_out)


def _leave_out_what_goes_with_something_else(case: Case[Any]) -> None:
    """A cursor is given out by the page before, a last day comes after the first, and an owner goes with one verdict: a
    schema cannot say so."""
    if isinstance(case.query, dict):
        for name in ("cursor", "last"):
            case.query.pop(name, None)
    if isinstance(case.body, dict) and case.body.get("verdict", "wrong owner") != "wrong owner":
        case.body.pop("owner", None)
