"""What browsers are told, and which requests of theirs are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from tests.integration.web.web_world import House, sign_in

FOREIGN = [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}]


def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(visitor: TestClient) -> None:
    headers = visitor.get("/sign-in").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


def test_pages_have_nothing_inline(house: House, visitor: TestClient) -> None:
    house.add("anna")
    sign_in(visitor)
    for text in (visitor.get("/sign-in").text, visitor.get("/account").text):
        assert "<style" not in text
        assert "style=" not in text
        assert "<script" not in text.replace("<script src=", "")
        assert " on" + "click" not in text


def test_over_https_the_cookie_is_secure_and_https_stays(house: House) -> None:
    house = replace(house, settings=house.settings.model_copy(update={"public_url": "https://feedback.example.org"}))
    house.add("anna")
    with house.browser() as client:
        answer = client.post("/sign-in", data={"name": "anna", "password": "correct horse battery"})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-feedback=")
        for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
            assert attribute in cookie
        assert "Domain" not in cookie
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert client.get("/account").status_code == 200


def test_over_http_the_cookie_is_still_out_of_reach_of_scripts(house: House, visitor: TestClient) -> None:
    house.add("anna")
    cookie = visitor.post("/sign-in", data={"name": "anna", "password": "correct horse battery"}).headers["set-cookie"]
    assert cookie.startswith("feedback=")
    assert "HttpOnly" in cookie
    assert "Secure" not in cookie


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/account/language", "/v1/feedback"])
def test_other_sites_cannot_have_a_browser_change_anything(house: House, headers: dict[str, str], path: str) -> None:
    anna = house.add("anna")
    with house.browser() as client:
        client.cookies["feedback"] = house.session(anna)
        del client.headers["sec-fetch-site"]
        assert client.post(path, headers=headers, data={"language": "de"}).status_code == 403
        assert client.get("/account").status_code == 200


def test_a_form_of_another_site_is_refused_by_a_page(visitor: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site", "Accept": "text/html", "Accept-Language": "de"}
    page = visitor.post("/sign-out", headers=headers)
    assert page.status_code == 403
    assert '<html lang="de"' in page.text


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_key_in_a_header_is_not_affected(house: House, headers: dict[str, str]) -> None:
    with house.browser() as client:
        answer = client.post("/v1/feedback", headers={**headers, "X-API-Key": "ft_unknown"}, json=[])
    assert answer.status_code == 401


def test_what_is_no_browser_says_nothing_and_is_let_through(house: House) -> None:
    anna = house.add("anna")
    with house.browser() as client:
        client.cookies["feedback"] = house.session(anna)
        del client.headers["sec-fetch-site"]
        assert client.post("/account/language", data={"language": "de"}).status_code == 303
        assert "Ihr Konto" in client.get("/account").text
