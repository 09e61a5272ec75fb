"""`/topics`: the topics in force as a tree of areas, and `/topics/map`: those alike near one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from feedback.api.principal import Analyst, Seeing
from feedback.api.problems import ProblemError
from feedback.api.recent import recent_counts
from feedback.domain import Fate
from feedback.store.alerts import alert_rows
from feedback.store.kept_counts import UNASSIGNED
from feedback.store.sight import Sight, seen_topics
from feedback.store.topics import StoredTopic, StoredVersion
from feedback.topic_map import Spot, draw
from feedback.web.visit import Reading, Visit

router = APIRouter(prefix="/topics", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """A topic with what is going on in it."""

    topic: StoredTopic
    lately: int
    sparkline: Sequence[int]
    alert_id: UUID | None


@dataclass(frozen=True, slots=True)
class Forest:
    """The topics of the version in force that somebody sees, by area; the busiest first."""

    version: StoredVersion | None
    areas: Mapping[str | None, Sequence[Shown]]
    unassigned: int

    @property
    def topics(self) -> list[Shown]:
        return [each for topics in self.areas.values() for each in topics]


@router.get("")
def topics(visit: Reading, sight: Seeing) -> HTMLResponse:
    """The tree."""
    return visit.page("topics.html.j2", forest=forest(visit, sight))


@router.get("/map")
def topic_map(visit: Reading, sight: Seeing) -> HTMLResponse:
    """The map; where topics lie follows from what their complaints say."""
    found, places = forest(visit, sight), visit.service.look.places()
    numbered = [each for each in found.topics if each.topic.id in places]
    spots = [_spot(visit, each, number, places[each.topic.id]) for number, each in enumerate(numbered, 1)]
    return visit.page(
        "topic_map.html.j2", forest=found, map=draw(spots), hot={each.topic.id for each in numbered if each.alert_id}
    )


@router.get("/merge")
def merge(
    visit: Reading,
    sight: Seeing,
    _principal: Analyst,
    topic: Annotated[list[UUID] | None, Query(max_length=200)] = None,
) -> Response:
    """The two topics that were ticked, beside each other, to say which takes the other's complaints."""
    chosen = [each for each in forest(visit, sight).topics if each.topic.id in (topic or ())]
    if len(chosen) != 2:
        raise ProblemError(422, "not-two", "Tick two topics to merge them.")
    return visit.page("merge.html.j2", pairs=[tuple(chosen), tuple(reversed(chosen))])


def _spot(visit: Visit, each: Shown, number: int, place: tuple[float, float]) -> Spot:
    return Spot(each.topic.id, number, visit.say.topic(each.topic.name), each.lately, Fate.KEPT, True, *place)


def forest(visit: Visit, sight: Sight) -> Forest:
    """The topics as they are now."""
    with visit.service.database.read() as connection:
        seen = seen_topics(connection, sight)
        recent = recent_counts(connection, seen, visit.service.clock(), visit.service.settings.zone)
        rows = [row for row in alert_rows(connection, only_open=True) if sight.alert(row)]
    alerts = {row.topic_id: row.id for row in rows}
    shown = [
        Shown(each, recent.complaints(each.id), recent.sparkline(each.id), alerts.get(each.id))
        for each in seen.topics.values()
    ]
    shown.sort(key=lambda each: (-each.lately, each.topic.name))
    areas = {area: [each for each in shown if each.topic.area == area] for area in _areas(shown)}
    return Forest(seen.version, areas, recent.complaints(UNASSIGNED))


def _areas(shown: Sequence[Shown]) -> list[str | None]:
    """By name; topics without one last."""
    return sorted({each.topic.area for each in shown}, key=lambda area: (area is None, area or ""))
