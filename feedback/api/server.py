"""API and pages on a port."""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType
from typing import Protocol

import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from feedback.api.hot_issues import HotIssuesQuery, hot_issues
from feedback.api.service import Service
from feedback.errors import SettingError
from feedback.settings import LOOPBACK
from feedback.store.accounts import has_administrator
from feedback.store.database import Database
from feedback.store.owners import known_owners
from feedback.store.sight import Sight

GRACE_SECONDS = 7
"""So long requests under way may take once the server was asked to stop."""
LAST_SECONDS = 9.5
"""After that the process ends whatever it does; the database rolls back what was not written."""

HEADER_BYTES = 32 * 1024
"""The first line and the headers of a request hold at most so much."""
KEEP_ALIVE_SECONDS = 20
MOST_CONNECTIONS = 1_000
"""More get the answer 503 at once."""

WORKERS = "AnyIO worker"
"""What the threads are called that routes run in."""

log = logging.getLogger("feedback.api")


class Stop(Protocol):
    """An event of `threading` or `multiprocessing`."""

    def is_set(self) -> bool: ...


def serve(
    app: FastAPI,
    port: int,
    stop: Stop | None = None,
    on_ready: Callable[[int], None] | None = None,
    host: str = LOOPBACK,
) -> None:
    """Serve `app` on an address, and when asked to stop finish what is under way, within 10 seconds.

    It stops when `stop` is set or, where none is given, at SIGTERM or SIGINT. Port 0 takes a free one; `on_ready` is
    called with the port once requests are answered. Raises SettingError when the port cannot be had, and for an
    address that others reach while nobody could sign in there.
    """
    service = app.state.service
    assert isinstance(service, Service)
    address = _address(host, service.database)
    warn_unencrypted(address, https=service.settings.is_https)
    with bound(address, port) as listener:
        _first_answer(service)
        server = _Server(_config(app), stop, lambda: _ready(listener, on_ready))
        with nullcontext() if stop else _signals(server), _deadline(server):
            server.run(sockets=[listener])
    log.info("The API has stopped.", extra={"event": "api_stopped"})


def _address(host: str, database: Database) -> str:
    """`host` as an address to listen on. SettingError for what is none, and for one that others reach unless there is
    an administrator."""
    with suppress(ValueError), database.read() as connection:
        address = ipaddress.ip_address(LOOPBACK if host == "localhost" else host)
        if address.is_loopback or has_administrator(connection):
            return str(address)
    raise SettingError(
        f"The API does not listen on {host!r}. It does on an address that others reach, such as 0.0.0.0, once there "
        "are accounts: `feedback accounts add NAME --role administrator` makes the first. Better use 127.0.0.1 or ::1, "
        "and let a reverse proxy on this machine bring TLS."
    )


def warn_unencrypted(address: str, *, https: bool) -> None:
    """Say in the log that others reach the service, and that what they send can be read on the way."""
    if not https and not ipaddress.ip_address(address).is_loopback:
        log.warning(
            "Others reach %s, and 'public_url' is no https:// address: passwords can be read on the way, and cookies "
            "are not kept to https. Let a reverse proxy bring TLS and set it.",
            address,
            extra={"event": "not_encrypted"},
        )


def _first_answer(service: Service) -> None:
    """Answer what everybody asks once before anybody does, so that those who ask first do not all wait at once for
    statements to be compiled. What goes wrong is for those to be told who ask."""
    with suppress(SQLAlchemyError):
        with service.database.read() as connection:
            everything = Sight(None, known_owners(connection, service.owned, service.settings.default_owner))
        hot_issues(service, HotIssuesQuery(), everything).model_dump_json()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, stop: Stop | None, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop, self._ready = stop, ready
        self.deadline = threading.Timer(LAST_SECONDS, _end)
        self.deadline.daemon = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        self.should_exit = self.should_exit or (self._stop is not None and self._stop.is_set())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.deadline.start()
        await super().shutdown(sockets)

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]
        # uvicorn would raise the signal again when all is done, and so kill a process that still has to tidy up
        return nullcontext()


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,  # `feedback.api.access` writes a line that holds no query
        server_header=False,
        http="h11",
        limit_concurrency=MOST_CONNECTIONS,
        # a proxy on this machine says who asks; nobody else is believed
        proxy_headers=bool(app.state.service.settings.public_url),
        forwarded_allow_ips=["127.0.0.1", "::1"],
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def bound(host: str, port: int) -> socket.socket:
    """A socket to listen on, whose connections send at once. SettingError if the port cannot be had."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # connections inherit it. Without it a body waits until the caller's system confirms the headers, which takes it
    # 40 ms; asyncio sets it only on what was made as IPPROTO_TCP
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise SettingError(
            f"Port {port} of {host} cannot be had: {reason}. Choose another with `--port` or the setting 'port'."
        ) from None
    return listener


def _ready(listener: socket.socket, on_ready: Callable[[int], None] | None) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    log.info("The API answers on http://%s:%d", shown, port, extra={"event": "api_ready", "port": port})
    if on_ready:
        on_ready(port)


@contextmanager
def _signals(server: uvicorn.Server) -> Generator[None]:
    """SIGTERM and SIGINT stop the server; a second one stops it without waiting. Only a main thread gets signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _deadline(server: _Server) -> Generator[None]:
    """Ends the process when a thread still waits for the database: it would keep it for as long as it waits."""
    try:
        yield
        for thread in threading.enumerate():
            if thread.name.startswith(WORKERS):
                thread.join()
    finally:
        server.deadline.cancel()


def _end() -> None:
    log.error("The API did not stop in time and was ended.", extra={"event": "api_ended"})
    logging.shutdown()
    os._exit(1)
