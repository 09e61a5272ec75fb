"""Signing in through an OpenID Connect provider, and all that must not let anybody in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from feedback.roles import Role
from feedback.settings import load_settings
from feedback.store import accounts
from tests.integration.web.identity_provider import (
    CLIENT,
    OTHER_KEY,
    SECRET,
    IdentityProvider,
    identity_provider,
)
from tests.integration.web.web_world import House

ROLES = ("admins=administrator", "pay-team=owner:payments", "support=reader")


@pytest.fixture
def provider(house: House) -> Iterator[IdentityProvider]:
    with identity_provider(house.clock()) as found:
        yield found


@pytest.fixture
def trusting(house: House, provider: IdentityProvider) -> House:
    """The service that takes the provider's word."""
    given = {"oidc_issuer": provider.address, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    settings = load_settings(data_dir=house.settings.data_dir, oidc_roles=ROLES, **given)
    return replace(house, settings=settings)


@pytest.fixture
def visiting(trusting: House) -> Iterator[TestClient]:
    with trusting.browser() as client:
        yield client


def through(client: TestClient, provider: IdentityProvider, **instead: str) -> int:
    """Go to the provider and come back; the status of coming back."""
    address = client.get("/sign-in/provider").headers["location"]
    code = provider.code(address)
    back = {"state": parse_qs(urlsplit(address).query)["state"][0], "code": code, **instead}
    client.headers["sec-fetch-site"] = "cross-site"
    return client.get("/sign-in/provider/back", params=back).status_code


def test_somebody_with_a_role_there_is_given_an_account_here(
    trusting: House, visiting: TestClient, provider: IdentityProvider
) -> None:
    provider.claims["groups"] = ["everybody", "pay-team"]
    assert "/sign-in/provider" in visiting.get("/sign-in").text
    assert through(visiting, provider) == 303
    assert "anna" in visiting.get("/account").text
    with trusting.database.read() as connection:
        (anna,) = accounts.accounts(connection)
    assert (anna.name, anna.role, anna.owner, anna.password) == ("anna", Role.OWNER, "payments", None)


def test_the_role_follows_what_the_provider_says(
    trusting: House, visiting: TestClient, provider: IdentityProvider
) -> None:
    for groups, role in (("support", Role.READER), ("admins", Role.ADMINISTRATOR)):
        provider.claims |= {"groups": groups, "preferred_username": "anna, now married"}
        assert through(visiting, provider) == 303
        with trusting.database.read() as connection:
            (anna,) = accounts.accounts(connection)
        assert anna.role is role


def test_where_the_provider_gives_no_roles_an_account_without_password_is_needed(
    trusting: House, provider: IdentityProvider
) -> None:
    trusting = replace(trusting, settings=trusting.settings.model_copy(update={"oidc_roles": ()}))
    with trusting.browser() as visiting:
        assert through(visiting, provider) == 403
        with trusting.database.write() as connection:
            accounts.add_account(connection, "anna", Role.ANALYST, trusting.clock())
        assert through(visiting, provider) == 303
        assert visiting.get("/models").status_code == 200


def test_an_administrator_makes_such_an_account_in_the_browser(trusting: House, provider: IdentityProvider) -> None:
    trusting = replace(trusting, settings=trusting.settings.model_copy(update={"oidc_roles": ()}))
    with trusting.browser() as boss:
        boss.cookies["feedback"] = trusting.session(trusting.add("boss", Role.ADMINISTRATOR))
        assert "Leave it empty" in boss.get("/accounts").text
        assert boss.post("/accounts", data={"name": "anna", "role": "reader", "password": "short"}).status_code == 422
        assert boss.post("/accounts", data={"name": "anna", "role": "reader", "password": ""}).status_code == 303
    with trusting.browser() as visiting:
        assert through(visiting, provider) == 303
        assert visiting.get("/account").status_code == 200


def test_without_a_provider_an_account_takes_a_password(house: House, visitor: TestClient) -> None:
    visitor.cookies["feedback"] = house.session(house.add("boss", Role.ADMINISTRATOR))
    assert visitor.post("/accounts", data={"name": "anna", "role": "reader"}).status_code == 422


def test_who_is_in_no_group_any_more_stays_outside_and_their_sessions_end(
    trusting: House, visiting: TestClient, provider: IdentityProvider
) -> None:
    provider.claims["groups"] = ["admins"]
    assert through(visiting, provider) == 303
    provider.claims["groups"] = ["everybody"]
    with trusting.browser() as elsewhere:
        assert through(elsewhere, provider) == 403
    assert visiting.get("/account").status_code == 303
    assert through(visiting, provider) == 403


@pytest.mark.parametrize(
    ("wanted", "where"),
    [("/alerts?state=open", "/alerts?state=open"), ("https://evil.example/", "/"), ("//evil.example", "/")],
)
def test_after_the_provider_comes_the_page_that_was_asked_for(
    visiting: TestClient, provider: IdentityProvider, wanted: str, where: str
) -> None:
    provider.claims["groups"] = ["support"]
    link = re.search(r'href="(/sign-in/provider[^"]*)"', visiting.get("/sign-in", params={"next": wanted}).text)
    assert link
    address = visiting.get(unescape(link[1])).headers["location"]
    back = {"state": parse_qs(urlsplit(address).query)["state"][0], "code": provider.code(address)}
    assert visiting.get("/sign-in/provider/back", params=back).headers["location"] == where


def test_an_account_with_a_password_is_nobody_else_s(
    trusting: House, visiting: TestClient, provider: IdentityProvider
) -> None:
    trusting.add("anna", Role.ADMINISTRATOR)
    provider.claims["groups"] = ["support"]
    assert through(visiting, provider) == 403
    assert visiting.get("/account").status_code == 303


def test_a_name_that_another_has_taken_over_does_not_bring_their_account(
    trusting: House, visiting: TestClient, provider: IdentityProvider
) -> None:
    provider.claims["groups"] = ["admins"]
    assert through(visiting, provider) == 303
    provider.claims |= {"sub": "43", "groups": ["support"]}
    with trusting.browser() as other:
        assert through(other, provider) == 403


def test_a_disabled_account_stays_out(trusting: House, visiting: TestClient, provider: IdentityProvider) -> None:
    provider.claims["groups"] = ["support"]
    through(visiting, provider)
    with trusting.database.write() as connection:
        (anna,) = accounts.accounts(connection)
        accounts.change_account(connection, anna.id, disabled_at=trusting.clock())
    assert through(visiting, provider) == 403
    assert visiting.get("/account").status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"aud": "another service"},
        {"aud": [CLIENT, "another service"], "azp": "another service"},
        {"iss": "https://evil.example"},
        {"exp": 1_000},
        {"iat": 9_999_999_999},
        {"sub": None},
    ],
)
def test_what_is_not_said_to_us_now_lets_nobody_in(
    visiting: TestClient, provider: IdentityProvider, wrong: dict[str, Any]
) -> None:
    provider.claims |= {"groups": ["support"], **wrong}
    assert through(visiting, provider) == 401
    assert visiting.get("/account").status_code == 303


