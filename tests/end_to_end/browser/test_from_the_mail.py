"""From the mailbox into the dashboard: what stands in a mail, opened as its reader opens it, leads to the alert."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from feedback.digest import iso_week
from feedback.roles import Role
from feedback.store.alerts import alert_of
from feedback.store.topics import StoredTopic
from jobs.context import Context, Parts
from jobs.deliver import run as deliver
from jobs.notices import write_again, write_digest_notices
from jobs.progress import Silent
from tests.end_to_end.browser.browser_world import NOW, add_account, alert_about, faults, give_password, owned, settle
from tests.end_to_end.world import LAST
from tests.integration.notify.receivers import Mailbox, smtp_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_server() as opened:
        yield opened


@pytest.fixture
def topic(context: Context) -> StoredTopic:
    return owned(context)


@pytest.fixture
def alert(context: Context, topic: StoredTopic) -> str:
    return alert_about(context, topic)


@pytest.fixture
def mails(
    context: Context, alert: str, topic: StoredTopic, address: str, mailbox: Mailbox, tmp_path: Path
) -> dict[str, Path]:
    """The HTML of the mail about the alert and of the week's digest, as files."""
    channels = tmp_path / "channels.yaml"
    smtp = f"smtp:\n  host: 127.0.0.1\n  port: {mailbox.port}\n  starttls: false\n  from: f@casino.example\n"
    channels.write_text(f"{smtp}owners:\n  {topic.owner}:\n    - email: team@casino.example\n      quotes: true\n")
    settings = context.settings.model_copy(update={"channels": str(channels), "public_url": address})
    telling = replace(context, settings=settings, parts=Parts(settings, Silent()))
    with telling.write() as connection:
        assert write_again(telling, connection, alert_of(connection, UUID(alert)), NOW) == 1
    assert write_digest_notices(telling, iso_week(LAST - timedelta(days=6)), NOW) == 1
    assert deliver(telling, NOW)["sent"] == 2
    found = {}
    for raw in mailbox.mails:
        mail = message_from_bytes(raw, policy=default)
        found["digest" if mail["Subject"].startswith("Week") else "alert"] = as_file(mail, tmp_path)
    return found


def as_file(mail: EmailMessage, folder: Path) -> Path:
    """The mail's HTML with its pictures in it."""
    html = mail.get_body(("html",))
    assert html is not None
    page = str(html.get_content())
    for part in mail.walk():
        if part.get_content_type() == "image/png":
            name, png = part["Content-ID"][1:-1], base64.b64encode(part.get_content()).decode()
            assert f"cid:{name}" in page
            page = page.replace(f"cid:{name}", f"data:image/png;base64,{png}")
    path = folder / f"{len(page)}.html"
    path.write_text(page, "utf-8")
    return path


@pytest.mark.parametrize("kind", ["alert", "digest"])
def test_a_mail_leads_to_the_alert_where_it_is_settled(
    page: Page, context: Context, topic: StoredTopic, alert: str, mails: dict[str, Path], kind: str
) -> None:
    add_account(context, "olga", Role.OWNER, topic.owner or "")
    page.goto(mails[kind].as_uri())
    assert faults(page) == []
    page.locator(f"a[href$='/alerts/{alert}']").first.click()
    give_password(page, "olga")
    expect(page).to_have_url(f"{page.url.split('/alerts')[0]}/alerts/{alert}")

    page.get_by_role("link", name="Hot issues").click()
    page.get_by_label("Alerts only").check()
    expect(page.get_by_role("link", name=topic.name)).to_have_count(1)
    expect(page).to_have_url(re.compile("alerts_only=true"))
    page.get_by_role("link", name=topic.name).click()
    settle(page)


def test_a_verdict_given_by_a_mail_s_link_stands_on_the_alert_s_page(
    page: Page, context: Context, topic: StoredTopic, mails: dict[str, Path]
) -> None:
    add_account(context, "olga", Role.OWNER, topic.owner or "")
    page.goto(mails["alert"].as_uri())
    page.get_by_role("link", name="real", exact=True).click()
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.get_by_role("link", name="More on it in the dashboard").click()
    give_password(page, "olga")
    expect(page.get_by_text("Verdict: real").first).to_be_visible()
    expect(page.get_by_text("by the link in a message").first).to_be_visible()
