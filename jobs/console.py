"""What all commands share: where they print, the clock on the wall, and what they work with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from feedback.errors import FeedbackError
from feedback.settings import load_settings
from jobs.bootstrap import build_context
from jobs.context import Context
from jobs.progress import progress_on

out = Console()
err = Console(stderr=True)

MINUTES = ["%Y-%m-%dT%H:%M", "%Y-%m-%d"]
"""How a moment is written on the command line."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def wall() -> datetime:
    """What the clock on the wall says."""
    return datetime.now(UTC)


def open_context(**instead: bool) -> Context:
    """The settings, the database and the rest, for one command; `instead` replaces settings."""
    return build_context(load_settings().model_copy(update=instead), progress_on(err), wall)


def moment_at(context: Context, at: datetime | None) -> datetime:
    """A time of the operator's zone in UTC, now if None. FeedbackError for one in the future."""
    moment = at.replace(tzinfo=context.settings.zone).astimezone(UTC) if at else wall()
    if moment > wall():
        raise FeedbackError(f"{moment:%Y-%m-%d %H:%M} UTC is in the future.")
    return moment
