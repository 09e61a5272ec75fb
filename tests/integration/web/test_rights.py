"""Every route for every role, and for nobody: who may, may; who may not is turned away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from feedback.roles import RIGHTS, Right, Role
from feedback.store.keys import add_key
from tests.integration.web.web_world import House

READ, SEND, RESPOND, ANALYSE = Right.READ, Right.SEND, Right.RESPOND, Right.ANALYSE
OPEN, PERSON, ADMINISTRATOR = "open", "person", "administrator"
"""Open to anybody; for whoever has signed in; for an administrator who has. Keys have no way to the latter two."""

TABLE: dict[str, Right | str] = {
    "GET /openapi.json": OPEN,
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /static/{name}": OPEN,
    "GET /verdict/{token}": OPEN,
    "POST /verdict/{token}": OPEN,
    "POST /appearance": OPEN,
    "GET /sign-in": OPEN,
    "POST /sign-in": OPEN,
    "GET /sign-in/second-factor": OPEN,
    "POST /sign-in/second-factor": OPEN,
    "GET /sign-in/provider": OPEN,
    "GET /sign-in/provider/back": OPEN,
    "POST /sign-out": OPEN,
    "GET /account": PERSON,
    "POST /account/language": PERSON,
    "POST /account/password": PERSON,
    "POST /account/second-factor": PERSON,
    "POST /account/second-factor/confirm": PERSON,
    "POST /account/second-factor/remove": PERSON,
    "GET /accounts": ADMINISTRATOR,
    "POST /accounts": ADMINISTRATOR,
    "POST /accounts/{account_id}/disable": ADMINISTRATOR,
    "POST /accounts/{account_id}/enable": ADMINISTRATOR,
    "POST /accounts/{account_id}/password": ADMINISTRATOR,
    "POST /accounts/{account_id}/role": ADMINISTRATOR,
    "POST /accounts/{account_id}/second-factor-reset": ADMINISTRATOR,
    "GET /keys": ADMINISTRATOR,
    "POST /keys": ADMINISTRATOR,
    "POST /keys/{key_id}/revoke": ADMINISTRATOR,
    "GET /audit": ADMINISTRATOR,
    "GET /": READ,
    "GET /alerts": READ,
    "GET /alerts/{alert_id}": READ,
    "POST /alerts/{alert_id}/acknowledge": RESPOND,
    "POST /alerts/{alert_id}/fix": RESPOND,
    "POST /alerts/{alert_id}/mute": RESPOND,
    "POST /alerts/{alert_id}/resolve": RESPOND,
    "POST /alerts/{alert_id}/unmute": RESPOND,
    "POST /alerts/{alert_id}/verdict": RESPOND,
    "GET /digests": READ,
    "GET /digests/{week}/{name}": READ,
    "GET /digests/{week}/{name}.png": READ,
    "GET /figures": READ,
    "GET /fixes": READ,
    "POST /fixes/{fix_id}/withdraw": RESPOND,
    "GET /health": READ,
    "GET /models": ANALYSE,
    "POST /models/retrain": ANALYSE,
    "POST /models/roll-back": ANALYSE,
    "GET /models/{version_id}": ANALYSE,
    "POST /models/{version_id}/compare": ANALYSE,
    "POST /models/{version_id}/publish": ANALYSE,
    "GET /settings": Right.ADMINISTER,
    "GET /topics": READ,
    "GET /topics/decisions": ANALYSE,
    "POST /topics/decisions/{edit_id}/undo": ANALYSE,
    "GET /topics/map": READ,
    "GET /topics/{topic_id}": READ,
    "GET /topics/merge": ANALYSE,
    "POST /topics/{topic_id}/fix": RESPOND,
    "POST /topics/{topic_id}/label": ANALYSE,
    "POST /topics/{topic_id}/merge": ANALYSE,
    "POST /topics/{topic_id}/move": ANALYSE,
    "POST /topics/{topic_id}/pin": ANALYSE,
    "POST /topics/{topic_id}/retire": ANALYSE,
    "POST /topics/{topic_id}/split": ANALYSE,
    "GET /metrics": READ,
    "GET /v1/alerts": READ,
    "GET /v1/alerts/{alert_id}": READ,
    "POST /v1/alerts/{alert_id}/acknowledge": RESPOND,
    "POST /v1/alerts/{alert_id}/mute": RESPOND,
    "POST /v1/alerts/{alert_id}/resolve": RESPOND,
    "POST /v1/alerts/{alert_id}/unmute": RESPOND,
    "POST /v1/alerts/{alert_id}/verdict": RESPOND,
    "GET /v1/areas": READ,
    "GET /v1/edits": ANALYSE,
    "POST /v1/edits/{edit_id}/undo": ANALYSE,
    "POST /v1/feedback": SEND,
    "GET /v1/fixes": READ,
    "POST /v1/fixes": RESPOND,
    "GET /v1/fixes/{fix_id}": READ,
    "POST /v1/fixes/{fix_id}/withdraw": RESPOND,
    "GET /v1/hot-issues": READ,
    "GET /v1/kpi": READ,
    "GET /v1/models": READ,
    "POST /v1/retrain": ANALYSE,
    "POST /v1/roll-back": ANALYSE,
    "GET /v1/models/{version_id}": READ,
    "POST /v1/models/{version_id}/compare": ANALYSE,
    "GET /v1/models/{version_id}/page": ANALYSE,
    "POST /v1/models/{version_id}/publish": ANALYSE,
    "GET /v1/requests": ANALYSE,
    "GET /v1/requests/{request_id}": ANALYSE,
    "GET /v1/runs": ANALYSE,
    "GET /v1/series": READ,
    "POST /v1/classify": READ,
    "GET /v1/digests": READ,
    "GET /v1/digests/{week}/{name}": READ,
    "GET /v1/rejected": ANALYSE,
    "POST /v1/rejected/retry": ANALYSE,
    "GET /v1/similar": READ,
    "POST /v1/similar": READ,
    "GET /v1/topics": READ,
    "GET /v1/topics/{topic_id}": READ,
    "GET /v1/topics/{topic_id}/quotes": READ,
    "POST /v1/topics/{topic_id}/area": ANALYSE,
    "POST /v1/topics/{topic_id}/merge": ANALYSE,
    "POST /v1/topics/{topic_id}/move": ANALYSE,
    "POST /v1/topics/{topic_id}/owner": ANALYSE,
    "POST /v1/topics/{topic_id}/pin": ANALYSE,
    "POST /v1/topics/{topic_id}/rename": ANALYSE,
    "POST /v1/topics/{topic_id}/retire": ANALYSE,
    "POST /v1/topics/{topic_id}/severity": ANALYSE,
    "POST /v1/topics/{topic_id}/split": ANALYSE,
}
"""A new route is denied to everybody by this test until somebody has thought about whom it is for."""

VALUES = {"edit_id": "1", "fix_id": "1", "request_id": "1", "week": "2026-W10", "name": "nothing", "token": "nothing"}
NOBODY_S_ID = "00000000-0000-0000-0000-000000000000"


def routes(app: FastAPI) -> set[str]:
    return {f"{method} {route.path}" for route in _routes(app.routes) for method in route.methods - {"HEAD"}}


def _routes(found: Any) -> Iterator[Any]:
    for each in found:
        if hasattr(each, "original_router"):
            yield from _routes(each.original_router.routes)
        elif hasattr(each, "methods"):
            yield each
        else:
            raise AssertionError(f"{each!r} may hold routes that nobody has looked at")


def may(role: Role | None, needed: Right | str, *, by_key: bool) -> bool:
    if needed == OPEN:
        return True
    if role is None or (by_key and needed in (PERSON, ADMINISTRATOR)):
        return False
    if needed == PERSON:
        return True
    return (Right.ADMINISTER if needed == ADMINISTRATOR else needed) in RIGHTS[role]


@contextmanager
def caller(house: House, role: Role | None, *, by_key: bool) -> Iterator[TestClient]:
    owner = "payments" if role is Role.OWNER else ""
    with house.browser() as client:
        if role and by_key:
            with house.database.write() as connection:
                client.headers["X-API-Key"] = add_key(connection, role, house.clock(), role, owner)
        elif role:
            client.cookies["feedback"] = house.session(house.add(role, role, owner))
        yield client


def is_let_in(client: TestClient, route: str, kept: str | None) -> bool:
    """Whether the caller came further than the question who they are."""
    method, path = route.split(" ")
    if kept:
        client.cookies["feedback"] = kept
    filled = re.sub(r"\{(\w+)\}", lambda found: VALUES.get(found[1], NOBODY_S_ID), path)
    answer = client.request(method, filled)
    to_sign_in = answer.headers.get("location", "").startswith("/sign-in?") or (
        answer.headers.get("location") == "/sign-in" and not path.startswith("/sign-")
    )
    # whoever gives a wrong password at the door has come as far as anybody may
    return (answer.status_code not in (401, 403) or path.startswith("/sign-in")) and not to_sign_in


def test_every_route_says_whom_it_is_for(house: House) -> None:
    assert routes(house.app) == set(TABLE)


@pytest.mark.parametrize("by_key", [True, False], ids=["by key", "by session"])
@pytest.mark.parametrize("role", [None, *Role])
def test_each_route_is_open_to_those_it_is_for_alone(house: House, role: Role | None, by_key: bool) -> None:
    with caller(house, role, by_key=by_key) as client:
        kept = client.cookies.get("feedback")
        ended = ["POST /sign-out", "POST /sign-in"]  # these end the session
        asked = [route for route in TABLE if route not in ended] + ended
        wrong = {route for route in asked if is_let_in(client, route, kept) != may(role, TABLE[route], by_key=by_key)}
    assert wrong == set()
