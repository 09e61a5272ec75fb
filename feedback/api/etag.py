"""ETags for whatever is read: a caller that has it already is told so (304), and not sent it again."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback.api.answers import etag_of, is_known

LARGEST = 5 * 1024 * 1024
"""Bytes; what is larger is passed on as it comes."""


class Etags:
    """ASGI middleware that gives answers to GET an ETag by what they say, unless they have one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            await self._app(scope, receive, _Held(Request(scope), send).pass_on)
        else:
            await self._app(scope, receive, send)


class _Held:
    """Holds an answer's beginning back until its end is there."""

    def __init__(self, request: Request, send: Send) -> None:
        self._request, self._send = request, send
        self._start: Message | None = None

    async def pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_tagged(message):
            self._start = message
            return
        if self._start is not None and message["type"] == "http.response.body":
            message = self._tagged(message)
            start, self._start = self._start, None
            await self._send(start)
        await self._send(message)

    def _tagged(self, body: Message) -> Message:
        """The body as it is to be sent; the beginning now says what it is."""
        content = body.get("body", b"")
        if self._start is None or body.get("more_body") or len(content) > LARGEST:
            return body
        headers = MutableHeaders(raw=self._start["headers"])
        headers["ETag"] = etag_of(content)
        if not is_known(self._request, headers["ETag"]):
            return body
        del headers["content-length"]
        self._start["status"] = 304
        return {**body, "body": b""}


def _is_tagged(start: Message) -> bool:
    """Whether it is an answer in full that has no ETag yet and may be kept."""
    headers = Headers(raw=start["headers"])
    return start["status"] == 200 and "etag" not in headers and "no-store" not in headers.get("cache-control", "")
