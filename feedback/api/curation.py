"""`POST /v1/topics/{topic_id}/…`: what people decide about topics, for good; and `/v1/edits`, the record of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from feedback.api.body import Whole
from feedback.api.pages import PageQuery, cursor_of, read_cursor
from feedback.api.principal import Analyst, Seeing
from feedback.api.problems import ProblemError, documented
from feedback.api.requests import ASKED, Id, Request, ask
from feedback.api.said import Said, author
from feedback.api.service import Given, Service
from feedback.api.topics import seen_topic
from feedback.domain import Severity
from feedback.edits import Edit, EditKind
from feedback.errors import FeedbackError
from feedback.requests import RequestKind
from feedback.roles import Principal
from feedback.store.edits import edits
from feedback.store.labels import label
from feedback.store.sight import Sight

router = APIRouter(prefix="/v1", tags=["topics"])

_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "kind": "rename",
    "topic_id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
    "detail": {"value": "Bonus payout delayed", "before": "bonus / auszahlung"},
    "at": "2026-03-08T17:20:00Z",
    "who": "anna",
    "why": "",
    "undone_at": None,
    "undone_by": None,
}
LABELLED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The decision, which holds at once."},
    **documented(401, 403, 404, 409, 422, 500, 503),
}

Label = Annotated[str, Field(min_length=1, max_length=200)]


class Decision(BaseModel):
    """What somebody decided about a topic; it holds through every training until it is undone."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    kind: EditKind
    topic_id: UUID
    detail: dict[str, Any] = Field(description="A label's `value` and the one `before`; `into`; `parts`; `complaints`.")
    at: datetime
    who: str
    why: str
    undone_at: datetime | None
    undone_by: str | None


class Decisions(BaseModel):
    """One page of decisions, the latest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE], "next_cursor": None}]})

    items: list[Decision]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


class Naming(Said):
    """Another name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Bonus payout delayed", "who": "anna"}]})

    name: Label


class Owning(Said):
    """Another owner."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "promotions", "who": "anna"}]})

    owner: Label


class Placing(Said):
    """Another area."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"area": "Bonuses", "who": "anna"}]})

    area: Label


class Grading(Said):
    """How grave the topic is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"severity": "high", "who": "anna"}]})

    severity: Severity


class Merging(Said):
    """Which topic takes its complaints."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"into": "1b6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c44", "why": "the same thing"}]}
    )

    into: UUID = Field(description="The topic that takes its complaints.")


class Splitting(Said):
    """Into how many topics."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"parts": 2, "why": "two providers"}]})

    parts: Whole = Field(2, description="So many topics become of it.", ge=2, le=20)


class Moving(Said):
    """Complaints that belong to the topic, whatever they are like."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"complaints": ["3f0c6a52-6d0e-5c5e-9a55-3b6a0f3d7c33"], "who": "anna"}]}
    )

    complaints: list[UUID] = Field(description="Their ids.", min_length=1, max_length=1_000)


@router.post("/topics/{topic_id}/rename", summary="Rename a topic", responses=LABELLED)
def rename(service: Given, sight: Seeing, principal: Analyst, topic_id: UUID, said: Naming) -> Decision:
    """Give it a name for good."""
    return _label(service, sight, principal, topic_id, said, EditKind.RENAME, said.name)


@router.post("/topics/{topic_id}/owner", summary="Say who answers for a topic", responses=LABELLED)
def own(service: Given, sight: Seeing, principal: Analyst, topic_id: UUID, said: Owning) -> Decision:
    """Its alerts go there from then on."""
    return _label(service, sight, principal, topic_id, said, EditKind.OWNER, said.owner)


@router.post("/topics/{topic_id}/area", summary="Say to which area a topic belongs", responses=LABELLED)
def place(service: Given, sight: Seeing, principal: Analyst, topic_id: UUID, said: Placing) -> Decision:
    """Whoever answers for the area answers for the topic, where nobody else does."""
    return _label(service, sight, principal, topic_id, said, EditKind.AREA, said.area)


@router.post("/topics/{topic_id}/severity", summary="Say how grave a topic is", responses=LABELLED)
def grade(service: Given, sight: Seeing, principal: Analyst, topic_id: UUID, said: Grading) -> Decision:
    """It counts in the severity of its alerts."""
    return _label(service, sight, principal, topic_id, said, EditKind.SEVERITY, said.severity)


