"""`GET /v1/hot-issues`: what is rising now."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row

from feedback.alerts import flaps
from feedback.api.figures import (
    DRIVERS_EXAMPLE,
    FIGURES_EXAMPLE,
    Behind,
    Driver,
    Evidence,
    Figures,
    LatestSignal,
    Number,
    Window,
    evidence,
    latest_signal,
)
from feedback.api.kept import KeptRoute
from feedback.api.principal import Seeing
from feedback.api.problems import documented
from feedback.api.recent import CURRENT_DAYS, SPARKLINE_DAYS, Recent, recent_counts
from feedback.api.service import Given, Service
from feedback.api.topics import Words, shown_words
from feedback.domain import SEGMENTED, AlertState, HeldBack, Holding, Segment, Severity, Signal, Span, TopicKind
from feedback.series import day_of
from feedback.store import held
from feedback.store.alerts import alert_rows, latest_signals, returns_of
from feedback.store.sight import Sight, seen_topics
from feedback.store.state import state_of
from feedback.store.topics import StoredTopic

router = APIRouter(prefix="/v1", tags=["hot issues"], route_class=KeptRoute)

LASTING = timedelta(days=2)
"""A signal about an older window says nothing about the current count."""


class Current(BaseModel):
    """The topic's complaints of the window, today included, as far as they are counted; of the segment asked for."""

    complaints: int
    window: Window
    expected: Number = Field(None, description="What was expected of the window.")
    ratio: Number = Field(None, description="Complaints over expected; null when nothing was expected.")
    basis: Literal["detection", "weeks before"] = Field(
        "weeks before",
        description="Where `expected` comes from: what the detector predicted for this window and segment or, where it "
        "predicted nothing comparable, the average of the weeks before.",
    )


class Mark(BaseModel):
    """What marks an alert beside its state."""

    mark: Literal["muted", "held back", "flapping"]
    since: datetime | None = Field(None, description="Since when it is not told.")
    why: str | None = Field(None, description="Why it is not told.")


class HotIssue(Figures):
    """A topic that rises. The figures are those of the alert's last rise; without an alert, those of the last signal.

    They are null for a topic that the detector has found nothing about, and that has risen since.
    """

    topic_id: UUID
    name: str = Field(description="The topic's name.")
    kind: TopicKind
    owner: str | None = Field(description="Who answers for the topic: its own owner, else its area's.")
    area: str | None
    words: Words = Field(description="The topic's words by language, the most telling first.")
    alert_id: UUID | None = Field(description="The open alert; null while the rise is below alert.")
    state: AlertState | None
    severity: Severity | None = Field(None, description="How grave the alert is.")
    marks: list[Mark] = Field([], description="Whether the alert is muted, held back or keeps coming back.")
    opened_at: datetime | None
    last_rising_at: datetime | None
    voices: Behind = Field(
        None,
        description="How many messages, customers and texts without near-copies stand behind the alert's last rise.",
    )
    drivers: list[Driver] = Field(description="What is over-represented in the rise, the strongest first.")
    latest: LatestSignal | None = Field(description="What the detector last found about the topic.")
    current: Current
    sparkline: list[int] = Field(description=f"Complaints a day, the last {SPARKLINE_DAYS} days, today last.")


_EXAMPLE: dict[str, Any] = {
    "as_of": "2026-03-08T17:20:00Z",
    "version_id": FIGURES_EXAMPLE["version_id"],
    "sparkline_start": "2026-02-08T23:00:00Z",
    "total": 1,
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
            "marks": [{"mark": "flapping"}],
            "opened_at": "2026-03-07T17:00:00Z",
            "last_rising_at": "2026-03-08T17:00:00Z",
            "voices": {"messages": 45, "customers": 41, "texts": 33},
            "drivers": DRIVERS_EXAMPLE,
            "latest": {**FIGURES_EXAMPLE, "judged_at": "2026-03-08T17:00:00Z", "rising": True, "complete": False},
            "current": {
                "complaints": 43,
                "window": FIGURES_EXAMPLE["window"],
                "expected": 12.3,
                "ratio": 3.5,
                "basis": "detection",
            },
            "sparkline": [2, 1, 0, 3, 2, 1, 1, 2, 0, 1, 3, 2, 2, 1, 0, 2, 1, 3, 2, 1, 2, 3, 4, 6, 7, 8, 9, 6],
        }
    ],
}


