"""Without a mouse: all that an owner does, by keys alone, seeing at each step where they are."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from feedback.roles import Role
from jobs.context import Context
from tests.end_to_end.browser.browser_world import PASSWORD, add_account, alert_about, owned

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

MOST = 120
"""So often somebody may have to press Tab until they are where they want to be."""

OUTLINED = "getComputedStyle(document.activeElement).outlineStyle !== 'none'"


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus, which has to be seen there."""
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            assert page.evaluate(OUTLINED), "nobody sees where they are"
            return
    pytest.fail(f"Tab does not lead to {wanted}")


def test_an_owner_settles_an_alert_without_a_mouse(page: Page, context: Context) -> None:
    topic = owned(context)
    alert_about(context, topic)
    add_account(context, "olga", Role.OWNER, topic.owner or "")
    page.goto("/sign-in")
    tab_to(page, page.get_by_label("Name"))
    page.keyboard.type("olga")
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Hot issues", level=1)).to_be_visible()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    tab_to(page, page.get_by_role("link", name=topic.name))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=topic.name, level=1)).to_be_visible()

    tab_to(page, page.get_by_role("button", name="I take it on"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("You have taken it on")

    tab_to(page, page.get_by_label("Real"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Why").first)
    page.keyboard.type("the provider confirms it")
    page.keyboard.press("Enter")
    expect(page.get_by_text("the provider confirms it").first).to_be_visible()

    tab_to(page, page.locator("summary", has_text="Record a fix"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("What was done"))
    page.keyboard.type("Payouts are retried")
    tab_to(page, page.get_by_role("button", name="Record the fix"))
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_contain_text("The fix is recorded")
