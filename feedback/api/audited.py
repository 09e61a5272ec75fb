"""Notes every change that somebody made through the API or a page, before they are told that it was made."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar

import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback.api.same_origin import SAFE_METHODS
from feedback.api.service import Service
from feedback.roles import Principal
from feedback.store.audit import Entry, note

NO_CHANGES = frozenset({"/v1/feedback", "/v1/classify", "/v1/similar", "/appearance"})
"""Complaints are not decisions, and each says itself when it came; the others keep nothing."""

LEFT_OUT = frozenset({"token"})
"""Of what is in a path: what a link in a message holds is not written down."""

_SAID: ContextVar[dict[str, str]] = ContextVar("what is said in the request that is worked on")

log = logging.getLogger("feedback.api")


class Audited:
    """ASGI middleware around the routes: what is unsafe and succeeds is noted, whichever route it is, with the ids in
    its path and what the route has it `tell`.

    Where nobody is asked for a key, the route puts into `request.state.by_link` whose link it was.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return

        said: dict[str, str] = {}
        _SAID.set(said)

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                await anyio.to_thread.run_sync(_note, scope, said)
            await send(message)

        await self._app(scope, receive, noted)


def tell(**said: object) -> None:
    """Have the audit log say this, too, of the request that is worked on: short values by their names."""
    _SAID.get().update({name: str(value) for name, value in said.items()})


def _note(scope: Scope, said: Mapping[str, str]) -> None:
    caller, path = _caller(scope), str(getattr(scope.get("route"), "path", ""))
    if caller is None or path in NO_CHANGES:
        return
    service = scope["app"].state.service
    assert isinstance(service, Service)
    named = {**scope.get("path_params", {}), **said}
    subject = {name: str(value) for name, value in named.items() if name not in LEFT_OUT}
    who, way = caller
    try:
        with service.database.write() as connection:
            note(connection, Entry(service.clock(), who, way, f"{scope['method']} {path}", subject))
    except SQLAlchemyError:
        # the change is made: to say it failed would have it made again
        log.exception("a change could not be noted", extra={"event": "audit_failed"})


def _caller(scope: Scope) -> tuple[str, str] | None:
    """Who asks, and by which way; None for who cannot be told."""
    state = scope.get("state", {})
    principal, owner = state.get("principal"), state.get("by_link")
    if isinstance(principal, Principal):
        is_page = getattr(scope.get("route"), "include_in_schema", True) is False
        return principal.name, "key" if principal.account_id is None else "page" if is_page else "api"
    return (str(owner), "link") if owner else None