@router.post("/topics/{topic_id}/merge", summary="Merge a topic into another", status_code=202, responses=ASKED)
def merge(
    service: Given, sight: Seeing, principal: Analyst, answer: Response, topic_id: UUID, said: Merging
) -> Request:
    """Let another topic take all its complaints, now and later. Done by a worker."""
    seen_topic(service, sight, topic_id)
    seen_topic(service, sight, said.into)
    if topic_id == said.into:
        raise ProblemError(422, "same-topic", "A topic cannot be merged with itself.")
    detail = {"topic": str(topic_id), "into": str(said.into)}
    return ask(service, answer, principal, said, RequestKind.MERGE, detail)


@router.post("/topics/{topic_id}/split", summary="Split a topic", status_code=202, responses=ASKED)
def split(
    service: Given, sight: Seeing, principal: Analyst, answer: Response, topic_id: UUID, said: Splitting
) -> Request:
    """Cut it into topics by what its complaints are about. Done by a worker."""
    return _ask(service, sight, principal, answer, topic_id, said, RequestKind.SPLIT, parts=said.parts)


@router.post("/topics/{topic_id}/pin", summary="Pin a topic", status_code=202, responses=ASKED)
def pin(service: Given, sight: Seeing, principal: Analyst, answer: Response, topic_id: UUID, said: Said) -> Request:
    """Keep it for good as it is, like one of the taxonomy. Done by a worker."""
    return _ask(service, sight, principal, answer, topic_id, said, RequestKind.PIN)


@router.post("/topics/{topic_id}/retire", summary="Retire a topic", status_code=202, responses=ASKED)
def retire(service: Given, sight: Seeing, principal: Analyst, answer: Response, topic_id: UUID, said: Said) -> Request:
    """Nobody sees it any more, and complaints like its own belong to no topic. Done by a worker."""
    return _ask(service, sight, principal, answer, topic_id, said, RequestKind.RETIRE)


@router.post("/topics/{topic_id}/move", summary="Move complaints to a topic", status_code=202, responses=ASKED)
def move(service: Given, sight: Seeing, principal: Analyst, answer: Response, topic_id: UUID, said: Moving) -> Request:
    """They belong to it from then on, whatever they are like. Done by a worker."""
    chosen = [str(each) for each in said.complaints]
    return _ask(service, sight, principal, answer, topic_id, said, RequestKind.MOVE, complaints=chosen)


@router.get(
    "/edits",
    summary="List decisions about topics",
    responses={200: {"description": "A page of decisions."}, **documented(401, 403, 422, 500, 503)},
)
def list_edits(service: Given, principal: Analyst, query: Annotated[PageQuery, Query()]) -> Decisions:
    """Every decision there was, the latest first; those that were undone stay on record."""
    before = read_cursor(query.cursor, int)[0] if query.cursor else None
    with service.database.read() as connection:
        found = [each for each in reversed(edits(connection)) if before is None or each.id < before]
    items = [_decision(each) for each in found[: query.limit]]
    return Decisions(items=items, next_cursor=cursor_of(items[-1].id) if len(found) > query.limit else None)


@router.post("/edits/{edit_id}/undo", summary="Undo a decision about a topic", status_code=202, responses=ASKED)
def undo(service: Given, principal: Analyst, answer: Response, edit_id: Id, said: Said) -> Request:
    """Take it back. Done by a worker."""
    with service.database.read() as connection:
        known = {each.id: each for each in edits(connection)}
    if edit_id not in known:
        raise ProblemError(404, "unknown-edit", f"There is no decision {edit_id}.")
    if known[edit_id].undone_at:
        raise ProblemError(409, "not-possible", f"Decision {edit_id} was undone before.")
    return ask(service, answer, principal, said, RequestKind.UNDO, {"edit": edit_id})


def _ask(
    service: Service,
    sight: Sight,
    principal: Principal,
    answer: Response,
    topic_id: UUID,
    said: Said,
    kind: RequestKind,
    **detail: Any,
) -> Request:
    seen_topic(service, sight, topic_id)
    return ask(service, answer, principal, said, kind, {"topic": str(topic_id), **detail})


def _label(
    service: Service, sight: Sight, principal: Principal, topic_id: UUID, said: Said, kind: EditKind, value: str
) -> Decision:
    seen_topic(service, sight, topic_id)
    try:
        with service.database.write() as connection:
            return _decision(label(connection, kind, topic_id, value, author(service, said, principal)))
    except FeedbackError as error:
        raise ProblemError(409, "not-possible", str(error)) from None


def _decision(made: Edit) -> Decision:
    return Decision.model_validate(made, from_attributes=True)
