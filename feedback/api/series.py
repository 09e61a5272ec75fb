"""`GET /v1/series`: complaints a day, by topic or by area."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from feedback.api.principal import Seeing, allowed
from feedback.api.problems import documented
from feedback.api.service import Given
from feedback.domain import Span
from feedback.roles import Right
from feedback.series import bucket, bucket_start, day_of
from feedback.store.sight import seen_counts, seen_topics

router = APIRouter(prefix="/v1", tags=["topics"], dependencies=[Depends(allowed(Right.READ))])


class Series(BaseModel):
    """A topic's or an area's complaints a day."""

    topic_id: UUID | None = Field(description="Null for an area.")
    name: str | None = Field(description="The topic's or area's name; null for topics without an area.")
    complaints: list[int] = Field(description="One number a day, as far as counted.")


class AllSeries(BaseModel):
    """Series over the same days, the busiest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "level": "area",
                    "days": ["2026-03-06", "2026-03-07", "2026-03-08"],
                    "items": [{"topic_id": None, "name": "Bonuses", "complaints": [9, 10, 9]}],
                }
            ]
        }
    )

    level: Literal["topic", "area"]
    days: list[date] = Field(description="The operator's days, the oldest first.")
    items: list[Series]


class SeriesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: Literal["topic", "area"] = Field("topic", description="Whether to add up the topics of an area.")
    days: int = Field(28, description="How many days, today the last.", ge=1, le=400)
    topic: UUID | None = Field(None, description="Only this topic.")
    area: str | None = Field(None, description="Only this area, or its topics.", min_length=1, max_length=200)


@router.get(
    "/series",
    summary="Complaints a day",
    responses={200: {"description": "The series."}, **documented(401, 403, 422, 500, 503)},
)
def list_series(service: Given, sight: Seeing, query: Annotated[SeriesQuery, Query()]) -> AllSeries:
    """Complaints a day of the published version's topics or areas."""
    zone = service.settings.zone
    last = day_of(service.clock(), zone)
    days = [last - timedelta(days=query.days - 1 - place) for place in range(query.days)]
    span = Span(bucket_start(days[0], zone), bucket(days[-1], zone).end)
    with service.database.read() as connection:
        seen = seen_topics(connection, sight)
        rows = seen_counts(connection, seen, span)
    known = seen.topics.values()
    wanted = [each for each in known if query.topic in (None, each.id) and query.area in (None, each.area)]
    keys = {each.id: (None, each.area) if query.level == "area" else (each.id, each.name) for each in wanted}
    found = {key: [0] * len(days) for key in keys.values()}
    for start, topic_id, complaints in rows:
        if topic_id in keys:
            found[keys[topic_id]][(day_of(start, zone) - days[0]).days] += complaints
    items = [Series(topic_id=key[0], name=key[1], complaints=numbers) for key, numbers in found.items()]
    items.sort(key=lambda each: (-sum(each.complaints), each.name or "", str(each.topic_id)))
    return AllSeries(level=query.level, days=days, items=items)
