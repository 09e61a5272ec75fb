"""`/topics/{topic_id}`: one topic, what is said in it, what was decided about it, and what can be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from feedback.api.principal import Seeing
from feedback.api.problems import ProblemError
from feedback.domain import Severity
from feedback.store.alerts import alert_rows
from feedback.store.edits import edits
from feedback.store.fixes import fixes
from feedback.store.sight import Sight
from feedback.store.topics import published_version, quotes_of, topics_of
from feedback.web.chart import Mark, chart
from feedback.web.visit import Reading, Visit

router = APIRouter(prefix="/topics/{topic_id}", include_in_schema=False)

DAYS = 90
"""So many days of a topic are drawn."""

QUOTES = 12


@router.get("")
def topic(visit: Reading, sight: Seeing, topic_id: UUID) -> HTMLResponse:
    """All about a topic."""
    return page(visit, sight, topic_id)


def page(
    visit: Visit, sight: Sight, topic_id: UUID, *, told: str = "", failed: str = "", status: int = 200
) -> HTMLResponse:
    """The topic's page, with what was just done about it or why it could not be."""
    now = visit.service.clock()
    with visit.service.database.read() as connection:
        version = published_version(connection)
        members = topics_of(connection, version.id) if version else []
        seen = {each.id: each for each in members if sight.topic(each.owner, each.area)}
        if version is None or topic_id not in seen:
            raise ProblemError(404, "unknown-topic", f"There is no topic {topic_id} in the version in force.")
        quotes = quotes_of(connection, version.id, topic_id, QUOTES)
        alerts = [row for row in alert_rows(connection) if row.topic_id == topic_id]
        decided = [each for each in edits(connection) if each.topic_id == topic_id]
        marks = list(_marks(connection, visit, topic_id, [row.opened_at for row in alerts]))
    others = sorted((each for each in seen.values() if each.id != topic_id), key=lambda each: each.name)
    return visit.page(
        "topic.html.j2",
        status,
        topic=seen[topic_id],
        chart=chart(visit.service.look.series(topic_id, None, now, DAYS), marks),
        quotes=quotes,
        alerts=alerts,
        decided=decided,
        others=others,
        severities=list(Severity),
        areas=sorted({each.area for each in members if each.area}),
        told=told,
        failed=failed,
    )


def _marks(connection: Connection, visit: Visit, topic_id: UUID, opened: list[datetime]) -> Iterator[Mark]:
    to, zone = visit.to, visit.service.settings.zone
    for moment in opened:
        day = moment.astimezone(zone).date()
        yield Mark("alert", day, day, to.gettext("alert"), to.gettext("alert {day}", day=to.dated(day)))
    for fix in fixes(connection):
        if fix.topic_id == topic_id:
            day = fix.at.astimezone(zone).date()
            yield Mark("fix", day, day, to.gettext("fix"), f"{to.dated(day)}: {fix.note or to.gettext('fix')}")
