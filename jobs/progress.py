"""Shows how far something long has come: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from jobs.context import Advance

PATIENCE = 2.0
"""Seconds before anything is shown: what is quicker needs no bar."""

INTERVAL = 15.0
"""Seconds between two lines where there is no terminal."""


class Terminal:
    """Bars that appear once a task has taken a while and go when it is done."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bars = Bars(*columns, console=console, transient=True)
        self._tasks = 0

    @contextmanager
    def task(self, label: str, total: int | None) -> Iterator[Advance]:
        task = self._bars.add_task(label, total=total, visible=False)
        began = time.monotonic()
        self._enter()
        try:
            yield lambda done: self._bars.update(
                task, completed=done, visible=time.monotonic() - began > PATIENCE, refresh=False
            )
        finally:
            self._bars.remove_task(task)
            self._leave()

    def _enter(self) -> None:
        self._tasks += 1
        if self._tasks == 1:
            self._bars.start()

    def _leave(self) -> None:
        self._tasks -= 1
        if self._tasks == 0:
            self._bars.stop()


class Lines:
    """One plain line every so often, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def task(self, label: str, total: int | None) -> Iterator[Advance]:
        shown = time.monotonic() - INTERVAL + PATIENCE

        def advance(done: int) -> None:
            nonlocal shown
            if time.monotonic() - shown >= INTERVAL:
                shown = time.monotonic()
                of_all = f" of {total:,}" if total else ""
                self._console.print(f"{label}: {done:,}{of_all}", markup=False, highlight=False)

        yield advance


class Silent:
    """Shows nothing: for tests and for the service, whose log tells."""

    @contextmanager
    def task(self, label: str, total: int | None) -> Iterator[Advance]:
        yield lambda done: None


def progress_on(console: Console) -> Terminal | Lines:
    """What suits where `console` writes to."""
    return Terminal(console) if console.is_terminal else Lines(console)
