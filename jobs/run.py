"""Do one run: claim its window, do the job, note how it went."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from datetime import datetime
from importlib import import_module
from pathlib import Path

import psutil
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError
from structlog.contextvars import bound_contextvars

from feedback.errors import ClaimLostError, FeedbackError, Stopped
from feedback.store import runs
from feedback.store.runs import Claim
from jobs.context import Context, Job

JOBS = (
    "intake", "embed", "assign", "births", "count",
    "retrain", "outage", "detect", "outcome", "retain", "digest", "request", "deliver", "repeat",
)  # fmt: skip

APART = ("intake", "embed", "deliver", "repeat")
"""Jobs that go on whatever the others are at. The others judge, each building on what those before it have written."""

BEAT_SECONDS = runs.LEASE.total_seconds() / 5

BOOT = Path("/proc/sys/kernel/random/boot_id")
PROCESS_IDS = Path("/proc/self/ns/pid")
"""What Linux tells apart: this run of the machine, and the space that process ids are of."""

log = logging.getLogger(__name__)


def job_named(name: str) -> Job:
    """The job of that name; FeedbackError that lists the jobs when there is none."""
    if name not in JOBS:
        raise FeedbackError(f"There is no job {name!r}; the jobs are {', '.join(JOBS)}.")
    job: Job = import_module(f"jobs.{name}").run
    return job


def beside(name: str) -> tuple[str, ...]:
    """The jobs of which no other window may be under way while this one runs."""
    return (name,) if name in APART else tuple(job for job in JOBS if job not in APART)


def execute(context: Context, name: str, window_start: datetime) -> bool:
    """Run a job for a window unless that is done, or it or another in its way is in another's hands; whether it ran.

    Whatever the job raises is noted in the run and raised again; a run that fails or is stopped can be claimed anew.
    """
    job = job_named(name)
    with context.database.write() as connection:
        claim = _claim(connection, context, name, window_start)
    if claim is None:
        return False
    its = {"job": name, "window": window_start.isoformat(), "token": claim.token, "holder": claim.holder}
    with bound_contextvars(**its):  # every line that is logged within the run carries them
        return _do(context, job, claim)


def _do(context: Context, job: Job, claim: Claim) -> bool:
    started = time.perf_counter()
    try:
        with _beating(context, claim):
            result = job(context.holding(claim), claim.window_start)
        with context.database.write() as connection:
            runs.succeed(connection, claim, context.wall(), time.perf_counter() - started, result)
    except ClaimLostError as lost:
        log.warning("%s", lost, extra={"event": "claim_lost"})
        return False
    except Stopped:
        with context.database.write() as connection:
            runs.release(connection, claim, context.wall())
        return False
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        with context.database.write() as connection:
            runs.fail(connection, claim, context.wall(), time.perf_counter() - started, message)
        raise
    except BaseException:
        with context.database.write() as connection:
            runs.release(connection, claim, context.wall())
        raise
    return True


def others(context: Context, name: str, window_start: datetime) -> list[str]:
    """Who is at a run that must end before this one may begin."""
    with context.database.write() as connection:
        return runs.others(connection, beside(name), window_start, context.wall(), is_gone)


def _claim(connection: Connection, context: Context, name: str, window_start: datetime) -> Claim | None:
    if runs.others(connection, beside(name), window_start, context.wall(), is_gone):
        return None
    return runs.claim(connection, name, window_start, context.holder, context.wall(), is_gone)


@contextmanager
def _beating(context: Context, claim: Claim) -> Iterator[None]:
    """Let others know that a run goes on, however long it takes until it writes something."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                with context.database.write() as connection:
                    runs.hold(connection, claim, context.wall())
            except ClaimLostError:
                return  # the job hears of it when it writes
            except DatabaseError as error:
                log.warning("the run could not be prolonged: %s", type(error).__name__, extra={"event": "beat_missed"})

    thread = threading.Thread(target=copy_context().run, args=(beat,), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def this_process() -> str:
    """Names this process for its claims: where it runs, process id and when it started."""
    return f"{_place()}:{os.getpid()}:{psutil.Process().create_time():.2f}"


def is_gone(holder: str) -> bool:
    """Whether a process that `this_process` named, of this machine and container, has ended. Of others nothing is
    known."""
    place, pid, started = holder.rsplit(":", 2)
    if place != _place():
        return False
    try:
        process = psutil.Process(int(pid))
        # a zombie has ended too; as a container's first process a shell may never collect it
        return f"{process.create_time():.2f}" != started or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _place() -> str:
    """Where process ids mean the same: containers may have one host name, and each its own processes."""
    signs = [socket.gethostname()]
    with suppress(OSError):
        signs.append(BOOT.read_text("ascii").strip()[:13])
    with suppress(OSError):
        signs.append(str(PROCESS_IDS.stat().st_ino))
    return "/".join(signs)
