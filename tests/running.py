"""The `feedback` command as a process of its own, followed by its log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Running:
    """A command that runs until it is told to stop; `log` is what was read of its log."""

    process: subprocess.Popen[str]
    log: list[dict[str, Any]] = field(default_factory=list)

    def read_until(self, event: str, number: int = 1) -> dict[str, Any]:
        """Follow the log until `event` has come so often."""
        assert self.process.stderr is not None
        while number:
            line = self.process.stderr.readline()
            assert line, "it ended before it was asked to"
            self.log.append(json.loads(line))
            number -= self.log[-1]["event"] == event
        return self.log[-1]

    def read_to_end(self) -> list[dict[str, Any]]:
        assert self.process.stderr is not None
        self.log.extend(json.loads(line) for line in self.process.stderr)
        return self.log

    def events(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.log if each["event"] == event]


def environment(**settings: object) -> dict[str, str]:
    """The variables of a process with these settings; its port is any that is free."""
    variables = {f"FEEDBACK_{name.upper()}": str(value) for name, value in {"port": 0, **settings}.items()}
    return {**os.environ, **variables, "PYTHONPATH": str(ROOT)}


def feedback(folder: Path, *words: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "jobs", *words]
    return subprocess.run(command, cwd=folder, env=environment(**settings), capture_output=True, text=True, check=False)


@contextmanager
def running(folder: Path, *words: str, **settings: object) -> Iterator[Running]:
    """A command that goes on; killed in the end if it is still there."""
    command = [sys.executable, "-m", "jobs", *words]
    with subprocess.Popen(
        command, cwd=folder, env=environment(**settings), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Running(process)
        finally:
            process.kill()
