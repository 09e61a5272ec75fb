"""`/audit`: who changed what, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from feedback.store.audit import entries, subject_words
from feedback.web.visit import Administrating

router = APIRouter(include_in_schema=False)

SHOWN = 100


@router.get("/audit")
def look(visit: Administrating, before: int | None = None, who: Annotated[str, Query(max_length=200)] = "") -> Response:
    """A page of the audit log, the newest first."""
    with visit.service.database.read() as connection:
        rows = entries(connection, SHOWN + 1, before, who.strip())
    following = rows[SHOWN - 1].id if len(rows) > SHOWN else None
    return visit.page(
        "audit.html.j2", rows=rows[:SHOWN], following=following, who=who.strip(), subject_words=subject_words
    )
