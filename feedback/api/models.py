"""`/v1/models`: versions of the topic model, what they change, and which is in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from feedback.api.figures import Number, finite
from feedback.api.principal import Analyst, Seeing, allowed
from feedback.api.problems import ProblemError, documented
from feedback.api.requests import ASKED, Request, ask
from feedback.api.said import Said
from feedback.api.service import Given, Service
from feedback.api.topics import seen_names
from feedback.comparison import candidate_page, comparison_page
from feedback.domain import Fate
from feedback.requests import RequestKind
from feedback.roles import Right
from feedback.store.sight import Sight
from feedback.store.topics import StoredVersion, lineage_of, version_before, version_of, versions

router = APIRouter(prefix="/v1", tags=["models"], dependencies=[Depends(allowed(Right.READ))])

_EXAMPLE: dict[str, Any] = {
    "id": "0f5b6f0a-7f0f-5b56-9a9e-3c1a7f5e2b11",
    "status": "candidate",
    "trained_at": "2026-03-23T00:00:00Z",
    "published_at": None,
    "encoder_version": "e5-small-int8-1",
    "topics": 61,
    "coverage": 0.91,
    "moved": 0.04,
    "has_page": True,
}
_LINE: dict[str, Any] = {
    "fate": "kept",
    "before_id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
    "after_id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
    "before": "Bonus payout delayed",
    "after": "Bonus payout delayed",
    "similarity": 0.97,
}


class Model(BaseModel):
    """A topic model version: *published* is in force, a *candidate* may be put in force, *archived* was."""

    id: UUID
    status: Literal["candidate", "published", "archived"]
    trained_at: datetime
    published_at: datetime | None
    encoder_version: str
    topics: int | None = Field(description="How many topics it found.")
    coverage: Number = Field(None, description="The share of its texts that have a topic.")
    moved: Number = Field(None, description="The share of complaints that get another topic than before.")
    has_page: bool = Field(description="Whether there is a page on what it changes: `/v1/models/{id}/page`.")


class Models(BaseModel):
    """All versions, the last trained first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE]}]})

    items: list[Model]


class Line(BaseModel):
    """What became of a topic from the version before."""

    fate: Fate
    before_id: UUID | None
    after_id: UUID | None
    before: str | None = Field(description="Its name before …")
    after: str | None = Field(description="… and after.")
    similarity: Number


class ModelDetail(Model):
    """A version, with its metrics and what it makes of the topics before it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_EXAMPLE, "metrics": {"topics": 61, "coverage": 0.91}, "lineage": [_LINE]}]}
    )

    metrics: dict[str, Any]
    lineage: list[Line] = Field(description="Empty for the first version.")


class Comparing(Said):
    """With which version to compare."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"before": "0f5b6f0a-7f0f-5b56-9a9e-3c1a7f5e2b11"}]})

    before: UUID | None = Field(None, description="The version it is held against; the one in force if left out.")


class PageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    before: UUID | None = Field(
        None, description="The version it was compared with; the one that was in force at its training if left out."
    )


@router.get(
    "/models",
    summary="List topic model versions",
    responses={200: {"description": "The versions."}, **documented(401, 403, 500, 503)},
)
def list_models(service: Given) -> Models:
    """Candidates, the version in force, and earlier ones."""
    return models(service)


def models(service: Service) -> Models:
    """All versions."""
    with service.database.read() as connection:
        return Models(items=[Model(**_model(service, each)) for each in versions(connection)])


@router.post("/retrain", summary="Ask for a training", status_code=202, responses=ASKED)
def retrain(service: Given, principal: Analyst, answer: Response, said: Said) -> Request:
    """Train a candidate from the history. Nothing changes for anyone until it is published. Done by a worker."""
    return ask(service, answer, principal, said, RequestKind.RETRAIN)


@router.post("/roll-back", summary="Go back to the version before", status_code=202, responses=ASKED)
def roll_back(service: Given, principal: Analyst, answer: Response, said: Said) -> Request:
    """Put the version that was in force before in force again. Done by a worker."""
    with service.database.read() as connection:
        before = version_before(connection)
    if before is None:
        raise ProblemError(409, "not-possible", "No version was in force before this one.")
    return ask(service, answer, principal, said, RequestKind.ROLL_BACK, {"version": str(before.id)})


