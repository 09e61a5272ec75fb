"""Signing in, staying in, and being let out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from feedback.store import accounts
from feedback.store.tables import session
from tests.integration.api.api_world import NOW
from tests.integration.web.web_world import PASSWORD, House, sign_in


def test_somebody_with_a_password_signs_in_and_out(house: House, visitor: TestClient) -> None:
    house.add("anna")
    assert visitor.get("/account").headers["location"] == "/sign-in?next=%2Faccount"
    assert "Password" in visitor.get("/sign-in").text
    answer = visitor.post("/sign-in", data={"name": " Anna", "password": PASSWORD, "next": "/account"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "anna" in visitor.get("/account").text
    assert visitor.post("/sign-out").headers["location"] == "/sign-in"
    assert visitor.get("/account").status_code == 303


def test_a_session_opens_the_api_as_its_role_does(house: House, visitor: TestClient) -> None:
    house.add("anna")
    assert visitor.get("/v1/alerts").status_code == 401
    sign_in(visitor)
    assert visitor.get("/v1/alerts").status_code == 200
    assert visitor.post("/v1/feedback", json=[]).status_code == 403


def test_wrong_names_and_wrong_passwords_are_answered_alike(house: House, visitor: TestClient) -> None:
    disabled = house.add("bert")
    house.add("anna")
    with house.database.write() as connection:
        accounts.change_account(connection, disabled.id, disabled_at=house.clock())
    tries = (("anna", "wrong password"), ("nobody", PASSWORD), ("bert", PASSWORD))
    answers = [visitor.post("/sign-in", data={"name": name, "password": password}) for name, password in tries]
    assert {each.status_code for each in answers} == {401}
    assert len({each.text.replace(name, "") for each, (name, _) in zip(answers, tries, strict=True)}) == 1
    assert all(PASSWORD not in each.text and "set-cookie" not in each.headers for each in answers)


def test_after_five_failures_a_name_is_locked_for_everybody_and_then_open_again(house: House) -> None:
    house.add("anna")
    with house.browser() as thief, house.browser("192.0.2.2") as anna:
        assert [sign_in(thief, password="a guess") for _ in range(6)] == [401] * 5 + [429]
        locked = anna.post("/sign-in", data={"name": "anna", "password": PASSWORD})
        assert (locked.status_code, locked.headers["retry-after"]) == (429, "30")
        house.clock.forward(seconds=30)
        assert sign_in(anna) == 303


def test_failures_are_forgotten_once_somebody_is_in(house: House, visitor: TestClient) -> None:
    house.add("anna")
    for _ in range(3):
        assert [sign_in(visitor, password="a guess") for _ in range(4)] == [401] * 4
        assert sign_in(visitor) == 303


def test_an_address_that_tries_many_names_is_locked_too(house: House) -> None:
    house.add("anna")
    with house.browser() as thief, house.browser("192.0.2.2") as anna:
        tried = [sign_in(thief, f"name {number}", "a guess") for number in range(31)]
        assert tried == [401] * 30 + [429]
        assert sign_in(thief) == 429
        assert sign_in(anna) == 303


def test_the_second_factor_is_asked_for_and_counts_once(house: House, visitor: TestClient) -> None:
    house.add("anna", second_factor=True)
    answer = visitor.post("/sign-in", data={"name": "anna", "password": PASSWORD, "next": "/account"})
    assert answer.headers["location"] == "/sign-in/second-factor?next=%2Faccount"
    half = visitor.cookies["feedback"]
    assert visitor.get("/account").status_code == 303
    assert visitor.get("/v1/alerts").status_code == 401
    assert visitor.post("/sign-in/second-factor", data={"code": "000000"}).status_code == 401
    whole = visitor.post("/sign-in/second-factor", data={"code": house.code(), "next": "/account"})
    assert whole.headers["location"] == "/account"
    assert visitor.cookies["feedback"] != half
    assert visitor.get("/account").status_code == 200
    with house.browser() as thief:
        sign_in(thief)
        assert thief.post("/sign-in/second-factor", data={"code": house.code()}).status_code == 401


def test_codes_cannot_be_tried_for_ever_by_who_knows_the_password(house: House, visitor: TestClient) -> None:
    house.add("anna", second_factor=True)
    for _ in range(5):
        assert sign_in(visitor) == 303
        assert visitor.post("/sign-in/second-factor", data={"code": "000000"}).status_code == 401
    assert sign_in(visitor) == 429
    assert visitor.post("/sign-in/second-factor", data={"code": house.code()}).status_code == 429


def test_a_recovery_code_lets_in_once(house: House, visitor: TestClient) -> None:
    anna = house.add("anna", second_factor=True)
    with house.database.write() as connection:
        accounts.replace_recovery_codes(connection, anna.id, ["abcd-efgh"])
    for status in (303, 401):
        sign_in(visitor)
        assert visitor.post("/sign-in/second-factor", data={"code": "ABCD EFGH"}).status_code == status


def test_a_half_session_runs_out_soon(house: House, visitor: TestClient) -> None:
    house.add("anna", second_factor=True)
    sign_in(visitor)
    house.clock.forward(minutes=10)
    late = visitor.post("/sign-in/second-factor", data={"code": house.code()})
    assert late.headers["location"] == "/sign-in"


def test_sessions_end_when_idle_and_after_half_a_day(house: House, visitor: TestClient) -> None:
    house.add("anna")
    sign_in(visitor)
    house.clock.forward(minutes=119)
    assert visitor.get("/account").status_code == 200
    house.clock.forward(minutes=119)
    assert visitor.get("/account").status_code == 200
    house.clock.forward(minutes=120)
    assert visitor.get("/account").status_code == 303
    sign_in(visitor)
    for _ in range(11):
        house.clock.forward(hours=1)
        assert visitor.get("/account").status_code == 200
    house.clock.forward(hours=1)
    assert visitor.get("/account").status_code == 303


def test_sessions_that_are_long_over_are_not_kept(house: House, visitor: TestClient) -> None:
    house.add("anna")
    sign_in(visitor)
    visitor.cookies.clear()
    house.clock.forward(hours=31 * 24)
    sign_in(visitor)
    with house.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(session)).scalar_one() == 1


def test_signing_in_replaces_the_session_there_was(house: House, visitor: TestClient) -> None:
    house.add("anna")
    sign_in(visitor)
    first = visitor.cookies["feedback"]
    sign_in(visitor)
    assert visitor.cookies["feedback"] != first
    with house.browser() as other:
        other.cookies["feedback"] = first
        assert other.get("/account").status_code == 303


def test_what_is_kept_of_a_session_does_not_open_anything(house: House, visitor: TestClient) -> None:
    house.add("anna")
    sign_in(visitor)
    with house.database.read() as connection:
        (row,) = connection.execute(select(session)).all()
    assert visitor.cookies["feedback"] not in str(row)
    with house.browser() as thief:
        thief.cookies["feedback"] = row.hash
        assert thief.get("/account").status_code == 303


@pytest.mark.parametrize("token", ["", "x", "x" * 5_000, "é"])
def test_other_cookies_open_nothing(visitor: TestClient, token: str) -> None:
    assert visitor.get("/account", headers={b"cookie": f"feedback={token}".encode()}).status_code == 303


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\nb", "evil", ""])
def test_signing_in_leads_nowhere_else(house: House, visitor: TestClient, where: str) -> None:
    house.add("anna")
    answer = visitor.post("/sign-in", data={"name": "anna", "password": PASSWORD, "next": where})
    assert answer.headers["location"] == "/"


def test_the_page_to_come_back_to_keeps_its_query(visitor: TestClient) -> None:
    assert visitor.get("/account?a=1&b=2").headers["location"] == "/sign-in?next=%2Faccount%3Fa%3D1%26b%3D2"


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(visitor: TestClient) -> None:
    answer = visitor.get("/account", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in")


def test_a_key_does_not_open_what_is_for_people(house: House, visitor: TestClient) -> None:
    from feedback.store.keys import add_key

    with house.database.write() as connection:
        key = add_key(connection, "bot", house.clock())
    answer = visitor.get("/account", headers={"X-API-Key": key})
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")


def test_somebody_signed_in_who_asks_for_what_there_is_not_sees_the_pages_there_are(
    house: House, visitor: TestClient
) -> None:
    anna = house.add("anna")
    with house.database.write() as connection:
        accounts.change_account(connection, anna.id, language="pl")
    sign_in(visitor)
    page = visitor.get("/nosuch", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert '<html lang="pl"' in page.text
    assert 'href="/alerts"' in page.text


def test_codes_and_sessions_go_by_the_clock_on_the_wall(house: House) -> None:
    """A demonstration lives in the past, the phone that makes the codes does not."""
    house.add("anna", second_factor=True)
    with house.browser() as client:
        live = client.app.state  # type: ignore[attr-defined]
        live.service = replace(live.service, clock=lambda: NOW - timedelta(days=90))
        sign_in(client)
        assert client.post("/sign-in/second-factor", data={"code": house.code()}).status_code == 303
        assert client.get("/account").status_code == 200
        house.clock.forward(hours=3)
        assert client.get("/account").status_code == 303
