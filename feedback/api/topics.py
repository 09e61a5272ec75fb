"""`GET /v1/topics`: the topics of the published version, one of them, and complaints that speak for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row

from feedback.api.figures import Number, Window, evidence
from feedback.api.kept import KeptRoute
from feedback.api.pages import PageQuery, cursor_of, number, read_cursor
from feedback.api.principal import Seeing, allowed
from feedback.api.problems import ProblemError, documented
from feedback.api.recent import SPARKLINE_DAYS, AllTopics, Recent, recent_counts
from feedback.api.service import Given, Service
from feedback.domain import AlertState, Fate, Severity, TopicKind
from feedback.roles import Right
from feedback.series import day_of
from feedback.store.alerts import alerts_of
from feedback.store.kept_counts import UNASSIGNED
from feedback.store.sight import Seen, Sight, seen_topics
from feedback.store.state import state_of
from feedback.store.topics import (
    LineageEntry,
    StoredTopic,
    StoredVersion,
    lineage_of,
    quotes_of,
    topic_names,
)

router = APIRouter(prefix="/v1", tags=["topics"], dependencies=[Depends(allowed(Right.READ))], route_class=KeptRoute)

Words = dict[str, list[str]]

MOST_ALERTS = 20


class Version(BaseModel):
    """A topic model version."""

    id: UUID
    trained_at: datetime
    published_at: datetime | None
    encoder_version: str


class Topic(BaseModel):
    """A subject of complaints that keeps its id for life."""

    id: UUID
    name: str
    kind: TopicKind = Field(description="Pinned by people, discovered by clustering, or born since (provisional).")
    owner: str | None = Field(description="Who answers for it.")
    area: str | None
    words: Words = Field(description="Its words by language, the most telling first.")
    size: int = Field(description="Complaints in it when the version was trained or the topic was born.")
    born_at: datetime
    last_7_days: int = Field(description="Complaints counted so far in the last seven days, today included.")


_EXAMPLE: dict[str, Any] = {
    "id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
    "name": "Bonus payout delayed",
    "kind": "pinned",
    "owner": "promotions",
    "area": "bonus",
    "words": {"de": ["bonus", "auszahlung"], "en": ["bonus", "payout"]},
    "size": 412,
    "born_at": "2026-01-05T00:00:00Z",
    "last_7_days": 41,
}
_DETAIL: dict[str, Any] = {
    **_EXAMPLE,
    "severity": None,
    "current": {"start": "2026-03-01T23:00:00Z", "end": "2026-03-08T23:00:00Z"},
    "usual_7_days": 11.7,
    "sparkline": [2, 1, 0, 3, 2, 1, 1, 2, 0, 1, 3, 2, 2, 1, 0, 2, 1, 3, 2, 1, 2, 3, 4, 6, 7, 8, 9, 6],
    "alerts": [
        {
            "id": "5d1f0b52-6b0c-5d0a-9d3e-0a6f2f0f2c11",
            "state": "open",
            "severity": "high",
            "opened_at": "2026-03-07T17:00:00Z",
            "resolved_at": None,
        }
    ],
    "parents": [
        {
            "topic_id": "1b6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c44",
            "name": "Bonus",
            "fate": "split",
            "similarity": 0.81,
        }
    ],
    "children": [],
}


class Topics(BaseModel):
    """The topics in force. `version` is null and `items` empty before the first training."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": {
                        "id": "0f5b6f0a-7f0f-5b56-9a9e-3c1a7f5e2b11",
                        "trained_at": "2026-02-23T00:00:00Z",
                        "published_at": "2026-02-23T00:00:00Z",
                        "encoder_version": "e5-small-int8-1",
                    },
                    "current": {"start": "2026-03-01T23:00:00Z", "end": "2026-03-08T23:00:00Z"},
                    "unassigned_last_7_days": 17,
                    "items": [_EXAMPLE],
                    "next_cursor": None,
                }
            ]
        }
    )

    version: Version | None
    current: Window = Field(description="The last seven days, which `last_7_days` counts.")
    unassigned_last_7_days: int = Field(description="Complaints of these days that belong to no topic.")
    items: list[Topic]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


