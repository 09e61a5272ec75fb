"""How things stand, in a handful of facts."""

from __future__ import annotations

from typing import Any

from feedback.store import alerts, complaints, topics
from jobs.context import Context


def facts(context: Context) -> dict[str, Any]:
    """What is stored and which topic model is in force, for people and programs alike."""
    with context.database.read() as connection:
        number, first, last = complaints.count_complaints(connection)
        version = topics.published_version(connection)
        judged, unassigned = topics.count_assigned(connection, version.id) if version else (0, 0)
        return {
            "database": context.database.engine.url.render_as_string(hide_password=True),
            "complaints": number,
            "first_received": first,
            "last_received": last,
            "rejected_records": complaints.count_rejected(connection),
            "topic_model": str(version.id) if version else None,
            "trained_at": version.trained_at if version else None,
            "topics": len(topics.topics_of(connection, version.id)) if version else 0,
            "assigned": judged - unassigned,
            "unassigned": unassigned,
            "open_alerts": len(alerts.alert_rows(connection, only_open=True)),
        }
