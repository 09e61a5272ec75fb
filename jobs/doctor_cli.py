"""The command `feedback doctor`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from jobs.console import Json, out, wall
from jobs.show import show


def doctor(as_json: Json = False) -> None:
    """Examine the set-up and say what to do about what is found. Exit code 1 when something must be mended."""
    from jobs.doctor import State, examine

    found = examine(wall)
    columns = {"check": "Check", "state": "State", "found": "Found", "advice": "What to do"}
    show(out, [asdict(each) for each in found], columns, as_json=as_json, empty="")
    if any(each.state is State.MEND for each in found):
        raise typer.Exit(1)
