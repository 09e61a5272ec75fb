"""`GET /v1/hot-issues`: what is rising now."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row

from feedback.api.figures import (
    DRIVERS_EXAMPLE,
    FIGURES_EXAMPLE,
    Driver,
    Evidence,
    Figures,
    LatestSignal,
    Window,
    evidence,
    latest_signal,
)
from feedback.api.principal import allowed
from feedback.api.problems import documented
from feedback.api.recent import CURRENT_DAYS, SPARKLINE_DAYS, Recent, recent_counts
from feedback.api.service import Given
from feedback.api.topics import Words, shown_words
from feedback.domain import AlertState, Severity, Signal, TopicKind
from feedback.roles import Right
from feedback.store.alerts import alert_rows, latest_signals
from feedback.store.topics import StoredTopic, published_version, topics_of

router = APIRouter(prefix="/v1", tags=["hot issues"], dependencies=[Depends(allowed(Right.READ))])

LASTING = timedelta(days=2)
"""A signal about an older window says nothing about the current count."""


class Current(BaseModel):
    """The topic's complaints of the last seven days, today included, as far as they are counted."""

    complaints: int
    window: Window


class HotIssue(Figures):
    """A topic that rises. The figures are those of the alert's last rise; without an alert, those of the last signal.

    They are null for a topic that the detector has found nothing about, and that has risen since.
    """

    topic_id: UUID
    name: str = Field(description="The topic's name.")
    kind: TopicKind
    owner: str | None = Field(description="Who answers for the topic.")
    area: str | None
    words: Words = Field(description="The topic's words by language, the most telling first.")
    alert_id: UUID | None = Field(description="The open alert; null while the rise is below alert.")
    state: AlertState | None
    severity: Severity | None = Field(None, description="How grave the alert is.")
    opened_at: datetime | None
    last_rising_at: datetime | None
    drivers: list[Driver] = Field(description="What is over-represented in the rise, the strongest first.")
    latest: LatestSignal | None = Field(description="What the detector last found about the topic.")
    current: Current
    sparkline: list[int] = Field(description=f"Complaints a day, the last {SPARKLINE_DAYS} days, today last.")


_EXAMPLE: dict[str, Any] = {
    "as_of": "2026-03-08T17:20:00Z",
    "version_id": FIGURES_EXAMPLE["version_id"],
    "sparkline_start": "2026-02-08T23:00:00Z",
    "items": [
        {
            **FIGURES_EXAMPLE,
            "topic_id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
            "name": "Bonus payout delayed",
            "kind": "pinned",
            "owner": "promotions",
            "area": "bonus",
            "words": {"de": ["bonus", "auszahlung"], "en": ["bonus", "payout"]},
            "alert_id": "5d1f0b52-6b0c-5d0a-9d3e-0a6f2f0f2c11",
            "state": "open",
            "severity": "high",
            "opened_at": "2026-03-07T17:00:00Z",
            "last_rising_at": "2026-03-08T17:00:00Z",
            "drivers": DRIVERS_EXAMPLE,
            "latest": {**FIGURES_EXAMPLE, "judged_at": "2026-03-08T17:00:00Z", "rising": True, "complete": False},
            "current": {"complaints": 43, "window": FIGURES_EXAMPLE["window"]},
            "sparkline": [2, 1, 0, 3, 2, 1, 1, 2, 0, 1, 3, 2, 2, 1, 0, 2, 1, 3, 2, 1, 2, 3, 4, 6, 7, 8, 9, 6],
        }
    ],
}


class HotIssues(BaseModel):
    """Open alerts first, then rises below alert; within each, those with most complaints beyond expectation first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    as_of: datetime
    version_id: UUID | None = Field(description="The topic model version in force; null before the first training.")
    sparkline_start: datetime = Field(description="When the first day of each sparkline begins.")
    items: list[HotIssue]


class HotIssuesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    alerts_only: bool = Field(False, description="Leave out the rises below alert.")
    owner: str | None = Field(None, description="Only topics of this owner.", max_length=200)
    limit: int = Field(100, description="At most so many issues.", ge=1, le=1_000)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One state of the database. `signals` are by topic, with when they were judged."""

    version_id: UUID | None
    topics: Mapping[UUID, StoredTopic]
    alerts: list[Row[Any]]
    signals: Mapping[UUID, tuple[datetime, Signal]]
    recent: Recent


