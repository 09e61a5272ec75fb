"""Forgetting what was derived from complaints, so that it can be derived anew."""

from __future__ import annotations

from sqlalchemy import Connection, delete

from feedback.store import tables

DERIVED = (
    tables.outcome,
    tables.transition,
    tables.held_back,
    tables.area_alert,
    tables.alert,
    tables.signal,
    tables.threshold,
    tables.run,
    tables.request,
    tables.counting,
    tables.stale_bucket,
    tables.bucket_count,
    tables.assignment,
    tables.lineage,
    tables.topic_in_version,
    tables.topic_model_version,
    tables.topic,
)


def discard_derived(connection: Connection) -> None:
    """Delete topics, versions, counts, alerts and runs. Complaints, vectors, rejected records, keys stay, and
    what people decided about topics and did about them: it holds again for those that come back."""
    for table in DERIVED:
        connection.execute(delete(table))
