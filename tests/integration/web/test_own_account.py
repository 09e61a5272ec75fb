"""What people change about their own account."""

from __future__ import annotations

import html
import re

import pyotp
import pytest
from starlette.testclient import TestClient

from feedback.store import accounts
from tests.integration.web.web_world import PASSWORD, House, sign_in

NEW = "a longer one than before"


@pytest.fixture
def anna(house: House, visitor: TestClient) -> TestClient:
    visitor.cookies["feedback"] = house.session(house.add("anna"))
    return visitor


def test_a_new_password_ends_all_other_sessions(house: House, anna: TestClient) -> None:
    with house.browser() as other:
        assert sign_in(other) == 303
        changed = anna.post("/account/password", data={"current": PASSWORD, "password": NEW, "again": NEW})
        assert changed.status_code == 303
        assert anna.get("/account").status_code == 200
        assert other.get("/account").status_code == 303
        assert sign_in(other) == 401
        assert sign_in(other, password=NEW) == 303


@pytest.mark.parametrize(
    "said",
    [
        {"current": "wrong password", "password": NEW, "again": NEW},
        {"current": PASSWORD, "password": NEW, "again": NEW + " "},
        {"current": PASSWORD, "password": "short", "again": "short"},
        {"current": PASSWORD, "password": "password12345", "again": "password12345"},
        {},
    ],
)
def test_a_password_that_will_not_do_changes_nothing(house: House, anna: TestClient, said: dict[str, str]) -> None:
    answer = anna.post("/account/password", data=said)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    with house.browser() as other:
        assert sign_in(other) == 303


def test_guessing_the_current_password_is_slowed_down_as_well(anna: TestClient) -> None:
    wrong = {"current": "wrong password", "password": NEW, "again": NEW}
    for _ in range(5):
        anna.post("/account/password", data=wrong)
    right = anna.post("/account/password", data={**wrong, "current": PASSWORD})
    assert right.status_code == 422


def test_a_second_factor_is_set_up_with_an_app_and_given_up_with_the_password(house: House, anna: TestClient) -> None:
    shown = anna.post("/account/second-factor", data={"current": PASSWORD}).text
    assert "data:image/svg+xml" in shown
    secret = found(r"<code>([A-Z2-7]{32})</code>", shown)
    sealed = found(r'name="sealed" value="([^"]+)"', shown)
    assert secret not in html.unescape(sealed)

    wrong = anna.post("/account/second-factor/confirm", data={"sealed": sealed, "code": "000000"})
    assert wrong.status_code == 422
    assert secret in wrong.text
    right = {"sealed": sealed, "code": pyotp.TOTP(secret).at(house.clock())}
    codes = re.findall(
        r"<code>([a-z2-7]{4}(?:-[a-z2-7]{4})+)</code>", anna.post("/account/second-factor/confirm", data=right).text
    )
    assert len(codes) == 10
    assert "10 recovery codes are left" in anna.get("/account").text
    assert secret not in anna.get("/account").text

    with house.browser() as other:
        sign_in(other)
        assert other.get("/account").status_code == 303
        assert other.post("/sign-in/second-factor", data={"code": codes[0]}).status_code == 303
        assert "9 recovery codes are left" in other.get("/account").text

    assert anna.post("/account/second-factor/remove", data={"current": "wrong password"}).status_code == 422
    assert anna.post("/account/second-factor/remove", data={"current": PASSWORD}).status_code == 303
    with house.browser() as other:
        sign_in(other)
        assert other.get("/account").status_code == 200


@pytest.mark.parametrize("has_one", [False, True])
def test_a_second_factor_takes_more_than_a_session(house: House, visitor: TestClient, has_one: bool) -> None:
    visitor.cookies["feedback"] = house.session(house.add("anna", second_factor=has_one))
    for said in ({}, {"current": "wrong password"}):
        refused = visitor.post("/account/second-factor", data=said)
        assert refused.status_code == 422
        assert "The current password is wrong." in refused.text
        assert 'name="sealed"' not in refused.text


def test_what_was_proposed_to_one_is_worth_nothing_to_another(house: House, anna: TestClient) -> None:
    shown = anna.post("/account/second-factor", data={"current": PASSWORD}).text
    said = {
        "sealed": found(r'name="sealed" value="([^"]+)"', shown),
        "code": pyotp.TOTP(found(r"<code>([A-Z2-7]{32})</code>", shown)).at(house.clock()),
    }
    bert = house.add("bert")
    with house.browser() as other:
        other.cookies["feedback"] = house.session(bert)
        other.post("/account/second-factor/confirm", data=said)
    house.clock.forward(minutes=16)
    late = anna.post("/account/second-factor/confirm", data=said)
    assert late.status_code == 422
    assert "Begin again." in late.text
    with house.database.read() as connection:
        assert [each.second_factor for each in accounts.accounts(connection)] == [None, None]


def test_the_secret_is_nowhere_in_the_database(house: House, anna: TestClient) -> None:
    shown = anna.post("/account/second-factor", data={"current": PASSWORD}).text
    secret = found(r"<code>([A-Z2-7]{32})</code>", shown)
    said = {
        "sealed": found(r'name="sealed" value="([^"]+)"', shown), "code": pyotp.TOTP(secret).at(house.clock()),
    }  # fmt: skip
    anna.post("/account/second-factor/confirm", data=said)
    with house.database.read() as connection:
        (kept,) = accounts.accounts(connection)
    assert kept.second_factor
    assert secret not in str(kept)


def test_pages_speak_the_language_of_the_account(anna: TestClient) -> None:
    assert 'lang="fi"' in anna.get("/account", headers={"accept-language": "fi-FI,fi;q=0.9"}).text
    anna.post("/account/language", data={"language": "pl"})
    assert '<html lang="pl"' in anna.get("/account", headers={"accept-language": "fi"}).text
    anna.post("/account/language", data={"language": "tlh"})
    assert '<html lang="en"' in anna.get("/account").text


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, pattern
    return match[1]
