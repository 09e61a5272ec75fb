"""What pages show that has to be worked out: a topic's days beside what the past predicts for each."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from feedback.api.service import Look
from feedback.chart import Series
from feedback.domain import Segment
from jobs.context import Context
from jobs.published import published
from jobs.week import Charts


def looks(context: Context) -> Look:
    """What the pages ask for."""
    return Look(series=partial(series, context))


def series(context: Context, topic_id: UUID, segment: Segment | None, as_of: datetime, days: int) -> Series | None:
    """The last `days` of a topic, or of its complaints in a segment, as of a moment; None for one that is gone."""
    current = published(context)
    with context.database.read() as connection:
        return Charts(context, connection, current, as_of, {}, days).series(topic_id, segment)
