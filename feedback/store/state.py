"""What is shown of topics and alerts, in a few numbers: while they are the same, so is what is shown."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, func, select

from feedback.store.tables import (
    alert,
    counting,
    edit,
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

    What a run writes down with an alert, it does with the time of its judgement; what people do, with a transition.
    """
    version = topic_model_version
    published = select(version.c.id).where(version.c.status == "published").scalar_subquery()
    parts = {
        "version": published,
        "published": select(func.max(version.c.published_at)).scalar_subquery(),
        "trained": select(func.max(version.c.trained_at)).scalar_subquery(),
        "counted": select(counting.c.times).where(counting.c.version_id == published).scalar_subquery(),
        "topics": select(func.count()).where(topic_in_version.c.version_id == published).scalar_subquery(),
        "edits": _rows(edit),
        "undone": select(func.count(edit.c.undone_at)).scalar_subquery(),
        "owned": _rows(ownership),
        "no longer": select(func.count(ownership.c.ended_at)).scalar_subquery(),
        "signals": select(func.max(signal.c.judged_at)).scalar_subquery(),
        "judged": select(func.max(alert.c.judged_at)).scalar_subquery(),
        "alerts": _rows(alert),
        "moved": _rows(transition),
        "held": _rows(held_back),
        "let go": select(func.count(held_back.c.ended_at)).scalar_subquery(),
    }
    row = connection.execute(select(*(part.label(name) for name, part in parts.items()))).one()
    return tuple(row)


def _rows(table: Table) -> Any:
    return select(func.count()).select_from(table).scalar_subquery()
