"""Count complaints by topic and day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from feedback.store import counts, topics
from jobs.context import Context


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Count again the buckets whose assignments changed, in one transaction. What came in later isn't assigned yet."""
    with context.write() as connection:
        version = topics.published_version(connection)
        return {"buckets": counts.recount(connection, version.id) if version else 0}
