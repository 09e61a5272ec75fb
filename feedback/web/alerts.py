"""`/alerts`: all alerts, newest first."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from feedback.api.alerts import AlertsQuery, listed_alerts
from feedback.api.principal import Seeing
from feedback.domain import AlertState
from feedback.web.visit import Reading

router = APIRouter(include_in_schema=False)


@router.get("/alerts")
def alerts(visit: Reading, sight: Seeing, query: Annotated[AlertsQuery, Query()]) -> HTMLResponse:
    """A page of alerts, of some states where the query says so."""
    found = listed_alerts(visit.service, query, sight)
    following = [("state", str(each)) for each in query.state] + [("cursor", found.next_cursor or "")]
    return visit.page(
        "alerts.html.j2",
        found=found,
        query=query,
        states=list(AlertState),
        following=f"/alerts?{urlencode(following)}" if found.next_cursor else "",
    )
