"""The API in a process of its own, over a real socket."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from feedback.api.bounds import FEEDBACK_LIMIT
from feedback.api.server import bound, serve, warn_unencrypted
from feedback.errors import SettingError
from feedback.ingest import Taken
from feedback.roles import Role
from feedback.settings import Settings
from feedback.store import keys
from feedback.store.database import open_database
from tests.applications import create_app
from tests.integration.api.api_world import responding

NOW = datetime(2026, 3, 8, 15, 30, tzinfo=UTC)
SPAWN = multiprocessing.get_context("spawn")


def run_server(url: str, said: Connection, stop: Event | None, seconds: float) -> None:
    """The child: says its port, then when it has begun to take something in, then "done" after an orderly end.

    Taking something in lasts `seconds`.
    """
    database = open_database(url)

    def take(records: Sequence[Any], _source: str, _now: datetime) -> list[Taken]:
        said.send("taking")
        threading.Event().wait(seconds)
        return [Taken(str(each["source_id"]), "accepted") for each in records]

    app = create_app(Settings(), database, lambda: NOW, take, responding(Settings(), database))
    serve(app, 0, stop, said.send)
    database.close()
    said.send("done")


@contextmanager
def server(url: str, stop: Event | None = None, seconds: float = 0.0) -> Iterator[tuple[BaseProcess, Connection, int]]:
    heard, said = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=run_server, args=(url, said, stop, seconds))
    process.start()
    said.close()
    try:
        assert heard.poll(60)
        yield process, heard, heard.recv()
    finally:
        process.kill()
        process.join()
        heard.close()


@pytest.fixture
def key(sqlite_database: str) -> str:
    database = open_database(sqlite_database)
    with database.write() as connection:
        made = keys.add_key(connection, "helpdesk", NOW, Role.ADMINISTRATOR)
    database.close()
    return made


def ask(port: int, path: str, key: str = "", body: object = None) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    method = "GET" if body is None else "POST"
    connection.request(method, path, None if body is None else json.dumps(body), {"X-API-Key": key} if key else {})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def head_of_answer(port: int, request: bytes) -> bytes:
    """Send bytes and read the status and headers of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        raw.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += raw.recv(65536)
    return received.split(b"\r\n\r\n")[0]


def test_it_answers_and_ends_in_order_at_sigterm(sqlite_database: str) -> None:
    with server(sqlite_database) as (process, heard, port):
        assert ask(port, "/healthz")[0] == 200
        os.kill(process.pid or 0, signal.SIGTERM)
        assert heard.poll(10)
        assert heard.recv() == "done"
        process.join(10)
        assert process.exitcode == 0


def test_it_ends_when_its_parent_says_so(sqlite_database: str) -> None:
    stop = SPAWN.Event()
    with server(sqlite_database, stop) as (process, heard, port):
        assert ask(port, "/healthz")[0] == 200
        stop.set()
        assert heard.poll(10)
        process.join(10)
        assert process.exitcode == 0


def test_a_request_under_way_is_finished_first(sqlite_database: str, key: str) -> None:
    answers: list[tuple[int, dict[str, Any]]] = []
    with server(sqlite_database, seconds=1.0) as (process, heard, port):
        post: Callable[[], None] = lambda: answers.append(ask(port, "/v1/feedback", key, {"source_id": "1"}))  # noqa: E731
        sender = threading.Thread(target=post)
        sender.start()
        assert heard.poll(10)
        assert heard.recv() == "taking"
        os.kill(process.pid or 0, signal.SIGTERM)
        sender.join(10)
        assert heard.poll(10)
        assert heard.recv() == "done"
    assert answers[0][0] == 200
    assert answers[0][1]["accepted"] == 1


def test_a_request_that_never_ends_does_not_keep_it(sqlite_database: str, key: str) -> None:
    with server(sqlite_database, seconds=3600.0) as (process, heard, port):
        sent = b"POST /v1/feedback HTTP/1.1\r\nHost: x\r\nX-API-Key: %b\r\nContent-Length: 2\r\n\r\n{}" % key.encode()
        with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
            raw.sendall(sent)
            assert heard.poll(10)
            asked = time.monotonic()
            os.kill(process.pid or 0, signal.SIGTERM)
            assert raw.recv(65536).startswith(b"HTTP/1.1 503 ")
            process.join(20)
        assert process.exitcode == 1
        assert time.monotonic() - asked < 10.5


def test_senders_that_wait_keep_no_reader_waiting(sqlite_database: str, key: str) -> None:
    with server(sqlite_database, seconds=3600.0) as (_, heard, port):
        head = b"POST /v1/feedback HTTP/1.1\r\nHost: x\r\nX-API-Key: %b\r\n" % key.encode()
        senders = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(60)]
        for each in senders:
            each.sendall(head + b"Content-Length: 2\r\n\r\n{}")
        assert heard.poll(10)
        assert ask(port, "/v1/topics", key)[0] == 200
        assert ask(port, "/healthz")[0] == 200
        for each in senders:
            each.close()


def test_a_body_that_is_not_wanted_is_not_waited_for(sqlite_database: str, key: str) -> None:
    with server(sqlite_database) as (_, _, port):
        anonymous = b"POST /v1/feedback HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n["
        answer = head_of_answer(port, anonymous)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"server:" not in answer.lower()
        large = (
            f"POST /v1/feedback HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Length: {FEEDBACK_LIMIT + 1}\r\n\r\n"
        )
        answer = head_of_answer(port, large.encode())
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"application/problem+json" in answer


def test_a_port_that_is_taken_is_named(sqlite_database: str, tmp_path: Path) -> None:
    database = open_database(sqlite_database)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        app = create_app(Settings(), database, lambda: NOW, lambda *_: [], responding(Settings(), database))
        with pytest.raises(SettingError, match=f"Port {port} .*'port'"):
            serve(app, port)
    database.close()


def test_an_answer_does_not_wait_to_share_a_packet() -> None:
    with bound("127.0.0.1", 0) as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("address", "https", "warned"), [("0.0.0.0", False, 1), ("0.0.0.0", True, 0), ("::1", False, 0)]
)
def test_where_others_reach_it_unencrypted_the_log_says_so(
    caplog: pytest.LogCaptureFixture, address: str, https: bool, warned: int
) -> None:
    warn_unencrypted(address, https=https)
    assert [getattr(each, "event", "") for each in caplog.records] == ["not_encrypted"] * warned
