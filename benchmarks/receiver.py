"""A receiver of notices that nobody's death touches: a web server in a process of its own that counts by key."""

from __future__ import annotations

import multiprocessing
import random
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

APART = multiprocessing.get_context("spawn")


class Receiver:
    """Takes what is posted to `url`, once entered. `failing` is the share of requests that go wrong, in one of four
    ways: it answers 500, hangs for `hang` seconds, or drops the connection before or after it has taken the notice."""

    def __init__(self, failing: float = 0.0, seed: int = 1, hang: float = 0.0) -> None:
        self._got, self._port = APART.SimpleQueue(), APART.SimpleQueue()
        self._number, self._stop = APART.Value("q", 0), APART.Event()
        values = (failing, seed, hang, self._port, self._got, self._number, self._stop)
        self._process = APART.Process(target=_serve, args=values, daemon=True)

    def __enter__(self) -> Receiver:
        self._process.start()
        self.url = f"http://127.0.0.1:{self._port.get()}/"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    def taken(self) -> int:
        """How many requests were taken so far."""
        return int(self._number.value)

    def counted(self) -> Counter[str]:
        """How often each key was taken; to be asked once, in the end."""
        self._stop.set()
        return Counter(self._got.get())


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


def _serve(failing: float, seed: int, hang: float, port: Any, got: Any, number: Any, stop: Any) -> None:
    dice, lock, keys = random.Random(seed), threading.Lock(), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with lock:
                fate = (
                    dice.choice(("error", "hang", "drop before", "drop after")) if dice.random() < failing else "take"
                )
            if fate == "drop before":
                return self._drop()
            self.rfile.read(int(self.headers["Content-Length"]))
            if fate in ("take", "drop after"):
                with lock:
                    keys.append(self.headers["Idempotency-Key"])
                    number.value = len(keys)
            if fate == "hang":
                time.sleep(hang)
            if fate in ("drop after", "hang"):
                return self._drop()
            self.send_response(500 if fate == "error" else 200)
            self.send_header("Content-Length", "0")
            return self.end_headers()

        def _drop(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True  # the sender was killed, or has lost patience

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port.put(server.server_port)
    stop.wait()
    with lock:
        got.put(list(keys))
    time.sleep(60)  # until it is killed
