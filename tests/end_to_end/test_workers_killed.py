"""A small version of `benchmarks/workers.py`: killed workers come to what an undisturbed one comes to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT, environment

TRIAL = ("--minutes", "1.5", "--days", "10", "--every", "3", "--seed", "1")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_workers_that_are_killed_lose_and_double_nothing(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "workers.py"), *TRIAL]
    done = subprocess.run(command, check=False, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.count("as it should be") == 2, "on SQLite and on PostgreSQL"
