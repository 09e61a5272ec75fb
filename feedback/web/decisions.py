"""`/topics/decisions`: what people decided about topics, and taking it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, Response

from feedback.api import curation
from feedback.api.principal import Analyst
from feedback.api.problems import ProblemError
from feedback.api.said import Said
from feedback.store.edits import edits
from feedback.store.topics import topic_names
from feedback.web.acting import act, told
from feedback.web.refused import refused_words
from feedback.web.visit import Reading, Visit
from feedback.web.waiting import waiting

router = APIRouter(prefix="/topics/decisions", include_in_schema=False)

MOST = 200


@router.get("")
def decisions(visit: Reading, _principal: Analyst, done: Annotated[str, Query()] = "") -> HTMLResponse:
    """All decisions, the latest first."""
    return _page(visit, said=told(done, visit.to))


@router.post("/{edit_id}/undo")
def undo(visit: Reading, principal: Analyst, edit_id: int, why: Annotated[str, Form(max_length=2000)] = "") -> Response:
    """Take a decision back."""

    def failed(problem: ProblemError) -> Response:
        return _page(visit, failed=refused_words(problem, visit.to), status=problem.status)

    said = Said(why=why)
    return act(
        lambda: curation.undo(visit.service, principal, Response(), edit_id, said), "/topics/decisions", "asked", failed
    )


def _page(visit: Visit, *, said: str = "", failed: str = "", status: int = 200) -> HTMLResponse:
    with visit.service.database.read() as connection:
        found = list(reversed(edits(connection)))[:MOST]
        names = {key: row.name for key, row in topic_names(connection).items()}
    return visit.page(
        "decisions.html.j2", status, decided=found, names=names, requests=waiting(visit), told=said, failed=failed
    )
