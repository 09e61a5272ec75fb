"""Runs happen once: claims, leases, fencing tokens, and what becomes of those that fail, stop or die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from sqlalchemy import select

from feedback.errors import ClaimLostError
from feedback.store import runs
from feedback.store.complaints import count_complaints, store_complaints
from feedback.store.database import Database, open_database
from feedback.store.runs import LEASE, RETRY, Claim
from feedback.store.tables import run
from jobs.run import is_gone, this_process
from tests.integration.store.store_samples import NOW, sample

WINDOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def alive(_: str) -> bool:
    return False


def dead(_: str) -> bool:
    return True


def take(
    database: Database, holder: str = "a", wall: datetime = NOW, gone: Callable[[str], bool] = alive
) -> Claim | None:
    with database.write() as connection:
        return runs.claim(connection, "detect", WINDOW, holder, wall, gone)


def taken(database: Database, holder: str = "a", wall: datetime = NOW, gone: Callable[[str], bool] = alive) -> Claim:
    claim = take(database, holder, wall, gone)
    assert claim is not None
    return claim


def row(database: Database) -> Any:
    with database.read() as connection:
        return connection.execute(select(run)).one()


def fail(database: Database, claim: Claim, wall: datetime = NOW) -> None:
    with database.write() as connection:
        runs.fail(connection, claim, wall, 0.5, "OSError: disk full")


def succeed(database: Database, claim: Claim, wall: datetime = NOW) -> None:
    with database.write() as connection:
        runs.succeed(connection, claim, wall, 2.5, {"alerts": 3, "größe": [1, None]})


def test_a_free_window_is_claimed_once(database: Database) -> None:
    assert taken(database) == Claim("detect", WINDOW, "a", 1, NOW)
    assert take(database, "b") is None
    assert take(database, "a") is None
    assert (row(database).status, row(database).lease_until) == ("running", NOW + LEASE)


def test_other_windows_and_jobs_are_free(database: Database) -> None:
    taken(database)
    with database.write() as connection:
        assert runs.claim(connection, "detect", WINDOW + SECOND, "b", NOW, alive)
        assert runs.claim(connection, "digest", WINDOW, "b", NOW, alive)


def test_what_succeeded_is_never_claimed_again(database: Database) -> None:
    succeed(database, taken(database), NOW + SECOND)
    assert take(database, "b", NOW + timedelta(days=400), dead) is None
    kept = row(database)
    assert (kept.status, kept.finished_at, kept.seconds, kept.error) == ("succeeded", NOW + SECOND, 2.5, None)
    with database.read() as connection:
        assert runs.result_of(connection, "detect", WINDOW) == {"alerts": 3, "größe": [1, None]}
        assert runs.result_of(connection, "digest", WINDOW) is None


def test_a_claim_is_taken_over_when_its_lease_has_run_out(database: Database) -> None:
    taken(database)
    assert take(database, "b", NOW + LEASE - SECOND) is None
    assert taken(database, "b", NOW + LEASE) == Claim("detect", WINDOW, "b", 2, NOW + LEASE)


def test_a_claim_is_taken_over_at_once_when_its_holder_is_gone(database: Database) -> None:
    taken(database)
    assert taken(database, "b", NOW + SECOND, dead).token == 2


def test_others_at_work_are_seen_by_job_and_window(database: Database) -> None:
    taken(database)
    with database.write() as connection:
        assert runs.others(connection, ["detect", "digest"], WINDOW + SECOND, NOW, alive) == ["a"]
        assert runs.others(connection, ["detect"], WINDOW, NOW, alive) == [], "its own window is for the claim to tell"
        assert runs.others(connection, ["digest"], WINDOW + SECOND, NOW, alive) == []


@pytest.mark.parametrize(("wall", "gone"), [(NOW + LEASE, alive), (NOW + SECOND, dead)])
def test_the_dead_are_not_at_work_and_what_they_left_is_given_back(
    database: Database, wall: datetime, gone: Callable[[str], bool]
) -> None:
    lost = taken(database)
    with database.write() as connection:
        assert runs.others(connection, ["detect"], WINDOW + SECOND, wall, gone) == []
    assert (row(database).status, row(database).failures) == ("failed", 0)
    with pytest.raises(ClaimLostError):
        succeed(database, lost)
    assert taken(database, "b", wall).token == 2


def test_holding_prolongs_the_lease(database: Database) -> None:
    claim = taken(database)
    with database.write() as connection:
        runs.hold(connection, claim, NOW + LEASE - SECOND)
    assert take(database, "b", NOW + LEASE + SECOND) is None


def test_a_lost_claim_can_do_nothing_any_more(database: Database) -> None:
    lost = taken(database)
    now_its = taken(database, "b", NOW + LEASE)
    attempts: list[Callable[[Any], None]] = [
        lambda connection: runs.hold(connection, lost, NOW),
        lambda connection: runs.succeed(connection, lost, NOW, 1.0, {}),
        lambda connection: runs.fail(connection, lost, NOW, 1.0, "late"),
        lambda connection: runs.release(connection, lost, NOW),
    ]
    for attempt in attempts:
        with pytest.raises(ClaimLostError, match="detect"), database.write() as connection:
            attempt(connection)
    kept = row(database)
    assert (kept.status, kept.holder, kept.token, kept.failures, kept.error) == ("running", "b", 2, 0, None)
    succeed(database, now_its)


def test_what_a_lost_claim_wrote_is_taken_back_with_it(database: Database) -> None:
    lost = taken(database)
    taken(database, "b", NOW + LEASE)

    def write() -> None:
        with database.write() as connection:
            store_complaints(connection, [sample()], NOW)
            runs.succeed(connection, lost, NOW, 1.0, {})

    with pytest.raises(ClaimLostError):
        write()
    with database.read() as connection:
        assert count_complaints(connection)[0] == 0


def test_a_claim_cannot_finish_twice(database: Database) -> None:
    claim = taken(database)
    succeed(database, claim)
    with pytest.raises(ClaimLostError):
        fail(database, claim)
    assert row(database).status == "succeeded"


def test_a_forged_token_is_refused(database: Database) -> None:
    claim = taken(database)
    with pytest.raises(ClaimLostError):
        succeed(database, replace(claim, token=7))


def test_a_failure_is_noted_and_tried_again_after_a_pause(database: Database) -> None:
    fail(database, taken(database))
    kept = row(database)
    assert (kept.status, kept.failures, kept.error, kept.seconds) == ("failed", 1, "OSError: disk full", 0.5)
    with database.read() as connection:
        assert runs.must_wait(connection, "detect", WINDOW, NOW + RETRY - SECOND)
        assert not runs.must_wait(connection, "detect", WINDOW, NOW + RETRY)
        assert not runs.must_wait(connection, "digest", WINDOW, NOW)
    again = taken(database, "b", NOW + RETRY)
    assert again.token == 2
    kept = row(database)
    assert (kept.status, kept.failures, kept.error, kept.finished_at, kept.seconds) == ("running", 1, None, None, None)


def test_the_pause_doubles_with_each_failure_up_to_the_lease(database: Database) -> None:
    pauses = []
    for _ in range(9):
        fail(database, taken(database))
        pauses.append(row(database).lease_until - NOW)
    assert pauses == [min(RETRY * 2**failures, LEASE) for failures in range(9)]
    assert pauses[-1] == LEASE


def test_a_run_that_fails_too_often_is_given_up(database: Database) -> None:
    for attempt in range(3):
        fail(database, taken(database))
        with database.read() as connection:
            assert runs.given_up(connection, 3) == ({("detect", WINDOW)} if attempt == 2 else set())


def test_success_after_failures_is_success(database: Database) -> None:
    for _ in range(4):
        fail(database, taken(database))
    succeed(database, taken(database))
    with database.read() as connection:
        assert runs.given_up(connection, 3) == set()
        assert runs.succeeded(connection, ["detect"], [WINDOW]) == {("detect", WINDOW)}


def test_a_run_that_was_stopped_is_free_at_once_and_has_not_failed(database: Database) -> None:
    claim = taken(database)
    with database.write() as connection:
        runs.release(connection, claim, NOW)
        assert not runs.must_wait(connection, "detect", WINDOW, NOW)
    assert row(database).failures == 0
    assert taken(database, "b").token == 2


def test_what_is_done_is_found_by_job_and_window(database: Database) -> None:
    for hours, job in ((0, "detect"), (6, "detect"), (6, "digest"), (12, "detect")):
        with database.write() as connection:
            claim = runs.claim(connection, job, WINDOW + timedelta(hours=hours), "a", NOW, alive)
            assert claim is not None
            if hours < 12:
                runs.succeed(connection, claim, NOW, 1.5, {})
            else:
                runs.fail(connection, claim, NOW, 0.5, "no")
    six = WINDOW + timedelta(hours=6)
    with database.read() as connection:
        both = {"detect", "digest"}
        asked = [WINDOW, six, WINDOW + timedelta(hours=12), WINDOW]
        assert runs.succeeded(connection, both, asked) == {("detect", WINDOW), ("detect", six), ("digest", six)}
        assert runs.succeeded(connection, ["digest"], asked) == {("digest", six)}
        assert runs.succeeded(connection, both, [WINDOW + SECOND]) == runs.succeeded(connection, both, []) == set()
        assert runs.last_success(connection, ["detect", "retrain"]) == six
        assert runs.last_success(connection, ["retrain"]) is None
        rows = {row.job: (row.runs, row.failed, row.seconds) for row in runs.seconds_by_job(connection)}
    assert rows == {"detect": (3, 1, 3.5), "digest": (1, 0, 1.5)}


def race(url: str, barrier: Any, windows: list[datetime], wins: Any) -> None:
    """One of several processes that want all of `windows`."""
    database = open_database(url)
    mine = []
    for window in windows:
        barrier.wait(60)
        with database.write() as connection:
            if runs.claim(connection, "detect", window, this_process(), NOW, is_gone):
                mine.append(window)
    database.close()
    wins.put(mine)


def claim_and_hang(url: str, ready: Any) -> None:
    """Claims the window and lives on until it is killed."""
    database = open_database(url)
    with database.write() as connection:
        assert runs.claim(connection, "detect", WINDOW, this_process(), NOW, is_gone)
    ready.set()
    signal.pause()


def test_of_two_processes_exactly_one_gets_each_window(database: Database, database_url: str) -> None:
    processes = multiprocessing.get_context("spawn")
    barrier, wins = processes.Barrier(2), processes.Queue()
    windows = [WINDOW + timedelta(hours=hour) for hour in range(30)]
    racers = [processes.Process(target=race, args=(database_url, barrier, windows, wins)) for _ in range(2)]
    for each in racers:
        each.start()
    won = [window for _ in racers for window in wins.get(timeout=100)]
    for each in racers:
        each.join(60)
        assert each.exitcode == 0
        each.close()
    assert sorted(won) == windows
    with database.read() as connection:
        assert set(connection.execute(select(run.c.token)).scalars()) == {1}


@pytest.mark.parametrize("reaped", [True, False])
def test_the_claim_of_a_killed_process_is_taken_over_at_once(
    database: Database, database_url: str, reaped: bool
) -> None:
    processes = multiprocessing.get_context("spawn")
    ready = processes.Event()
    victim = processes.Process(target=claim_and_hang, args=(database_url, ready))
    victim.start()
    assert ready.wait(100)
    assert take(database, this_process(), NOW + SECOND, is_gone) is None
    assert victim.pid
    os.kill(victim.pid, signal.SIGKILL)
    if reaped:
        victim.join(60)
    else:  # nobody waits for it, as under a container's first process: a zombie holds nothing either
        os.waitid(os.P_PID, victim.pid, os.WEXITED | os.WNOWAIT)
    assert taken(database, this_process(), NOW + SECOND, is_gone).token == 2
    victim.join(60)
    victim.close()


def test_of_other_machines_nothing_is_assumed() -> None:
    assert not is_gone("another-machine:1:0.00")


def test_of_a_container_beside_this_one_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its processes have numbers that others have here, and the name of its machine may be the same."""
    ours = this_process().rsplit(":", 2)[0]
    for sign in ("BOOT", "PROCESS_IDS"):
        with monkeypatch.context() as patch:
            patch.setattr(f"jobs.run.{sign}", Path("/proc/version"))
            theirs = this_process().rsplit(":", 2)[0]
        assert theirs != ours
        assert not is_gone(f"{theirs}:1:1.00")
    assert is_gone(f"{ours}:1:1.00")


