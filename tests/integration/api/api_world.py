"""A small world for the API's tests (a version, topics, counted complaints, alerts), what is sent and what comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from feedback.api.service import Respond
from feedback.domain import Alert, AlertState, Complaint, Signal, Span, TopicKind, Transition, derived_id
from feedback.settings import Settings
from feedback.store import alerts, counts, topics
from feedback.store.complaints import store_complaints
from feedback.store.database import Database
from feedback.store.topics import Assigned, StoredTopic, StoredVersion
from jobs.context import Context, Parts
from jobs.progress import Silent
from jobs.respond import responses

NOW = datetime(2026, 3, 8, 15, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 8, tzinfo=UTC)
VERSION = StoredVersion(derived_id("version", 1), "candidate", NOW - timedelta(days=20), None, "a", "e5-test", {})
NUMBERS: Mapping[str, Any] = {
    "observed": 41, "expected": 12.3, "low": 6.0, "high": 20.0, "p": 2.4e-7, "q": 9.1e-6, "score": 6.6,
    "threshold": 3.9, "detector": "eb7",
}  # fmt: skip


def responding(settings: Settings, database: Database) -> Respond:
    """What people do about alerts, over the jobs themselves."""
    return responses(Context(settings, database, Parts(settings, Silent()), Silent(), lambda: NOW, "tests"))


def topic(name: str, kind: TopicKind = TopicKind.PINNED, owner: str | None = "promotions") -> StoredTopic:
    words = {"de": ["bonus", "auszahlung"], "en": ["bonus", "payout"]}
    return StoredTopic(derived_id("topic", name), kind, name, owner, "bonus", VERSION.trained_at, words, 400)


BONUS = topic("Bonus payout delayed")
LOGIN = topic("Login fails", owner="accounts")
QUIET = topic("Support slow", owner=None)


def publish(connection: Connection, members: Sequence[StoredTopic] = (BONUS, LOGIN, QUIET)) -> None:
    topics.store_version(connection, VERSION, members, ())
    topics.publish_version(connection, VERSION.id, VERSION.trained_at)


def complain(connection: Connection, about: StoredTopic | None, day: datetime, number: int) -> None:
    """Store complaints of one day, assign and count them."""
    written = [
        Complaint("api", f"{about and about.name}/{day:%d%m}/{place}", day, "text", "0" * 64, "de")
        for place in range(number)
    ]
    store_complaints(connection, written, NOW)
    topic_id = about.id if about else None
    topics.assign(connection, VERSION.id, [Assigned(each.id, topic_id, 0.9, day) for each in written])
    counts.recount(connection, VERSION.id)


def signal(about: StoredTopic, **numbers: Any) -> Signal:
    window = Span(MIDNIGHT - timedelta(days=6), MIDNIGHT + timedelta(days=1))
    found = Signal(about.id, VERSION.id, window=window, rising=True, complete=False, **NUMBERS)
    return replace(found, **numbers)


def open_alert(
    connection: Connection,
    about: StoredTopic,
    opened_at: datetime = NOW - timedelta(hours=22),
    state: AlertState = AlertState.OPEN,
    evidence: Mapping[str, Any] | None = None,
) -> UUID:
    """Store an alert with the transition that opened it."""
    resolved_at = opened_at + timedelta(days=5) if state is AlertState.RESOLVED else None
    alert = Alert(
        derived_id("alert", about.id, opened_at), about.id, state, opened_at, opened_at, resolved_at=resolved_at
    )
    alerts.store_alert(connection, alert, opened_at, EVIDENCE if evidence is None else evidence)
    opened = replace(alert, state=AlertState.OPEN)
    alerts.add_transition(connection, Transition(opened, None, opened_at, "feedback", "41 in 7 days, 12 expected."))
    return alert.id


EVIDENCE: Mapping[str, Any] = {
    **NUMBERS,
    "ratio": 41 / 12.3,
    "window": {"start": "2026-03-02T00:00:00+00:00", "end": "2026-03-09T00:00:00+00:00"},
    "version_id": str(VERSION.id),
    "encoder_version": "e5-test",
    "settings": {"false_alarms_per_week": 1.0},
    "drivers": [
        {
            "attribute": "payment_method", "value": "Trustly", "observed": 29, "total": 41, "baseline_share": 0.2,
            "p": 1e-9, "q": 4e-8,
        }
    ],
    "complaint_ids": [str(derived_id("complaint", "api", "1"))],
    "voices": {"messages": 57, "customers": 38, "texts": 36, "unknown": 0},
}  # fmt: skip


def record(source_id: str = "1", **fields: Any) -> dict[str, Any]:
    text = "Mein Bonus wurde nach der Einzahlung nicht gutgeschrieben."
    return {"source_id": source_id, "received_at": "2026-03-08T09:14:00+01:00", "text": text, **fields}


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"urn:feedback-trends:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].startswith("/")
    return problem
