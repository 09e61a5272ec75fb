"""HEAD, which is how monitors and checkers of links ask: what GET would answer, without the body."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """ASGI middleware. FastAPI's routes answer to GET alone, with 405 to HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def headers_alone(message: Message) -> None:
            bare = {**message, "body": b""} if message["type"] == "http.response.body" else message
            await send(bare)

        await self._app({**scope, "method": "GET"}, receive, headers_alone)
