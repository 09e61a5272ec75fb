"""Receivers that fail in every way a real one does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class HttpReceiver:
    """Does one of `answers` to each request, the last of them for ever: a status, or a word for what it does."""

    answers: deque[int | str]
    url: str = ""
    got: list[Got] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)

    def next(self) -> int | str:
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]


@contextmanager
def http_receiver(*answers: int | str) -> Iterator[HttpReceiver]:
    """A server on this machine. Words: `hang` never answers, `drop` closes in the middle of the answer's headers,
    `trickle` sends a byte now and then, `stall` answers 200 but never ends its body, `late` takes the request and
    answers 200 only when nobody listens any more."""
    receiver = HttpReceiver(deque(answers or (200,)))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Got(self.path, dict(self.headers), body))
            answer = receiver.next()
            getattr(self, f"_{answer}")() if isinstance(answer, str) else self._status(answer)

        def _status(self, status: int) -> None:
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _hang(self) -> None:
            receiver.released.wait()

        def _late(self) -> None:
            while self.connection.recv(1):
                """Until the sender has hung up."""
            self._status(200)

        def _drop(self) -> None:
            self.wfile.write(b"HTTP/1.1 2")
            self.connection.shutdown(socket.SHUT_RDWR)

        def _trickle(self) -> None:
            for byte in b"HTTP/1.1 200 OK\r\n" * 1_000:
                if receiver.released.wait(0.1):
                    return
                try:
                    self.wfile.write(bytes([byte]))
                except OSError:
                    return

        def _stall(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            receiver.released.wait()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the sender has hung up
                super().handle()

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # or the kernel turns away some of eight that come at once
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook?x=1"
        try:
            yield receiver
        finally:
            receiver.released.set()
            server.shutdown()
            serving.join()


def free_port() -> int:
    """A port that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass
class Mailbox:
    """What an SMTP server took, and what it says to each message, or to the recipients and senders of each: the last
    answer for ever."""

    answers: deque[str]
    at_recipient: str = ""
    at_sender: str = ""
    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    recipients: list[Sequence[str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if not self.at_sender:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.at_sender or "250 fine"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if not self.at_recipient:
            envelope.rcpt_tos.append(address)
        return self.at_recipient or "250 fine"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        answer = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        if answer == "drop":
            server.transport.abort()
            return "451 gone"
        if answer == "late" or answer.startswith("250"):
            self.mails.append(envelope.content)
            self.recipients.append(list(envelope.rcpt_tos))
        if answer in ("hang", "late"):
            await asyncio.to_thread(self.released.wait)
            return "421 over"
        return answer


@contextmanager
def smtp_server(*answers: str, at_recipient: str = "", at_sender: str = "", **options: Any) -> Iterator[Mailbox]:
    """A real SMTP server. Words for a message: `drop` hangs up after it instead of answering, `hang` never answers,
    `late` takes it and never says so."""
    mailbox = Mailbox(deque(answers or ("250 taken",)), at_recipient, at_sender)
    mailbox.port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, **options)
    controller.start()
    try:
        yield mailbox
    finally:
        mailbox.released.set()
        controller.stop()
