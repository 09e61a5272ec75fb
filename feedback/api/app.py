"""The application: routes, problems, and a description of both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from feedback.api import alerts, areas, feedback, health, hot_issues, links, metrics, responses, series, topics
from feedback.api.access import AccessLog
from feedback.api.items import item_schema
from feedback.api.problems import Problem, answer_with_problems
from feedback.api.service import NOTHING, Look, Respond, Service, TakeIn
from feedback.settings import Settings
from feedback.store.database import Database
from feedback.web.pages import add_pages

DESCRIPTION = """Complaints in; topics, alerts and what is hot out.

Every route but `/healthz`, `/readyz` and this description asks for a key: `Authorization: Bearer ft_…` or
`X-API-Key: ft_…`.
Errors are RFC 9457 problem details. Times carry their zone; they are answered in UTC.
"""


def create_app(
    settings: Settings,
    database: Database,
    clock: Callable[[], datetime],
    take_in: TakeIn,
    respond: Respond,
    look: Look = NOTHING,
) -> FastAPI:
    """The API and the pages over an open database. `clock` gives the service's time, aware; `take_in` takes in what is
    posted, `respond` does what people decide about alerts, `look` works out what pages show.

    The application holds no state of its own: several can run beside one another and beside the jobs.
    """
    app = FastAPI(
        title="feedback-trends",
        version=_release(),
        description=DESCRIPTION,
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
    app.state.service = Service(settings, database, clock, take_in, respond, look)
    app.add_middleware(AccessLog)
    answer_with_problems(app)
    for resource in (feedback, hot_issues, areas, topics, series, alerts, responses, links, health, metrics):
        app.include_router(resource.router)
    add_pages(app)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
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
