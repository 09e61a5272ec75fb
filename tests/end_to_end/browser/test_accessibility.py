"""Every page there is meets WCAG 2.1 AA in both themes, and needs no scrolling sideways on the narrowest phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

import pyotp
import pytest
from playwright.sync_api import Page, expect

from feedback.api import create_app
from feedback.domain import Verdict
from feedback.links import links_of
from feedback.notify.outbox import Notice, NoticeKind
from feedback.roles import Role
from feedback.settings import hash_key
from feedback.store.alerts import alert_rows
from feedback.store.notices import add_notices
from feedback.store.topics import StoredTopic, versions
from jobs.context import Context
from jobs.respond import responses
from tests.end_to_end.browser.browser_world import (
    NOW,
    PASSWORD,
    add_account,
    alert_about,
    faults,
    give_password,
    owned,
    sign_in,
    topics,
    work_off,
)
from tests.integration.web.test_rights import routes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

PAGES: Mapping[str, str] = {
    "/": "/",
    "/account": "/account",
    "/accounts": "/accounts",
    "/alerts": "/alerts",
    "/alerts/{alert_id}": "/alerts/{alert}",
    "/audit": "/audit",
    "/digests": "/digests",
    "/digests/{week}/{name}": "{digest}",
    "/figures": "/figures?by=topic&by=week",
    "/fixes": "/fixes",
    "/health": "/health",
    "/keys": "/keys",
    "/models": "/models",
    "/models/{version_id}": "/models/{version}",
    "/settings": "/settings",
    "/sign-in": "/sign-in",
    "/sign-in/provider": "/sign-in/provider",
    "/sign-in/second-factor": "/sign-in/second-factor",
    "/topics": "/topics",
    "/topics/decisions": "/topics/decisions",
    "/topics/map": "/topics/map",
    "/topics/merge": "/topics/merge?topic={topic}&topic={other}",
    "/topics/{topic_id}": "/topics/{topic}",
    "/verdict/{token}": "/verdict/{token}",
}
"""Every page by its route, and an address of it. A new page is missed here until somebody says how it is looked at."""

NO_PAGES = {
    "/openapi.json", "/healthz", "/readyz", "/metrics", "/static/{name}", "/digests/{week}/{name}.png",
    "/sign-in/provider/back",
}  # fmt: skip
REFUSED = {"/sign-in/provider": 404}
"""There is no provider in this world: the page that says so is an error's page."""


@dataclass(frozen=True)
class Shown:
    """What is to be seen in the world."""

    alert: str
    topic: StoredTopic
    other: StoredTopic
    version: str
    token: str

    def address(self, pattern: str, digest: str = "") -> str:
        return pattern.format(
            alert=self.alert, topic=self.topic.id, other=self.other.id, version=self.version, token=self.token,
            digest=digest,
        )  # fmt: skip


@pytest.fixture
def shown(context: Context) -> Shown:
    topic = owned(context)
    other = next(each for each in topics(context) if each.id != topic.id)
    alert_id = alert_about(context, topic)
    with context.database.write() as connection:
        row = next(each for each in alert_rows(connection) if str(each.id) == alert_id)
        told = Notice(uuid4(), NoticeKind.OPENED, "payments", "default/1", {}, NOW, NOW, row.id)
        add_notices(connection, [told])
        archived = next(each for each in versions(connection) if each.status == "archived")
    made = links_of("https://feedback.example.org", hash_key(context.settings.data_dir), told.id, row.id, NOW)
    return Shown(alert_id, topic, other, str(archived.id), made[Verdict.REAL].rpartition("/")[2])


def test_every_page_has_an_address(context: Context) -> None:
    app = create_app(context.settings, context.database, lambda: NOW, lambda *_: [], responses(context))
    read = {route.removeprefix("GET ") for route in routes(app) if route.startswith("GET ") and "/v1/" not in route}
    assert read == set(PAGES) | NO_PAGES


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_meets_wcag(page: Page, context: Context, shown: Shown, theme: str) -> None:
    sign_in(page, context, "ada", Role.ADMINISTRATOR)
    in_colours(page, theme)
    page.goto("/digests")
    digest = page.locator("main section a").first.get_attribute("href") or ""
    for route, pattern in PAGES.items():
        answer = page.goto(shown.address(pattern, digest))
        assert answer is not None
        assert answer.status == REFUSED.get(route, 200), route
        assert faults(page) == [], route


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_comes_of_doing_something_meets_wcag(page: Page, context: Context, shown: Shown, theme: str) -> None:
    """Comparisons, errors, and a verdict given by the link of a mail."""
    sign_in(page, context, "ada", Role.ADMINISTRATOR)
    in_colours(page, theme)
    page.goto(f"/models/{shown.version}")
    page.get_by_role("button", name="Compare with the one in force").click()
    expect(page.get_by_role("status")).to_contain_text("It is asked for")
    assert faults(page) == []
    work_off(context)
    page.goto(f"/models/{shown.version}")
    expect(page.get_by_role("heading", name="Measures")).to_be_visible()
    assert faults(page) == []
    full = page.get_by_role("link", name="The comparison in full").get_attribute("href") or ""
    written = page.request.get(
        full
    ).text()  # no script runs on a page that is sealed, not even one that looks for faults
    sheet = page.context.new_page()
    sheet.set_content(written)
    assert faults(sheet) == []
    for gone in (f"/alerts/{uuid4()}", f"/topics/{uuid4()}", "/digests/2020-W01/nothing", "/topics/merge"):
        page.goto(gone)
        assert faults(page) == [], gone
    page.goto(f"/verdict/{shown.token}")
    page.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert faults(page) == []
    page.goto(f"/verdict/{shown.token}")
    expect(page.get_by_text("it counts once")).to_be_visible()
    assert faults(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signing_in_meets_wcag(page: Page, context: Context, theme: str) -> None:
    """A wrong password, a second factor set up and asked for, and a page that the role does not have."""
    add_account(context, "rita", Role.READER)
    page.goto("/sign-in")
    in_colours(page, theme)
    give_password(page, "rita", "not the password")
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []
    give_password(page, "rita")
    expect(page.get_by_role("heading", name="Hot issues", level=1)).to_be_visible()
    page.goto("/models")
    expect(page.get_by_role("heading", name="Your role does not allow this.")).to_be_visible()
    assert faults(page) == []
    page.goto("/account")
    factor = page.get_by_role("region", name="Second factor")
    factor.get_by_label("Current password").fill(PASSWORD)
    factor.get_by_role("button", name="Set up an authenticator app").click()
    expect(page.get_by_role("img", name="The secret as a picture")).to_be_visible()
    assert faults(page) == []
    secret = page.locator("main code").inner_text()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []
    page.get_by_label("Code").fill(pyotp.TOTP(secret).at(NOW))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert faults(page) == []
    code = page.locator("main code").first.inner_text()
    page.goto("/account")
    assert faults(page) == []
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    give_password(page, "rita")
    expect(page.get_by_role("heading", name="One-time code")).to_be_visible()
    assert faults(page) == []
    page.get_by_label("The six digits").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []
    page.get_by_label("The six digits").fill(code)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Hot issues", level=1)).to_be_visible()


def in_colours(page: Page, theme: str) -> None:
    """As chosen at the foot of the page; pages that stand alone go by the device."""
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.get_by_label("Colours").select_option(theme)
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(f"html[data-theme={theme}]")).to_be_attached()
