"""What people say about a topic without changing what it holds: its name, owner and area."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection

from feedback.domain import Author
from feedback.edits import Edit, EditKind
from feedback.errors import FeedbackError
from feedback.owners import NOBODY
from feedback.store import edits, topics


def label(connection: Connection, kind: EditKind, topic_id: UUID, value: str, by: Author) -> Edit:
    """Write a label down and make it hold. FeedbackError for a value that is none, or a topic that is no more."""
    value = " ".join(value.split())
    if not value or len(value) > 200:
        raise FeedbackError("A name, an owner or an area needs 1 to 200 characters.")
    return _label(connection, kind, topic_id, value, by)


def disown(connection: Connection, topic_id: UUID, by: Author) -> Edit:
    """Write down that whoever answers for a topic is wrong: it is nobody's. FeedbackError for one that is no more."""
    return _label(connection, EditKind.OWNER, topic_id, NOBODY, by)


def _label(connection: Connection, kind: EditKind, topic_id: UUID, value: str, by: Author) -> Edit:
    refuse_hidden(connection, [topic_id])
    before = getattr(topics.topic_names(connection)[topic_id], topics.COLUMNS[kind])
    made = edits.add_edit(connection, kind, topic_id, {"value": value, "before": before}, by.at, by.who, by.why)
    topics.apply_labels(connection, edits.curation(connection))
    return made


def refuse_hidden(connection: Connection, topic_ids: Iterable[UUID]) -> None:
    """FeedbackError when one of the topics was merged, split or retired."""
    if edits.curation(connection).hidden.intersection(topic_ids):
        raise FeedbackError("That topic was merged, split or retired meanwhile; `feedback topics edits` says by whom.")
