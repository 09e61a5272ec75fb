"""`GET /v1/topics`: the topics of the published version."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from feedback.api.figures import Window
from feedback.api.principal import allowed
from feedback.api.problems import documented
from feedback.api.recent import Recent, recent_counts
from feedback.api.service import Given
from feedback.domain import TopicKind
from feedback.roles import Right
from feedback.store.kept_counts import UNASSIGNED
from feedback.store.topics import StoredTopic, StoredVersion, published_version, topics_of

router = APIRouter(prefix="/v1", tags=["topics"], dependencies=[Depends(allowed(Right.READ))])

Words = dict[str, list[str]]


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
                    "items": [
                        {
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
                    ],
                }
            ]
        }
    )

    version: Version | None
    current: Window = Field(description="The last seven days, which `last_7_days` counts.")
    unassigned_last_7_days: int = Field(description="Complaints of these days that belong to no topic.")
    items: list[Topic]


@router.get(
    "/topics",
    summary="List topics",
    responses={200: {"description": "The topics."}, **documented(401, 403, 500, 503)},
)
def list_topics(service: Given) -> Topics:
    """The topics of the published version, the busiest of the last seven days first."""
    now = service.clock()
    with service.database.read() as connection:
        version = published_version(connection)
        members = topics_of(connection, version.id) if version else []
        recent = recent_counts(connection, version.id if version else None, now, service.settings.zone)
    items = [_topic(each, recent) for each in members]
    return Topics(
        version=shown_version(version),
        current=Window.of(recent.current),
        unassigned_last_7_days=recent.complaints(UNASSIGNED),
        items=sorted(items, key=lambda each: (-each.last_7_days, each.name, each.id)),
    )


def shown_version(version: StoredVersion | None) -> Version | None:
    return Version.model_validate(version, from_attributes=True) if version else None


def shown_words(words: Any) -> Words:
    return {language: list(each) for language, each in words.items()}


def _topic(topic: StoredTopic, recent: Recent) -> Topic:
    return Topic(
        id=topic.id,
        name=topic.name,
        kind=topic.kind,
        owner=topic.owner,
        area=topic.area,
        words=shown_words(topic.words),
        size=topic.size,
        born_at=topic.born_at,
        last_7_days=recent.complaints(topic.id),
    )