class HotIssues(BaseModel):
    """Open alerts first, then rises below alert; within each, those with most complaints beyond expectation first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    as_of: datetime = Field(description="When this was worked out; it holds until something changes.")
    version_id: UUID | None = Field(description="The topic model version in force; null before the first training.")
    sparkline_start: datetime = Field(description="When the first day of each sparkline begins.")
    total: int = Field(description="How many issues there are; with a `limit`, `items` may hold fewer.")
    items: list[HotIssue]


class HotIssuesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: int = Field(CURRENT_DAYS, description="The window: so many days, today the last.", ge=1, le=28)
    market: str | None = Field(
        None, description="Only complaints of this market, such as DE.", min_length=1, max_length=200
    )
    language: str | None = Field(
        None, description="Only complaints in this language, such as nb.", min_length=1, max_length=12
    )
    brand: str | None = Field(None, description="Only complaints of this brand.", min_length=1, max_length=200)
    channel: str | None = Field(None, description="Only complaints through this channel.", min_length=1, max_length=200)
    customer_segment: str | None = Field(
        None, description="Only complaints of this segment.", min_length=1, max_length=200
    )
    area: str | None = Field(None, description="Only topics of this area.", min_length=1, max_length=200)
    owner: str | None = Field(
        None,
        description="Only topics of this owner, or of their areas if nobody owns them.",
        min_length=1,
        max_length=200,
    )
    alerts_only: bool = Field(False, description="Leave out the rises below alert.")
    limit: int = Field(100, description="At most so many issues.", ge=1, le=1_000)

    @property
    def segments(self) -> list[Segment]:
        """What complaints have to be of to count."""
        named = ((name, getattr(self, name)) for name in SEGMENTED)
        return [Segment(name, value) for name, value in named if value is not None]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One state of the database, as far as the caller sees it. `signals` are by topic, with when they were judged;
    `returns` are when alerts came back."""

    now: datetime
    query: HotIssuesQuery
    sight: Sight
    version_id: UUID | None
    topics: Mapping[UUID, StoredTopic]
    alerts: list[Row[Any]]
    signals: Mapping[UUID, tuple[datetime, Signal]]
    recent: Recent
    held: Mapping[UUID, HeldBack]
    returns: Mapping[UUID, Sequence[datetime]]

    def owner(self, topic: StoredTopic | Row[Any]) -> str | None:
        found = self.sight.owners.of_topic(topic.owner, topic.area)
        return found.owner if found.is_owned else None

    def asks_for(self, topic: StoredTopic | Row[Any]) -> bool:
        """Whether it is of the owner and the area that were asked for; who is nobody's, is the default owner's."""
        owner = self.sight.owners.of_topic(topic.owner, topic.area).owner
        return self.query.owner in (None, owner) and self.query.area in (None, topic.area)


@router.get(
    "/hot-issues",
    summary="What is hot now",
    response_model=HotIssues,
    responses={200: {"description": "The issues."}, **documented(401, 403, 422, 500, 503)},
)
def list_hot_issues(
    service: Given, sight: Seeing, request: Request, query: Annotated[HotIssuesQuery, Query()]
) -> Response:
    """All in one answer, as there are no more than topics, and their order changes with each count; `total` says how
    many.

    Topics with an open alert; then those without whose current count lies above its prediction interval, or well
    above what the three weeks before had where the detector has found nothing comparable about them.

    `latest` is as old as the last detection; `current` and `sparkline` hold everything that has been counted since.
    With a market, language, brand, channel or segment, they count its complaints alone, and topics are left out that
    have none of them in the window.
    """
    with service.database.read() as connection:
        state = state_of(connection)
    follows_from = (state, day_of(service.clock(), service.settings.zone), repr(sight))
    return service.answers.answer(request, follows_from, lambda: hot_issues(service, query, sight))


def hot_issues(service: Service, query: HotIssuesQuery, sight: Sight) -> HotIssues:
    """What is hot now, of what the caller sees."""
    with service.database.read() as connection:
        seen = _look(connection, service, query, sight)
    policy = service.settings.alert_policy
    items = [_alerted(row, seen, is_flapping=flaps(seen.returns[row.id], seen.now, policy)) for row in seen.alerts]
    if not query.alerts_only:
        items += _watched(seen)
    if query.segments:
        items = [each for each in items if each.current.complaints]
    items.sort(key=lambda each: (each.alert_id is None, -_excess(each), each.name, each.topic_id))
    return HotIssues(
        as_of=seen.now,
        version_id=seen.version_id,
        sparkline_start=seen.recent.first,
        total=len(items),
        items=items[: query.limit],
    )


