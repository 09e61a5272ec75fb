"""`GET /v1/rejected`: records that could not become complaints, and taking them in again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from feedback.api.figures import finite
from feedback.api.pages import PageQuery, cursor_of, moment, read_cursor
from feedback.api.principal import Analyst
from feedback.api.problems import documented
from feedback.api.requests import ASKED, Request, ask
from feedback.api.said import Said
from feedback.api.service import Given
from feedback.requests import RequestKind
from feedback.store.complaints import latest_rejected

router = APIRouter(prefix="/v1/rejected", tags=["feedback"])


class Rejected(BaseModel):
    """A record that could not become a complaint, redacted."""

    id: UUID
    source: str
    place: str = Field(description="The file that held it, or `api`.")
    line: int | None
    reason: str = Field(description="Why, as a short code.")
    detail: str = Field(description="Why, as a sentence.")
    record: dict[str, Any] = Field(description="What of it was kept.")
    rejected_at: datetime


class RejectedRecords(BaseModel):
    """One page of rejected records, the latest first; those that have become complaints since are left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "id": "3f0c6a52-6d0e-5c5e-9a55-3b6a0f3d7c33",
                            "source": "zendesk",
                            "place": "zendesk-2026-03.csv",
                            "line": 118,
                            "reason": "empty_text",
                            "detail": "The text holds nothing but blanks.",
                            "record": {"source_id": "48214"},
                            "rejected_at": "2026-03-08T09:14:00Z",
                        }
                    ],
                    "next_cursor": None,
                }
            ]
        }
    )

    items: list[Rejected]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


class RejectedQuery(PageQuery):
    source: str | None = Field(None, description="Only records of this source.", min_length=1, max_length=200)
    reason: str | None = Field(None, description="Only records rejected for this reason.", min_length=1, max_length=40)


@router.get(
    "",
    summary="List rejected records",
    responses={200: {"description": "A page of records."}, **documented(401, 403, 422, 500, 503)},
)
def list_rejected(service: Given, principal: Analyst, query: Annotated[RejectedQuery, Query()]) -> RejectedRecords:
    """What could not become a complaint, and why."""
    after = read_cursor(query.cursor, moment, UUID) if query.cursor else None
    with service.database.read() as connection:
        rows = latest_rejected(connection, query.limit + 1, query.source, query.reason, after)
    items = [_rejected(row) for row in rows[: query.limit]]
    more = len(rows) > query.limit
    return RejectedRecords(
        items=items, next_cursor=cursor_of(items[-1].rejected_at.isoformat(), items[-1].id) if more else None
    )


@router.post("/retry", summary="Take rejected records in again", status_code=202, responses=ASKED)
def retry(service: Given, principal: Analyst, answer: Response, said: Said) -> Request:
    """After a setting was mended: what succeeds leaves the list. Done by a worker."""
    return ask(service, answer, principal, said, RequestKind.RETRY_REJECTED)


def _rejected(row: Row[Any]) -> Rejected:
    own = {name: getattr(row, name) for name in Rejected.model_fields}
    return Rejected(**{**own, "record": finite(row.record)})
