"""How much a request may bring, and how long it may take to: no caller fills the memory or holds a place for ever."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback.api.problems import ProblemError, problem_response

LIMIT = 1024 * 1024
FEEDBACK_LIMIT = 10 * 1024 * 1024
LIMITS = {"/v1/feedback": FEEDBACK_LIMIT}
"""Bytes, for most requests and for those that bring many complaints."""

SECONDS = 30.0
"""So long all of a body may take to come in."""


class Bounds:
    """ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp, seconds: float = SECONDS) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = LIMITS.get(scope["path"], LIMIT)
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > limit:
            await problem_response(scope["path"], _too_large(limit))(scope, receive, send)
            return
        await self._app(scope, self._bounded(receive, limit), send)

    def _bounded(self, receive: Receive, limit: int) -> Receive:
        loop = asyncio.get_running_loop()
        end, size, whole = loop.time() + self._seconds, 0, False

        async def bounded() -> Message:
            nonlocal size, whole
            if whole:  # what comes now is that the caller hangs up, whenever they do
                return await receive()
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, headers={"Connection": "close"}) from None
            size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if size > limit:
                raise HTTPException(413, headers={"Connection": "close"})
            return message

        return bounded


def _too_large(limit: int) -> ProblemError:
    detail = f"A request brings at most {limit // 1024 // 1024} MB here."
    # what was not read would be taken for the next request
    return ProblemError(413, "body-too-large", detail, {"Connection": "close"})
