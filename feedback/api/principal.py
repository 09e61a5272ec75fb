"""Who is asking, and whether they may: a key in a header, or a person's session by its cookie."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from feedback.accounts import Session, is_over
from feedback.api.cookie import cookie_name
from feedback.api.limits import OPEN_PER_MINUTE, UNKNOWN_PER_MINUTE
from feedback.api.problems import ProblemError
from feedback.api.service import Given, Service
from feedback.roles import Principal, Right
from feedback.store.keys import key_of, note_use
from feedback.store.sessions import NOTED_EVERY, note_seen, session_of
from feedback.store.sight import Sight, sight_of

BEARER = HTTPBearer(auto_error=False, scheme_name="Bearer", description="A key made by `feedback keys add`.")
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="X-API-Key", description="The same key.")
KEY_LENGTH = 200


def principal_of(
    request: Request,
    service: Given,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    header: Annotated[str | None, Depends(HEADER)],
) -> Principal:
    """Whose the caller's key or session is; a problem with status 401 without a valid one, 429 when they ask too
    often."""
    key = bearer.credentials if bearer else header
    try:
        found = _of_key(request, service, key) if key else _of_session(request, service)
    except ProblemError:
        service.limits.take(f"address {address_of(request)}", UNKNOWN_PER_MINUTE)
        raise
    count_request(service, found)
    request.state.principal = found
    return found


def count_request(service: Service, principal: Principal) -> None:
    """A problem with status 429 when they ask too often."""
    kind = "account" if principal.account_id else "key"
    service.limits.take(f"{kind} {principal.name}", service.settings.requests_per_minute)


async def few_of_an_address(request: Request, service: Given) -> None:
    """For routes that are open to everybody: a problem with status 429 when an address asks too often."""
    if service.settings.requests_per_minute:
        service.limits.take(f"open to {address_of(request)}", OPEN_PER_MINUTE)


def allowed(right: Right) -> Callable[..., Awaitable[Principal]]:
    """A dependency that gives the caller who has `right`; a problem with status 403 for one who has not."""

    async def checked(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
        if not principal.may(right):
            detail = f"This needs the right to {right}, which the role {principal.role} does not have."
            raise ProblemError(403, "not-allowed", detail)
        return principal

    return checked


Reader = Annotated[Principal, Depends(allowed(Right.READ))]
"""A route's parameter for whoever reads; the others likewise."""
Responder = Annotated[Principal, Depends(allowed(Right.RESPOND))]
Analyst = Annotated[Principal, Depends(allowed(Right.ANALYSE))]
Administrator = Annotated[Principal, Depends(allowed(Right.ADMINISTER))]


def signed_in(request: Request, service: Given) -> Session:
    """The caller's session, if it is complete and has not timed out; a problem with status 401 otherwise."""
    found = begun(request, service)
    if found is None or not found.complete:
        raise _refusal("missing-key", 'Send a key: "Authorization: Bearer ft_…" or "X-API-Key: ft_…".', "")
    now = service.wall()
    if now - found.seen_at >= NOTED_EVERY:
        _write(service, lambda connection: note_seen(connection, found, now))
    return found


def begun(request: Request, service: Service) -> Session | None:
    """The caller's session, be it complete or not; None without one that lasts."""
    token = request.cookies.get(cookie_name(service.settings), "")
    if not 0 < len(token) <= KEY_LENGTH:
        return None
    with service.database.read() as connection:
        found = session_of(connection, token)
    return found if found and not is_over(found, service.wall(), service.settings.lasting) else None


def person(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
    """The caller, who has signed in; a problem with status 403 for a key."""
    if principal.account_id is None:
        raise ProblemError(403, "not-a-person", "This is for people who have signed in, not for keys.")
    return principal


Person = Annotated[Principal, Depends(person)]
"""A route's parameter for whoever has an account."""


def administrating(principal: Administrator, _person: Person) -> Principal:
    """An administrator who has signed in: a key that leaked is not to make others."""
    return principal


AdministratingPerson = Annotated[Principal, Depends(administrating)]
"""A route's parameter for an administrator who has signed in."""


async def seen(request: Request, _principal: Reader) -> Sight:
    """What the caller sees, which was read together with who they are."""
    sight = request.state.sight
    assert isinstance(sight, Sight)
    return sight


Seeing = Annotated[Sight, Depends(seen)]
"""A route's parameter that says which topics and alerts it may show; the others are as if they were not there."""


def address_of(request: Request) -> str:
    """Where the request comes from, as far as is known."""
    return request.client.host if request.client else ""


def _of_key(request: Request, service: Service, key: str) -> Principal:
    now: datetime = service.clock()
    with service.database.read() as connection:
        found = key_of(connection, key, now) if len(key) <= KEY_LENGTH else None
        if found is not None:
            request.state.sight = _sight(connection, service, found.principal())
    if found is None:
        detail = "This key is unknown, was revoked, or has run out."
        raise _refusal("invalid-key", detail, ', error="invalid_token"')
    if not found.is_noted(now):
        _write(service, lambda connection: note_use(connection, found.name, now))
    request.state.key = found
    return found.principal()


def _of_session(request: Request, service: Service) -> Principal:
    principal = signed_in(request, service).account.principal()
    with service.database.read() as connection:
        request.state.sight = _sight(connection, service, principal)
    return principal


def _sight(connection: Connection, service: Service, principal: Principal) -> Sight:
    return sight_of(connection, principal, service.owned, service.settings.default_owner)


def _write(service: Service, change: Callable[[Connection], None]) -> None:
    """Write down that somebody was here; that it cannot be written at the moment is no reason to turn them away."""
    with suppress(OperationalError), service.database.write() as connection:
        change(connection)


def _refusal(code: str, detail: str, error: str) -> ProblemError:
    return ProblemError(401, code, detail, {"WWW-Authenticate": f'Bearer realm="feedback"{error}'})
