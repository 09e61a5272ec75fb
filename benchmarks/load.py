"""How fast the API answers, how much it takes in, and whether it stays as it is under load for long.

    python benchmarks/load.py [--minutes 20] [--complaints 200000] [--rate 200] [--ingest 300] [--questions NAME …]
        [--database-url postgresql+psycopg://…]

Server and load run on this machine; the complaints, 150 topics and a dozen open alerts are made up. Requests are sent
at their time whatever became of those before (an open loop), and their latency counts from that time: a server that
stalls cannot hide it. The first three seconds, in which a server that has just started opens its connections and makes
its first answers, stand in a row of their own. Beside them stand the same questions asked so that no kept answer fits,
and a path that is not there, which asks no database. wrk and oha are not used: neither sends several kinds of
questions, each at its own rate, beside batches of complaints that never repeat, and wrk waits for an answer before it
asks again, so that it hides a server that stalls. CPU ms are the server's for each request: unlike the others they can
be compared on a machine that others use. Without a URL it runs on SQLite in a temporary folder; a PostgreSQL database
must be empty.

With --minutes the questions come all at once while complaints, no text twice, are sent in batches at --ingest a second,
and a `feedback worker` beside the server embeds, assigns and counts them: each minute shows what waits for its vector,
and in the end how long the worker takes to catch up. The server's memory is compared at start and end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
from sqlalchemy import text

from feedback.domain import Alert, AlertState, Signal, Span, TopicKind, Transition, derived_id
from feedback.roles import Role
from feedback.series import bucket_of
from feedback.settings import Settings
from feedback.store import alerts, counts, keys, nearest, topics
from feedback.store.database import parts
from feedback.store.tables import assignment, complaint, embedding
from feedback.store.topics import Assigned, StoredTopic, StoredVersion
from jobs.bootstrap import build_context
from jobs.context import Context
from jobs.demo.invent import invent
from jobs.progress import Silent
from jobs.published import artefact_dir
from models.artifacts import TopicModel, save
from models.centre import LanguageOffsets, unit_rows

NOW = datetime.now(UTC).replace(microsecond=0)
TOPICS, ALERTS, DIMENSIONS = 150, 12, 384
LANGUAGES = ("de", "en", "fi", "nb", "pl")
MARKETS = ("DE", "PL", "NO", "FI", "GB")
CHANNELS = ("e-mail", "live chat", "contact form", "phone")
BATCH = 10_000
PHRASES = ("bonus", "withdrawal", "deposit", "login", "verification", "free spins", "limit", "game", "support", "mail")
PROBLEMS = (
    "is delayed", "was refused", "is missing", "does not work", "was charged twice", "is slow", "is unclear",
    "shows an error", "was closed", "is blocked", "came too late", "has the wrong amount", "was lost", "keeps failing",
    "was never answered",
)  # fmt: skip
COMPLAINT = (
    "Guten Tag, seit drei Tagen warte ich auf meine Auszahlung von 250 EUR. Der Support im Chat (Herr Mustermann) sagt "
    "nur, ich soll warten. Meine Nummer ist +49 170 1234567, Mail hans{number}@example.com, IBAN "
    "DE89 3704 0044 0532 0130 00. Das Ticket war T-{number}. Bitte klären Sie das endlich, sonst wechsle ich."
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--complaints", type=int, default=200_000)
    options.add_argument("--rate", type=float, default=200.0, help="requests a second where the latency is measured")
    options.add_argument("--seconds", type=float, default=20.0, help="how long each of those measurements takes")
    options.add_argument("--questions", nargs="+", default=[], help="measure these alone, by their names in the table")
    options.add_argument("--only-mixed", action="store_true", help="go on to the mixed load at once")
    options.add_argument("--ingest", type=int, default=300, help="complaints a second of the mixed load")
    options.add_argument("--catch-up", type=float, default=60.0, help="wait at most so many minutes for the worker")
    options.add_argument("--minutes", type=float, default=0.0, help="how long the mixed load goes on; 0: none")
    options.add_argument("--database-url", default="")
    chosen = options.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # who waits for an overloaded server keeps a connection
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # which stops the server and the worker too
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url=chosen.database_url, taxonomy="none", time_zone="UTC")
        context = build_context(settings, Silent(), lambda: NOW, create=True)
        key = fill(context, chosen.complaints)
        dialect = context.database.engine.dialect.name
        context.database.close()
        port = free_port()
        # mixed load goes on beside a worker; without it nothing else is at work while latencies are measured
        with serving(settings, port) as server:
            print(f"{chosen.complaints:,} complaints, {TOPICS} topics, {ALERTS} open alerts on {dialect}; {machine()}")
            if not chosen.only_mixed:
                asyncio.run(measure(Client(key, port), server, chosen))
            if chosen.minutes:
                with working(settings) as worker:
                    asyncio.run(mixed(Client(key, port), server, worker, chosen))


def machine() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


# what is stored


def fill(context: Context, number: int) -> str:
    """Complaints over a year with their vectors, topics, counts, signals and alerts; gives a key."""
    version = trained(context)
    database = context.database
    ids = [derived_id("topic", place) for place in range(TOPICS)]
    middles = np.random.default_rng(1).normal(size=(TOPICS, DIMENSIONS))
    for rows in parts(range(number), BATCH):
        near = [each % 7 * (each % 13) * 3 % TOPICS if each % 3 else each % TOPICS for each in rows]
        vectors = unit_rows(middles[near] + np.random.default_rng(rows[0]).normal(size=(len(rows), DIMENSIONS)))
        blobs = [each.tobytes() for each in vectors.astype(np.float16)]
        assigned = [
            Assigned(derived_id("made up", row), ids[place], 0.6, bucket_of(received(row), context.settings.zone))
            for row, place in zip(rows, near, strict=True)
        ]
        with database.write() as connection:
            connection.execute(complaint.insert(), [complained(row) for row in rows])
            vectored = [
                {"text_hash": f"{row:064d}", "encoder_version": version.encoder_version, "vector": blob}
                for row, blob in zip(rows, blobs, strict=True)
            ]
            connection.execute(embedding.insert(), vectored)
            nearest.add(connection, vectored)
            topics.assign(connection, version.id, assigned)
    with database.write() as connection:
        counts.recount(connection, version.id)
        alerts.store_signals(connection, [judged(version, each, place) for place, each in enumerate(ids)], NOW)
        for topic_id in ids[:ALERTS]:
            open_alert(connection, topic_id)
        connection.execute(text("ANALYZE"))
        assert connection.execute(assignment.select().limit(1)).one()
        return keys.add_key(connection, "load", NOW, Role.ADMINISTRATOR)


def received(row: int) -> datetime:
    return NOW - timedelta(days=365) + timedelta(seconds=row * 157 % (365 * 86_400))


def complained(row: int) -> dict[str, Any]:
    return {
        "id": derived_id("made up", row),
        "source": "made up",
        "source_id": str(row),
        "received_at": received(row),
        "ingested_at": NOW,
        "text": f"Where is my {PHRASES[row % 10]} number {row}? It {PROBLEMS[row % 15]}.",
        "text_hash": f"{row:064d}",
        "language": LANGUAGES[row % len(LANGUAGES)],
        "channel": CHANNELS[row // 3 % len(CHANNELS)],
        "market": MARKETS[row % len(MARKETS)],
        "brand": f"brand {row // 7 % 2}",
        "customer_segment": "VIP" if row % 11 == 0 else "regular",
        "customer_hash": f"{row // 2:064d}",
        "attributes": {},
    }


def trained(context: Context) -> StoredVersion:
    """A version whose topics are phrases as the real encoder sees them, so that texts find one."""
    names = tuple(f"{subject} {problem}" for subject in PHRASES for problem in PROBLEMS)
    encoder = context.parts.encoder
    centroids = encoder.encode(names)
    version_id, ids = derived_id("version", 1), tuple(derived_id("topic", place) for place in range(TOPICS))
    offsets = LanguageOffsets(LANGUAGES, np.zeros((5, DIMENSIONS), np.float32), np.zeros(DIMENSIONS, np.float32))
    kinds, floors = (TopicKind.DISCOVERED,) * TOPICS, np.full(TOPICS, 0.3, np.float32)
    words = tuple({"en": tuple(name.split())} for name in names)
    model = TopicModel(
        version_id, encoder.version, offsets, ids, kinds, centroids, floors, names, words, (0,) * TOPICS, {}
    )
    save(model, artefact_dir(context, version_id))
    version = StoredVersion(version_id, "candidate", NOW, None, "", encoder.version, {"topics": TOPICS})
    members = [
        StoredTopic(each, TopicKind.DISCOVERED, name, f"team {place % 9}", name.split()[0], NOW, word, 1_000)
        for place, (each, name, word) in enumerate(zip(ids, names, words, strict=True))
    ]
    with context.database.write() as connection:
        topics.store_version(connection, version, members, ())
        topics.publish_version(connection, version_id, NOW)
    return version


def judged(version: StoredVersion, topic_id: Any, place: int) -> Signal:
    window = Span(NOW - timedelta(days=6), NOW)
    low, high = 10.0, 30.0
    return Signal(
        topic_id, version.id, "eb7", window, 25, 20.0, low, high, 0.1, 0.5, 1.0, 3.9, place < ALERTS, complete=False
    )


def open_alert(connection: Any, topic_id: Any) -> None:
    made = Alert(derived_id("alert", topic_id), topic_id, AlertState.OPEN, NOW - timedelta(days=1), NOW)
    drivers = [
        {"attribute": "market", "value": each, "observed": 20, "total": 41, "baseline_share": 0.2, "p": 1e-9, "q": 1e-8}
        for each in MARKETS
    ]
    window = {"start": (NOW - timedelta(days=6)).isoformat(), "end": NOW.isoformat()}
    ids = [str(derived_id("made up", row)) for row in range(50)]
    numbers = {"observed": 41, "expected": 12.3, "low": 6.0, "high": 20.0, "p": 1e-9, "q": 1e-8, "ratio": 3.3}
    evidence = {**numbers, "window": window, "drivers": drivers, "complaint_ids": ids, "rises": [window]}
    alerts.store_alert(connection, made, NOW, evidence)
    alerts.add_transition(connection, Transition(made, None, NOW, "feedback", "41 in 7 days, 12 expected."))


# the server


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(settings: Settings, port: int) -> Iterator[psutil.Process]:
    """`feedback serve` in a process of its own, once it answers."""
    with running(settings, "serve", "api_ready", {"FEEDBACK_PORT": str(port)}) as process:
        yield process


@contextmanager
def working(settings: Settings) -> Iterator[psutil.Process]:
    """`feedback worker` in a process of its own; by its time complaints began yesterday, so that it makes up for no
    year."""
    with running(settings, "worker", "worker_ready", {"FEEDBACK_CATCH_UP_DAYS": "1"}) as process:
        yield process


@contextmanager
def running(settings: Settings, command: str, ready: str, own: Mapping[str, str]) -> Iterator[psutil.Process]:
    """A command of `feedback`, once its log says that it is ready."""
    own = {"FEEDBACK_DATA_DIR": str(settings.data_dir), "FEEDBACK_TAXONOMY": "none", **own}
    own = {**own, "FEEDBACK_TIME_ZONE": "UTC", "FEEDBACK_DATABASE_URL": settings.database_url}
    own = {**own, "FEEDBACK_REQUESTS_PER_MINUTE": "1000000"}
    path = settings.data_dir / f"{command}.log"
    with path.open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "jobs", command], env={**os.environ, **own}, stderr=log)
    try:
        for _ in range(300):
            time.sleep(0.2)
            if process.poll() is not None:
                raise SystemExit(path.read_text())
            if f'"{ready}"' in path.read_text():
                break
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def cpu_of(server: psutil.Process) -> float:
    """Seconds of a core that it has taken so far: unlike a wall clock, they know nothing of who else is at work."""
    times = server.cpu_times()
    return float(times.user + times.system)


# the load


HEADING = f"{'':34}{'a second':>10}{'p50 ms':>10}{'p99 ms':>10}{'slowest':>11}{'CPU ms':>10}{'errors':>8}"


IDLE_SECONDS = 3.0
"""The server closes connections that nothing was asked on for five."""


@dataclass(slots=True)
class Client:
    """Keeps connections open, each for one request at a time."""

    key: str
    port: int
    _free: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """(status, body)."""
        reader, writer = await self._connection()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(answer.split("content-length: ")[1].split("\r\n")[0]) if "content-length: " in answer else 0
        content = await reader.readexactly(length)
        self._free.append((time.perf_counter(), reader, writer))
        return int(answer.split(" ", 2)[1]), content

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """One that is free, unless the server may be about to close it."""
        while self._free:
            since, reader, writer = self._free.pop()
            if time.perf_counter() - since < IDLE_SECONDS:
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self.port)


Ask = Callable[[], Awaitable[tuple[int, bytes]]]


@dataclass(slots=True)
class Taken:
    """How long requests took, in milliseconds, and how they ended."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[object] = field(default_factory=Counter)

    def row(self, name: str, seconds: float, cpu: float | None = None) -> str:
        half, most = np.percentile(self.milliseconds or [0], (50, 99))
        bad = sum(number for status, number in self.statuses.items() if status not in (200, 207, 304, 404))
        slowest = max(self.milliseconds, default=0)
        rate = len(self.milliseconds) / seconds
        spent = f"{1000 * cpu / max(len(self.milliseconds), 1):10.2f}" if cpu is not None else f"{'':10}"
        ended = f" {dict(self.statuses)}" if bad else ""
        return f"{name:34}{rate:10.1f}{half:10.1f}{most:10.1f}{slowest:11.1f}{spent}{bad:8d}{ended}"

    async def note(self, ask: Ask, since: float) -> bytes:
        status: object
        try:
            status, content = await ask()
        except (OSError, asyncio.IncompleteReadError) as error:
            status, content = type(error).__name__, b""
        self.milliseconds.append((time.perf_counter() - since) * 1000)
        self.statuses[status] += 1
        return content


