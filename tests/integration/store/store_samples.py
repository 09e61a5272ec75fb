"""Complaints, versions and topics to put into a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from feedback.domain import Complaint, RejectedRecord, TopicKind, derived_id
from feedback.store import topics
from feedback.store.complaints import store_complaints
from feedback.store.database import Database
from feedback.store.tables import assignment
from feedback.store.topics import Assigned, LineageEntry, StoredTopic, StoredVersion

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DAY = datetime(2026, 3, 1, tzinfo=UTC)
VERSION = derived_id("sample version")
TOPIC = derived_id("sample topic")


def sample(number: int = 1, **changes: Any) -> Complaint:
    """A complaint of its own text; the same number is the same complaint."""
    values: dict[str, Any] = {
        "source": "desk",
        "source_id": f"T-{number}",
        "received_at": DAY + timedelta(minutes=number),
        "text": f"Wo bleibt mein Bonus Nummer {number}?",
        "text_hash": f"hash-{number}",
        "language": "de",
        "customer_hash": f"customer-{number}",
    }
    return Complaint(**{**values, **changes})


def rejected(line: int | None = 3, **changes: Any) -> RejectedRecord:
    """A record without a text."""
    values: dict[str, Any] = {
        "source": "desk",
        "place": "march.jsonl",
        "line": line,
        "reason": "empty_text",
        "detail": "The text is empty.",
        "record": {"id": "T-3", "text": " ", "betreff": "Rückfrage"},
    }
    return RejectedRecord(**{**values, **changes})


def version(name: str = "sample version", **changes: Any) -> StoredVersion:
    """A candidate trained at NOW."""
    values: dict[str, Any] = {
        "id": derived_id(name),
        "status": "candidate",
        "trained_at": NOW,
        "published_at": None,
        "artefact": "topic_models/sample",
        "encoder_version": "encoder-1",
        "metrics": {"coverage": 0.5},
    }
    return StoredVersion(**{**values, **changes})


def topic(topic_id: UUID = TOPIC, **changes: Any) -> StoredTopic:
    """A discovered topic."""
    values: dict[str, Any] = {
        "id": topic_id,
        "kind": TopicKind.DISCOVERED,
        "name": "bonus / bonus",
        "owner": "payments",
        "area": None,
        "born_at": NOW,
        "words": {"de": ("bonus", "auszahlung"), "fi": ("käteisbonus",)},
        "size": 12,
    }
    return StoredTopic(**{**values, **changes})


def publish(
    database: Database,
    *,
    of: StoredVersion | None = None,
    members: Sequence[StoredTopic] = (topic(),),
    entries: Sequence[LineageEntry] = (),
) -> None:
    """Store a version and put it in force."""
    chosen = of or version()
    with database.write() as connection:
        topics.store_version(connection, chosen, members, entries)
        topics.publish_version(connection, chosen.id, NOW)


def assigned(each: Complaint, topic_id: UUID | None = TOPIC, bucket: datetime = DAY) -> Assigned:
    return Assigned(each.id, topic_id, 0.9, bucket)


def fill(database: Database, complaints: Sequence[Complaint], *, assign: bool = True) -> None:
    """Store complaints and give them the sample topic."""
    with database.write() as connection:
        store_complaints(connection, complaints, NOW)
        if assign:
            topics.assign(connection, VERSION, [assigned(each) for each in complaints])


def assigned_topics(connection: Connection, version_id: UUID) -> dict[UUID, UUID | None]:
    """Which topic each complaint that a version has judged belongs to, None for no topic."""
    query = select(assignment.c.complaint_id, assignment.c.topic_id).where(assignment.c.version_id == version_id)
    return {row.complaint_id: row.topic_id for row in connection.execute(query)}
