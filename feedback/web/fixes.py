"""`/fixes`: what was done about topics, and what it achieved."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, Response

from feedback.api import fixes as api
from feedback.api.principal import Responder, Seeing
from feedback.api.problems import ProblemError
from feedback.api.requests import Id
from feedback.api.said import Said
from feedback.domain import FixKind
from feedback.store.sight import Sight
from feedback.web.acting import act, told
from feedback.web.refused import refused_words
from feedback.web.visit import Reading, Visit

router = APIRouter(prefix="/fixes", include_in_schema=False)


def new_fix(visit: Visit, topic_id: UUID, kind: FixKind, day: date | None, fewer: int, note: str) -> api.NewFix:
    """What a form says was done about a topic; today now, an earlier day at its noon."""
    now, zone = visit.service.clock(), visit.service.settings.zone
    at = datetime.combine(day, time(12), zone) if day and day != now.astimezone(zone).date() else now
    return api.NewFix(topic_id=topic_id, kind=kind, at=at, expect=-fewer / 100, note=note)


def fix_form(visit: Visit) -> dict[str, Any]:
    """What the form for a fix offers."""
    today = visit.service.clock().astimezone(visit.service.settings.zone).date()
    return {"fix_kinds": list(FixKind), "today": today}


@router.get("")
def fixes(visit: Reading, sight: Seeing, cursor: Annotated[str, Query()] = "", done: str = "") -> HTMLResponse:
    """What was done, the latest first."""
    return _page(visit, sight, cursor, said=told(done, visit.to))


@router.post("/{fix_id}/withdraw")
def withdraw(
    visit: Reading, sight: Seeing, principal: Responder, fix_id: Id, why: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Take back what was no fix."""

    def failed(problem: ProblemError) -> Response:
        return _page(visit, sight, failed=refused_words(problem, visit.to), status=problem.status)

    said = Said(why=why)
    return act(lambda: api.withdraw(visit.service, sight, principal, fix_id, said), "/fixes", "withdraw", failed)


def _page(
    visit: Visit, sight: Sight, cursor: str = "", *, said: str = "", failed: str = "", status: int = 200
) -> HTMLResponse:
    found = api.shown_fixes(visit.service, api.FixesQuery(cursor=cursor or None), sight)
    following = f"/fixes?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else ""
    return visit.page("fixes.html.j2", status, fixes=found.items, following=following, told=said, failed=failed)
