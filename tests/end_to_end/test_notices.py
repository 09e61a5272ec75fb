"""From a rise to the mailbox: notices are written with the alert, all or none, and say what it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, update

from feedback.domain import Author, Mute, Transition, Verdict, derived_id
from feedback.links import read
from feedback.notify.outbox import Notice, NoticeKind
from feedback.settings import hash_key
from feedback.store import alerts, tables
from feedback.store.complaints import store_complaints
from feedback.store.notices import listed
from feedback.store.verdicts import add_mute
from feedback.support import kept_words
from jobs import detect
from jobs.context import Context, Parts
from jobs.deliver import run as deliver
from jobs.digest import run as digest
from jobs.notices import write_notices
from jobs.owners import set_owner
from jobs.progress import Silent
from jobs.publish import publish
from jobs.respond import end, take_on
from tests.end_to_end.made_up import FAULT, NOW, SUBJECTS, judge, made_up_context, told, version
from tests.integration.notify.receivers import http_receiver, smtp_server

SECRET = "0123456789abcdef"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = made_up_context(tmp_path)
    yield made
    made.database.close()


def telling(context: Context, tmp_path: Path, text: str) -> Context:
    """The context with a channels file."""
    path = tmp_path / "channels.yaml"
    path.write_text(text, "utf-8")
    settings = context.settings.model_copy(update={"channels": str(path)})
    return replace(context, settings=settings, parts=Parts(settings, Silent()))


def by_webhook(url: str = "http://127.0.0.1:1/") -> str:
    return f"default:\n  - webhook:\n      url: {url}\n      secret: {SECRET}\n      \n"


def notices(context: Context) -> list[Notice]:
    with context.database.read() as connection:
        return listed(connection)


def test_a_rise_is_told_with_its_numbers_picture_and_complaints(context: Context, tmp_path: Path) -> None:
    with http_receiver(200) as receiver:
        told = telling(context, tmp_path, by_webhook(receiver.url))
        publish(told, version(told, SUBJECTS), NOW - timedelta(days=1))
        assert judge(told, NOW) == {"Topic"}
        (written,) = notices(told)
        assert (written.kind, written.owner, written.channel) == (NoticeKind.OPENED, "unowned", "default/1")
        assert len(written.content["picture"]["days"]) == 42
        assert written.content["complaint_ids"]
        assert "Bonus Nummer" not in json.dumps(dict(written.content)), "no customer's words lie in the outbox"
        assert deliver(told, NOW)["sent"] == 1
    facts = json.loads(receiver.got[0].body)
    assert facts["rise"]["observed"] > facts["rise"]["expected"]
    assert facts["subject"].startswith("Topic: ")


def test_the_alert_and_its_notice_are_written_together_or_not_at_all(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = telling(context, tmp_path, by_webhook())
    publish(told, version(told, SUBJECTS), NOW - timedelta(days=1))

    def fail(context: Context, connection: Connection, change: Transition, *place: Any) -> int:
        assert write_notices(context, connection, change, *place) == 1
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(detect, "write_notices", fail)
        with pytest.raises(ZeroDivisionError):
            judge(told, NOW)
    assert notices(told) == []
    with told.database.read() as connection:
        assert alerts.alert_rows(connection) == []
    assert judge(told, NOW) == {"Topic"}
    assert len(notices(told)) == 1


def test_what_is_no_news_is_not_told(context: Context, tmp_path: Path) -> None:
    told = replace(telling(context, tmp_path, by_webhook()), telling=False)
    publish(told, version(told, SUBJECTS), NOW - timedelta(days=1))
    assert judge(told, NOW) == {"Topic"}
    digest(told, NOW)
    assert notices(told) == []


def test_that_nobody_is_told_is_said(context: Context, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told = telling(context, tmp_path, "owners:\n  bonus:\n    - alertmanager: http://127.0.0.1:1\n")
    publish(told, version(told, SUBJECTS), NOW - timedelta(days=1))
    judge(told, NOW)
    assert notices(told) == []
    assert "nobody is told of alert" in caplog.text


@pytest.mark.parametrize("quotes", ["true", "false"])
def test_mail_holds_customers_words_only_where_asked_for(context: Context, tmp_path: Path, quotes: str) -> None:
    with smtp_server() as mailbox:
        smtp = f"smtp:\n  host: 127.0.0.1\n  port: {mailbox.port}\n  starttls: false\n  from: f@casino.example\n"
        mail = f"default:\n  - email: team@casino.example\n    quotes: {quotes}\n"
        told = telling(context, tmp_path, smtp + mail)
        publish(told, version(told, SUBJECTS), NOW - timedelta(days=1))
        judge(told, NOW)
        assert digest(told, NOW + timedelta(days=3))["notices"] == 1
        assert digest(told, NOW + timedelta(days=3))["notices"] == 0, "once a week, however often it is made"
        assert deliver(told, NOW)["sent"] == 2
    alert, weekly = sorted(
        (message_from_bytes(each, policy=default) for each in mailbox.mails), key=lambda each: each["Subject"][0] == "W"
    )
    assert alert["Subject"].startswith("Topic: ")
    assert weekly["Subject"].startswith("Week 12, unowned: Topic rose")
    for each in (alert, weekly):
        assert [part.get_content_type() for part in each.walk()].count("image/png") == 1
        assert (
            "Wo bleibt" in "".join(part.get_content() for part in each.walk() if part.get_content_maintype() == "text")
        ) == (quotes == "true")


def test_who_answers_for_a_market_reads_no_words_of_customers_elsewhere(context: Context, tmp_path: Path) -> None:
    with smtp_server() as mailbox:
        smtp = f"smtp:\n  host: 127.0.0.1\n  port: {mailbox.port}\n  starttls: false\n  from: f@casino.example\n"
        told = telling(context, tmp_path, smtp + "default:\n  - email: team@casino.example\n    quotes: true\n")
        publish(told, version(told, SUBJECTS), NOW - timedelta(days=1))
        judge(told, NOW)
        set_owner(told, "market", "PL", "warsaw", Author("ana", "agreed", NOW))
        with told.write() as connection:
            connection.execute(update(tables.notice).values(owner="warsaw"))
        assert deliver(told, NOW)["sent"] == 1
    (mail,) = (message_from_bytes(each, policy=default) for each in mailbox.mails)
    texts = "".join(part.get_content() for part in mail.walk() if part.get_content_maintype() == "text")
    assert "complaints came in" in texts
    assert "Wo bleibt" not in texts


def test_an_alert_says_how_those_customers_fare_beside_others_before(context: Context, tmp_path: Path) -> None:
    told_to = telling(context, tmp_path, by_webhook())
    before = [replace(told(0, NOW - timedelta(hours=4 * step)), rating=5.0) for step in range(80 * 6)]
    now = [replace(told(0, NOW - timedelta(minutes=7 * step + 3)), rating=1.0) for step in range(60)]
    content = [replace(told(1, NOW - timedelta(hours=4 * step, minutes=1)), rating=5.0) for step in range(80 * 6)]
    with told_to.write() as connection:
        store_complaints(connection, [*before, *now, *content], NOW)
    publish(told_to, version(told_to, SUBJECTS), NOW - timedelta(days=1))
    judge(told_to, NOW)
    sentences = [each for notice in notices(told_to) for each in notice.content["sentences"]]
    (satisfied,) = [each for each in sentences if each.startswith("Satisfied customers")]
    assert re.search(r"in the weeks before: 9\d\xa0%|in the weeks before: 100\xa0%", satisfied), satisfied
    (without,) = [each for each in sentences if each.startswith("Without the complaints about “Topic”, 100\xa0%")]
    assert without.endswith("That is an association, not an effect.")
    with told_to.database.read() as connection:
        rows = [row for row in alerts.alert_rows(connection) if row.evidence["support"]["impact"]]
    assert [kept_words(row.evidence, row.topic)[-1] for row in rows] == [without], "what is told is what is kept"


def test_mail_holds_links_that_say_what_it_was(context: Context, tmp_path: Path) -> None:
    with smtp_server() as mailbox:
        smtp = f"smtp:\n  host: 127.0.0.1\n  port: {mailbox.port}\n  starttls: false\n  from: f@casino.example\n"
        told = telling(context, tmp_path, smtp + "default:\n  - email: team@casino.example\n")
        settings = told.settings.model_copy(update={"public_url": "https://feedback.casino.example"})
        told = replace(told, settings=settings)
        publish(told, version(told, SUBJECTS), NOW - timedelta(days=1))
        judge(told, NOW)
        digest(told, NOW + timedelta(days=3))
        assert deliver(told, NOW)["sent"] == 2
    pages = 0
    for mail in mailbox.mails:
        for part in message_from_bytes(mail, policy=default).walk():
            if part.get_content_maintype() == "text":
                pages += f"https://feedback.casino.example/alerts/{the_alert(told)}" in part.get_content()
                found = re.findall(r"https://feedback\.casino\.example/verdict/([a-z2-7]+)", part.get_content())
                links = [read(each, hash_key(settings.data_dir), NOW) for each in found]
                assert [each.verdict for each in links] == list(Verdict)
                assert {each.alert_id for each in links} == {the_alert(told)}
    assert pages == 4, "digest and alert lead to the alert's page, as text and as HTML"


def the_alert(context: Context) -> UUID:
    with context.database.read() as connection:
        (alert,) = alerts.latest_alerts(connection).values()
    return alert.id


def test_each_reads_their_own_language(context: Context, tmp_path: Path) -> None:
    with smtp_server() as mailbox:
        smtp = f"smtp:\n  host: 127.0.0.1\n  port: {mailbox.port}\n  starttls: false\n  from: f@casino.example\n"
        mail = "default:\n  - email: a@casino.example\n  - email: b@casino.example\n    language: pl\n"
        told = telling(context, tmp_path, f"{smtp}{mail}languages:\n  default: de\n")
        publish(told, version(told, SUBJECTS), NOW - timedelta(days=1))
        judge(told, NOW)
        digest(told, NOW + timedelta(days=3))
        assert deliver(told, NOW)["sent"] == 4
    found = [message_from_bytes(each, policy=default) for each in mailbox.mails]
    german, polish = (" ".join(each["Subject"] for each in found if each["To"][0] == who) for who in "ab")
    assert "erwartet" in german
    assert "Woche 12, ohne Zuständige: Anstieg bei „Topic“" in german
    assert "oczekiwano" in polish
    assert "Tydzień 12, bez właściciela: wzrost w temacie „Topic”" in polish


def test_who_muted_a_topic_is_told_once_the_mute_ends(context: Context, tmp_path: Path) -> None:
    told = telling(context, tmp_path, by_webhook())
    publish(told, version(told, SUBJECTS), NOW - timedelta(days=1))
    silent = Author("anna", "we know", NOW - timedelta(hours=1))
    topic_id = derived_id("topic", FAULT)
    with told.write() as connection:
        add_mute(connection, Mute(0, topic_id, silent.at, silent.who, silent.why, until=NOW + timedelta(hours=12)))
    assert judge(told, NOW) == {"Topic"}, "it is an alert all the same"
    assert judge(told, NOW + timedelta(hours=6)) == {"Topic"}
    assert notices(told) == []
    assert judge(told, NOW + timedelta(hours=12)) == {"Topic"}
    (written,) = notices(told)
    assert (written.kind, written.position) == (NoticeKind.OPENED, 0)
    judge(told, NOW + timedelta(hours=18))
    assert len(notices(told)) == 1, "once"


def test_an_end_by_hand_is_told_in_the_same_thread(context: Context, tmp_path: Path) -> None:
    told = telling(context, tmp_path, by_webhook())
    publish(told, version(told, SUBJECTS), NOW - timedelta(days=1))
    judge(told, NOW)
    with told.database.read() as connection:
        (alert,) = alerts.latest_alerts(connection).values()
    take_on(told, alert.id, Author("anna", "", NOW + timedelta(minutes=1)))
    end(told, alert.id, Author("anna", "provider is back", NOW + timedelta(minutes=2)))
    first, second = sorted(notices(told), key=lambda each: each.position)
    assert [first.kind, second.kind] == [NoticeKind.OPENED, NoticeKind.RESOLVED]
    assert second.content["thread"] == str(first.id)