@router.get(
    "/topics",
    summary="List topics",
    responses={200: {"description": "The topics."}, **documented(401, 403, 422, 500, 503)},
)
def list_topics(service: Given, sight: Seeing, query: Annotated[PageQuery, Query()]) -> Topics:
    """The topics of the published version, the busiest of the last seven days first, then the largest."""
    now = service.clock()
    with service.database.read() as connection:
        seen = seen_topics(connection, sight)
        recent = recent_counts(connection, seen, now, service.settings.zone)
    found = [_topic(each, recent) for each in seen.topics.values()]
    if query.cursor:
        end = read_cursor(query.cursor, number, number, UUID)
        found = [each for each in found if _place(each) > (-end[0], -end[1], end[2])]
    items = sorted(found, key=_place)[: query.limit]
    last = items[-1] if len(found) > len(items) else None
    return Topics(
        version=shown_version(seen.version),
        current=Window.of(recent.current),
        unassigned_last_7_days=recent.complaints(UNASSIGNED),
        items=items,
        next_cursor=cursor_of(last.last_7_days, last.size, last.id) if last else None,
    )


def _place(topic: Topic) -> tuple[int, int, UUID]:
    """Where it stands in the list."""
    return -topic.last_7_days, -topic.size, topic.id


class Relative(BaseModel):
    """A topic that another came from, or that came of it, at the last training."""

    topic_id: UUID
    name: str | None
    fate: Fate
    similarity: Number = None


class TopicAlert(BaseModel):
    """An alert about the topic."""

    id: UUID
    state: AlertState
    severity: Severity | None
    opened_at: datetime
    resolved_at: datetime | None


class TopicDetail(Topic):
    """A topic with its days, its alerts, and where it comes from."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DETAIL]})

    severity: Severity | None = Field(description="How grave people say it is.")
    current: Window = Field(description="The last seven days, which `last_7_days` counts.")
    usual_7_days: float = Field(description="What seven days had on average in the three weeks before.")
    sparkline: list[int] = Field(description=f"Complaints a day, the last {SPARKLINE_DAYS} days, today last.")
    alerts: list[TopicAlert] = Field(description=f"Its latest {MOST_ALERTS} alerts, the newest first.")
    parents: list[Relative] = Field(description="The topics it came from when the version was trained.")
    children: list[Relative] = Field(description="The topics that came of it.")


class Quote(BaseModel):
    """A complaint, redacted, as it is stored."""

    complaint_id: UUID
    text: str
    language: str
    received_at: datetime


class Quotes(BaseModel):
    """Complaints that speak for a topic, those nearest its centre first, its languages by turns."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "complaint_id": "3f0c6a52-6d0e-5c5e-9a55-3b6a0f3d7c33",
                            "text": "Ich warte seit drei Tagen auf die Auszahlung, schreiben Sie an <EMAIL>.",
                            "language": "de",
                            "received_at": "2026-03-08T09:14:00Z",
                        }
                    ],
                    "next_cursor": "MSAwLjgx",
                }
            ]
        }
    )

    items: list[Quote]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


class QuotesQuery(PageQuery):
    language: str | None = Field(
        None, description="Only complaints in this language, such as nb.", min_length=1, max_length=12
    )
    limit: int = Field(10, description="At most so many a page.", ge=1, le=100)


ONE: dict[int | str, dict[str, Any]] = documented(401, 403, 404, 422, 500, 503)


@router.get("/topics/{topic_id}", summary="Read a topic", response_model=TopicDetail, responses=ONE)
def read_topic(service: Given, sight: Seeing, request: Request, topic_id: UUID) -> Response:
    """A topic of the version in force: its words, days, alerts and relatives. Its series is `/v1/series?topic=…`."""
    with service.database.read() as connection:
        follows_from = state_of(connection), day_of(service.clock(), service.settings.zone), repr(sight)

    def made() -> TopicDetail:
        found = service.all_topics.get(follows_from, lambda: _all_topics(service, sight))
        return _detail(service, topic_id, sight, found)

    return service.answers.answer(request, follows_from, made)


def _all_topics(service: Service, sight: Sight) -> AllTopics | None:
    """None before the first version."""
    with service.database.read() as connection:
        seen = seen_topics(connection, sight)
        if seen.version is None:
            return None
        recent = recent_counts(connection, seen, service.clock(), service.settings.zone)
        lineage = [each for each in lineage_of(connection, seen.version.id) if each.fate in (Fate.MERGED, Fate.SPLIT)]
        return AllTopics(seen, recent, lineage, seen_names(connection, sight))