@router.get(
    "/models/{version_id}",
    summary="Read a topic model version",
    responses={200: {"description": "The version."}, **documented(401, 403, 404, 422, 500, 503)},
)
def read_model(service: Given, sight: Seeing, version_id: UUID) -> ModelDetail:
    """A version with its metrics, and which topics it kept, merged, split, found or let go."""
    return model(service, version_id, sight)


def model(service: Service, version_id: UUID, sight: Sight) -> ModelDetail:
    """A version and what it changes of what the caller sees; a problem (404) where there is none of that id."""
    with service.database.read() as connection:
        found = _found(connection, version_id)
        names = seen_names(connection, sight)
        lineage = lineage_of(connection, version_id)
    lines = [
        Line(
            fate=each.fate,
            before_id=each.before_id if each.before_id in names else None,
            after_id=each.after_id if each.after_id in names else None,
            before=_name(names, each.before_id),
            after=_name(names, each.after_id),
            similarity=each.similarity,
        )
        for each in lineage
        if each.before_id in names or each.after_id in names
    ]
    return ModelDetail(**_model(service, found), metrics=finite(dict(found.metrics)), lineage=lines)


@router.post("/models/{version_id}/publish", summary="Put a version in force", status_code=202, responses=ASKED)
def publish(service: Given, principal: Analyst, answer: Response, version_id: UUID, said: Said) -> Request:
    """The whole history is assigned and counted under it, then all readers switch at once. Done by a worker."""
    with service.database.read() as connection:
        found = _found(connection, version_id)
    if found.status == "published":
        raise ProblemError(409, "not-possible", f"The version {version_id} is in force already.")
    return ask(service, answer, principal, said, RequestKind.PUBLISH, {"version": str(version_id)})


@router.post("/models/{version_id}/compare", summary="Ask for a comparison", status_code=202, responses=ASKED)
def compare(service: Given, principal: Analyst, answer: Response, version_id: UUID, said: Comparing) -> Request:
    """Let two versions judge the same complaints. Done by a worker: the request's result holds the measures and every
    topic's fate, and `/v1/models/{version_id}/page?before=…` the whole of it as a page."""
    with service.database.read() as connection:
        _found(connection, version_id)
        if said.before:
            _found(connection, said.before)
    if said.before == version_id:
        raise ProblemError(422, "same-version", "That is one version; name another to compare it with.")
    detail = {"before": str(said.before) if said.before else None, "after": str(version_id)}
    return ask(service, answer, principal, said, RequestKind.COMPARE, detail)


@router.get(
    "/models/{version_id}/page",
    summary="Read what a version changes, as a page",
    response_class=Response,
    responses={
        200: {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}},
        **documented(401, 403, 404, 422, 500, 503),
    },
)
def read_page(service: Given, principal: Analyst, version_id: UUID, query: Annotated[PageQuery, Query()]) -> Response:
    """Each topic before and after, with words, redacted quotes and a map; 404 until it has been written."""
    page = _page(service.settings.data_dir, version_id, query.before)
    if not page.is_file():
        raise ProblemError(404, "unknown-page", "That comparison has not been asked for, or is not written yet.")
    return Response(page.read_bytes(), media_type="text/html", headers=SEALED)


SEALED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "X-Content-Type-Options": "nosniff",
}
"""Of a page that holds other people's text: nothing in it runs or loads."""


def _page(data_dir: Path, version_id: UUID, before: UUID | None) -> Path:
    return comparison_page(data_dir, before, version_id) if before else candidate_page(data_dir, version_id)


def _found(connection: Connection, version_id: UUID) -> StoredVersion:
    found = version_of(connection, version_id)
    if found is None:
        raise ProblemError(404, "unknown-version", f"There is no version {version_id}.")
    return found


def _name(names: Mapping[UUID, str], topic_id: UUID | None) -> str | None:
    return names.get(topic_id) if topic_id else None


def _model(service: Service, version: StoredVersion) -> dict[str, Any]:
    names = ("id", "status", "trained_at", "published_at", "encoder_version")
    metrics = version.metrics
    return {
        **{name: getattr(version, name) for name in names},
        "topics": metrics.get("topics"),
        "coverage": metrics.get("coverage"),
        "moved": metrics.get("moved"),
        "has_page": candidate_page(service.settings.data_dir, version.id).is_file(),
    }
