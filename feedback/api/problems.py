"""Errors as RFC 9457 problem details, without stack traces, secrets, or what the caller sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from feedback.store.database import took_too_long

MEDIA_TYPE = "application/problem+json"
RETRY = {"Retry-After": "5"}
TYPES = "urn:feedback-trends:problem:"
UNREACHABLE = "The database cannot be reached or is busy; try again in a few seconds."


class ProblemError(Exception):
    """Stops a request with a problem. `more` are extension members of the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.more = dict(headers or {}), dict(more or {})


class ParameterError(BaseModel):
    """What is wrong with one part of a request."""

    where: str = Field(description="The part: `query.limit`, `path.alert_id` …")
    detail: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": TYPES + "unknown-alert",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "There is no alert 5d1f0b52-6b0c-5d0a-9d3e-0a6f2f0f2c11.",
                    "instance": "/v1/alerts/5d1f0b52-6b0c-5d0a-9d3e-0a6f2f0f2c11",
                }
            ]
        },
    )

    type: str = Field(description="Names the kind of problem; programs compare this.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was wrong this time and what to do about it.")
    instance: str = Field(description="The path that was asked for, without its query.")
    errors: list[ParameterError] | None = Field(None, description="Each part of the request that was wrong.")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that can end in these problems; who is asked for a key (401) can also ask too often."""
    shown = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    more = [429] if 401 in statuses else []
    return {status: {"description": HTTPStatus(status).phrase, **shown} for status in sorted({*statuses, *more})}


def problem_response(path: str, problem: ProblemError) -> JSONResponse:
    """The answer to a request for `path` that ends in `problem`."""
    content = {
        "type": TYPES + problem.code,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": path,
        **problem.more,
    }
    return JSONResponse(content, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def unexpected() -> ProblemError:
    """A defect. What it was stands in the log, not in the answer."""
    return ProblemError(500, "defect", "Something went wrong that should not have; the log of the service says what.")


def stopping() -> ProblemError:
    return ProblemError(503, "stopping", "The service is stopping; send the request again in a few seconds.", RETRY)


Answer = Callable[[Request, ProblemError], Awaitable[Response]]
"""What is sent to who asked: a problem to programs, a page to people."""


def answer_with_problems(app: FastAPI, answer: Answer) -> None:
    """Answer every error that `app` knows of as a problem; the unknown ones are `feedback.api.access`'s."""
    problems = {HTTPException: _http_error, RequestValidationError: _invalid, ProblemError: _itself}
    unreachable = dict.fromkeys((OperationalError, InterfaceError, PoolTimeoutError), _unreachable)
    for kind, problem in {**problems, **unreachable}.items():
        app.add_exception_handler(kind, _handler(problem, answer))


def _handler(
    problem: Callable[[Request, Exception], ProblemError], answer: Answer
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        return await answer(request, problem(request, error))

    return handle


def _itself(_request: Request, error: Exception) -> ProblemError:
    assert isinstance(error, ProblemError)
    return error


def _http_error(request: Request, error: Exception) -> ProblemError:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # all that FastAPI says of a body that it cannot read
        return ProblemError(422, "unreadable-body", "The body is not JSON in UTF-8.")
    phrase = HTTPStatus(error.status_code).phrase
    details = {
        404: "There is nothing at this path; /openapi.json lists what there is.",
        405: f"{request.method} is not possible here; the header Allow says what is.",
        413: "The body is too large; send what is in it in several requests.",
    }
    detail = details.get(error.status_code, phrase)
    code = "body-too-large" if error.status_code == 413 else phrase.lower().replace(" ", "-")
    headers = {"Allow": _possible(request)} if error.status_code == 405 else error.headers
    return ProblemError(error.status_code, code, detail, headers)


def _possible(request: Request) -> str:
    """The methods of all routes at this path: Starlette names those of the first alone."""
    methods = (method for route in _routes(request.app.routes) for method in _methods(route, request.scope))
    return ", ".join(sorted(set(methods)))


def _routes(found: Iterable[Any]) -> Iterator[Any]:
    for each in found:
        inner = getattr(each, "original_router", None)
        yield from _routes(inner.routes) if inner is not None else [each]


def _methods(route: Any, scope: Mapping[str, Any]) -> Iterable[str]:
    methods: Iterable[str] = getattr(route, "methods", None) or ()
    return methods if route.matches(scope)[0] is not Match.NONE else ()


def _invalid(_request: Request, error: Exception) -> ProblemError:
    assert isinstance(error, RequestValidationError)
    errors = list(_parts(error.errors()))
    detail = "; ".join(f"{each['where']}: {each['detail']}" for each in errors)
    return ProblemError(422, "invalid-request", detail, more={"errors": errors})


def _parts(errors: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, str]]:
    for each in errors:
        yield {"where": ".".join(str(part) for part in each["loc"]), "detail": str(each["msg"])}


def _unreachable(_request: Request, error: Exception) -> ProblemError:
    late = isinstance(error, DBAPIError) and took_too_long(error)
    return too_slow() if late else database_unreachable()


def too_slow() -> ProblemError:
    detail = "The answer took too long and was given up; ask for less at once, such as fewer days, or try again later."
    return ProblemError(503, "too-slow", detail, RETRY)


def database_unreachable() -> ProblemError:
    return ProblemError(503, "database-unreachable", UNREACHABLE, RETRY, {"database": "unreachable"})
