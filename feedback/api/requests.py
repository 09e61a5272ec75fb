"""`/v1/requests`: what people asked workers for, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from feedback.api.pages import PageQuery, cursor_of, read_cursor
from feedback.api.principal import allowed
from feedback.api.problems import ProblemError, documented
from feedback.api.said import Said, author
from feedback.api.service import Given, Service
from feedback.requests import Request as Asked
from feedback.requests import RequestKind, RequestState
from feedback.roles import Principal, Right
from feedback.store import requests
from feedback.store.requests import REFUSED

router = APIRouter(prefix="/v1", tags=["requests"], dependencies=[Depends(allowed(Right.ANALYSE))])

LARGEST_ID = 2**63 - 1
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""A route's parameter that holds a number that the database gave out."""

_EXAMPLE: dict[str, Any] = {
    "id": 12,
    "kind": "merge",
    "detail": {"topic": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22", "into": "1b6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c44"},
    "state": "done",
    "at": "2026-03-08T17:20:00Z",
    "who": "anna",
    "why": "the same thing",
    "finished_at": "2026-03-08T17:20:07Z",
    "refusal": None,
    "result": {"edit": 7},
}


class Request(BaseModel):
    """What somebody asked for. A worker does it within seconds, unless it is busy with something longer."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    kind: RequestKind
    detail: dict[str, Any] = Field(description="What exactly.")
    state: RequestState = Field(description="*waiting* and *running* are not over; *refused* could not be done.")
    at: datetime
    who: str
    why: str
    finished_at: datetime | None
    refusal: str | None = Field(description="Why it could not be done.")
    result: dict[str, Any] = Field(description="What came of it.")


class Requests(BaseModel):
    """One page of requests, the latest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE], "next_cursor": None}]})

    items: list[Request]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


ASKED: dict[int | str, dict[str, Any]] = {
    202: {"description": "It is asked for; `Location` is where to see how it goes."},
    **documented(401, 403, 404, 409, 422, 500, 503),
}
"""`responses` of a route by which something is asked for."""


@router.get(
    "/requests",
    summary="List requests",
    responses={200: {"description": "A page of requests."}, **documented(401, 403, 422, 500, 503)},
)
def list_requests(service: Given, query: Annotated[PageQuery, Query()]) -> Requests:
    """What people asked workers for, the latest first."""
    before = read_cursor(query.cursor, _id)[0] if query.cursor else None
    with service.database.read() as connection:
        found = requests.requests(connection, query.limit + 1, before)
    items = [shown(each) for each in found[: query.limit]]
    return Requests(items=items, next_cursor=cursor_of(items[-1].id) if len(found) > query.limit else None)


@router.get(
    "/requests/{request_id}",
    summary="Read a request",
    responses={200: {"description": "The request."}, **documented(401, 403, 404, 422, 500, 503)},
)
def read_request(service: Given, request_id: Id) -> Request:
    """How it goes with what was asked for."""
    with service.database.read() as connection:
        found = requests.request_of(connection, request_id)
    if found is None:
        raise ProblemError(404, "unknown-request", f"There is no request {request_id}.")
    return shown(found)


def ask(
    service: Service,
    answer: Response,
    principal: Principal,
    said: Said,
    kind: RequestKind,
    detail: Mapping[str, Any] | None = None,
) -> Request:
    """Ask for something in the caller's name. The answer's status becomes 202."""
    with service.database.write() as connection:
        asked = requests.add_request(connection, kind, detail or {}, author(service, said, principal))
    answer.status_code = 202
    answer.headers["Location"] = f"/v1/requests/{asked.id}"
    return shown(asked)


def shown(asked: Asked) -> Request:
    result = dict(asked.result)
    refusal = result.pop(REFUSED, None)
    names = ("id", "kind", "state", "at", "who", "why", "finished_at")
    return Request(
        **{name: getattr(asked, name) for name in names}, detail=dict(asked.detail), refusal=refusal, result=result
    )


def _id(text: str) -> int:
    number = int(text)
    if not 0 < number <= LARGEST_ID:
        raise ValueError
    return number
