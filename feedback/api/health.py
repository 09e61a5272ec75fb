"""`GET /healthz` and `/readyz`: whether the service can work, and take requests, for monitors without a key."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError

from feedback.api.principal import few_of_an_address
from feedback.api.problems import RETRY, ProblemError, database_unreachable, documented
from feedback.api.service import Given, Service
from feedback.errors import StoreError
from feedback.store import runs
from feedback.store.database import Database, is_writable
from feedback.store.topics import published_version

router = APIRouter(tags=["health"], dependencies=[Depends(few_of_an_address)])
log = logging.getLogger("feedback.api")

UNTRAINED = "No topic model is published: the first is trained after 'warm_up_days' of complaints, by a worker."


class JobHealth(BaseModel):
    """When a job last succeeded; null when it never has."""

    job: str
    last_success: datetime | None = Field(description="When the run finished.")
    window: datetime | None = Field(description="Up to when it has done its work.")


class Health(BaseModel):
    """The service can work."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "ok",
                    "now": "2026-03-08T17:20:11Z",
                    "database": "reachable",
                    "schema": "current",
                    "jobs": [
                        {
                            "job": "detect",
                            "last_success": "2026-03-08T17:00:04Z",
                            "window": "2026-03-08T17:00:00Z",
                        }
                    ],
                }
            ]
        }
    )

    status: Literal["ok"] = "ok"
    now: datetime
    database: Literal["reachable"] = "reachable"
    tables: Literal["current"] = Field("current", alias="schema", description="The tables are this release's.")
    jobs: list[JobHealth]


@router.get(
    "/healthz",
    summary="Health",
    responses={200: {"description": "The service can work."}, **documented(429, 500, 503)},
)
def read_health(service: Given) -> Health:
    """Status 503 when the database cannot be reached or does not have this release's tables. Needs no key. What was
    found holds for a second."""
    return service.probes.answer("health", lambda: _health(service))


def _health(service: Service) -> Health:
    with _anew(service) as database:
        return Health(now=service.clock(), jobs=_jobs(database))


class Readiness(BaseModel):
    """The service can take requests."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"status": "ready", "topic_model": "5b0e6a3c-6d5a-5a53-9d2b-1f6d7e3f0c11", "missing": []}]
        }
    )

    status: Literal["ready"] = "ready"
    topic_model: UUID | None = Field(description="The version in force; null before the first training.")
    missing: list[str] = Field(description="What there is not yet, in sentences. Complaints are taken in without it.")


@router.get(
    "/readyz",
    summary="Readiness",
    responses={200: {"description": "Requests can be sent here."}, **documented(429, 500, 503)},
)
def read_readiness(service: Given) -> Readiness:
    """Status 503 when the database cannot be reached or written or has not this release's tables. Needs no key. What
    was found holds for a second."""
    return service.probes.answer("readiness", lambda: _readiness(service))


def _readiness(service: Service) -> Readiness:
    with _anew(service) as database:
        if not is_writable(database):
            raise ProblemError(503, "read-only", "The database can only be read.", RETRY, {"database": "read-only"})
        with database.read() as connection:
            version = published_version(connection)
    return Readiness(topic_model=version.id if version else None, missing=[] if version else [UNTRAINED])


@contextmanager
def _anew(service: Service) -> Iterator[Database]:
    """The database as a starting process would open it."""
    try:
        service.unpooled.refuse_unusable()
        yield service.unpooled
    except StoreError as error:
        log.warning("%s", error, extra={"event": "database_unusable"})
        detail = "The database cannot be reached or has not this release's tables; the log of the service says which."
        raise ProblemError(503, "database-unusable", detail, RETRY, {"database": "unusable"}) from None
    except SQLAlchemyError:
        raise database_unreachable() from None


def _jobs(database: Database) -> list[JobHealth]:
    with database.read() as connection:
        found = runs.successes(connection)
    return [JobHealth(job=each.job, last_success=each.finished_at, window=each.window_start) for each in found]
