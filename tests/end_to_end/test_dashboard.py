"""The dashboard in a browser: what owners, analysts and administrators do there, and that everybody can."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from feedback.api import create_app
from feedback.api.server import serve
from feedback.passwords import hashed
from feedback.requests import JOB
from feedback.roles import Role
from feedback.settings import Settings
from feedback.store import accounts
from feedback.store.alerts import alert_rows
from feedback.store.requests import waiting
from feedback.store.topics import StoredTopic, published_version, quotes_of, topics_of
from jobs.context import Context
from jobs.look import looks
from jobs.respond import responses
from jobs.run import execute
from tests.end_to_end.world import LAST, OpenContext, Replayed
from tests.integration.api.api_world import EVIDENCE, open_alert

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]  # the first test makes the world that all share

NOW = datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(hours=12)
PASSWORD = "correct horse battery"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
PAGES = (
    "/", "/alerts", "/topics", "/topics/map", "/topics/decisions", "/models", "/fixes", "/figures", "/digests",
    "/health", "/settings", "/account", "/accounts", "/keys", "/audit",
)  # fmt: skip


@pytest.fixture
def context(replayed: Replayed, tmp_path: Path, open_context: OpenContext) -> Context:
    """The replayed world in a copy of its own."""
    home = tmp_path / "var"
    shutil.copytree(replayed.settings.data_dir, home)
    return open_context(Settings(**{**replayed.settings.model_dump(), "data_dir": home}))


@pytest.fixture
def address(context: Context) -> Iterator[str]:
    """Where the dashboard of that world answers."""
    app = create_app(context.settings, context.database, lambda: NOW, lambda *_: [], responses(context), looks(context))
    stop, ready, ports = threading.Event(), threading.Event(), []

    def on_ready(port: int) -> None:
        ports.append(port)
        ready.set()

    server = threading.Thread(target=serve, args=(app, 0, stop, on_ready))
    server.start()
    assert ready.wait(60)
    yield f"http://127.0.0.1:{ports[0]}"
    stop.set()
    server.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail("There is no Chromium on the PATH; on Debian `apt-get install chromium` brings it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser, address: str) -> Iterator[BrowserContext]:
    window = chromium.new_context(base_url=address, locale="en-GB")
    window.set_default_timeout(60_000)
    yield window
    window.close()


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """A tab; what the browser complains of, such as a breach of the Content-Security-Policy, fails the test."""
    page, complaints = window.new_page(), list[str]()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    assert [each for each in complaints if "status of 4" not in each] == []


def sign_in(page: Page, context: Context, name: str, role: Role, owner: str = "") -> None:
    with context.database.write() as connection:
        accounts.add_account(connection, name, role, NOW, owner, hashed(PASSWORD))
    page.goto("/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Hot issues", level=1)).to_be_visible()


def owned(context: Context) -> StoredTopic:
    """A topic that somebody answers for."""
    return next(each for each in topics(context) if each.owner)


def topics(context: Context) -> list[StoredTopic]:
    with context.database.read() as connection:
        version = published_version(connection)
        assert version
        return topics_of(connection, version.id)


def alert_about(context: Context, topic: StoredTopic) -> str:
    """An open alert of the last week that has a digest; its id."""
    with context.database.write() as connection:
        version = published_version(connection)
        assert version
        quotes = [str(each.id) for each in quotes_of(connection, version.id, topic.id)]
        evidence: dict[str, Any] = {**EVIDENCE, "complaint_ids": quotes, "version_id": str(version.id)}
        return str(open_alert(connection, topic, NOW - timedelta(days=6), evidence=evidence))


def work_off(context: Context) -> None:
    """A worker does what was asked for."""
    with context.database.read() as connection:
        asked = waiting(connection)
    for each in asked:
        assert execute(context, JOB, each.at)


def test_an_owner_goes_from_the_digest_to_the_alert_and_settles_it(page: Page, context: Context) -> None:
    topic = owned(context)
    alert_id = alert_about(context, topic)
    sign_in(page, context, "olga", Role.OWNER, topic.owner or "")
    page.get_by_role("link", name="Digests").click()
    page.locator("main section a").first.click()
    page.get_by_role("complementary").get_by_role("link", name=topic.name).click()
    expect(page).to_have_url(re.compile(rf"/alerts/{alert_id}$"))
    expect(page.locator("figure canvas")).to_be_visible()
    page.get_by_role("button", name="I take it on").click()
    expect(page.get_by_role("status")).to_contain_text("You have taken it on")
    page.get_by_label("Real").check()
    page.get_by_label("Why").first.fill("the provider confirms it")
    page.get_by_role("button", name="Say so").click()
    expect(page.get_by_text("the provider confirms it").first).to_be_visible()
    page.get_by_text("Record a fix").click()
    page.get_by_label("What was done").fill("Payouts are retried")
    page.get_by_role("button", name="Record the fix").click()
    expect(page.get_by_role("status")).to_contain_text("The fix is recorded")
    page.get_by_role("link", name="Fixes").click()
    expect(page.get_by_text("Payouts are retried")).to_be_visible()


def test_filters_work_at_once_and_stand_in_the_address(page: Page, context: Context) -> None:
    topic = owned(context)
    alert_about(context, topic)
    sign_in(page, context, "rita", Role.READER)
    alert = page.get_by_role("link", name=topic.name)
    expect(alert).to_be_visible()
    other = next(each.owner for each in topics(context) if each.owner and each.owner != topic.owner)
    page.get_by_label("Owner").select_option(other)
    expect(alert).to_have_count(0)
    assert f"owner={other}" in page.url.replace("+", " ")
    page.reload()
    expect(alert).to_have_count(0)
    page.get_by_role("link", name="Clear").click()
    expect(alert).to_be_visible()


def test_an_analyst_merges_compares_publishes_and_goes_back(page: Page, context: Context) -> None:
    one, two = [each for each in topics(context) if each.kind != "pinned"][:2]
    sign_in(page, context, "ana", Role.ANALYST)
    page.goto(f"/topics/{one.id}")
    page.get_by_text("Merge into another topic").click()
    page.get_by_label("Which topic takes its complaints").select_option(str(two.id))
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("It is asked for")
    work_off(context)
    page.goto("/topics/decisions")
    expect(page.get_by_role("cell", name="Merged into another", exact=True)).to_be_visible()
    assert one.id not in {each.id for each in topics(context)}

    page.get_by_role("link", name="Models").first.click()
    page.get_by_role("button", name="Train a candidate").click()
    work_off(context)
    page.goto("/models")
    page.get_by_role("row").filter(has_text="Candidate").get_by_role("link").click()
    page.get_by_role("button", name="Compare with the one in force").click()
    work_off(context)
    page.reload()
    expect(page.get_by_role("heading", name="Measures")).to_be_visible()
    before = page.url
    page.get_by_role("button", name="Publish").click()
    work_off(context)
    page.goto(before)
    expect(page.locator("h1 + p").get_by_text("In force")).to_be_visible()
    page.goto("/models")
    page.get_by_role("button", name="Roll back").click()
    work_off(context)
    page.goto(before)
    expect(page.locator("h1 + p").get_by_text("Archived")).to_be_visible()


def test_an_administrator_makes_a_key_that_opens_the_api(page: Page, context: Context, address: str) -> None:
    sign_in(page, context, "ada", Role.ADMINISTRATOR)
    page.get_by_role("link", name="Keys").click()
    page.get_by_label("Who will use it").fill("helpdesk")
    page.get_by_label("Role", exact=True).select_option("reader")
    page.get_by_role("button", name="Make a key").click()
    key = page.get_by_role("status").locator("code").first.inner_text()
    answer = page.request.get(f"{address}/v1/hot-issues", headers={"Authorization": f"Bearer {key}", "Cookie": ""})
    assert answer.status == 200
    page.goto("/keys")
    assert key not in page.content()


def test_guessing_passwords_locks_out(page: Page, context: Context) -> None:
    with context.database.write() as connection:
        accounts.add_account(connection, "eve", Role.READER, NOW, "", hashed(PASSWORD))
    for _ in range(12):
        page.goto("/sign-in")
        page.get_by_label("Name").fill("eve")
        page.get_by_label("Password").fill("not the password")
        page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Too many attempts")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_meets_wcag_in_both_themes(page: Page, context: Context, theme: str) -> None:
    topic = owned(context)
    alert_id = alert_about(context, topic)
    page.goto("/sign-in")
    assert faults(page) == []
    sign_in(page, context, "ada", Role.ADMINISTRATOR)
    page.get_by_label("Colours").select_option(theme)
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(f"html[data-theme={theme}]")).to_be_attached()
    with context.database.read() as connection:
        assert alert_rows(connection, only_open=True)
    for path in (*PAGES, f"/alerts/{alert_id}", f"/topics/{topic.id}", *digest(page)):
        page.goto(path)
        assert faults(page) == [], path


def digest(page: Page) -> list[str]:
    page.goto("/digests")
    return [page.locator("main section a").first.get_attribute("href") or ""]


def faults(page: Page) -> list[str]:
    """What axe finds on the page, and whether it is wider than a phone's window."""
    found = [
        f"{each['id']}: {each['nodes'][0]['html']}" for each in Axe().run(page, options=RULES).response["violations"]
    ]
    page.set_viewport_size({"width": 360, "height": 740})
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    return [*found, *(["wider than 360 pixels"] if wide > 0 else [])]


def test_without_scripts_forms_and_links_do_the_same(chromium: Browser, address: str, context: Context) -> None:
    topic = owned(context)
    alert_id = alert_about(context, topic)
    window = chromium.new_context(base_url=address, java_script_enabled=False, locale="de-DE")
    page = window.new_page()
    with context.database.write() as connection:
        accounts.add_account(connection, "nora", Role.ANALYST, NOW, "", hashed(PASSWORD))
    page.goto(f"/alerts/{alert_id}")
    page.locator("input[name=name]").fill("nora")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit], main form button").first.click()
    assert page.url.endswith(f"/alerts/{alert_id}")
    page.get_by_role("button", name="Ich kümmere mich").click()
    assert "Sie kümmern sich darum" in page.locator("main").inner_text()
    window.close()
