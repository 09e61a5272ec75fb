"""One log line a request, and a defect's traceback without the values in it. All that is logged while a request is
answered carries its number as `request`, and so does the answer, as `X-Request-Id`.

Neither path nor query is logged but the route's template, and of an exception only its type and where it arose: an
exception's message can quote a complaint that is not redacted yet.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from feedback.api.problems import Answer, problem_response, stopping, unexpected

GONE = 499
"""What is logged when the caller hung up before an answer."""

FRAMES = 8
"""So many of a traceback are logged, the innermost."""

log = logging.getLogger("feedback.api")


class AccessLog:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self._app, self._answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = uuid4().hex
        with bound_contextvars(request=number):
            await self._logged(scope, receive, send, number)

    async def _logged(self, scope: Scope, receive: Receive, send: Send, number: str) -> None:
        started, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = number
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            status = GONE
        except asyncio.CancelledError:
            # the server stops and has waited long enough; a repeated request does no harm
            if status == 0:
                await problem_response(scope["path"], stopping())(scope, receive, noted)
        except Exception as error:
            _log_defect(scope, error)
            if status == 0:
                await (await self._answer(Request(scope), unexpected()))(scope, receive, noted)
        finally:
            _log_request(scope, status, (time.perf_counter() - started) * 1000)


def _log_request(scope: Scope, status: int, milliseconds: float) -> None:
    method, route = _method(scope), _route(scope)
    key = getattr(scope.get("state", {}).get("key"), "name", None)
    fields = {"method": method, "route": route, "status": status, "milliseconds": round(milliseconds, 1), "key": key}
    log.info(
        "%s %s %d in %.0f ms, key %s", method, route, status, milliseconds, key, extra={"event": "request", **fields}
    )


def _log_defect(scope: Scope, error: Exception) -> None:
    innermost = traceback.extract_tb(error.__traceback__)[: -FRAMES - 1 : -1]
    frames = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in innermost)
    name = type(error).__name__
    log.error(
        "%s while answering %s %s, at %s", name, _method(scope), _route(scope), frames,
        extra={"event": "request_failed", "error": name},
    )  # fmt: skip


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method.isalpha() and len(method) <= 10 else "?"


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "(no such path)"))
