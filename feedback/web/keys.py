"""`/keys`: what other systems sign in with, for administrators."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from feedback.api.audited import tell
from feedback.api.problems import ProblemError
from feedback.errors import FeedbackError
from feedback.roles import Role
from feedback.store.keys import add_key, keys, revoke_key
from feedback.web.refused import refused_words
from feedback.web.visit import Administrating, Visit

router = APIRouter(prefix="/keys", include_in_schema=False)

Text = Annotated[str, Form(max_length=2_000)]


@router.get("")
def look(visit: Administrating) -> Response:
    """All keys, and a form for another."""
    return _page(visit)


@router.post("")
def add(
    visit: Administrating,
    name: Text,
    role: Annotated[Role, Form()],
    owner: Text = "",
    sources: Text = "",
    days: Annotated[int | None, Form(ge=1, le=36_500)] = None,
) -> Response:
    """Make a key, and show it this once."""
    now, named = visit.service.clock(), [each for each in sources.split(",") if each.strip()]
    try:
        with visit.service.database.write() as connection:
            key = add_key(connection, name, now, role, owner, now + timedelta(days=days) if days else None, named)
    except FeedbackError as error:
        return _page(visit, 422, error=refused_words(error, visit.to))
    tell(name=name, role=role)
    return _page(visit, made=key)


@router.post("/{key_id}/revoke")
def revoke(visit: Administrating, key_id: UUID) -> Response:
    """Make a key useless from now on."""
    try:
        with visit.service.database.write() as connection:
            name = next((row.name for row in keys(connection) if row.id == key_id), "")
            revoke_key(connection, name, visit.service.clock())
    except FeedbackError as error:
        raise ProblemError(404, "unknown-key", str(error)) from None
    tell(name=name)
    return RedirectResponse("/keys", 303)


def _page(visit: Visit, status: int = 200, **facts: Any) -> Response:
    with visit.service.database.read() as connection:
        found = keys(connection)
    now, roles = visit.service.clock(), list(Role)
    shown = {"keys": found, "now": now, "roles": roles, "made": None, "error": None, **facts}
    return visit.page("keys.html.j2", status, **shown)
