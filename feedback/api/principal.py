"""Who is asking, and whether they may: a key in the header `Authorization: Bearer` or `X-API-Key`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from feedback.api.problems import ProblemError
from feedback.api.service import Given
from feedback.roles import Principal, Right, Role
from feedback.store.keys import key_name
from feedback.store.sight import Sight, sight_of
from feedback.taxonomy import load_owners

BEARER = HTTPBearer(auto_error=False, scheme_name="Bearer", description="A key made by `feedback keys add`.")
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="X-API-Key", description="The same key.")
KEY_LENGTH = 200


def principal_of(
    request: Request,
    service: Given,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    header: Annotated[str | None, Depends(HEADER)],
) -> Principal:
    """Whose the caller's key is; a problem with status 401 without a valid one."""
    key = bearer.credentials if bearer else header
    if not key:
        raise _refusal("missing-key", 'Send a key: "Authorization: Bearer ft_…" or "X-API-Key: ft_…".', "")
    with service.database.read() as connection:
        name = key_name(connection, key) if len(key) <= KEY_LENGTH else None
    if name is None:
        raise _refusal("invalid-key", "This key is unknown or was revoked.", ', error="invalid_token"')
    request.state.key_name = name
    return Principal(name, Role.ADMINISTRATOR)


def allowed(right: Right) -> Callable[..., Principal]:
    """A dependency that gives the caller who has `right`; a problem with status 403 for one who has not."""

    def checked(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
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


def seen(service: Given, principal: Reader) -> Sight:
    """What the caller sees."""
    settings = service.settings
    with service.database.read() as connection:
        return sight_of(connection, principal, load_owners(settings.taxonomy), settings.default_owner)


Seeing = Annotated[Sight, Depends(seen)]
"""A route's parameter that says which topics and alerts it may show; the others are as if they were not there."""


def _refusal(code: str, detail: str, error: str) -> ProblemError:
    return ProblemError(401, code, detail, {"WWW-Authenticate": f'Bearer realm="feedback"{error}'})
