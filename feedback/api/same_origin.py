"""Refuses changes that another site has a browser ask for (cross-site request forgery).

Browsers say where a request comes from: in `Sec-Fetch-Site` or, old ones and those that are not on https, in `Origin`.
Scripts of other sites can change neither. What says neither is no browser. As Go's `http.CrossOriginProtection` has it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from feedback.api.problems import Answer, ProblemError
from feedback.links import PATH

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_foreign(headers: Headers, public_url: str) -> bool:
    """Whether a browser sends this for another site than the one it is sent to."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site:
        return site not in ("same-origin", "none")
    if not origin:
        return False
    found = urlsplit(origin)
    return not found.netloc or found.netloc not in (headers.get("host", ""), urlsplit(public_url).netloc)


class SameOrigin:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, public_url: str, answer: Answer) -> None:
        self._app, self._public_url, self._answer = app, public_url, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._refuses(scope):
            problem = ProblemError(403, "cross-origin", "This was sent for another site; open the page here instead.")
            await (await self._answer(Request(scope), problem))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refuses(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        # no other site can send a key it does not have; and a link in a mail is its own proof, cookies play no part
        proven = "authorization" in headers or "x-api-key" in headers or scope["path"].startswith(PATH)
        return scope["method"] not in SAFE_METHODS and not proven and is_foreign(headers, self._public_url)
