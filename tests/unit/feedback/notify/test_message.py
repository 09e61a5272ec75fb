"""What a notice says, and the mail that it becomes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.language import Language
from feedback.notify.alertmanager import OPEN_FOR, posted
from feedback.notify.email import compose
from feedback.notify.message import ALERT_NAME, alert_message, trial_message
from feedback.notify.outbox import NoticeKind
from tests.unit.feedback.notify.notify_samples import ALERT, EMAIL, NOW, QUOTE, notice, update


def parsed(mail: EmailMessage) -> EmailMessage:
    """The mail as its reader gets it."""
    read = message_from_bytes(mail.as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    return read


def part(mail: EmailMessage, kind: str) -> EmailMessage:
    (found,) = [each for each in mail.walk() if each.get_content_type() == kind]
    assert isinstance(found, EmailMessage)
    return found


def test_it_says_what_rose_where_and_what_drives_it() -> None:
    message = alert_message(notice())
    assert message.subject == "Bonus <payout> & verspätet: 41 from Germany, 12 expected (7–18)"
    text = message.text.replace("\u00a0", " ")
    assert "In the 7 days to 8 March 2026, 41 complaints came in from Germany; 12 were expected (7–18)." in text
    assert "41 messages from 38 customers; 36 when near-copies count once." in message.text
    assert "Mostly Trustly <b> (23 of 41, usually 20 %)." in text
    assert "Planned for that time: Spring <campaign>." in message.text
    assert f"feedback explain {str(ALERT.id)[:8]}" in message.text


def test_one_that_is_back_says_so_and_one_that_is_over_is_short() -> None:
    assert alert_message(notice(NoticeKind.REGRESSED, 2)).subject.startswith("Back: Bonus")
    over = alert_message(update())
    assert over.subject == "Calm again: Bonus <payout> & verspätet"
    assert "the alert is over. Calm for 4 days" in over.text
    assert over.pictures == {}


def test_html_is_escaped_whatever_people_write() -> None:
    html = alert_message(notice(), [QUOTE]).html
    for raw in ("<payout>", "Trustly <b>", "<script>", "Spring <campaign>"):
        assert raw not in html
    assert "Bonus &lt;payout&gt; &amp; verspätet" in html
    assert "&lt;script&gt;Bonus" in html


def test_what_customers_wrote_is_nowhere_unless_it_is_given() -> None:
    kept = notice()
    message = alert_message(kept)
    for told in (json.dumps(dict(kept.content)), json.dumps(dict(message.facts)), message.text, message.html):
        assert "Wo bleibt" not in told
    assert message.facts["quotes"] == []
    assert "Wo bleibt mein" in alert_message(kept, [QUOTE]).text


def test_the_outbox_keeps_json_that_every_database_takes() -> None:
    kept = json.loads(json.dumps(dict(notice().content), allow_nan=False))
    assert kept["picture"]["high"][-1] is None
    assert kept["rise"]["observed"] == 41
    assert kept["rise"]["voices"] == {"messages": 41, "customers": 38, "texts": 36, "unknown": 0, "senders": None}


def test_the_mail_has_text_html_and_the_picture_within() -> None:
    message = alert_message(notice())
    mail = parsed(compose(message, EMAIL, NOW))
    assert mail.get_content_type() == "multipart/alternative"
    text, related = mail.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert related.get_content_type() == "multipart/related"
    picture = part(mail, "image/png")
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content()[:8] == b"\x89PNG\r\n\x1a\n"
    html = part(mail, "text/html").get_content()
    (shown,) = re.findall(r'<img src="cid:([^"]+)"[^>]* alt="([^"]+)"', html)
    assert picture["Content-ID"] == f"<{shown[0]}>"
    assert shown[1].startswith("Bonus &lt;payout&gt;")


def test_the_headers_name_the_key_and_ask_for_no_answer() -> None:
    message = alert_message(notice())
    mail = parsed(compose(message, EMAIL, NOW))
    assert mail["Subject"] == message.subject
    assert mail["Message-ID"] == f"<{message.key}@casino.example>"
    assert mail["X-Feedback-Key"] == str(message.key)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<mailto:stop@c.example?subject=unsubscribe%20payments>"
    assert mail["From"] == "Rückmeldung <feedback@casino.example>"
    assert mail["Date"].datetime == NOW
    assert mail["In-Reply-To"] is None


# words of several scripts and lengths with marks between them, as subjects have them
words = st.one_of(
    st.sampled_from(["Auszahlung", "verspätet:", "wypłat", "høy", "(0–2)", "[høy]", "41", "expected", "x" * 60]),
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12),
)


@given(st.lists(words, min_size=1, max_size=30).map(" ".join))
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    message = replace(alert_message(notice()), subject=subject)
    mail = compose(message, EMAIL, NOW)
    assert parsed(mail)["Subject"] == subject
    lines = mail.as_bytes().split(b"\r\n\r\n", 1)[0].split(b"\r\n")
    assert max(map(len, lines)) <= 998


def test_an_update_joins_the_first_message() -> None:
    first, over = (parsed(compose(alert_message(each), EMAIL, NOW)) for each in (notice(), update()))
    assert over["In-Reply-To"] == over["References"] == first["Message-ID"]
    assert over["Message-ID"] != first["Message-ID"]
    assert over["Subject"] == f"Re: {first['Subject']}"


def test_a_copy_is_known_for_one() -> None:
    once, again = (compose(alert_message(notice()), EMAIL, at) for at in (NOW, NOW + timedelta(hours=1)))
    assert once["Message-ID"] == again["Message-ID"]


@pytest.mark.parametrize("name", ["a\nBcc: everybody@example.org", "x" * 300, "\u202egnp.exe", ""])
def test_no_topic_s_name_can_break_a_mail(name: str) -> None:
    kept = notice()
    message = alert_message(notice(subject=kept.content["subject"].replace("Bonus", name.replace("\n", " "))))
    assert parsed(compose(message, EMAIL, NOW))["Bcc"] is None


def test_alertmanager_knows_the_resolution_for_the_same_alert() -> None:
    first, over = (posted(alert_message(each), NOW) for each in (notice(), update()))
    labels = {"topic": "Bonus <payout> & verspätet", "owner": "payments", "area": "bonus", "segment": "market=DE"}
    assert first["labels"] == over["labels"] == {"alertname": ALERT_NAME, **labels}
    assert first["startsAt"] == over["startsAt"] == NOW.isoformat()
    assert first["endsAt"] == (NOW + OPEN_FOR).isoformat()
    later = NOW + timedelta(hours=3)
    assert posted(alert_message(notice()), later)["endsAt"] == (later + OPEN_FOR).isoformat()
    assert over["endsAt"] == (NOW + timedelta(days=9)).isoformat()


def test_a_test_message_says_that_it_is_one() -> None:
    message = trial_message("payments <b>", ALERT.id, NOW)
    assert "This is a test for payments <b>." in message.text
    assert "payments &lt;b&gt;" in message.html
    assert posted(message, NOW)["labels"]["topic"] == "test"
    assert compose(message, EMAIL, NOW)["X-Feedback-Key"] == str(ALERT.id)


def test_a_test_message_is_in_the_reader_s_language() -> None:
    message = trial_message("payments", ALERT.id, NOW, Language("de"))
    assert message.subject == "Ein Test Ihres Kanals"
    assert "Dies ist ein Test für payments." in message.text
    assert '<html lang="de">' in message.html