def _detail(service: Service, topic_id: UUID, sight: Sight, found: AllTopics | None) -> TopicDetail:
    """All about a topic; a problem (404) where the caller sees none of that id."""
    if found is None:
        raise _unknown(topic_id)
    topic, recent, lineage, names = topic_in(found.seen, topic_id), found.recent, found.lineage, found.names
    with service.database.read() as connection:
        alerts = [row for row in alerts_of(connection, topic_id, MOST_ALERTS) if sight.alert(row)]
    return TopicDetail(
        **dict(_topic(topic, recent)),
        severity=topic.severity,
        current=Window.of(recent.current),
        usual_7_days=recent.usual(topic_id),
        sparkline=list(recent.sparkline(topic_id)),
        alerts=[_alert(row) for row in alerts],
        parents=_relatives(names, [(each, each.before_id) for each in lineage if each.after_id == topic_id]),
        children=_relatives(names, [(each, each.after_id) for each in lineage if each.before_id == topic_id]),
    )


@router.get(
    "/topics/{topic_id}/quotes",
    summary="Read what customers write about a topic",
    responses={200: {"description": "The complaints."}, **ONE},
)
def list_quotes(service: Given, sight: Seeing, topic_id: UUID, query: Annotated[QuotesQuery, Query()]) -> Quotes:
    """Redacted texts that are most typical of the topic."""
    return quotes(service, topic_id, query, sight)


def quotes(service: Service, topic_id: UUID, query: QuotesQuery, sight: Sight) -> Quotes:
    """Complaints that speak for a topic that the caller sees."""
    with service.database.read() as connection:
        seen = seen_topics(connection, sight)
        topic_in(seen, topic_id)
        assert seen.version is not None
        places = seen.places(topic_id)
        after = read_cursor(query.cursor, number, float, UUID) if query.cursor else None
        rows = quotes_of(connection, seen.version.id, topic_id, query.limit + 1, query.language, places, after)
    last = rows[query.limit - 1] if len(rows) > query.limit else None
    return Quotes(
        items=[
            Quote(complaint_id=row.id, text=row.text, language=row.language, received_at=row.received_at)
            for row in rows[: query.limit]
        ],
        next_cursor=cursor_of(last.turn, last.similarity, last.id) if last else None,
    )


def seen_topic(service: Service, sight: Sight, topic_id: UUID) -> StoredTopic:
    """The topic of the version in force; a problem (404) where there is none of that id, or the caller sees none."""
    with service.database.read() as connection:
        return topic_in(seen_topics(connection, sight), topic_id)


def topic_in(seen: Seen, topic_id: UUID) -> StoredTopic:
    """One of the topics that the caller sees; a problem (404) where there is none of that id among them."""
    if topic_id in seen.topics:
        return seen.topics[topic_id]
    raise _unknown(topic_id)


def _unknown(topic_id: UUID) -> ProblemError:
    return ProblemError(404, "unknown-topic", f"There is no topic {topic_id} in the version in force.")


def seen_names(connection: Connection, sight: Sight) -> dict[UUID, str]:
    """The names of all topics there ever were that are the caller's own."""
    return {key: row.name for key, row in topic_names(connection).items() if sight.topic(row.owner, row.area)}


def shown_version(version: StoredVersion | None) -> Version | None:
    return Version.model_validate(version, from_attributes=True) if version else None


def shown_words(words: Any) -> Words:
    return {language: list(each) for language, each in words.items()}


def _topic(topic: StoredTopic, recent: Recent) -> Topic:
    return Topic(
        id=topic.id,
        name=topic.name,
        kind=topic.kind,
        owner=topic.owner or None,
        area=topic.area,
        words=shown_words(topic.words),
        size=topic.size,
        born_at=topic.born_at,
        last_7_days=recent.complaints(topic.id),
    )


def _alert(row: Row[Any]) -> TopicAlert:
    graded = evidence(row.evidence).severity
    names = ("id", "state", "opened_at", "resolved_at")
    return TopicAlert(**{name: getattr(row, name) for name in names}, severity=graded.level if graded else None)


def _relatives(names: Mapping[UUID, str], related: Sequence[tuple[LineageEntry, UUID | None]]) -> list[Relative]:
    return [
        Relative(topic_id=topic_id, name=names[topic_id], fate=entry.fate, similarity=entry.similarity)
        for entry, topic_id in related
        if topic_id and topic_id in names
    ]
