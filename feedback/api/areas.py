"""`GET /v1/areas`: what is hot one level above topics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from feedback.api.figures import Window
from feedback.api.principal import Seeing, allowed
from feedback.api.problems import documented
from feedback.api.recent import SPARKLINE_DAYS, Recent, recent_counts
from feedback.api.service import Given
from feedback.roles import Right
from feedback.store.alerts import alert_rows
from feedback.store.sight import seen_topics
from feedback.store.topics import StoredTopic

router = APIRouter(prefix="/v1", tags=["hot issues"], dependencies=[Depends(allowed(Right.READ))])


class AreaTopic(BaseModel):
    """A topic of the area."""

    id: UUID
    name: str
    last_7_days: int
    alert_id: UUID | None = Field(description="Its open alert.")


class Area(BaseModel):
    """Topics of a kind. Its complaints are those of its topics."""

    name: str | None = Field(description="Null for topics without an area.")
    last_7_days: int = Field(description="Complaints counted so far in the last seven days, today included.")
    usual_7_days: float = Field(description="What seven days had on average in the three weeks before.")
    raised: bool = Field(description="Whether the last seven days lie well above what is usual (by two roots of it).")
    open_alerts: int
    sparkline: list[int] = Field(description=f"Complaints a day, the last {SPARKLINE_DAYS} days, today last.")
    topics: list[AreaTopic] = Field(description="Its topics, the busiest first.")


class Areas(BaseModel):
    """Areas with open alerts first, then those raised, then the busiest."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-03-08T17:20:00Z",
                    "current": {"start": "2026-03-01T23:00:00Z", "end": "2026-03-08T23:00:00Z"},
                    "items": [
                        {
                            "name": "Bonuses",
                            "last_7_days": 61,
                            "usual_7_days": 33.7,
                            "raised": True,
                            "open_alerts": 1,
                            "sparkline": [
                                5,
                                4,
                                3,
                                6,
                                5,
                                4,
                                5,
                                5,
                                4,
                                4,
                                6,
                                5,
                                5,
                                4,
                                3,
                                5,
                                4,
                                6,
                                5,
                                5,
                                5,
                                6,
                                8,
                                9,
                                9,
                                10,
                                10,
                                9,
                            ],
                            "topics": [
                                {
                                    "id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
                                    "name": "Bonus payout delayed",
                                    "last_7_days": 41,
                                    "alert_id": "5d1f0b52-6b0c-5d0a-9d3e-0a6f2f0f2c11",
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )

    as_of: datetime
    current: Window = Field(description="The last seven days.")
    items: list[Area]


class AreasQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hot_only: bool = Field(False, description="Only areas with an open alert, or raised.")


@router.get(
    "/areas",
    summary="What is hot, by area",
    responses={200: {"description": "The areas."}, **documented(401, 403, 422, 500, 503)},
)
def list_areas(service: Given, sight: Seeing, query: Annotated[AreasQuery, Query()]) -> Areas:
    """The areas of the published version's topics, with their counts added up."""
    now = service.clock()
    with service.database.read() as connection:
        seen = seen_topics(connection, sight)
        recent = recent_counts(connection, seen, now, service.settings.zone)
        alerts = {row.topic_id: row.id for row in alert_rows(connection, only_open=True) if sight.alert(row)}
    by_area: dict[str | None, list[StoredTopic]] = {}
    for each in seen.topics.values():
        by_area.setdefault(each.area, []).append(each)
    items = [_area(name, topics, recent, alerts) for name, topics in by_area.items()]
    if query.hot_only:
        items = [each for each in items if each.raised or each.open_alerts]
    items.sort(key=lambda each: (-each.open_alerts, not each.raised, -each.last_7_days, each.name or ""))
    return Areas(as_of=now, current=Window.of(recent.current), items=items)


def _area(name: str | None, members: Sequence[StoredTopic], recent: Recent, alerts: dict[UUID, UUID]) -> Area:
    found = [
        AreaTopic(id=each.id, name=each.name, last_7_days=recent.complaints(each.id), alert_id=alerts.get(each.id))
        for each in members
    ]
    daily: Counter[int] = Counter()
    for each in members:
        daily.update(dict(enumerate(recent.sparkline(each.id))))
    complaints, usual = sum(each.last_7_days for each in found), sum(recent.usual(each.id) for each in members)
    return Area(
        name=name,
        last_7_days=complaints,
        usual_7_days=usual,
        raised=complaints > usual + 2 * math.sqrt(max(usual, 1)),
        open_alerts=sum(each.alert_id is not None for each in found),
        sparkline=[daily[day] for day in range(SPARKLINE_DAYS)],
        topics=sorted(found, key=lambda each: (-each.last_7_days, each.name, each.id)),
    )
