"""`/models`: versions of the topic model, `/models/{version_id}`: what one changes; publishing and going back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from feedback.api import models as api
from feedback.api.principal import Analyst, Seeing
from feedback.api.problems import ProblemError
from feedback.api.said import Said
from feedback.domain import Fate
from feedback.requests import RequestKind, RequestState
from feedback.store.requests import requests
from feedback.web.acting import act, told
from feedback.web.refused import refused_words
from feedback.web.visit import Reading, Visit
from feedback.web.waiting import waiting

router = APIRouter(prefix="/models", include_in_schema=False)

LOOKED_AT = 100
"""So many of the latest requests are looked through for a comparison."""


@router.get("")
def models(visit: Reading, _principal: Analyst, done: str = "") -> HTMLResponse:
    """Candidates, the version in force, and earlier ones."""
    return _page(visit, said=told(done, visit.to))


@router.post("/retrain")
def retrain(visit: Reading, principal: Analyst) -> Response:
    """Ask for a training."""
    return _asked(visit, lambda: api.retrain(visit.service, principal, Response(), Said()))


@router.post("/roll-back")
def roll_back(visit: Reading, principal: Analyst) -> Response:
    """Ask to go back to the version before."""
    return _asked(visit, lambda: api.roll_back(visit.service, principal, Response(), Said()))


@router.get("/{version_id}")
def model(visit: Reading, sight: Seeing, _principal: Analyst, version_id: UUID, done: str = "") -> HTMLResponse:
    """A version, what became of the topics before it, and how it compares with the one in force."""
    found = api.model(visit.service, version_id, sight)
    fates = Counter(each.fate for each in found.lineage)
    return visit.page(
        "model.html.j2",
        model=found,
        fates=[(fate, fates[fate]) for fate in Fate if fates[fate]],
        changed=[each for each in found.lineage if each.fate is not Fate.KEPT],
        compared=_compared(visit, version_id),
        requests=waiting(visit),
        told=told(done, visit.to),
        failed="",
    )


@router.post("/{version_id}/publish")
def publish(visit: Reading, principal: Analyst, version_id: UUID) -> Response:
    """Ask to put a version in force."""
    return _asked(visit, lambda: api.publish(visit.service, principal, Response(), version_id, Said()))


@router.post("/{version_id}/compare")
def compare(visit: Reading, principal: Analyst, version_id: UUID) -> Response:
    """Ask to hold a version against the one in force."""
    said = api.Comparing()

    def do() -> object:
        return api.compare(visit.service, principal, Response(), version_id, said)

    return _asked(visit, do, f"/models/{version_id}")


def _asked(visit: Visit, do: Callable[[], object], back: str = "/models") -> Response:
    def failed(problem: ProblemError) -> Response:
        return _page(visit, failed=refused_words(problem, visit.to), status=problem.status)

    return act(do, back, "asked", failed)


def _page(visit: Visit, *, said: str = "", failed: str = "", status: int = 200) -> HTMLResponse:
    found = api.models(visit.service)
    return visit.page(
        "models.html.j2",
        status,
        models=found.items,
        can_go_back=any(each.status == "archived" for each in found.items),
        requests=waiting(visit),
        told=said,
        failed=failed,
    )


def _compared(visit: Visit, version_id: UUID) -> dict[str, object] | None:
    """The latest comparison of this version that was asked for and is done."""
    with visit.service.database.read() as connection:
        for each in requests(connection, LOOKED_AT):
            is_it = each.kind is RequestKind.COMPARE and each.state is RequestState.DONE
            if is_it and each.result.get("after") == str(version_id):
                return dict(each.result)
    return None
