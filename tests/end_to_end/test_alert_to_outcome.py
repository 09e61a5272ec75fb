"""The whole way: a rise, its mail, the week's digest, the owner's word by the mail's link, a fix, the end of the alert,
and what the fix achieved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from feedback.api import create_app
from feedback.domain import AlertState, Verdict, derived_id
from feedback.store import alerts, fixes
from feedback.store.complaints import store_complaints
from feedback.store.verdicts import verdicts_of
from jobs.context import Context, Parts
from jobs.deliver import run as deliver
from jobs.digest import run as digest
from jobs.outcome import run as judge_fixes
from jobs.progress import Silent
from jobs.publish import publish
from jobs.respond import responses
from tests.end_to_end.made_up import NOW, judge, made_up_context, told, version
from tests.integration.notify.receivers import Mailbox, smtp_server

MIDNIGHT = NOW.replace(hour=0)
SUBJECTS_OF_ALL, RISEN = 5, 4
TOPIC = derived_id("topic", RISEN)
ROSE, FIXED, OVER = 20, 40, 68
"""Days after the first with complaints of the subject: it rises, is mended, and is looked at for the last time."""

PUBLIC_URL = "https://feedback.casino.example"

FIRST = MIDNIGHT - timedelta(days=OVER)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_server() as opened:
        yield opened


@pytest.fixture
def context(tmp_path: Path, mailbox: Mailbox) -> Iterator[Context]:
    """Five subjects of six complaints a day; the last has twenty more a day until it is mended."""
    made = made_up_context(tmp_path, days=100)
    rng = np.random.default_rng(9)
    with made.write() as connection:
        for day in range(ROSE, FIXED):
            found = [FIRST + timedelta(days=day, minutes=7 * each + 5) for each in range(int(rng.poisson(20)))]
            store_complaints(connection, [told(RISEN, at) for at in found], NOW)
    path = tmp_path / "channels.yaml"
    smtp = f"smtp:\n  host: 127.0.0.1\n  port: {mailbox.port}\n  starttls: false\n  from: f@casino.example\n"
    path.write_text(f"{smtp}default:\n  - email: team@casino.example\n", "utf-8")
    settings = made.settings.model_copy(update={"channels": str(path), "public_url": PUBLIC_URL})
    telling = replace(made, settings=settings, parts=Parts(settings, Silent()))
    publish(telling, version(telling, SUBJECTS_OF_ALL), FIRST + timedelta(days=ROSE - 5))
    yield telling
    made.database.close()


def day(number: int) -> datetime:
    return FIRST + timedelta(days=number)


def mails(context: Context, mailbox: Mailbox) -> list[EmailMessage]:
    """All that have been delivered so far."""
    deliver(context, NOW)
    return [message_from_bytes(each, policy=default) for each in mailbox.mails]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def follow(context: Context, mail: EmailMessage, verdict: Verdict, now: datetime) -> None:
    """Open the mail's link in the web application and say what it asks for; it counts this one time."""
    link = re.search(rf"^{verdict}: {PUBLIC_URL}(/verdict/\w+)\r?$", text_of(mail), re.MULTILINE)
    assert link
    app = create_app(context.settings, context.database, lambda: now, lambda *_: [], responses(context))
    with TestClient(app, PUBLIC_URL) as browser:
        assert "Record it" in browser.get(link[1]).text
        assert "It is on record" in browser.post(link[1]).text
        for again in (browser.post(link[1]), browser.get(link[1])):
            assert again.status_code == 410
            assert "it counts once" in again.text


def test_from_a_rise_to_the_effect_of_its_fix(context: Context, mailbox: Mailbox) -> None:
    assert judge(context, day(ROSE)) == set()
    opened = next(number for number in range(ROSE, FIXED) if judge(context, day(number)))
    assert opened <= ROSE + 3
    (alert,) = mails(context, mailbox)
    assert alert["Subject"].startswith("Topic: ")
    assert [part.get_content_type() for part in alert.walk()].count("image/png") == 1
    assert "expected" in text_of(alert)

    follow(context, alert, Verdict.REAL, day(opened) + timedelta(hours=9))
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
        (said,) = verdicts_of(connection, row.id)
    assert (row.state, said.verdict, said.who) == (AlertState.ACKNOWLEDGED, Verdict.REAL, "unowned")
    monday = next(number for number in range(opened + 1, FIXED) if day(number).weekday() == 0)
    for number in range(opened + 1, FIXED):
        assert judge(context, day(number)) == {"Topic"}, "acknowledged, and still rising"
        if number == monday:
            assert digest(context, day(number))["notices"] == 1
    _, first_digest, graver = mails(context, mailbox)
    assert "has become graver: its severity is high now" in text_of(graver)
    assert re.fullmatch(r"Week \d+, unowned: Topic rose", first_digest["Subject"])
    assert f"{PUBLIC_URL}/alerts/{row.id}" in text_of(first_digest)
    assert "Fix" not in text_of(first_digest)
    with context.write() as connection:
        noted = day(FIXED) + timedelta(hours=1)
        fix = fixes.add_fix(connection, TOPIC, day(FIXED), -0.5, "provider changed", noted, "ana").id

    for number in range(FIXED, OVER + 1):
        judge(context, day(number))
        judge_fixes(context, day(number))
    _, _, _, *later = mails(context, mailbox)
    (achieved,) = [each for each in later if each["Subject"] == "Topic: worked"]
    (ended,) = [each for each in later if each is not achieved]
    assert ended["In-Reply-To"] == alert["Message-ID"]
    assert "over" in text_of(ended).lower() or "calm" in text_of(ended).lower()
    assert f"Fix {fix} of" in text_of(achieved)
    assert "fewer" in text_of(achieved)

    digest(context, day(OVER))
    *_, weekly = mails(context, mailbox)
    assert len(mailbox.mails) == 6, "one mail for each thing, and none twice"
    assert f"Fix {fix} of" in text_of(weekly)
    assert "“provider changed”: worked." in text_of(weekly)
    with context.database.read() as connection:
        last = fixes.outcomes_of(connection, fix)[-1]
    assert last.high < 0.6, "six a day, and not twenty-six"
