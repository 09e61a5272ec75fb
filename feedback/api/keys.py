"""Who is asking: a key in the header `Authorization: Bearer` or `X-API-Key`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from feedback.api.problems import ProblemError
from feedback.api.service import Given
from feedback.store.keys import key_name

BEARER = HTTPBearer(auto_error=False, scheme_name="Bearer", description="A key made by `feedback keys add`.")
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="X-API-Key", description="The same key.")
KEY_LENGTH = 200


def require_key(
    request: Request,
    service: Given,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    header: Annotated[str | None, Depends(HEADER)],
) -> str:
    """The name of the caller's key; a problem with status 401 without a valid one."""
    key = bearer.credentials if bearer else header
    if not key:
        raise _refusal("missing-key", 'Send a key: "Authorization: Bearer ft_…" or "X-API-Key: ft_…".', "")
    with service.database.read() as connection:
        name = key_name(connection, key) if len(key) <= KEY_LENGTH else None
    if name is None:
        raise _refusal("invalid-key", "This key is unknown or was revoked.", ', error="invalid_token"')
    request.state.key_name = name
    return name


def _refusal(code: str, detail: str, error: str) -> ProblemError:
    return ProblemError(401, code, detail, {"WWW-Authenticate": f'Bearer realm="feedback"{error}'})