@router.get(
    "/hot-issues",
    summary="What is hot now",
    responses={200: {"description": "The issues."}, **documented(401, 403, 422, 500, 503)},
)
def list_hot_issues(service: Given, query: Annotated[HotIssuesQuery, Query()]) -> HotIssues:
    """Topics with an open alert; then those without whose current count lies above its prediction interval, or well
    above what the three weeks before had where the detector has found nothing about them.

    `latest` is as old as the last detection; `current` and `sparkline` hold everything that has been counted since.
    """
    now = service.clock()
    with service.database.read() as connection:
        seen = _look(connection, now, service)
    items = [_alerted(row, seen) for row in seen.alerts]
    if not query.alerts_only:
        items += _watched(seen)
    items = [each for each in items if query.owner in (None, each.owner)]
    items.sort(key=lambda each: (each.alert_id is None, -_excess(each), each.name, each.topic_id))
    return HotIssues(
        as_of=now, version_id=seen.version_id, sparkline_start=seen.recent.first, items=items[: query.limit]
    )


def _look(connection: Connection, now: datetime, service: Given) -> _Seen:
    version = published_version(connection)
    version_id = version.id if version else None
    members = topics_of(connection, version_id) if version_id else []
    signals: dict[UUID, tuple[datetime, Signal]] = {}
    for judged_at, signal in latest_signals(connection):
        if signal.segment is None:
            signals.setdefault(signal.topic_id, (judged_at, signal))  # the strongest comes first
    return _Seen(
        version_id,
        {each.id: each for each in members},
        alert_rows(connection, only_open=True),
        signals,
        recent_counts(connection, version_id, now, service.settings.zone),
    )


def _alerted(row: Row[Any], seen: _Seen) -> HotIssue:
    written = evidence(row.evidence)
    topic = seen.topics.get(row.topic_id)
    return _issue(
        row.topic_id,
        seen,
        written,
        name=row.topic,
        kind=TopicKind(row.topic_kind),
        owner=row.owner,
        area=row.area,
        words=shown_words(topic.words) if topic else {},
        alert_id=row.id,
        state=AlertState(row.state),
        opened_at=row.opened_at,
        last_rising_at=row.last_rising_at,
    )


def _watched(seen: _Seen) -> Iterator[HotIssue]:
    alerted = {row.topic_id for row in seen.alerts}
    for topic in seen.topics.values():
        if topic.id not in alerted and _is_raised(topic, seen):
            yield _issue(
                topic.id,
                seen,
                None,
                name=topic.name,
                kind=topic.kind,
                owner=topic.owner,
                area=topic.area,
                words=shown_words(topic.words),
                alert_id=None,
                state=None,
                opened_at=None,
                last_rising_at=None,
            )


def _is_raised(topic: StoredTopic, seen: _Seen) -> bool:
    """Whether the current count is above what was predicted or, where nothing comparable was, is usual."""
    complaints = seen.recent.complaints(topic.id)
    found = seen.signals.get(topic.id)
    if found and _is_comparable(found[1], seen):
        return complaints > found[1].high
    usual = seen.recent.usual(topic.id)
    return complaints > usual + 2 * math.sqrt(max(usual, 1))


def _is_comparable(signal: Signal, seen: _Seen) -> bool:
    """Counts of different versions are not, nor windows that hardly overlap."""
    return signal.version_id == seen.version_id and signal.window.end >= seen.recent.current.end - LASTING


def _issue(topic_id: UUID, seen: _Seen, written: Evidence | None, **known: Any) -> HotIssue:
    found = seen.signals.get(topic_id)
    latest = latest_signal(found[1], found[0]) if found else None
    figures: Figures | None = written if written and written.observed is not None else latest
    current = Current(complaints=seen.recent.complaints(topic_id), window=Window.of(seen.recent.current))
    return HotIssue(
        **(figures.model_dump(include=set(Figures.model_fields)) if figures else {}),
        **known,
        topic_id=topic_id,
        drivers=(written.drivers if written else None) or [],
        severity=written.severity.level if written and written.severity else None,
        latest=latest,
        current=current,
        sparkline=list(seen.recent.sparkline(topic_id)),
    )


def _excess(issue: HotIssue) -> float:
    expected = issue.latest.expected if issue.latest else issue.expected
    usual = sum(issue.sparkline[:-CURRENT_DAYS]) / 3
    return issue.current.complaints - (usual if expected is None else expected)
