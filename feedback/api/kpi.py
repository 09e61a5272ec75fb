"""`GET /v1/kpi`: figures of support, by whatever they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from feedback import interval, kpi
from feedback.api.figures import ESTIMATE_EXAMPLE, Estimate, Impact, Served, Wait, Window
from feedback.api.principal import Seeing
from feedback.api.problems import documented
from feedback.api.service import Given, Service
from feedback.api.times import Day
from feedback.domain import SEGMENTED, Segment, Span
from feedback.series import bucket_start, day_of
from feedback.store.figures import GroupFigures, figures_by
from feedback.store.kpi import Selection
from feedback.store.sight import Sight, seen_topics
from feedback.store.topics import StoredTopic

router = APIRouter(prefix="/v1", tags=["figures of support"])

By = Literal["topic", "area", "week", "market", "language", "brand", "channel", "customer_segment"]

DAYS = 28
"""So many days are looked at if none are named."""

MOST_DAYS = 400

_MEDIAN = {**ESTIMATE_EXAMPLE, "value": 5_400.0, "low": 4_800.0, "high": 6_100.0}
_WAIT: dict[str, Any] = {"of": 143, "open": 12, "median": _MEDIAN, "slow": None}


class Group(Served):
    """The figures of the complaints with these values; null where the records do not tell."""

    group: dict[str, str | None] = Field(description="The value of each thing it was asked by.")
    name: str | None = Field(description="The topic's name, by topic.")
    impact: Impact | None = Field(description="By topic alone.")


class Kpi(BaseModel):
    """Figures of support: the largest group first, by week in order of time."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "span": {"start": "2026-02-08T23:00:00Z", "end": "2026-03-08T23:00:00Z"},
                    "by": ["market"],
                    "items": [
                        {
                            "group": {"market": "DE"},
                            "name": None,
                            "complaints": {**ESTIMATE_EXAMPLE, "value": 143.0, "low": 124.0, "high": 164.0},
                            "customers": None,
                            "first_response": _WAIT,
                            "resolution": None,
                            "satisfied": ESTIMATE_EXAMPLE,
                            "score": None,
                            "escalated": None,
                            "repeated": None,
                            "returned": None,
                            "impact": None,
                        }
                    ],
                }
            ]
        }
    )

    span: Window
    by: list[By]
    items: list[Group]


class KpiQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: list[By] = Field(["topic"], description="What to group by; may be given several times.", max_length=3)
    first: Day | None = Field(None, description=f"First day; {DAYS} days if left out.")
    last: Day | None = Field(None, description="Last day; yesterday if left out.")
    topic: UUID | None = Field(None, description="Only this topic.")
    area: str | None = Field(None, description="Only topics of this area.", min_length=1, max_length=200)
    market: str | None = Field(None, description="Only this market.", min_length=1, max_length=200)
    language: str | None = Field(None, description="Only this language, such as nb.", min_length=1, max_length=12)
    brand: str | None = Field(None, description="Only this brand.", min_length=1, max_length=200)
    channel: str | None = Field(None, description="Only this channel.", min_length=1, max_length=200)
    customer_segment: str | None = Field(None, description="Only this customer segment.", min_length=1, max_length=200)

    @model_validator(mode="after")
    def _days_in_order(self) -> KpiQuery:
        if self.first and self.last and not 0 <= (self.last - self.first).days < MOST_DAYS:
            raise ValueError(f"`first` comes before `last`, by less than {MOST_DAYS} days")
        return self


@router.get(
    "/kpi",
    summary="Figures of support",
    responses={200: {"description": "The figures."}, **documented(401, 403, 422, 500, 503)},
)
def read_kpi(service: Given, sight: Seeing, query: Annotated[KpiQuery, Query()]) -> Kpi:
    """How many complaints, how soon they are answered and resolved, how satisfied customers are, how many escalate or
    write again; each with its 90 % interval. Empty before the first training. There are no pages: what is grouped by
    bounds it."""
    return figures(service, query, sight)


def figures(service: Service, query: KpiQuery, sight: Sight) -> Kpi:
    """The figures of the topics that the caller sees; of all complaints for who sees everything."""
    now, zone = service.clock(), service.settings.zone
    span = _span(query, day_of(now, zone), service)
    by = list(dict.fromkeys(query.by))
    with service.database.read() as connection:
        seen, found = seen_topics(connection, sight), []
        known = list(seen.topics.values())
        if seen.version:
            topics, segments = _topics(query, known, sight), _segments(query)
            selection = Selection(seen.version.id, span, now, topics, segments, seen.own, sight.places)
            found = figures_by(connection, selection, known, by, service.settings)
    names = {each.id: each.name for each in known}
    return Kpi(span=Window.of(span), by=by, items=[_group(each, by, names) for each in found])


def _span(query: KpiQuery, today: date, service: Service) -> Span:
    """From the first day to the end of the last; the one that is left out follows from the other."""
    first = query.first or (query.last or today - timedelta(days=1)) - timedelta(days=DAYS - 1)
    last = query.last or max(today - timedelta(days=1), first)
    last = min(last, first + timedelta(days=MOST_DAYS - 1))
    zone = service.settings.zone
    return Span(bucket_start(first, zone), bucket_start(last + timedelta(days=1), zone))


def _topics(query: KpiQuery, known: Sequence[StoredTopic], sight: Sight) -> list[UUID] | None:
    if sight.whole and query.topic is None and query.area is None:
        return None
    return [
        each.id
        for each in known
        if query.topic in (None, each.id)
        and (query.area is None or (each.area or "").casefold() == query.area.casefold())
    ]


def _segments(query: KpiQuery) -> list[Segment]:
    named = ((name, getattr(query, name)) for name in SEGMENTED)
    return [Segment(name, value) for name, value in named if value is not None]


def _group(found: GroupFigures, by: Sequence[str], names: Mapping[UUID, str]) -> Group:
    told, impact = found.figures, found.impact
    topic = next((value for value in found.group if isinstance(value, UUID)), None)
    estimates = {
        name: _estimate(getattr(told, name))
        for name in ("customers", "satisfied", "score", "escalated", "repeated", "returned")
    }
    return Group(
        group={name: None if value is None else str(value) for name, value in zip(by, found.group, strict=True)},
        name=names.get(topic) if topic else None,
        complaints=_estimate(told.complaints),
        first_response=_wait(told.first_response),
        resolution=_wait(told.resolution),
        impact=impact and Impact(satisfied=impact.satisfied, without=impact.without, gain=_estimate(impact.gain)),
        **estimates,
    )


def _estimate(found: interval.Estimate | None) -> Any:
    if found is None:
        return None
    high = found.high if found.high != float("inf") else None
    return Estimate(value=found.value, low=found.low, high=high, of=found.of)


def _wait(found: kpi.Wait | None) -> Wait | None:
    if found is None:
        return None
    return Wait(of=found.of, open=found.open, median=_estimate(found.median), slow=_estimate(found.slow))
