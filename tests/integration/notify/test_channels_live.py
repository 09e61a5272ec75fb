"""Each channel against a real server that fails in every way."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from feedback.notify.alertmanager import Alertmanager
from feedback.notify.apprise import Apprise
from feedback.notify.channels import Channel
from feedback.notify.email import Email, Security
from feedback.notify.message import alert_message
from feedback.notify.outbox import DELIVERED, Result
from feedback.notify.webhook import Webhook
from tests.integration.notify.receivers import Got, HttpReceiver, Mailbox, free_port, http_receiver, smtp_server
from tests.unit.feedback.notify.notify_samples import NOW, SMTP, notice

MESSAGE = alert_message(notice())
SECRET = "0123456789abcdef"
SHORT, LONG = 0.3, 20.0


def post(receiver: HttpReceiver, seconds: float = LONG) -> Result:
    return Webhook("k", receiver.url, SECRET).send(MESSAGE, NOW, seconds)


def mail(mailbox: Mailbox, seconds: float = LONG, security: Security = "none") -> Result:
    smtp = replace(SMTP, port=mailbox.port, security=security)
    return Email("k", "team@casino.example", smtp).send(MESSAGE, NOW, seconds)


def test_a_webhook_is_signed_over_its_time_and_body() -> None:
    with http_receiver(204) as receiver:
        assert post(receiver) == DELIVERED
    (got,) = receiver.got
    stamp = got.headers["X-Feedback-Timestamp"]
    signed = hmac.new(SECRET.encode(), stamp.encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert got.headers["X-Feedback-Signature"] == f"sha256={signed}"
    assert got.headers["Idempotency-Key"] == str(MESSAGE.key)
    assert stamp == str(int(NOW.timestamp()))
    assert got.path == "/hook?x=1"
    facts = json.loads(got.body)
    assert (facts["version"], facts["kind"], facts["rise"]["observed"]) == (1, "opened", 41)
    assert facts["topic"]["name"] == "Bonus <payout> & verspätet"


@pytest.mark.parametrize(("answer", "error"), [(500, "HTTP 500"), (503, "HTTP 503"), (408, "HTTP 408")])
def test_a_status_that_passes(answer: int, error: str) -> None:
    with http_receiver(answer, 200) as receiver:
        assert post(receiver) == Result(error)
        assert post(receiver) == DELIVERED


@pytest.mark.parametrize("answer", [400, 404, 410, 302])
def test_a_status_that_does_not(answer: int) -> None:
    with http_receiver(answer) as receiver:
        assert post(receiver).permanent
        assert len(receiver.got) == 1, "not even a redirection is followed"


@pytest.mark.parametrize("said", ["90", format_datetime(NOW + timedelta(seconds=90), usegmt=True)])
def test_a_receiver_that_is_too_busy_says_until_when(said: str) -> None:
    with http_receiver(429) as receiver:
        receiver.headers["Retry-After"] = said
        assert post(receiver) == Result("HTTP 429", retry_after=timedelta(seconds=90))


@pytest.mark.parametrize("said", ["", "soon", "-5", "Mon, 99 Foo"])
def test_nonsense_about_when_is_no_obstacle(said: str) -> None:
    with http_receiver(429) as receiver:
        receiver.headers["Retry-After"] = said
        assert post(receiver) == Result("HTTP 429")


def test_a_receiver_that_is_not_there() -> None:
    found = Webhook("k", f"http://127.0.0.1:{free_port()}/", SECRET).send(MESSAGE, NOW, LONG)
    assert found.error is not None
    assert found.error.startswith("ConnectionRefusedError")
    assert not found.permanent


def test_a_host_that_does_not_exist() -> None:
    found = Webhook("k", "http://no-such-host.invalid/secret-path", SECRET).send(MESSAGE, NOW, LONG)
    assert not found.delivered
    assert not found.permanent
    assert "secret-path" not in str(found.error)


@pytest.mark.parametrize("way", ["hang", "trickle"])
def test_one_attempt_ends_in_time_whatever_the_receiver_does(way: str) -> None:
    with http_receiver(way) as receiver:
        begun = time.perf_counter()
        found = post(receiver, SHORT)
        assert time.perf_counter() - begun < SHORT + 2
    assert not found.delivered
    assert not found.permanent


def test_a_connection_dropped_in_the_middle() -> None:
    with http_receiver("drop", 200) as receiver:
        assert not post(receiver).delivered
        assert post(receiver) == DELIVERED
        first, second = (each.headers["Idempotency-Key"] for each in receiver.got)
        assert first == second


def test_an_answer_counts_once_its_status_is_there() -> None:
    with http_receiver("stall") as receiver:
        assert post(receiver) == DELIVERED


def test_alertmanager_gets_alerts_where_it_takes_them() -> None:
    with http_receiver(200) as receiver:
        base = receiver.url.replace("http://", "http://user:p%40ss@").split("/hook")[0] + "/am/"
        assert Alertmanager("k", base).send(MESSAGE, NOW, LONG) == DELIVERED
    (got,) = receiver.got
    assert got.path == "/am/api/v2/alerts"
    assert got.headers["Authorization"] == "Basic dXNlcjpwQHNz"
    (alert,) = json.loads(got.body)
    assert alert["annotations"]["summary"] == MESSAGE.subject


def test_apprise_sends_what_it_is_given() -> None:
    with http_receiver(200) as receiver:
        channel = Apprise("k", receiver.url.replace("http://", "json://").split("?")[0])
        assert channel.send(MESSAGE, NOW, LONG) == DELIVERED
    sent = json.loads(receiver.got[0].body)
    assert sent["title"] == MESSAGE.subject
    assert sent["message"].startswith(MESSAGE.text.strip())
    assert sent["message"].endswith(f"#{str(MESSAGE.key)[:8]}"), "a copy is known by it"


def test_what_apprise_cannot_send_may_pass() -> None:
    with http_receiver(500) as receiver:
        url = receiver.url.replace("http://", "json://").split("?")[0]
        assert not Apprise("k", url).send(MESSAGE, NOW, LONG).permanent
    assert not Apprise("k", url).send(MESSAGE, NOW, LONG).delivered


def test_apprise_is_not_waited_for_for_ever() -> None:
    with http_receiver("hang") as receiver:
        url = receiver.url.replace("http://", "json://").split("?")[0]
        assert Apprise("k", url).send(MESSAGE, NOW, SHORT) == Result("no answer in time")


def test_what_apprise_logs_of_addresses_is_not_passed_on(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with http_receiver(404) as receiver, caplog.at_level("INFO"):
        assert apprise(receiver).send(MESSAGE, NOW, LONG).permanent
    assert "127.0.0.1" not in caplog.text + capsys.readouterr().err


def apprise(receiver: HttpReceiver) -> Apprise:
    return Apprise("k", receiver.url.replace("http://", "json://").split("?")[0])


def webhook(receiver: HttpReceiver) -> Webhook:
    return Webhook("k", receiver.url, SECRET)


def alertmanager(receiver: HttpReceiver) -> Alertmanager:
    return Alertmanager("k", receiver.url.split("/hook")[0])


NO_ANSWER = "no answer in time"
FAILURES = [
    (500, "HTTP 500", False),
    (503, "HTTP 503", False),
    (429, "HTTP 429", False),
    (401, "HTTP 401", True),
    (404, "HTTP 404", True),
    ("hang", NO_ANSWER, False),
    ("late", NO_ANSWER, False),
    ("drop", None, False),
    ("refuse", None, False),
]
"""What a receiver does; what is kept of it, if it is the same on every way; whether it will fail again."""


@pytest.mark.parametrize("channel", [webhook, alertmanager, apprise])
@pytest.mark.parametrize(("way", "error", "is_permanent"), FAILURES)
def test_every_way_to_fail_over_http(
    channel: Callable[[HttpReceiver], Channel], way: int | str, error: str | None, *, is_permanent: bool
) -> None:
    """Then the same message arrives, and who got it twice can tell."""
    with http_receiver(200 if way == "refuse" else way, 200) as receiver:
        receiver.headers["Retry-After"] = "90"
        there = receiver.url
        if way == "refuse":
            receiver.url = f"http://127.0.0.1:{free_port()}/hook"
        found = channel(receiver).send(MESSAGE, NOW, SHORT if error == NO_ANSWER else LONG)
        assert (found.delivered, found.permanent) == (False, is_permanent)
        assert error in (None, found.error)
        asks = way in (429, 503) and channel is not apprise
        assert found.retry_after == (timedelta(seconds=90) if asks or (way == 500 and channel is not apprise) else None)
        receiver.url = there
        assert channel(receiver).send(MESSAGE, NOW, LONG) == DELIVERED
        keys = {_key(each) for each in receiver.got}
        assert keys in ({str(MESSAGE.key)}, {str(MESSAGE.key)[:8]}), "the same at every attempt"
        assert len(receiver.got) == (1 if way == "refuse" else 2)


def _key(got: Got) -> str:
    found = got.headers.get("Idempotency-Key")
    return found or json.loads(got.body)["message"].rpartition("#")[2]


AT_EVERY_STEP = [
    ({"at_sender": "421 too many of you"}, (), "SMTP 421 too many of you", False),
    ({"at_sender": "550 <f@casino.example> may not"}, (), "SMTP 550 [address] may not", True),
    ({"at_recipient": "550 no <team@casino.example> here"}, (), "SMTP 550 no [address] here", True),
    ({"at_recipient": "450 try <team@casino.example> later"}, (), "SMTP 450 try [address] later", False),
    ({}, ("552 too large",), "SMTP 552 too large", True),
    ({}, ("421 going down",), "SMTP 421 going down", False),
    ({}, ("hang",), NO_ANSWER, False),
    ({}, ("late",), NO_ANSWER, False),
    ({}, ("drop",), None, False),
]
"""What a mail server says at which step; what is kept of it; whether it will fail again."""


@pytest.mark.parametrize(("says", "answers", "error", "is_permanent"), AT_EVERY_STEP)
def test_every_way_to_fail_over_smtp(
    says: dict[str, str], answers: tuple[str, ...], error: str | None, *, is_permanent: bool
) -> None:
    """Then the same mail arrives, and who got it twice can tell."""
    with smtp_server(*answers, *(["250 taken"] if answers else []), **says) as mailbox:
        found = mail(mailbox, SHORT if error == NO_ANSWER else LONG)
        assert (found.delivered, found.permanent) == (False, is_permanent)
        assert error in (None, found.error)
        mailbox.at_sender = mailbox.at_recipient = ""
        assert mail(mailbox) == DELIVERED
        got = [message_from_bytes(each, policy=default) for each in mailbox.mails]
    assert {each["Message-ID"] for each in got} == {got[0]["Message-ID"]}
    assert len(got) == (2 if answers == ("late",) else 1)


def test_a_mail_arrives_whole() -> None:
    with smtp_server() as mailbox:
        assert mail(mailbox) == DELIVERED
    got = message_from_bytes(mailbox.mails[0], policy=default)
    assert got["Subject"] == MESSAGE.subject
    assert got["X-Feedback-Key"] == str(MESSAGE.key)
    assert [each.get_content_type() for each in got.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    assert mailbox.recipients == [["team@casino.example"]]


def test_a_server_that_is_busy_takes_it_the_next_time() -> None:
    with smtp_server("451 try later, team@casino.example", "250 taken") as mailbox:
        assert mail(mailbox) == Result("SMTP 451 try later, [address]")
        assert mail(mailbox) == DELIVERED


def test_a_server_that_refuses_for_good() -> None:
    with smtp_server("550 <team@casino.example> is unknown") as mailbox:
        assert mail(mailbox) == Result("SMTP 550 [address] is unknown", permanent=True)


def test_a_server_that_hangs_up_after_the_message_gets_it_again() -> None:
    with smtp_server("drop", "250 taken") as mailbox:
        found = mail(mailbox)
        assert not found.delivered
        assert not found.permanent
        assert mail(mailbox) == DELIVERED


def test_a_mail_server_that_is_not_there() -> None:
    assert not mail(Mailbox(answers=None, port=free_port())).permanent  # type: ignore[arg-type]


def test_a_mail_server_that_says_nothing() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.perf_counter()
        assert not mail(Mailbox(answers=None, port=silent.getsockname()[1]), SHORT).delivered  # type: ignore[arg-type]
        assert time.perf_counter() - begun < SHORT + 2


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine and its key, in one file."""
    made, name = tmp_path / "made.pem", "subjectAltName=IP:127.0.0.1"
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("no openssl to make a certificate with")
    options = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=here",
        "-addext",
        name,
        "-keyout",
        str(made),
        "-out",
        f"{made}.crt",
    ]
    subprocess.run([openssl, "req", "-x509", *options], check=True, capture_output=True)
    made.write_text(made.read_text() + Path(f"{made}.crt").read_text())
    return made


@pytest.mark.parametrize(("security", "option"), [("starttls", "tls_context"), ("tls", "ssl_context")])
def test_encrypted_mail_goes_to_who_can_prove_the_name(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, security: Security, option: str
) -> None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate)
    secured: dict[str, Any] = {option: ours}
    with smtp_server(**secured) as mailbox:
        refused = mail(mailbox, security=security)
        assert (refused.delivered, refused.permanent) == (False, False)
        assert str(refused.error).startswith("SSLCertVerificationError")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert mail(mailbox, security=security) == DELIVERED


def test_a_server_without_encryption_gets_nothing_where_it_is_wanted() -> None:
    with smtp_server() as mailbox:
        found = mail(mailbox, security="starttls")
        assert not found.delivered
        assert mailbox.mails == []
