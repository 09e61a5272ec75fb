"""The `feedback` command as a process of its own: run to its end, or going on, maybe several, followed by its log."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

START = multiprocessing.get_context("forkserver")
START.set_forkserver_preload(
    [
        "tests.running", "typer", "rich.table", "alembic.command", "sqlalchemy.dialects.postgresql", "fastapi",
        "uvicorn", "apprise", "apscheduler.schedulers.blocking", "matplotlib.pyplot", "feedback.intake.redact",
        "feedback.store.tables", "models.encoder", "models.train", "bertopic",
    ]
)  # fmt: skip
"""What takes long to import is imported once, by the server that all commands are forked from; nothing that looks at
the variables or the folder it runs in."""

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
    return run_to_end(folder, words, environment(**settings))


def run_to_end(
    folder: Path, words: tuple[str, ...], variables: Mapping[str, str], said: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with just these variables; it reads what is `said`."""
    with TemporaryDirectory() as written:
        streams = [Path(written) / name for name in ("in", "out", "err")]
        streams[0].write_text(said, "utf-8")
        process = START.Process(target=_command, args=(folder, words, dict(variables), *streams))
        process.start()
        process.join()
        assert process.exitcode is not None
        told = (each.read_text("utf-8") if each.exists() else "" for each in streams[1:])
        return subprocess.CompletedProcess(words, process.exitcode, *told)


def _command(folder: Path, words: tuple[str, ...], variables: dict[str, str], read: Path, out: Path, err: Path) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    os.dup2(os.open(read, os.O_RDONLY), 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    for path, number in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.argv = ["feedback", *words]
    from jobs.cli import main

    main()


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
