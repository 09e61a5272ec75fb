"""Schedule and API as processes of their own: how they start, share the work and end."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.running import feedback, running

FAST = ("--speed", "3600")
"""An hour of the schedule each second: the chain is due anew at every tick."""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_in_order(tmp_path: Path, sqlite_database: str, end: signal.Signals) -> None:
    with running(tmp_path, "worker", *FAST, database_url=sqlite_database) as worker:
        worker.read_until("run_done")
        worker.process.send_signal(end)
        worker.read_until("worker_stopped")
        assert worker.process.wait(30) == 0
        assert worker.read_to_end()[-1]["event"] == "worker_stopped"


def test_workers_on_one_postgresql_share_the_windows(tmp_path: Path, postgres_database: str) -> None:
    with ExitStack() as stack:
        workers = [
            stack.enter_context(running(tmp_path, "worker", *FAST, database_url=postgres_database)) for _ in range(2)
        ]
        for each in workers:
            each.read_until("run_done", 4)
        for each in workers:
            each.process.send_signal(signal.SIGTERM)
        for each in workers:
            each.read_to_end()
            assert each.process.wait(30) == 0
        done = [line["message"] for each in workers for line in each.events("run_done")]
    assert len(done) == len(set(done))
    assert not any(each.events("run_failed") for each in workers)


def test_the_api_alone_answers_and_ends_in_order(tmp_path: Path, sqlite_database: str) -> None:
    with running(tmp_path, "serve", "--host", "127.0.0.2", database_url=sqlite_database) as api:
        port = api.read_until("api_ready")["port"]
        with urlopen(f"http://127.0.0.2:{port}/healthz", timeout=30) as answer:
            assert answer.status == 200
        api.process.send_signal(signal.SIGTERM)
        assert api.process.wait(30) == 0
        api.read_to_end()
        assert not api.events("run_done")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "feedback.example.org", ""])
def test_no_address_is_served_that_others_reach(tmp_path: Path, sqlite_database: str, host: str) -> None:
    done = feedback(tmp_path, "serve", "--host", host, database_url=sqlite_database)
    assert done.returncode == 1
    assert "accounts" in done.stderr
    assert "reverse proxy" in done.stderr


@pytest.mark.parametrize("command", ["worker", "serve"])
def test_without_a_database_neither_starts(tmp_path: Path, command: str) -> None:
    done = feedback(tmp_path, command)
    assert done.returncode == 1
    assert "feedback init" in done.stderr
    assert "Traceback" not in done.stderr
