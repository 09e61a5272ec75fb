"""The application: routes, problems, and a description of both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse

from feedback.api import (
    alerts,
    areas,
    classify,
    curation,
    digests,
    feedback,
    fixes,
    health,
    hot_issues,
    kpi,
    links,
    metrics,
    models,
    rejected,
    requests,
    responses,
    runs,
    series,
    topics,
)
from feedback.api.access import AccessLog
from feedback.api.audited import Audited
from feedback.api.bounds import Bounds
from feedback.api.etag import Etags
from feedback.api.head import Head
from feedback.api.headers import PageHeaders
from feedback.api.items import item_schema
from feedback.api.principal import few_of_an_address
from feedback.api.problems import Problem, answer_with_problems
from feedback.api.repeated import refuse_repeated
from feedback.api.same_origin import SameOrigin
from feedback.api.service import NOTHING, UNTRAINED, Judge, Look, Respond, Service, TakeIn
from feedback.settings import Settings
from feedback.store.database import Database
from feedback.web.pages import add_pages
from feedback.web.refusal import answer

DESCRIPTION = """Complaints in; topics, alerts and what is hot out.

Every route but `/healthz`, `/readyz` and this description asks for a key: `Authorization: Bearer ft_…` or
`X-API-Key: ft_…`.
Errors are RFC 9457 problem details. Times carry their zone; they are answered in UTC.
"""


UNCHANGED = {"description": "Nothing has changed since the answer whose ETag `If-None-Match` names."}

RESOURCES = (
    feedback, hot_issues, areas, topics, curation, series, classify, alerts, responses, fixes, kpi, models, requests,
    runs, rejected, digests, links, health, metrics,
)  # fmt: skip
TAGS = {
    "feedback": "Complaints in.",
    "hot issues": "What is rising now.",
    "topics": "Subjects that keep their identity, and what people decide about them.",
    "texts": "Which topic a text belongs to, and which complaints are like it; nothing is stored.",
    "alerts": "Rises made somebody's business, and what people say of them.",
    "fixes": "What was done about topics, and whether it worked.",
    "figures of support": "Volume, speed, satisfaction, escalations and repeated contacts.",
    "models": "Versions of the topic model.",
    "requests": "What takes a worker: it is asked for, and done within seconds or minutes.",
    "runs": "What the jobs did.",
    "digests": "The weekly reports.",
    "health": "Whether the service is well.",
}


def create_app(
    settings: Settings,
    database: Database,
    clock: Callable[[], datetime],
    take_in: TakeIn,
    respond: Respond,
    look: Look = NOTHING,
    judge: Judge = UNTRAINED,
    wall: Callable[[], datetime] | None = None,
) -> FastAPI:
    """The API and the pages over an open database. `clock` gives the service's time, aware, `wall` that on the wall
    where it is another; `take_in` takes in what is posted, `respond` does what people decide about alerts, `look` works
    out what pages show, and `judge` places texts.

    The application holds no state of its own but answers that still hold: several can run beside one another and
    beside the jobs.
    """
    app = FastAPI(
        title="feedback-trends",
        version=_release(),
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,  # both pages would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        # it would export what callers send as soon as a variable in the environment asks for it
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.state.service = Service(settings, database, clock, take_in, respond, look, judge, wall or clock)
    # the last added is the outermost
    app.add_middleware(Audited)
    app.add_middleware(Bounds)
    app.add_middleware(Etags)
    app.add_middleware(Head)
    app.add_middleware(SameOrigin, public_url=settings.public_url, answer=answer)
    app.add_middleware(AccessLog, answer=answer)
    app.add_middleware(PageHeaders, https=settings.is_https)
    answer_with_problems(app, answer)
    for resource in RESOURCES:
        app.include_router(resource.router, dependencies=[Depends(refuse_repeated)])
    add_pages(app)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """FastAPI's own route would put no limit to how often it is asked for."""

    @app.get("/openapi.json", include_in_schema=False, dependencies=[Depends(few_of_an_address)])
    async def described() -> JSONResponse:
        return JSONResponse(app.openapi())


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_tags = [{"name": name, "description": description} for name, description in TAGS.items()]
        described = FastAPI.openapi(app)
        for methods in described["paths"].values():
            if "get" in methods:
                methods["get"]["responses"].setdefault("304", UNCHANGED)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = {**problem.pop("$defs", {}), "Problem": problem, "Complaint": item_schema()}
        described["components"]["schemas"].update(parts)
        app.openapi_schema = described
    return app.openapi_schema


def _release() -> str:
    try:
        return version("feedback-trends")
    except PackageNotFoundError:
        return "0"
