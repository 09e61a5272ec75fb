"""What the tests in a browser share: people who sign in, an alert to act on, and what is wrong with a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from feedback.passwords import hashed
from feedback.requests import JOB
from feedback.roles import Role
from feedback.store import accounts
from feedback.store.requests import waiting
from feedback.store.topics import StoredTopic, published_version, quotes_of, topics_of
from jobs.context import Context
from jobs.run import execute
from tests.end_to_end.world import LAST
from tests.integration.api.api_world import EVIDENCE, open_alert
from tests.unit.feedback.test_support_words import BACKGROUND

NOW = datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(hours=12)
PASSWORD = "correct horse battery"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
NARROWEST = 320
"""A window so wide has to do without scrolling sideways (WCAG 2.1, 1.4.10)."""


def add_account(context: Context, name: str, role: Role, owner: str = "") -> None:
    with context.database.write() as connection:
        accounts.add_account(connection, name, role, NOW, owner, hashed(PASSWORD))


def sign_in(page: Page, context: Context, name: str, role: Role, owner: str = "") -> None:
    add_account(context, name, role, owner)
    page.goto("/sign-in")
    give_password(page, name)
    expect(page.get_by_role("heading", name="Hot issues", level=1)).to_be_visible()


def give_password(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def topics(context: Context) -> list[StoredTopic]:
    with context.database.read() as connection:
        version = published_version(connection)
        assert version
        return topics_of(connection, version.id)


def owned(context: Context) -> StoredTopic:
    """A topic that somebody answers for."""
    return next(each for each in topics(context) if each.owner)


def alert_about(context: Context, topic: StoredTopic) -> str:
    """An open alert of the last week that has a digest; its id."""
    with context.database.write() as connection:
        version = published_version(connection)
        assert version
        quotes = [str(each.id) for each in quotes_of(connection, version.id, topic.id)]
        kept = {"complaint_ids": quotes, "version_id": str(version.id), "support": BACKGROUND.as_dict()}
        evidence: dict[str, Any] = {**EVIDENCE, **kept}
        return str(open_alert(connection, topic, NOW - timedelta(days=6), evidence=evidence))


def settle(page: Page) -> None:
    """On an alert's page: take it on, say what it was, and record what was done; each is seen to be kept."""
    page.get_by_role("button", name="I take it on").click()
    expect(page.get_by_role("status")).to_contain_text("You have taken it on")
    page.get_by_label("Real").check()
    page.get_by_label("Why").first.fill("the provider confirms it")
    page.get_by_role("button", name="Say so").click()
    expect(page.get_by_text("Verdict: real").first).to_be_visible()
    expect(page.get_by_text("the provider confirms it").first).to_be_visible()
    page.get_by_text("Record a fix").click()
    page.get_by_label("What was done").fill("Payouts are retried")
    page.get_by_role("button", name="Record the fix").click()
    expect(page.get_by_role("status")).to_contain_text("The fix is recorded")


def work_off(context: Context) -> None:
    """A worker does what was asked for."""
    with context.database.read() as connection:
        asked = waiting(connection)
    for each in asked:
        assert execute(context, JOB, each.at)


def faults(page: Page) -> list[str]:
    """What axe finds on the page, and whether it has to be scrolled sideways on the narrowest phone."""
    found = [
        f"{each['id']}: {each['nodes'][0]['html']}" for each in Axe().run(page, options=RULES).response["violations"]
    ]
    size = page.viewport_size
    page.set_viewport_size({"width": NARROWEST, "height": 740})
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.set_viewport_size(size or {"width": 1280, "height": 900})
    return [*found, *([f"{wide} pixels wider than {NARROWEST}"] if wide > 0 else [])]
