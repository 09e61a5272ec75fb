"""What pages show that has to be worked out: a topic's days beside what the past predicts for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from feedback.api.service import Look
from feedback.chart import Series
from feedback.domain import Segment, SilentSource
from jobs.context import Context
from jobs.overdue import overdue
from jobs.published import published
from jobs.silence import silent_sources
from jobs.week import Charts
from models.compare import plane


def looks(context: Context) -> Look:
    """What the pages ask for."""
    return Look(
        series=partial(series, context),
        places=partial(places, context),
        silent=partial(silent, context),
        overdue=partial(overdue, context),
    )


def series(context: Context, topic_id: UUID, segment: Segment | None, as_of: datetime, days: int) -> Series | None:
    """The last `days` of a topic, or of its complaints in a segment, as of a moment; None for one that is gone."""
    current = published(context)
    with context.database.read() as connection:
        return Charts(context, connection, current, as_of, {}, days).series(topic_id, segment)


def places(context: Context) -> Mapping[UUID, tuple[float, float]]:
    """Where the topics in force lie on a plane that keeps most of their distances; in no unit."""
    current = published(context)
    if current is None or len(current.model.topic_ids) < 2:
        return {}
    # of a merged topic's centroids the last counts
    points = dict(zip(current.model.topic_ids, plane(current.model.centroids).tolist(), strict=True))
    return {topic: (x, y) for topic, (x, y) in points.items()}


def silent(context: Context, now: datetime) -> Sequence[SilentSource]:
    """The sources that are silent as of `now`."""
    with context.database.read() as connection:
        return silent_sources(context, connection, now)
