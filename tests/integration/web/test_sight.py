"""Owners see the topics and markets that are theirs; the rest is as if it were not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

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


IN_GERMANY_TOO = {
    **EVIDENCE,
    "where": [
        {"segment": {"attribute": "market", "value": each}, "observed": 9, "expected": 1.0, "low": 0.0, "high": 3.0,
         "p": 1e-6}
        for each in ("DE", "PL")
    ],
}  # fmt: skip
GERMAN, POLISH = ({"attribute": "market", "value": each} for each in ("DE", "PL"))


@pytest.fixture
def shared(house: House, alerts: dict[str, str]) -> str:
    """An alert about a topic of `accounts` that has risen in Germany and Poland."""
    with house.database.write() as connection:
        return str(open_alert(connection, LOGIN, NOW - timedelta(hours=1), evidence=IN_GERMANY_TOO))


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("verdict", {"verdict": "wrong owner", "owner": "germany"}),
        ("verdict", {"verdict": "not an issue"}),
        ("verdict", {"verdict": "expected"}),
        ("verdict", {"verdict": "known"}),
        ("resolve", {}),
        ("mute", {}),
        ("mute", {"below": 9}),
        ("mute", {"below": 9, "segment": POLISH}),
        ("mute", {"segment": {"attribute": "channel", "value": "mail"}}),
    ],
)
def test_whoever_answers_for_a_market_decides_nothing_for_others(
    house: House, shared: str, what: str, body: dict[str, Any]
) -> None:
    germany, accounts = (client_of(house, each) for each in ("germany", "accounts"))
    refused = germany.post(f"/v1/alerts/{shared}/{what}", json=body)
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:feedback-trends:problem:not-in-charge"
    form = {**body, "spell": "below" if "below" in body else "open"} | {
        "segment": "{attribute}={value}".format(**body["segment"]) if "segment" in body else ""
    }
    page = germany.post(f"/alerts/{shared}/{what}", data=form)
    assert page.status_code == 403
    assert "who answers for the topic" in page.text
    found = accounts.get(f"/v1/alerts/{shared}").json()
    assert (found["state"], found["owner"], found["verdicts"], found["mutes"]) == ("open", "accounts", [], [])


def test_whoever_answers_for_a_market_does_what_concerns_it_alone(house: House, shared: str) -> None:
    germany, accounts = (client_of(house, each) for each in ("germany", "accounts"))
    assert accounts.post(f"/v1/alerts/{shared}/mute", json={"below": 2}).status_code == 200
    for what, body in (
        ("acknowledge", {}),
        ("verdict", {"verdict": "real"}),
        ("mute", {"below": 9, "segment": {"attribute": "market", "value": "DE"}}),
        ("mute", {"segment": GERMAN}),
    ):
        assert germany.post(f"/v1/alerts/{shared}/{what}", json=body).status_code == 200, what
    assert len(germany.get(f"/v1/alerts/{shared}").json()["mutes"]) == 3
    (theirs,) = germany.post(f"/v1/alerts/{shared}/unmute", json={}).json()["mutes"]
    assert theirs["segment"] is None, "only what they muted themselves is heard again"
    assert accounts.post(f"/v1/alerts/{shared}/unmute", json={}).json()["mutes"] == []


def test_pages_offer_only_what_is_not_refused(house: House, shared: str) -> None:
    germany, accounts = (client_of(house, each) for each in ("germany", "accounts"))
    part, whole = (each.get(f"/alerts/{shared}").text for each in (germany, accounts))
    for name in ("wrong owner", "not an issue", "expected", "known"):
        assert f'value="{name}"' not in part
        assert f'value="{name}"' in whole
    for offered in ("/resolve", f"{shared}/fix", "Everywhere", 'value="market=PL"', 'name="owner"'):
        assert offered not in part, offered
        assert offered in whole, offered
    for offered in ("/acknowledge", 'value="real"', 'value="market=DE"'):
        assert offered in part, offered
    accounts.post(f"/v1/alerts/{shared}/mute", json={})
    assert "/unmute" not in germany.get(f"/alerts/{shared}").text
    germany.post(f"/v1/alerts/{shared}/mute", json={"segment": GERMAN})
    assert "/unmute" in germany.get(f"/alerts/{shared}").text


def test_an_alert_of_a_market_about_what_nobody_owns_is_its_owner_s_and_the_topic_is_not(
    house: House, alerts: dict[str, str]
) -> None:
    with house.database.write() as connection:
        alert = open_alert(connection, replace(QUIET, area=None), evidence=GERMANY)
    germany = client_of(house, "germany")
    wrong = {"verdict": "wrong owner", "owner": "germany"}
    assert germany.post(f"/v1/alerts/{alert}/verdict", json=wrong).status_code == 403
    assert germany.post(f"/v1/alerts/{alert}/mute", json={"below": 9}).status_code == 403
    assert germany.post(f"/v1/alerts/{alert}/verdict", json={"verdict": "expected"}).status_code == 200
    assert germany.post(f"/v1/alerts/{alert}/resolve", json={}).status_code == 200
