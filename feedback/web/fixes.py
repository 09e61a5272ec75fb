"""`/fixes`: what was done about topics, and what it achieved."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, Response

from feedback.api import fixes as api
from feedback.api.principal import Responder, Seeing
from feedback.api.problems import ProblemError
from feedback.api.requests import Id
from feedback.api.said import Said
from feedback.store.sight import Sight
from feedback.web.acting import act, told
from feedback.web.refused import refused_words
from feedback.web.visit import Reading, Visit

router = APIRouter(prefix="/fixes", include_in_schema=False)


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