async def open_loop(ask: Ask, rate: float, seconds: float, taken: Taken) -> None:
    """Ask at fixed times; each latency counts from the time at which the request was due."""
    began = time.perf_counter()
    under_way = set()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        task = asyncio.create_task(taken.note(ask, due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)


async def closed_loop(ask: Ask, connections: int, seconds: float, taken: Taken) -> None:
    """Ask as fast as it answers."""
    until = time.perf_counter() + seconds

    async def again() -> None:
        while time.perf_counter() < until:
            await taken.note(ask, time.perf_counter())

    await asyncio.gather(*(again() for _ in range(connections)))


def questions(client: Client) -> Mapping[str, Ask]:
    numbers = count()
    ids = [derived_id("topic", place) for place in range(TOPICS)]

    def classify() -> Awaitable[tuple[int, bytes]]:
        said = {"text": f"My {PHRASES[next(numbers) % 10]} is delayed since {next(numbers)} days"}
        return client.ask("POST", "/v1/classify", json.dumps({"items": [said]}).encode())

    return {
        "a path that is not there": lambda: client.ask("GET", "/v1/nothing"),
        "hot-issues": lambda: client.ask("GET", "/v1/hot-issues"),
        "hot-issues?market=DE": lambda: client.ask("GET", "/v1/hot-issues?market=DE"),
        "hot-issues, nothing kept": lambda: client.ask("GET", f"/v1/hot-issues?limit={1 + next(numbers) % 1_000}"),
        "… of a market, nothing kept": lambda: client.ask(
            "GET", f"/v1/hot-issues?market=DE&limit={1 + next(numbers) % 1_000}"
        ),
        "alerts": lambda: client.ask("GET", "/v1/alerts?state=open"),
        "topic page": lambda: client.ask("GET", f"/v1/topics/{ids[next(numbers) % TOPICS]}"),
        "classify, one text": classify,
        "similar, 28 days": lambda: client.ask("GET", f"/v1/similar?complaint={derived_id('made up', 7)}"),
    }


SLOW = ("hot-issues, nothing kept", "… of a market, nothing kept", "classify, one text", "similar, 28 days")
"""Asked for ten times a second: at `--rate` they would only queue."""

COLD = 3.0
"""Seconds for which the first question is asked of a server that nobody has asked for it yet."""

MIXED = {
    "hot-issues": 20.0,
    "hot-issues?market=DE": 5.0,
    "alerts": 5.0,
    "topic page": 5.0,
    "classify, one text": 1.0,
}
"""Requests a second of the mixed load, beside ingestion."""

BATCHES = 2.0
"""Batches a second of the mixed load's complaints."""


async def measure(client: Client, server: psutil.Process, chosen: argparse.Namespace) -> None:
    asked = questions(client)
    if unknown := set(chosen.questions) - set(asked):
        raise SystemExit(f"--questions: {', '.join(sorted(unknown))} is none of {', '.join(asked)}")
    # what is loaded in the first seconds, encoder and redaction, is no part of what an answer takes
    await asked["classify, one text"]()
    await client.ask("POST", "/v1/feedback", batch("first", [COMPLAINT], count(), 1))
    asked = {name: ask for name, ask in asked.items() if name in (chosen.questions or asked)}
    print(f"\nat a fixed rate; {machine()}\n{HEADING}")
    first = next(iter(asked))
    rows = [(f"{first}, just started", first, COLD), *((name, name, chosen.seconds) for name in asked)]
    for shown, name, seconds in rows:
        taken, before = Taken(), cpu_of(server)
        await open_loop(asked[name], 10.0 if name in SLOW else chosen.rate, seconds, taken)
        print(taken.row(shown, seconds, cpu_of(server) - before), flush=True)
    print(f"\nas fast as it answers, 8 connections; {machine()}\n{HEADING}")
    for name, ask in asked.items():
        taken, before = Taken(), cpu_of(server)
        await closed_loop(ask, 8, chosen.seconds / 2, taken)
        print(taken.row(name, chosen.seconds / 2, cpu_of(server) - before), flush=True)
    if not chosen.questions:
        await ingest(client, server, chosen.seconds)


async def ingest(client: Client, server: psutil.Process, seconds: float) -> None:
    """Batches of 500, one after the other."""
    print(f"\ningested in batches of 500, redaction included; {machine()}")
    for name, texts in (("the demonstration's texts", demonstrated()), ("four personal data in each", [COMPLAINT])):
        numbers, cpu, accepted, began = count(), cpu_of(server), 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            _, content = await client.ask("POST", "/v1/feedback", batch(name, texts, numbers, 500))
            accepted += json.loads(content)["accepted"]
        took, spent = time.perf_counter() - began, cpu_of(server) - cpu
        print(f"{name:34}{accepted / took:10,.0f} a second{accepted / spent:10,.0f} a CPU second", flush=True)


@cache
def demonstrated() -> list[str]:
    """What `feedback demo` invents, in five languages."""
    return [str(each["text"]) for each in invent(11).records[:2_000] if each.get("text")]


def lettered(number: int) -> str:
    """A word for a number, which nobody takes for a telephone's."""
    letters = "bcdfghjklmnpqrstvwxz"
    word = ""
    while number or not word:
        number, place = divmod(number, len(letters))
        word += letters[place]
    return word


def batch(source: str, texts: Sequence[str], numbers: Iterator[int], size: int) -> bytes:
    at = datetime.now(UTC) - timedelta(minutes=1)
    items = [
        {
            "source_id": f"{os.getpid()}-{number}",
            "received_at": at.isoformat(),
            "text": texts[number % len(texts)].replace("{number}", str(number)).replace("{word}", lettered(number)),
            "market": MARKETS[number % 5],
            "channel": "e-mail",
            "customer_key": f"c-{number // 2}",
        }
        for number in islice(numbers, size)
    ]
    return json.dumps({"source": source, "items": items}).encode()


@dataclass(frozen=True, slots=True)
class Moment:
    """How things stand: minutes since the beginning, the server's and the worker's memory in MB, how many complaints
    wait for their vector, and the first of them for how many seconds."""

    minutes: float
    server: float
    worker: float
    waiting: float
    lag: float

    def row(self) -> str:
        return f"{self.minutes:10.1f}{self.server:12.0f}{self.worker:12.0f}{self.waiting:12,.0f}{self.lag:12.0f}"


MOMENTS = f"{'minute':>10}{'server MB':>12}{'worker MB':>12}{'waiting':>12}{'lag s':>12}"


async def mixed(client: Client, server: psutil.Process, worker: psutil.Process, chosen: argparse.Namespace) -> None:
    """All questions at once while complaints come in and are worked off; what becomes of memory and lag meanwhile."""
    seconds, asked, numbers = chosen.minutes * 60, questions(client), count(10_000_000)
    # what is loaded in the first seconds, encoder and redaction, is no part of what an answer takes
    await asked["classify, one text"]()
    await client.ask("POST", "/v1/feedback", batch("first", [COMPLAINT], count(), 1))
    taken = {name: Taken() for name in (*MIXED, "ingestion")}
    accepted, texts = Counter[str](), [f"{each} ({{word}})" for each in demonstrated()]
    began = time.perf_counter()

    async def send() -> tuple[int, bytes]:
        size = int(chosen.ingest / BATCHES)
        status, content = await client.ask("POST", "/v1/feedback", batch("mixed", texts, numbers, size))
        accepted["complaints"] += json.loads(content).get("accepted", 0)
        return status, content

    print(f"\n{chosen.minutes:g} minutes of all at once beside a worker; {machine()}\n{MOMENTS}")
    loops = [open_loop(asked[name], rate, seconds, taken[name]) for name, rate in MIXED.items()]
    sending = open_loop(send, BATCHES, seconds, taken["ingestion"])
    _, _, moments = await asyncio.gather(asyncio.gather(*loops), sending, watch(client, server, worker, began, seconds))
    took = time.perf_counter() - began
    print(f"\n{HEADING}")
    for name, each in taken.items():
        print(each.row(name, seconds))
    print(f"{accepted['complaints'] / took:,.0f} complaints a second were accepted; {chosen.ingest} were sent")
    memory = [each.server for each in moments]
    print(
        f"memory of the server: {memory[0]:.0f} MB at the start, {memory[-1]:.0f} MB at the end; most {max(memory):.0f}"
    )
    await catch_up(client, server, worker, chosen.catch_up * 60)


async def watch(
    client: Client, server: psutil.Process, worker: psutil.Process, began: float, seconds: float
) -> list[Moment]:
    """A moment a minute, or four in all if that is more, each printed."""
    found: list[Moment] = []
    while True:
        found.append(await look(client, server, worker, began))
        print(found[-1].row(), flush=True)
        left = seconds - (time.perf_counter() - began)
        if left <= 0:
            return found
        await asyncio.sleep(min(60.0, seconds / 4, left))


async def look(client: Client, server: psutil.Process, worker: psutil.Process, began: float) -> Moment:
    _, content = await client.ask("GET", "/metrics")
    told = dict(line.rsplit(" ", 1) for line in content.decode().splitlines() if not line.startswith("#"))
    return Moment(
        (time.perf_counter() - began) / 60,
        server.memory_info().rss / 1e6,
        worker.memory_info().rss / 1e6,
        float(told['feedback_complaints_waiting{step="embed"}']),
        float(told["feedback_unembedded_seconds"]),
    )


async def catch_up(client: Client, server: psutil.Process, worker: psutil.Process, most: float) -> None:
    """How long it takes until no complaint waits for its vector."""
    began = time.perf_counter()
    left = first = await look(client, server, worker, began)
    while left.waiting and time.perf_counter() - began < most:
        await asyncio.sleep(2.0)
        left = await look(client, server, worker, began)
    took = time.perf_counter() - began
    speed = (first.waiting - left.waiting) / took
    what = "caught up" if not left.waiting else f"{left.waiting:,.0f} still wait"
    print(f"{first.waiting:,.0f} complaints waited for their vector in the end: {what} after {took / 60:.1f} minutes, "
          f"{speed:.0f} a second")  # fmt: skip


if __name__ == "__main__":
    main()
