"""`/figures`: the figures of support (KPI), by whatever they are asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, get_args

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from feedback.api.kpi import By, Group, KpiQuery
from feedback.api.kpi import figures as kpi
from feedback.api.principal import Seeing
from feedback.language import N_
from feedback.web.visit import Reading, Visit

router = APIRouter(include_in_schema=False)

BYS = {
    "topic": N_("Topic"),
    "area": N_("Area"),
    "week": N_("Week"),
    "market": N_("Market"),
    "language": N_("Language"),
    "brand": N_("Brand"),
    "channel": N_("Channel"),
    "customer_segment": N_("Customer segment"),
}
SPANS = (7, 28, 91, 182)


class FiguresQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: By = Field("week")
    days: int = Field(28, ge=1, le=399)


@router.get("/figures")
def figures(visit: Reading, sight: Seeing, query: Annotated[FiguresQuery, Query()]) -> HTMLResponse:
    """Volume, speed, satisfaction, escalations and repeated contacts of the last days."""
    today = visit.service.clock().astimezone(visit.service.settings.zone).date()
    last = today - timedelta(days=1)
    asked = KpiQuery(by=[query.by], first=last - timedelta(days=query.days - 1), last=last)
    found = kpi(visit.service, asked, sight)
    return visit.page(
        "figures.html.j2",
        query=query,
        found=found,
        rows=[(_name(visit, each, query.by), each) for each in found.items],
        bys=[(each, visit.to.gettext(BYS[each])) for each in get_args(By)],
        spans=SPANS,
    )


def _name(visit: Visit, group: Group, by: str) -> str:
    value, say = group.group[by], visit.say
    if value is None:
        return visit.to.gettext("none")
    named = {"market": say.market, "language": say.language, "channel": say.channel, "area": say.area}
    if by == "topic":
        return say.topic(group.name or value)
    if by == "week":
        return say.week(value)
    return named[by](value) if by in named else value
