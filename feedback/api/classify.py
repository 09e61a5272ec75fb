"""`POST /v1/classify`: which topic a text belongs to; `/v1/similar`: which complaints are like it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from feedback.api.body import Whole
from feedback.api.figures import Number
from feedback.api.principal import Seeing
from feedback.api.problems import ProblemError, documented
from feedback.api.service import Given, Service
from feedback.api.turns import Turn
from feedback.domain import AlertState, Complaint, Severity
from feedback.judging import Alike, Placed, Text
from feedback.store.alerts import open_alerts
from feedback.store.complaints import complaints_by_id
from feedback.store.sight import Seen, Sight, seen_topics
from feedback.store.topics import StoredTopic, topics_assigned

router = APIRouter(prefix="/v1", tags=["texts"])

MOST_TEXTS = 50
LONGEST = 20_000
TURN = Turn("judge")
"""Whoever comes second waits: the encoder uses all cores."""
SEARCH = Turn("search")
"""Of its own: who searches a year keeps nobody from having a text placed."""

_TEXT: dict[str, Any] = {"text": "Wann kommt endlich meine Auszahlung?", "market": "DE"}


WIDTHS = (2_000, 20_000)
"""Among so many of the nearest those are looked for that an owner sees, among more where there are too few."""


class Written(BaseModel):
    """What somebody wrote. It is redacted before anything else is done with it, and neither stored nor logged."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_TEXT]})

    text: str = Field(description="The text; some 600 characters of it count.", min_length=1, max_length=LONGEST)
    language: str | None = Field(None, description="ISO 639-1; detected where it is left out.", max_length=200)
    market: str | None = Field(None, description="Helps where the language cannot be told, such as DE.", max_length=200)

    def plain(self) -> Text:
        return Text(self.text, self.language, self.market)


class Texts(BaseModel):
    """Up to fifty texts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"items": [_TEXT]}]})

    items: list[Written] = Field(min_length=1, max_length=MOST_TEXTS)


class KnownAlert(BaseModel):
    """The topic's open alert: somebody looks at it already."""

    id: UUID
    state: AlertState
    severity: Severity | None
    opened_at: datetime


class Place(BaseModel):
    """Where a text belongs. Without a topic it is unassigned: nothing is near enough."""

    topic_id: UUID | None
    topic: str | None = Field(description="The topic's name.")
    owner: str | None = Field(description="Who answers for it: its own owner, else its area's.")
    area: str | None
    similarity: Number = Field(
        None, description="The cosine to the nearest topic's centre, -1 to 1: how sure it is. Also of the unassigned."
    )
    language: str = Field(description="As given, or as detected.")
    alert: KnownAlert | None = Field(description="The topic's open alert, if there is one.")


_PLACE: dict[str, Any] = {
    "topic_id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
    "topic": "Bonus payout delayed",
    "owner": "promotions",
    "area": "bonus",
    "similarity": 0.71,
    "language": "de",
    "alert": {
        "id": "5d1f0b52-6b0c-5d0a-9d3e-0a6f2f0f2c11",
        "state": "open",
        "severity": "high",
        "opened_at": "2026-03-07T17:00:00Z",
    },
}


class Places(BaseModel):
    """Where the texts belong, in the order sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_PLACE]}]})

    items: list[Place]


class SimilarComplaint(BaseModel):
    """A stored complaint, redacted."""

    complaint_id: UUID
    similarity: Number = Field(description="The cosine between the two, -1 to 1.")
    text: str
    language: str
    market: str | None
    channel: str
    received_at: datetime
    topic_id: UUID | None = Field(description="Its topic under the version in force.")


class SimilarComplaints(BaseModel):
    """The complaints most like the one asked about, the nearest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "complaint_id": "3f0c6a52-6d0e-5c5e-9a55-3b6a0f3d7c33",
                            "similarity": 0.88,
                            "text": "Ich warte seit drei Tagen auf die Auszahlung.",
                            "language": "de",
                            "market": "DE",
                            "channel": "e-mail",
                            "received_at": "2026-03-08T09:14:00Z",
                            "topic_id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
                        }
                    ]
                }
            ]
        }
    )

    items: list[SimilarComplaint]


DAYS = Field(28, description="Among the complaints of the last so many days.", ge=1, le=366)
LIMIT = Field(10, description="At most so many.", ge=1, le=100)


class SimilarQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    complaint: UUID = Field(description="The id of the complaint that the others are like.")
    days: int = DAYS
    limit: int = LIMIT


