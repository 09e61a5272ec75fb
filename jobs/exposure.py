"""The column that complaints are in proportion to: until when there are numbers of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from feedback.exposure import EndedExposure, ended
from feedback.series import day_of
from feedback.settings import Settings
from feedback.store.exposure import last_exposure


def ended_exposure(settings: Settings, connection: Connection, now: datetime) -> EndedExposure | None:
    """The column in force if its numbers have stopped coming, None if not or where none is named."""
    today = day_of(now, settings.zone)
    last = last_exposure(connection, settings.exposure, today) if settings.exposure else None
    return ended(settings.exposure, last, today) if last else None
