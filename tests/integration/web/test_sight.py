"""Owners see the topics and markets that are theirs; the rest is as if it were not there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from feedback.domain import AlertState
from feedback.owners import Charge, Owned
from feedback.roles import Role
from feedback.store.keys import add_key
from feedback.store.owners import add_ownership
from tests.integration.api.api_world import BONUS, EVIDENCE, LOGIN, NOW, QUIET, complain, open_alert, publish
from tests.integration.web.web_world import House

GERMANY = {**EVIDENCE, "segment": {"attribute": "market", "value": "DE"}}


@pytest.fixture
def alerts(house: House) -> dict[str, str]:
    with house.database.write() as connection:
        publish(connection)
        for topic in (BONUS, LOGIN, QUIET):
            complain(connection, topic, NOW, 3)
        add_ownership(connection, Charge(Owned.MARKET, "DE"), "germany", NOW, "test", "")
        before = NOW - timedelta(days=9)
        return {
            "bonus": str(open_alert(connection, BONUS)),
            "login": str(open_alert(connection, LOGIN, NOW - timedelta(hours=2))),
            "login in Germany": str(open_alert(connection, LOGIN, before, AlertState.RESOLVED, GERMANY)),
        }


def client_of(house: House, owner: str) -> TestClient:
    with house.database.write() as connection:
        key = add_key(connection, owner or "reader", NOW, Role.OWNER if owner else Role.READER, owner)
    return TestClient(house.app, headers={"X-API-Key": key})


def test_lists_hold_what_is_one_s_own(house: House, alerts: dict[str, str]) -> None:
    mine, everything, germany = (client_of(house, each) for each in ("promotions", "", "germany"))
    assert [each["name"] for each in mine.get("/v1/topics").json()["items"]] == [BONUS.name]
    assert len(everything.get("/v1/topics").json()["items"]) == 3
    assert [each["name"] for each in mine.get("/v1/series").json()["items"]] == [BONUS.name]
    (area,) = mine.get("/v1/areas").json()["items"]
    assert [each["name"] for each in area["topics"]] == [BONUS.name]
    assert [each["id"] for each in mine.get("/v1/alerts").json()["items"]] == [alerts["bonus"]]
    assert len(everything.get("/v1/alerts").json()["items"]) == 3
    assert [each["id"] for each in germany.get("/v1/alerts").json()["items"]] == [alerts["login in Germany"]]
    assert {each["name"] for each in mine.get("/v1/hot-issues").json()["items"]} == {BONUS.name}


def test_pages_of_a_list_go_on_past_what_is_not_seen(house: House, alerts: dict[str, str]) -> None:
    accounts = client_of(house, "accounts")
    first = accounts.get("/v1/alerts?limit=1").json()
    second = accounts.get(f"/v1/alerts?limit=1&cursor={first['next_cursor']}").json()
    found = [each["id"] for each in [*first["items"], *second["items"]]]
    assert found == [alerts["login"], alerts["login in Germany"]]
    assert second["next_cursor"] is None


def test_what_is_not_one_s_own_can_be_neither_read_nor_answered(house: House, alerts: dict[str, str]) -> None:
    mine = client_of(house, "promotions")
    for path, status in ((alerts["bonus"], 200), (alerts["login"], 404)):
        assert mine.get(f"/v1/alerts/{path}").status_code == status
        assert mine.post(f"/v1/alerts/{path}/acknowledge", json={}).status_code == status
        assert mine.get(f"/alerts/{path}").status_code == status
    missing = mine.get(f"/v1/alerts/{alerts['login']}").json()
    assert missing["detail"] == f"There is no alert {alerts['login']}."


def test_whoever_answers_for_a_market_sees_what_rises_there(house: House, alerts: dict[str, str]) -> None:
    germany = client_of(house, "germany")
    assert germany.get(f"/v1/alerts/{alerts['login in Germany']}").status_code == 200
    assert germany.get(f"/v1/alerts/{alerts['login']}").status_code == 404