def _look(connection: Connection, service: Service, query: HotIssuesQuery, sight: Sight) -> _Seen:
    now, zone = service.clock(), service.settings.zone
    known = seen_topics(connection, sight)
    signals: dict[UUID, tuple[datetime, Signal]] = {}
    for judged_at, signal in latest_signals(connection):
        # what was found about all of a topic is for who sees all of it
        if signal.segment is None and (sight.whole or signal.topic_id in known.own):
            signals.setdefault(signal.topic_id, (judged_at, signal))  # the strongest comes first
    found = [row for row in alert_rows(connection, only_open=True) if sight.alert(row)]
    seen = _Seen(
        now,
        query,
        sight,
        known.version.id if known.version else None,
        known.topics,
        found,
        signals,
        recent_counts(connection, known, now, zone, query.days, query.segments),
        held.waiting(connection),
        returns_of(connection, [row.id for row in found]),
    )
    return replace(seen, alerts=[row for row in found if seen.asks_for(row)])


def _alerted(row: Row[Any], seen: _Seen, *, is_flapping: bool) -> HotIssue:
    written = evidence(seen.sight.evidence(row))
    topic = seen.topics.get(row.topic_id)
    return _issue(
        row.topic_id,
        seen,
        written,
        name=row.topic,
        kind=TopicKind(row.topic_kind),
        owner=seen.owner(row),
        area=row.area,
        words=shown_words(topic.words) if topic else {},
        alert_id=row.id,
        state=AlertState(row.state),
        opened_at=row.opened_at,
        last_rising_at=row.last_rising_at,
        marks=_marks(seen.held.get(row.id), is_flapping=is_flapping),
    )


def _marks(waits: HeldBack | None, *, is_flapping: bool) -> list[Mark]:
    found = [Mark(mark="flapping")] if is_flapping else []
    if waits:
        mark: Literal["muted", "held back"] = "muted" if waits.cause is Holding.MUTED else "held back"
        found.insert(0, Mark(mark=mark, since=waits.at, why=waits.why))
    return found


def _watched(seen: _Seen) -> Iterator[HotIssue]:
    alerted = {row.topic_id for row in seen.alerts}
    for topic in seen.topics.values():
        if topic.id not in alerted and seen.asks_for(topic) and _is_raised(topic, seen):
            yield _issue(
                topic.id,
                seen,
                None,
                name=topic.name,
                kind=topic.kind,
                owner=seen.owner(topic),
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
    """Counts of different versions are not, nor of different complaints, nor windows that hardly overlap."""
    return not seen.query.segments and signal.version_id == seen.version_id and _is_same_window(signal.window, seen)


def _is_same_window(window: Span | Window, seen: _Seen) -> bool:
    return seen.query.days == CURRENT_DAYS and window.end >= seen.recent.current.end - LASTING


def _issue(topic_id: UUID, seen: _Seen, written: Evidence | None, **known: Any) -> HotIssue:
    found = seen.signals.get(topic_id)
    latest = latest_signal(found[1], found[0]) if found else None
    figures: Figures | None = written if written and written.observed is not None else latest
    return HotIssue(
        **(figures.model_dump(include=set(Figures.model_fields)) if figures else {}),
        **known,
        topic_id=topic_id,
        voices=written.voices if written else None,
        drivers=(written.drivers if written else None) or [],
        severity=written.severity.level if written and written.severity else None,
        latest=latest,
        current=_current(topic_id, seen, written),
        sparkline=list(seen.recent.sparkline(topic_id)),
    )


def _current(topic_id: UUID, seen: _Seen, written: Evidence | None) -> Current:
    complaints, predicted = seen.recent.complaints(topic_id), _predicted(topic_id, seen, written)
    expected = seen.recent.usual(topic_id) if predicted is None else predicted
    return Current(
        complaints=complaints,
        window=Window.of(seen.recent.current),
        expected=expected,
        ratio=complaints / expected if expected else None,
        basis="weeks before" if predicted is None else "detection",
    )


def _predicted(topic_id: UUID, seen: _Seen, written: Evidence | None) -> float | None:
    """What the detector expected of this window and segment, if it has looked at it."""
    found = seen.signals.get(topic_id)
    if found and _is_comparable(found[1], seen):
        return found[1].expected
    if written is None or written.window is None or not _is_same_window(written.window, seen):
        return None
    wanted = [asdict(each) for each in seen.query.segments]
    told = [each.expected for each in written.where or () if [each.segment.model_dump()] == wanted]
    return told[0] if told else None


def _excess(issue: HotIssue) -> float:
    return issue.current.complaints - (issue.current.expected or 0)
