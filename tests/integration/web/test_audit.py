"""What is noted of changes, and what is not told to anybody: passwords, keys, sessions, codes."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from feedback.roles import Role
from feedback.store import accounts
from feedback.store.audit import entries
from feedback.store.keys import add_key
from tests.integration.api.api_world import BONUS, open_alert, publish
from tests.integration.web.web_world import PASSWORD, SECRET, House, sign_in


@pytest.fixture
def boss(house: House, visitor: TestClient) -> TestClient:
    visitor.cookies["feedback"] = house.session(house.add("boss", Role.ADMINISTRATOR))
    return visitor


def noted(house: House) -> list[tuple[str, str, str, dict[str, str]]]:
    """(who, way, what, subject), the oldest first."""
    with house.database.read() as connection:
        rows = entries(connection, 100)
    return [(row.who, row.way, row.what, row.subject) for row in reversed(rows)]


def test_changes_by_page_are_noted_with_who_and_to_what(house: House, boss: TestClient) -> None:
    new = {"name": "Anna", "role": "owner", "owner": "payments", "password": "another long password"}
    assert boss.post("/accounts", data=new).status_code == 303
    with house.database.read() as connection:
        anna = accounts.existing(connection, "anna")
    assert boss.post(f"/accounts/{anna.id}/role", data={"role": "reader"}).status_code == 303
    assert boss.post("/accounts", data={**new, "name": "bert", "password": "short"}).status_code == 422
    made = boss.post("/keys", data={"name": "helpdesk", "role": "sender", "days": "90", "sources": "mail, chat"})
    assert "ft_" in made.text
    assert "only: mail, chat" in made.text
    assert noted(house) == [
        ("boss", "page", "POST /accounts", {"name": "anna", "role": "owner"}),
        (
            "boss", "page", "POST /accounts/{account_id}/role",
            {"account_id": str(anna.id), "name": "anna", "role": "reader", "owner": ""},
        ),
        ("boss", "page", "POST /keys", {"name": "helpdesk", "role": "sender"}),
    ]  # fmt: skip
    page = boss.get("/audit").text
    assert "POST /accounts/{account_id}/role" in page
    assert "ft_" not in page


def alert_and_key(house: House) -> tuple[UUID, str]:
    """An alert, and the key of a bot that answers for its topic."""
    with house.database.write() as connection:
        publish(connection)
        return open_alert(connection, BONUS), add_key(connection, "bot", house.clock(), Role.OWNER, "promotions")


def test_changes_by_key_and_by_session_are_noted_whichever_route_makes_them(house: House, boss: TestClient) -> None:
    alert, key = alert_and_key(house)
    path = f"/v1/alerts/{alert}/acknowledge"
    assert boss.post(path, json={}).status_code == 200
    with house.browser() as bot:
        assert bot.post(path, json={}, headers={"X-API-Key": key}).status_code == 200
        assert bot.post(path, json={}).status_code == 401
    what, subject = "POST /v1/alerts/{alert_id}/acknowledge", {"alert_id": str(alert)}
    assert noted(house) == [("boss", "api", what, subject), ("bot", "key", what, subject)]


def test_a_key_speaks_for_others_by_its_name_and_a_person_for_nobody_else(house: House, boss: TestClient) -> None:
    alert, key = alert_and_key(house)
    path = f"/v1/alerts/{alert}/verdict"
    refused = boss.post(path, json={"verdict": "expected", "who": "anna"})
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:feedback-trends:problem:not-your-name"
    assert boss.post(path, json={"verdict": "expected", "who": "boss", "why": "a campaign"}).status_code == 200
    with house.browser(**{"X-API-Key": key}) as bot:
        given = bot.post(path, json={"verdict": "wrong owner", "owner": "games", "who": "anna"}).json()["verdicts"]
    assert [each["who"] for each in given] == ["boss", "anna (by key bot)"]
    assert [(who, subject | {"alert_id": ""}) for who, _, _, subject in noted(house)] == [
        ("boss", {"alert_id": "", "verdict": "expected", "who": "boss"}),
        ("bot", {"alert_id": "", "verdict": "wrong owner", "owner": "games", "who": "anna"}),
    ]


def test_signing_in_is_noted_and_looking_is_not(house: House, visitor: TestClient) -> None:
    house.add("anna")
    sign_in(visitor, password="wrong password")
    assert noted(house) == []
    sign_in(visitor)
    visitor.get("/account")
    assert noted(house) == [("anna", "page", "POST /sign-in", {})]


def test_the_last_administrator_stays_one(house: House, boss: TestClient) -> None:
    with house.database.read() as connection:
        own = accounts.existing(connection, "boss").id
    for change in (f"/accounts/{own}/disable", f"/accounts/{own}/role"):
        assert boss.post(change, data={"role": "reader"}).status_code == 409
    assert boss.get("/accounts").status_code == 200
    assert noted(house) == []


def test_an_administrator_helps_somebody_who_is_locked_out(house: House, boss: TestClient) -> None:
    anna = house.add("anna", second_factor=True)
    with house.browser() as other:
        for _ in range(6):
            sign_in(other, password="wrong password")
        boss.post(f"/accounts/{anna.id}/password", data={"password": "a password for today"})
        boss.post(f"/accounts/{anna.id}/second-factor-reset")
        assert sign_in(other, password="a password for today") == 303
        assert other.get("/account").status_code == 200
        boss.post(f"/accounts/{anna.id}/disable")
        assert other.get("/account").status_code == 303
        assert sign_in(other, password="a password for today") == 401
        boss.post(f"/accounts/{anna.id}/enable")
        assert sign_in(other, password="a password for today") == 303


def test_a_key_that_was_revoked_opens_nothing(house: House, boss: TestClient) -> None:
    from feedback.store.keys import keys

    with house.database.write() as connection:
        key = add_key(connection, "bot", house.clock())
        (row,) = keys(connection)
    with house.browser(**{"X-API-Key": key}) as bot:
        assert bot.get("/v1/alerts").status_code == 200
        assert boss.post(f"/keys/{row.id}/revoke").status_code == 303
        assert bot.get("/v1/alerts").status_code == 401
    assert boss.post(f"/keys/{row.id}/revoke").status_code == 404


def test_no_secret_is_in_the_log_or_on_an_error_page(
    house: House, visitor: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house.add("anna", second_factor=True)
    with house.database.write() as connection:
        key = add_key(connection, "bot", house.clock())
    sign_in(visitor)
    half, code = visitor.cookies["feedback"], house.code()
    visitor.post("/sign-in/second-factor", data={"code": "not a code"})
    visitor.post("/sign-in/second-factor", data={"code": code})
    secrets = [PASSWORD, SECRET, code, half, visitor.cookies["feedback"], key, key + "x"]
    pages = [
        visitor.post("/sign-in", data={"name": "anna", "password": PASSWORD + "x"}),
        visitor.post("/account/password", data={"current": PASSWORD, "password": PASSWORD, "again": "differs"}),
        visitor.get("/v1/alerts", headers={"X-API-Key": key + "x"}),
        visitor.get("/v1/alerts?limit=none", headers={"X-API-Key": key}),
        visitor.get(f"/nothing/{key}"),
        visitor.get("/v1/alerts", headers={"Authorization": f"Bearer {key}"}),
    ]
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]  # the browser's own
    told = " ".join(f"{record.getMessage()} {json.dumps(record.__dict__, default=str)}" for record in ours)
    assert "/sign-in" in told
    assert [each for each in secrets if each in told] == []
    for page in (each for each in pages if "/nothing/" not in str(each.url)):
        assert [each for each in secrets if each in page.text] == []


def test_who_asks_too_often_is_told_when_to_come_back(house: House) -> None:
    limited = replace(house, settings=house.settings.model_copy(update={"requests_per_minute": 3}))
    with limited.database.write() as connection:
        key = add_key(connection, "bot", house.clock())
    with limited.browser(**{"X-API-Key": key}) as bot:
        statuses = [bot.get("/v1/alerts") for _ in range(4)]
    assert [each.status_code for each in statuses] == [200, 200, 200, 429]
    assert 0 < int(statuses[-1].headers["retry-after"]) <= 20
    assert statuses[-1].json()["type"] == "urn:feedback-trends:problem:too-many-requests"


def test_bodies_are_bounded_on_every_route(visitor: TestClient) -> None:
    assert visitor.post("/sign-in", data={"name": "x" * 2_000_000}).status_code == 413
    chunks = (b"name=" + b"x" * 400_000 for _ in range(5))
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert visitor.post("/sign-in", content=chunks, headers=form).status_code == 413
