"""Schedule and API as processes of their own: how they start, share the work and end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.running import ROOT, environment, feedback, running

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
    with running(tmp_path, "worker", *FAST, times=2, database_url=postgres_database) as workers:
        # which of them gets a window is chance, and both looking at the same moment the same one may get them all
        workers.read_until("worker_ready", 2)
        workers.read_until("run_done", 12)
        for each in workers.processes:
            each.send_signal(signal.SIGTERM)
        workers.read_to_end()
        assert [each.wait(30) for each in workers.processes] == [0, 0]
        done = [line["message"] for line in workers.events("run_done")]
    assert len(done) == len(set(done))
    assert not workers.events("run_failed")


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1])
def test_where_a_worker_dies_the_other_goes_on(tmp_path: Path, postgres_database: str, killed: int) -> None:
    with running(tmp_path, "worker", *FAST, times=2, database_url=postgres_database) as workers:
        workers.read_until("worker_ready", 2)
        workers.read_until("run_done")
        workers.processes[killed].kill()
        workers.read_until("run_done", 12)
        workers.processes[1 - killed].send_signal(signal.SIGTERM)
        workers.read_to_end()
        assert workers.processes[1 - killed].wait(30) == 0
        done = [line["message"] for line in workers.events("run_done")]
    assert len(done) == len(set(done))


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


def test_the_whole_service_listens_where_it_is_told_and_refuses_the_same(tmp_path: Path, sqlite_database: str) -> None:
    refused = feedback(tmp_path, "up", "--host", "0.0.0.0", database_url=sqlite_database)
    assert refused.returncode == 1
    assert "accounts add NAME --role administrator" in refused.stderr
    with (
        socket.socket() as taken,
        running(
            tmp_path, "up", "--host", "127.0.0.2", "--port", "0", database_url=sqlite_database, port=busy(taken)
        ) as up,
    ):
        port = up.read_until("api_ready")["port"]
        with urlopen(f"http://127.0.0.2:{port}/healthz", timeout=30) as answer:
            assert answer.status == 200
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(60) == 0


def busy(taken: socket.socket) -> int:
    """A port that cannot be had."""
    taken.bind(("127.0.0.2", 0))
    port: int = taken.getsockname()[1]
    return port


def test_a_container_knows_whether_the_service_in_it_is_well(tmp_path: Path, sqlite_database: str) -> None:
    (line,) = [each for each in (ROOT / "deploy/Containerfile").read_text("utf-8").splitlines() if "CMD [" in each][:1]
    program, *words = json.loads(line.partition("CMD ")[2])
    assert program == "python"
    with running(tmp_path, "serve", "--port", "0", database_url=sqlite_database) as api:
        port = api.read_until("api_ready")["port"]
        asked = [sys.executable, *words]
        assert subprocess.run(asked, env=environment(port=port), timeout=60, check=False).returncode == 0
    gone = subprocess.run(asked, env=environment(port=port), timeout=60, check=False, capture_output=True)
    assert gone.returncode == 1


@pytest.mark.parametrize("command", ["worker", "serve"])
def test_without_a_database_neither_starts(tmp_path: Path, command: str) -> None:
    done = feedback(tmp_path, command)
    assert done.returncode == 1
    assert "feedback init" in done.stderr
    assert "Traceback" not in done.stderr
