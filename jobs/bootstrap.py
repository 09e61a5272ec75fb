"""Puts the parts together: the one place that knows all of them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

import structlog

from feedback.settings import Settings
from feedback.store.database import create_database, open_database
from jobs.context import Context, Parts, Progress
from jobs.run import this_process


def build_context(
    settings: Settings,
    progress: Progress,
    wall: Callable[[], datetime],
    *,
    create: bool = False,
    seconds: float | None = None,
) -> Context:
    """What jobs and commands work with; `seconds` bounds each statement. StoreError when the database is missing,
    unless it may be created."""
    database = create_database(settings.url) if create else open_database(settings.url, seconds)
    return Context(settings, database, Parts(settings, progress), progress, wall, this_process())


def log_to(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Log lines in JSON, each with an `event` beside the sentence. They never hold texts of complaints."""
    handler = logging.StreamHandler(stream)
    shared: list[structlog.typing.Processor] = [
        _sentence,  # before ExtraAdder, which brings the `event` that a line was given
        structlog.stdlib.add_log_level,
        structlog.contextvars.merge_contextvars,  # which run, or which request, it is about
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for quiet in ("alembic", "presidio-analyzer", "bertopic", "matplotlib"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
    # it would warn of every tick that comes while a longer one is under way, which is as it should be
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _sentence(_logger: object, _method: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The sentence goes under `message`; `event` is what a machine looks for, given as `extra={"event": …}`."""
    return {**fields, "message": fields["event"], "event": "log"}
