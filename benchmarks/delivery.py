"""Whether notices get lost: a receiver that fails at random, a sender that is killed again and again.

    python benchmarks/delivery.py [--notices 10000] [--failing 0.3] [--kills 50] [--database-url postgresql+psycopg://…]

The receiver answers 500, hangs until the sender has lost patience, or drops the connection: before it has read the
notice or after it has taken it, which makes duplicates. What it has taken it counts by idempotency key. The sender runs
in a process of its own that is killed (SIGKILL) at random moments and started anew. The baseline has no outbox: a
process that is handed notices, a hundred at once, sends each once and forgets it; what it still held when it was killed
is gone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from feedback.domain import derived_id
from feedback.notify.channels import Channels
from feedback.notify.outbox import Notice, NoticeKind, NoticeState, RetryPolicy
from feedback.notify.webhook import Webhook
from feedback.settings import Settings
from feedback.store.database import Database, create_database, open_database, parts
from feedback.store.notices import add_notices, tally
from jobs.context import Context, Parts
from jobs.deliver import Pace, run
from jobs.progress import Silent
from jobs.run import this_process

CHANNEL = "default/1"
SECRET = "not a secret at all"  # noqa: S105 - of the benchmark alone
PATIENCE = 0.25
HANDED = 100
"""Notices that the baseline is handed at once."""

# as in service, but pauses of tenths of a second instead of half a minute and more
PACE = Pace(PATIENCE, timedelta(minutes=30), RetryPolicy(timedelta(seconds=0.2), timedelta(seconds=2), attempts=48))
FORK = multiprocessing.get_context("fork")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--notices", type=int, default=10_000)
    options.add_argument("--failing", type=float, default=0.3)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--database-url", default="")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    print(f"{chosen.notices:,} notices, {chosen.failing:.0%} of requests fail, {chosen.kills} kills")
    print(f"{'':22}{'lost':>7}{'dead':>6}{'twice':>7}{'most':>6}{'kills':>7}{'seconds':>9}{'a second':>10}")
    for name, trial in (("outbox", outbox), ("send and forget", send_and_forget)):
        with Receiver(chosen.failing, chosen.seed) as receiver, TemporaryDirectory() as folder:
            url = chosen.database_url or f"sqlite:///{Path(folder) / 'outbox.db'}"
            begun = time.perf_counter()
            kills, dead = trial(receiver.url, url, chosen.notices, Killer(chosen.kills, chosen.seed, receiver.taken))
            tell(name, receiver.counted(), chosen.notices, kills, dead, time.perf_counter() - begun)


def tell(name: str, counted: Counter[str], number: int, kills: int, dead: int, seconds: float) -> None:
    """A row; `twice` are deliveries beyond the first of a key, `most` the deliveries of the key that has most."""
    lost, twice = number - len(counted), counted.total() - len(counted)
    most = max(counted.values(), default=0)
    rate = len(counted) / seconds
    print(f"{name:22}{lost:>7,}{dead:>6,}{twice:>7,}{most:>6}{kills:>7}{seconds:>9.1f}{rate:>10.0f}")


def outbox(receiver: str, url: str, number: int, killer: Killer) -> tuple[int, int]:
    """All notices through the outbox; how often the sender was killed, and how many notices were given up."""
    create_database(url).close()
    database = open_database(url)
    for some in parts([notice(each) for each in range(number)], 1_000):
        with database.write() as connection:
            add_notices(connection, some)
    database.close()
    killer.watch(lambda: sender(send_all, url, receiver), number)
    database = open_database(url)
    found = states(database)
    database.close()
    assert found[NoticeState.PENDING] == 0
    return killer.kills, found[NoticeState.DEAD]


def send_and_forget(receiver: str, _url: str, number: int, killer: Killer) -> tuple[int, int]:
    """The baseline: each notice is sent once, by a process that knows of those it was handed and of no others."""
    handed = iter(range(0, number, HANDED))

    def next_sender() -> BaseProcess | None:
        start = next(handed, None)
        return None if start is None else sender(send_some, receiver, range(start, min(start + HANDED, number)))

    killer.watch(next_sender, number)
    return killer.kills, 0


def sender(target: Callable[..., None], *values: object) -> BaseProcess:
    process = FORK.Process(target=target, args=values)
    process.start()
    return process


def send_all(url: str, receiver: str) -> None:
    """What the service does, until nothing is left."""
    database = open_database(url)
    settings = Settings(taxonomy="none")
    loaded = Parts(settings, Silent())
    loaded.channels = Channels({}, [Webhook(CHANNEL, receiver, SECRET)])
    context = Context(settings, database, loaded, Silent(), now, this_process())
    while states(database)[NoticeState.PENDING]:
        run(context, now(), PACE)
        time.sleep(0.05)


def send_some(receiver: str, numbers: range) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from feedback.notify.message import alert_message
    from jobs.deliver import SENDERS

    channel = Webhook(CHANNEL, receiver, SECRET)
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(lambda each: channel.send(alert_message(notice(each)), now(), PATIENCE), numbers))


def states(database: Database) -> dict[NoticeState, int]:
    with database.read() as connection:
        return tally(connection)


def notice(number: int) -> Notice:
    alert = {"id": str(derived_id("alert", number)), "state": "open"}
    told = {"subject": f"Notice {number}", "sentences": ["41, 12 expected."], "alert": alert, "topic": {}, "labels": {}}
    content = {**told, "at": now().isoformat(), "who": "feedback", "why": ""}
    return Notice(derived_id("notice", number), NoticeKind.OPENED, "payments", CHANNEL, content, now(), now())


def now() -> datetime:
    return datetime.now(UTC)


class Killer:
    """Ends the sender at random moments, spread over the time it takes, and starts it anew."""

    def __init__(self, kills: int, seed: int, taken: Callable[[], int]) -> None:
        self.kills = 0
        self._planned = kills
        self._dice = random.Random(seed)
        self._taken = taken

    def watch(self, start: Callable[[], BaseProcess | None], number: int) -> None:
        """Run senders until one ends by itself and there is no other to start, or all have had their turn."""
        moments = sorted(self._dice.uniform(0.005, 0.95) * number for _ in range(self._planned))
        process = start()
        while process is not None:
            process.join(0.005 * self._dice.random())
            if process.exitcode is not None:
                again = start() if self._is_handing(start) else None
                process = again
            elif moments and self._taken() >= moments[0]:
                moments.pop(0)
                process.kill()
                process.join()
                self.kills += 1
                process = start()

    @staticmethod
    def _is_handing(start: Callable[[], BaseProcess | None]) -> bool:
        # the baseline's next sender has other notices; the outbox's has nothing left when one has ended by itself
        return start.__name__ == "next_sender"


class Receiver:
    """A server in a process of its own, that the sender's death does not touch."""

    def __init__(self, failing: float, seed: int) -> None:
        self._got = FORK.SimpleQueue()
        self._port = FORK.SimpleQueue()
        self._number = FORK.Value("q", 0)
        self._stop = FORK.Event()
        values = (failing, seed, self._port, self._got, self._number, self._stop)
        self._process = FORK.Process(target=serve, args=values)

    def __enter__(self) -> Receiver:
        self._process.start()
        self.url = f"http://127.0.0.1:{self._port.get()}/"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    def taken(self) -> int:
        return int(self._number.value)

    def counted(self) -> Counter[str]:
        """How often each key was taken."""
        self._stop.set()
        return Counter(self._got.get())


def serve(failing: float, seed: int, port: Any, got: Any, number: Any, stop: Event) -> None:
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
                time.sleep(PATIENCE * 1.5)
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

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port.put(server.server_port)
    stop.wait()
    with lock:
        got.put(list(keys))
    time.sleep(60)


if __name__ == "__main__":
    main()
