"""Whether notices get lost: a receiver that fails at random, a sender that is killed again and again.

    python benchmarks/delivery.py [--notices 10000] [--failing 0.3] [--kills 50] [--backends sqlite postgresql]

The receiver answers 500, hangs until the sender has lost patience, or drops the connection: before it has read the
notice or after it has taken it, which makes duplicates. What it has taken it counts by idempotency key. The sender runs
in a process of its own that is killed (SIGKILL) at random moments and started anew. The baseline has no outbox: a
process that is handed notices, a hundred at once, sends each once and forgets it; what it still held when it was killed
is gone. Exit code 1 if of the outbox's notices one is lost, given up or left pending, or the sender was killed less
often than asked for.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.databases import BACKENDS, database_of
from benchmarks.receiver import Receiver
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


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a trial: how often the sender was killed, what the outbox gave up or still held, and how often each
    notice was taken."""

    kills: int
    dead: int
    pending: int
    taken: Counter[str]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--notices", type=int, default=10_000)
    options.add_argument("--failing", type=float, default=0.3)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--backends", choices=BACKENDS, nargs="+", default=list(BACKENDS))
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    print(f"{chosen.notices:,} notices, {chosen.failing:.0%} of requests fail, {chosen.kills} kills")
    print(f"{'':22}{'lost':>7}{'dead':>6}{'left':>6}{'twice':>7}{'most':>6}{'kills':>7}{'seconds':>9}{'a second':>10}")
    wrong = [each for backend in chosen.backends for each in tried(f"outbox, {backend}", outbox, backend, chosen)]
    tried("send and forget", send_and_forget, "sqlite", chosen)
    print(f"WRONG: {', '.join(wrong)}" if wrong else "as it should be")
    sys.exit(bool(wrong))


def tried(name: str, trial: Callable[..., Came], backend: str, chosen: argparse.Namespace) -> list[str]:
    """Print a row; what is wrong with it."""
    with (
        TemporaryDirectory() as folder,
        database_of(backend, Path(folder)) as url,
        Receiver(chosen.failing, chosen.seed, PATIENCE * 1.5) as receiver,
    ):
        begun = time.perf_counter()
        came = trial(receiver, url, chosen.notices, Killer(chosen.kills, chosen.seed, receiver.taken))
        return tell(name, came, chosen, time.perf_counter() - begun)


def tell(name: str, came: Came, chosen: argparse.Namespace, seconds: float) -> list[str]:
    """A row; `twice` are deliveries beyond the first of a key, `most` the deliveries of the key that has most."""
    lost, twice = chosen.notices - len(came.taken), came.taken.total() - len(came.taken)
    most, rate = max(came.taken.values(), default=0), len(came.taken) / seconds
    numbers = f"{lost:>7,}{came.dead:>6,}{came.pending:>6,}{twice:>7,}{most:>6}{came.kills:>7}"
    print(f"{name:22}{numbers}{seconds:>9.1f}{rate:>10.0f}", flush=True)
    found = {"lost": lost, "dead": came.dead, "pending": came.pending, "kills short": chosen.kills - came.kills}
    return [f"{name}: {number} {what}" for what, number in found.items() if number]


def outbox(receiver: Receiver, url: str, number: int, killer: Killer) -> Came:
    """All notices through the outbox."""
    create_database(url).close()
    database = open_database(url)
    for some in parts([notice(each) for each in range(number)], 1_000):
        with database.write() as connection:
            add_notices(connection, some)
    database.close()
    killer.watch(lambda: sender(send_all, url, receiver.url), number)
    database = open_database(url)
    found = states(database)
    database.close()
    return Came(killer.kills, found[NoticeState.DEAD], found[NoticeState.PENDING], receiver.counted())


def send_and_forget(receiver: Receiver, _url: str, number: int, killer: Killer) -> Came:
    """The baseline: each notice is sent once, by a process that knows of those it was handed and of no others."""
    handed = iter(range(0, number, HANDED))

    def next_sender() -> BaseProcess | None:
        start = next(handed, None)
        return None if start is None else sender(send_some, receiver.url, range(start, min(start + HANDED, number)))

    killer.watch(next_sender, number)
    return Came(killer.kills, 0, 0, receiver.counted())


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


if __name__ == "__main__":
    main()
