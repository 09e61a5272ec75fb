"""Which alerts nobody wants to hear of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from feedback.alerts import kept_signal
from feedback.domain import Alert, Mute
from feedback.store import alerts, verdicts


def muted_by(connection: Connection, alert: Alert, now: datetime) -> Mute | None:
    """What silences an alert at a moment, by the numbers that are kept with it."""
    found = verdicts.mutes(connection, alert.topic_id)
    if not found:
        return None
    signal = kept_signal(alerts.evidence_of(connection, alert.id), alert.topic_id)
    return next((each for each in found if each.holds(alert, signal.segment, signal.ratio, now)), None)
