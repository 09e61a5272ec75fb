"""What is shown of topics and alerts, in a few numbers: while they are the same, so is what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, select

from feedback.store.tables import (
    alert,
    counting,
    edit,
    erasure,
    held_back,
    ownership,
    signal,
    topic_in_version,
    topic_model_version,
    transition,
)

State = tuple[object, ...]


def state_of(connection: Connection) -> State:
    """Differs whenever topics, their counts, owners, signals or alerts do; each part is read by an index or from few
    rows.

    What a run writes down with an alert, it does with the time of its judgement; what people do, with a transition. An
    erasure takes words out of names while it lasts.
    """
    return tuple(connection.execute(_STATE).one())


def _parts() -> Iterator[Any]:
    version, member = topic_model_version.c, topic_in_version.c
    published = select(version.id).where(version.status == "published").scalar_subquery()
    yield published
    yield select(func.max(version.published_at)).scalar_subquery()
    yield select(func.max(version.trained_at)).scalar_subquery()
    yield select(counting.c.times).where(counting.c.version_id == published).scalar_subquery()
    for number in (func.count(), func.sum(member.size)):
        yield select(number).select_from(topic_in_version).where(member.version_id == published).scalar_subquery()
    for table in (edit, ownership, alert, transition, held_back, erasure):
        yield select(func.count()).select_from(table).scalar_subquery()
    for column in (edit.c.undone_at, ownership.c.ended_at, held_back.c.ended_at, erasure.c.finished_at):
        yield select(func.count(column)).scalar_subquery()
    for column in (signal.c.judged_at, alert.c.judged_at):
        yield select(func.max(column)).scalar_subquery()


# put together once: that takes longer than reading it
_STATE = select(*(part.label(f"part_{place}") for place, part in enumerate(_parts())))
