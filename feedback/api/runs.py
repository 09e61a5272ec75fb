"""`GET /v1/runs`: what the jobs did, and how it went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from feedback.api.figures import Number, finite
from feedback.api.pages import PageQuery, cursor_of, moment, read_cursor
from feedback.api.principal import allowed
from feedback.api.problems import documented
from feedback.api.service import Given, Service
from feedback.roles import Right
from feedback.store.runs import latest_runs

router = APIRouter(prefix="/v1", tags=["runs"], dependencies=[Depends(allowed(Right.ANALYSE))])

Status = Literal["running", "succeeded", "failed"]


class Run(BaseModel):
    """One execution of a job for one window."""

    job: str
    window: datetime = Field(description="As of when it did its work.")
    status: Status = Field(description="*failed* is tried again, five times.")
    holder: str = Field(description="The worker that did it: machine, process and when that started.")
    started_at: datetime
    finished_at: datetime | None
    seconds: Number
    failures: int = Field(description="How often it failed.")
    result: dict[str, Any] | None = Field(description="What it did.")
    error: str | None = Field(description="Why it failed.")


class Runs(BaseModel):
    """One page of runs, the latest windows first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "job": "detect",
                            "window": "2026-03-08T17:00:00Z",
                            "status": "succeeded",
                            "holder": "casino-1:4711:1772989000.12",
                            "started_at": "2026-03-08T17:00:02Z",
                            "finished_at": "2026-03-08T17:00:04Z",
                            "seconds": 1.9,
                            "failures": 0,
                            "result": {"signals": 60, "opened": 1},
                            "error": None,
                        }
                    ],
                    "next_cursor": None,
                }
            ]
        }
    )

    items: list[Run]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


class RunsQuery(PageQuery):
    job: str | None = Field(None, description="Only this job, such as detect.", min_length=1, max_length=40)
    status: Status | None = Field(None, description="Only runs that stand so.")


@router.get(
    "/runs",
    summary="List runs",
    responses={200: {"description": "A page of runs."}, **documented(401, 403, 422, 500, 503)},
)
def list_runs(service: Given, query: Annotated[RunsQuery, Query()]) -> Runs:
    """What the jobs did, of all jobs or one, the latest windows first."""
    return runs(service, query)


def runs(service: Service, query: RunsQuery) -> Runs:
    """A page of runs."""
    end = read_cursor(query.cursor, moment, str) if query.cursor else None
    with service.database.read() as connection:
        found = latest_runs(connection, query.limit + 1, query.job, query.status, end)
    names = [name for name in Run.model_fields if name not in ("window", "result")]
    items = [
        Run(**{name: getattr(row, name) for name in names}, window=row.window_start, result=finite(row.result))
        for row in found[: query.limit]
    ]
    more = len(found) > query.limit
    return Runs(items=items, next_cursor=cursor_of(items[-1].window.isoformat(), items[-1].job) if more else None)
