"""The `feedback` command as a process of its own, or several of them, followed by their log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Running:
    """A command that runs until it is told to stop, once or as several processes that write one log.

    `log` is what was read of `lines`.
    """

    processes: Sequence[subprocess.Popen[str]]
    lines: TextIO
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process, where there is but one."""
        (process,) = self.processes
        return process

    def read_until(self, event: str, number: int = 1) -> dict[str, Any]:
        """Follow the log until `event` has come so often."""
        while number:
            line = self.lines.readline()
            assert line, "it ended before it was asked to"
            self.log.append(json.loads(line))
            number -= self.log[-1]["event"] == event
        return self.log[-1]

    def read_to_end(self) -> list[dict[str, Any]]:
        self.log.extend(json.loads(line) for line in self.lines)
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
def running(folder: Path, *words: str, times: int = 1, **settings: object) -> Iterator[Running]:
    """A command that goes on, so many times beside one another; killed in the end if it is still there."""
    command = [sys.executable, "-m", "jobs", *words]
    end, start = os.pipe()
    with ExitStack() as stack, os.fdopen(end) as lines:
        with os.fdopen(start, "w") as log:
            started = [
                stack.enter_context(
                    subprocess.Popen(command, cwd=folder, env=environment(**settings), stderr=log, text=True)
                )
                for _ in range(times)
            ]
        try:
            yield Running(started, lines)
        finally:
            for process in started:
                process.kill()
