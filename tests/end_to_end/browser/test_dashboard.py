"""The dashboard in a browser: what owners, analysts and administrators do there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from feedback.roles import Role
from jobs.context import Context
from tests.end_to_end.browser.browser_world import (
    PASSWORD,
    add_account,
    alert_about,
    give_password,
    owned,
    settle,
    sign_in,
    topics,
    work_off,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]  # the first test makes the world that all share


def test_an_owner_goes_from_the_digest_to_the_alert_and_settles_it(page: Page, context: Context) -> None:
    topic = owned(context)
    alert_id = alert_about(context, topic)
    sign_in(page, context, "olga", Role.OWNER, topic.owner or "")
    page.get_by_role("link", name="Digests").click()
    page.locator("main section a").first.click()
    page.get_by_role("complementary").get_by_role("link", name=topic.name).click()
    expect(page).to_have_url(re.compile(rf"/alerts/{alert_id}$"))
    expect(page.locator("figure canvas")).to_be_visible()
    settle(page)
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
    page.get_by_role("row").filter(has_text="Candidate").get_by_role("link").first.click()  # the newest
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
    add_account(context, "eve", Role.READER)
    for _ in range(12):
        page.goto("/sign-in")
        give_password(page, "eve", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("Too many attempts")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    # the refusal before looks the same: what counts is that it let nobody in
    page.wait_for_load_state()
    page.goto("/alerts")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_without_scripts_forms_and_links_do_the_same(chromium: Browser, address: str, context: Context) -> None:
    topic = owned(context)
    alert_id = alert_about(context, topic)
    window = chromium.new_context(base_url=address, java_script_enabled=False, locale="de-DE")
    page = window.new_page()
    add_account(context, "nora", Role.ANALYST)
    page.goto(f"/alerts/{alert_id}")
    page.locator("input[name=name]").fill("nora")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit], main form button").first.click()
    assert page.url.endswith(f"/alerts/{alert_id}")
    page.get_by_role("button", name="Ich kümmere mich").click()
    assert "Sie kümmern sich darum" in page.locator("main").inner_text()
    window.close()
