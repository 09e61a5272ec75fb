"""E-mail: text, HTML and pictures in one message, and all messages about an alert in one thread."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.headerregistry import BaseHeader, HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from typing import ClassVar, Literal
from urllib.parse import quote
from uuid import UUID

from feedback.notify.deadline import cut_off, failure
from feedback.notify.message import Message
from feedback.notify.outbox import DELIVERED, Result, passing, permanent

Security = Literal["none", "starttls", "tls"]

WITH_ADDRESS = re.compile(r"\S*@\S*")
ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]]+@[A-Za-z0-9.-]+")


class Subject(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc]  # the two say max_count differently
    """A subject that arrives as it was written.

    Folded as any other header is (by Python 3.11 at least), one that mixes encoded and plain words loses blanks between
    them; here either all of it is encoded or nothing.
    """

    def fold(self, *, policy: Policy) -> str:
        """The lines of the header."""
        charset = "us-ascii" if str(self).isascii() else "utf-8"
        header = Header(str(self), charset, maxlinelen=policy.max_line_length, header_name=self.name)
        return f"{self.name}: {header.encode(linesep=policy.linesep)}{policy.linesep}"


HEADERS = HeaderRegistry()
HEADERS.map_to_type("subject", Subject)
POLICY = SMTP.clone(header_factory=HEADERS)


@dataclass(frozen=True, slots=True)
class Smtp:
    """The server that mail leaves by. `sender` is what stands behind From, `address` its address alone."""

    host: str
    port: int
    security: Security
    sender: str = field(repr=False)
    address: str = field(repr=False)
    unsubscribe: str = field(repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Email:
    """One mailbox. `quotes`: whether redacted words of customers are put in."""

    digests: ClassVar[bool] = True
    outcomes: ClassVar[bool] = True
    key: str
    to: str = field(repr=False)
    smtp: Smtp
    quotes: bool = False
    language: str = ""

    def send(self, message: Message, now: datetime, seconds: float) -> Result:
        """Hand the message to the server within so many seconds. What it accepted counts as delivered."""
        mail = compose(message, self, now)
        try:
            with _session(self.smtp, seconds) as session:
                session.send_message(mail, self.smtp.address, [self.to])
        except (smtplib.SMTPException, OSError, EOFError) as error:
            return _failed(error)
        return DELIVERED


def compose(message: Message, channel: Email, now: datetime) -> EmailMessage:
    """The mail; the same key gives the same Message-ID, so that a copy is known for one."""
    smtp = channel.smtp
    mail = EmailMessage(policy=POLICY)
    mail["From"], mail["To"] = smtp.sender, channel.to
    mail["Subject"] = _subject(message)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = _message_id(message.key, smtp)
    if message.thread:
        mail["In-Reply-To"] = mail["References"] = _message_id(message.thread, smtp)
    mail["List-Unsubscribe"] = f"<mailto:{smtp.unsubscribe}?subject={quote(f'unsubscribe {message.owner}')}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Feedback-Key"] = str(message.key)
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    page = mail.get_payload()[1]  # type: ignore[index]  # the second of two alternatives
    assert isinstance(page, EmailMessage)
    for name, png in message.pictures.items():
        page.add_related(png, "image", "png", cid=f"<{name}>", filename=name, disposition="inline")
    return mail


def _subject(message: Message) -> str:
    """An update is called what the first message was: some readers keep a thread together by that alone."""
    if message.thread and message.thread_subject:
        return f"Re: {message.thread_subject}"
    return message.subject


def _message_id(key: UUID, smtp: Smtp) -> str:
    return f"<{key}@{smtp.domain}>"


@contextmanager
def _session(smtp: Smtp, seconds: float) -> Iterator[smtplib.SMTP]:
    session = _unconnected(smtp, seconds)
    try:
        with cut_off(seconds, lambda: session.sock):
            _open(session, smtp)
            yield session
            # what it has accepted is delivered, however it says goodbye
            with contextlib.suppress(smtplib.SMTPException, OSError):
                session.quit()
    finally:
        session.close()


def _unconnected(smtp: Smtp, seconds: float) -> smtplib.SMTP:
    """Not connected yet, so that the deadline holds for connecting too; this machine's name is nobody's business."""
    if smtp.security == "tls":
        # its own default does not check the certificate
        secure = ssl.create_default_context()
        return smtplib.SMTP_SSL(local_hostname=smtp.domain, timeout=seconds, context=secure)
    return smtplib.SMTP(local_hostname=smtp.domain, timeout=seconds)


def _open(session: smtplib.SMTP, smtp: Smtp) -> None:
    session._host = smtp.host  # type: ignore[attr-defined]  # for checking the certificate; only __init__ sets it
    code, said = session.connect(smtp.host, smtp.port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, said)
    if smtp.security == "starttls":
        session.starttls(context=ssl.create_default_context())
    if smtp.user:
        session.login(smtp.user, smtp.password)


def _failed(error: Exception) -> Result:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return _refused(code, said)
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused(error.smtp_code, error.smtp_error)
    return passing(failure(error))


def _refused(code: int, said: bytes | str) -> Result:
    """What the server said, without addresses: servers repeat them."""
    told = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    words = f"SMTP {code} {' '.join(WITH_ADDRESS.sub('[address]', told).split())}".strip()
    return permanent(words) if 500 <= code < 600 else passing(words)