def test_another_s_signature_lets_nobody_in(visiting: TestClient, provider: IdentityProvider) -> None:
    provider.claims["groups"], provider.key = ["support"], OTHER_KEY
    assert through(visiting, provider) == 401


@pytest.mark.parametrize("instead", [{"state": "another"}, {"state": ""}, {"code": ""}])
def test_an_answer_that_was_not_asked_for_lets_nobody_in(
    visiting: TestClient, provider: IdentityProvider, instead: dict[str, str]
) -> None:
    provider.claims["groups"] = ["support"]
    assert through(visiting, provider, **instead) == 401


def test_who_takes_too_long_begins_again(trusting: House, visiting: TestClient, provider: IdentityProvider) -> None:
    provider.claims["groups"] = ["support"]
    address = visiting.get("/sign-in/provider").headers["location"]
    back = {"state": parse_qs(urlsplit(address).query)["state"][0], "code": provider.code(address)}
    trusting.clock.forward(minutes=11)
    assert visiting.get("/sign-in/provider/back", params=back).status_code == 401


def test_a_provider_that_is_away_is_said_to_be(house: House) -> None:
    away = house.settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    with replace(house, settings=away).browser() as client:
        answer = client.get("/sign-in/provider")
    assert answer.status_code == 503
    assert 'role="alert"' in answer.text


def test_without_a_provider_there_is_no_way_to_it(visitor: TestClient) -> None:
    assert visitor.get("/sign-in/provider").status_code == 404
    assert "/sign-in/provider" not in visitor.get("/sign-in").text
