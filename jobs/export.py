"""Everything that is kept about one customer, for a program to read."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from feedback.errors import FeedbackError
from feedback.scrub import searchable, without_quotes_of
from feedback.store import departures
from feedback.store.erasures import erasures_of
from feedback.store.tables import assignment, complaint, embedding, topic
from jobs.context import Context
from jobs.erase import Customer, nothing_kept
from jobs.pages import pages


def export(context: Context, customer: Customer, now: datetime) -> dict[str, Any]:
    """What is kept of a customer as of `now`, in JSON's terms: complaints as stored with their topics and vectors,
    rejected records, and where complaints are named or quoted. FeedbackError where nothing is kept."""
    with context.database.read() as connection:
        complaints = _complaints(connection, customer.hash)
        ids = [each["id"] for each in complaints]
        found = {
            "customer_hash": customer.hash,
            "exported_at": now,
            "complaints": complaints,
            "vectors": _vectors(connection, sorted({each["text_hash"] for each in complaints})),
            "rejected_records": [row._asdict() for row in departures.rejected_of(connection, customer.hash)],
            "named_in": departures.naming(connection, ids),
            "quoted_in": _quoting(context, [each["text"] for each in complaints]),
            "erasures": [row._asdict() for row in erasures_of(connection, customer.hash)],
        }
    if not (complaints or found["rejected_records"] or found["erasures"]):
        raise FeedbackError(nothing_kept(customer))
    return found


def write_export(path: Path, found: Mapping[str, Any]) -> None:
    """Write it into a file that its user alone may read. FeedbackError where that cannot be."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(json.dumps(found, ensure_ascii=False, indent=2, default=_plain) + "\n", "utf-8")
    except FileExistsError:
        raise FeedbackError(f"{path} is there already; name another file.") from None
    except OSError as error:
        raise FeedbackError(f"The export cannot be written to {path}: {error.strerror}.") from None


def _complaints(connection: Connection, customer_hash: str) -> list[dict[str, Any]]:
    query = select(complaint).where(complaint.c.customer_hash == customer_hash)
    rows = connection.execute(query.order_by(complaint.c.received_at, complaint.c.id)).all()
    topics = _topics(connection, [row.id for row in rows])
    return [{**row._asdict(), "topics": topics.get(row.id, [])} for row in rows]


def _topics(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """What each complaint was taken for, by version."""
    columns = (assignment.c.complaint_id, assignment.c.version_id, topic.c.name.label("topic"), assignment.c.similarity)
    query = select(*columns).outerjoin(topic, topic.c.id == assignment.c.topic_id)
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in connection.execute(query.where(assignment.c.complaint_id.in_(ids)).order_by(assignment.c.version_id)):
        told = {"version_id": row.version_id, "topic": row.topic, "similarity": row.similarity}
        found.setdefault(row.complaint_id, []).append(told)
    return found


def _vectors(connection: Connection, hashes: Sequence[str]) -> list[dict[str, Any]]:
    query = select(embedding).where(embedding.c.text_hash.in_(hashes)).order_by(embedding.c.text_hash)
    return [
        {
            "text_hash": row.text_hash,
            "encoder_version": row.encoder_version,
            "float16_base64": base64.b64encode(row.vector).decode(),
        }
        for row in connection.execute(query)
    ]


def _quoting(context: Context, texts: Sequence[str]) -> list[str]:
    """The pages that quote one of the texts."""
    wanted = searchable(texts)
    found = ((path, path.read_text("utf-8")) for path in pages(context)) if wanted else ()
    return [str(path) for path, page in found if without_quotes_of(page, wanted) != page]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
