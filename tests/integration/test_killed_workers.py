"""Workers that are killed at random do each thing once: the benchmark, at a small size."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.running import ROOT, environment


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_what_killed_workers_come_to_is_what_one_comes_to_alone(backend: str) -> None:
    size = ("--backends", backend, "--minutes", "0.75", "--days", "1")
    command = [sys.executable, str(ROOT / "benchmarks" / "workers.py"), *size]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as it should be" in done.stdout