def test_where_a_machine_has_no_such_signs_its_name_has_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for sign in ("BOOT", "PROCESS_IDS"):
        monkeypatch.setattr(f"jobs.run.{sign}", Path("/nowhere"))
    assert this_process().startswith(f"{socket.gethostname()}:{os.getpid()}:")
    assert not is_gone(this_process())


@pytest.mark.skipif(sys.platform != "linux", reason="process ids have a space of their own on Linux alone")
def test_a_worker_in_a_space_of_its_own_is_not_taken_for_dead() -> None:
    code = "from jobs.run import this_process; print(this_process(), flush=True); input()"
    command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as worker:
        assert worker.stdout
        assert worker.stderr
        theirs = worker.stdout.readline().strip()
        if not theirs and "unshare" in (why := worker.stderr.read()):
            pytest.skip(f"this user may not make one: {why}")
        host, number, _ = theirs.rsplit(":", 2)
        assert host.startswith(f"{socket.gethostname()}/")
        assert number == "1"
        assert not is_gone(theirs)
        assert is_gone(f"{this_process().rsplit(':', 2)[0]}:{number}:1.00")
        worker.communicate("")


def test_this_process_is_not_gone() -> None:
    assert not is_gone(this_process())


def test_a_process_id_used_again_is_another_process() -> None:
    host, pid, _ = this_process().rsplit(":", 2)
    assert is_gone(f"{host}:{pid}:1.00")


def test_a_host_name_may_hold_colons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "fe80::1")
    assert not is_gone(this_process())
