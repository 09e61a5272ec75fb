"""How things stand, in a handful of facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from feedback.notify.outbox import NoticeState
from feedback.phrases import ended_words, silent_words
from feedback.store import alerts, complaints, topics
from feedback.store.notices import tally
from jobs.context import Context
from jobs.exposure import ended_exposure
from jobs.silence import silent_sources
from jobs.watermark import watermark


def facts(context: Context, now: datetime) -> dict[str, Any]:
    """What is stored and which topic model is in force, for people and programs alike."""
    with context.database.read() as connection:
        number, first, last = complaints.count_complaints(connection)
        version = topics.published_version(connection)
        silent = silent_sources(context, connection, now)
        ended = ended_exposure(context.settings, connection, now)
        notices = tally(connection)
        judged, unassigned = topics.count_assigned(connection, version.id) if version else (0, 0)
        return {
            "database": context.database.engine.url.render_as_string(hide_password=True),
            "complaints": number,
            "first_received": first,
            "last_received": last,
            "come_in_until": watermark(connection, now).until,
            "rejected_records": complaints.count_rejected(connection),
            "topic_model": str(version.id) if version else None,
            "trained_at": version.trained_at if version else None,
            "topics": len(topics.topics_of(connection, version.id)) if version else 0,
            "assigned": judged - unassigned,
            "unassigned": unassigned,
            "silent_sources": [silent_words(each) for each in silent],
            "ended_exposure": ended_words(ended) if ended else None,
            "waiting_notices": notices[NoticeState.PENDING],
            "dead_notices": notices[NoticeState.DEAD],
            "open_alerts": len(alerts.alert_rows(connection, only_open=True)),
        }
