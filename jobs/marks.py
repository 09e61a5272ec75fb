"""What marks an alert beside its state: that it is held back, and that it keeps coming back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from feedback.alerts import flaps
from feedback.domain import Alert, HeldBack, Holding
from feedback.store import alerts, held
from jobs.context import Context


def held_back(connection: Connection, alert: Alert, now: datetime) -> HeldBack | None:
    """What keeps an alert that is open at a moment from being told then, if something other than a mute does."""
    holding = [each for each in held.held_of(connection, alert.id) if each.holds(now)]
    found = holding[-1] if holding else None
    return found if found and alert.is_open and found.cause is not Holding.MUTED else None


def is_flapping(context: Context, connection: Connection, alert: Alert, now: datetime) -> bool:
    """Whether it keeps coming back."""
    returns = alerts.returns_of(connection, [alert.id])[alert.id]
    return flaps(returns, now, context.settings.alert_policy)


def marks_of(context: Context, connection: Connection, alert: Alert, now: datetime) -> list[str]:
    """Its marks, in a word each."""
    marks = {"held back": held_back(connection, alert, now), "flapping": is_flapping(context, connection, alert, now)}
    return [mark for mark, holds in marks.items() if holds]
