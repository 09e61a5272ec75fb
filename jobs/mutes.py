"""Which alerts nobody wants to hear of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from feedback.alerts import kept_count, kept_signal, segment_alone
from feedback.domain import Alert, Mute
from feedback.store import alerts, verdicts


def muted_by(connection: Connection, alert: Alert, now: datetime) -> Mute | None:
    """What silences an alert at a moment, by the numbers that are kept with it."""
    found = verdicts.mutes(connection, alert.topic_id, lifted=True)  # at that moment it may not have been
    if not found:
        return None
    kept = alerts.evidence_of(connection, alert.id)
    signal = kept_signal(kept, alert.topic_id)
    only = segment_alone(signal, [kept_count(each) for each in kept.get("where", ())])
    return next((each for each in found if each.holds(alert, only, signal.ratio, now)), None)