class Sought(Written):
    """A text, and among which complaints to look for others like it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_TEXT, "days": 90, "limit": 5}]})

    days: Whole = DAYS
    limit: Whole = LIMIT


@router.post(
    "/classify",
    summary="Say which topic a text belongs to",
    responses={200: {"description": "Where each text belongs."}, **documented(401, 403, 409, 413, 422, 500, 503)},
)
async def classify_texts(service: Given, sight: Seeing, texts: Texts) -> Places:
    """For routing a ticket, and for telling an agent that an issue is known. The texts are redacted before they are
    looked at, and neither stored nor logged. 409 before the first training."""
    return await TURN.take(lambda: classify(service, [each.plain() for each in texts.items], sight))


@router.post(
    "/similar",
    summary="Find complaints like a text",
    responses={200: {"description": "The complaints."}, **documented(401, 403, 409, 413, 422, 500, 503)},
)
async def similar_to_text(service: Given, sight: Seeing, sought: Sought) -> SimilarComplaints:
    """In whatever language they are written, the nearest `limit` and no page after them. The text is redacted first,
    and neither stored nor logged."""
    now = service.clock()
    search = await TURN.take(lambda: service.judge.like_text(sought.plain()))
    if search is None:
        raise _untrained()
    return await SEARCH.take(
        lambda: _similar(service, sight, sought.limit, lambda limit: search(now, sought.days, limit))
    )


@router.get(
    "/similar",
    summary="Find complaints like another",
    responses={200: {"description": "The complaints."}, **documented(401, 403, 404, 409, 422, 500, 503)},
)
async def similar_to_complaint(
    service: Given, sight: Seeing, query: Annotated[SimilarQuery, Query()]
) -> SimilarComplaints:
    """None, where it has no vector yet."""
    now = service.clock()
    return await SEARCH.take(lambda: _like(service, sight, query, now))


def classify(service: Service, texts: Sequence[Text], sight: Sight) -> Places:
    """Where texts belong, of the topics that the caller sees."""
    placed = service.judge.classify(texts)
    if placed is None:
        raise _untrained()
    with service.database.read() as connection:
        seen = seen_topics(connection, sight)
        known = seen.topics
        alerts = open_alerts(
            connection, [each.topic_id for each in placed if each.topic_id and each.topic_id in seen.own]
        )
    return Places(items=[_place(each, known, alerts, sight) for each in placed])


def _place(placed: Placed, known: Mapping[UUID, StoredTopic], alerts: Mapping[UUID, Row[Any]], sight: Sight) -> Place:
    topic = known.get(placed.topic_id) if placed.topic_id else None
    owner = sight.owners.of_topic(topic.owner, topic.area) if topic else None
    row = alerts.get(topic.id) if topic else None
    return Place(
        topic_id=topic.id if topic else None,
        topic=topic.name if topic else None,
        owner=owner.owner if owner and owner.is_owned else None,
        area=topic.area if topic else None,
        similarity=placed.similarity,
        language=placed.language,
        alert=KnownAlert.model_validate(row, from_attributes=True) if row else None,
    )


def _like(service: Service, sight: Sight, query: SimilarQuery, now: datetime) -> SimilarComplaints:
    with service.database.read() as connection:
        if not complaints_by_id(connection, [query.complaint]):
            raise ProblemError(404, "unknown-complaint", f"There is no complaint {query.complaint}.")
    return _similar(
        service, sight, query.limit, lambda limit: service.judge.like(query.complaint, now, query.days, limit)
    )


def _similar(
    service: Service, sight: Sight, limit: int, search: Callable[[int], Sequence[Alike] | None]
) -> SimilarComplaints:
    """The nearest `limit` that the caller sees. Each search looks at every complaint, so who sees a part is given few,
    and wide ones."""
    items: list[SimilarComplaint] = []
    for width in (limit,) if sight.whole else WIDTHS:
        found = search(width)
        if found is None:
            raise _untrained()
        items = _seen(service, sight, found)[:limit]
        if len(items) == limit or len(found) < width:
            break
    return SimilarComplaints(items=items)


def _seen(service: Service, sight: Sight, found: Sequence[Alike]) -> list[SimilarComplaint]:
    """The complaints of topics that the caller sees."""
    ids = [each.complaint_id for each in found]
    with service.database.read() as connection:
        seen = seen_topics(connection, sight)
        topics = topics_assigned(connection, seen.version.id, ids) if seen.version else {}
        stored = complaints_by_id(connection, ids)
    return [
        _complaint(each, stored[each.complaint_id], topics.get(each.complaint_id))
        for each in found
        if each.complaint_id in stored and _is_seen(stored[each.complaint_id], topics.get(each.complaint_id), seen)
    ]


def _is_seen(stored: Complaint, topic_id: UUID | None, seen: Seen) -> bool:
    there = topic_id in seen.topics and seen.sight.is_there(stored.market, stored.brand)
    return seen.sight.whole or topic_id in seen.own or there


def _complaint(each: Alike, stored: Complaint, topic_id: UUID | None) -> SimilarComplaint:
    names = ("text", "language", "market", "channel", "received_at")
    return SimilarComplaint(
        complaint_id=each.complaint_id,
        similarity=each.similarity,
        topic_id=topic_id,
        **{name: getattr(stored, name) for name in names},
    )


def _untrained() -> ProblemError:
    return ProblemError(409, "no-topic-model", "No topic model is published yet: the first is trained by a worker.")
