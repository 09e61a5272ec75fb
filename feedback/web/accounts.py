"""`/accounts`: who may sign in, for administrators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection
from starlette.responses import Response

from feedback import passwords
from feedback.accounts import AccountError, owner_for
from feedback.api.audited import tell
from feedback.api.problems import ProblemError
from feedback.lock_out import tried
from feedback.roles import Role
from feedback.store import accounts, lock_outs, sessions
from feedback.web.refused import refused_words
from feedback.web.visit import Administrating, Visit

router = APIRouter(prefix="/accounts", include_in_schema=False)

Text = Annotated[str, Form(max_length=2_000)]
OfRole = Annotated[Role, Form()]


@router.get("")
def look(visit: Administrating) -> Response:
    """All accounts, and a form for another."""
    return _page(visit)


@router.post("")
def add(visit: Administrating, name: Text, role: OfRole, owner: Text = "", password: Text = "") -> Response:
    """Make an account; its password is to be changed by whoever gets it. Where there is a provider to sign in through,
    it may do without."""
    needed = password or not visit.service.settings.provider
    weak = passwords.weakness(password, name.strip()) if needed else None
    if weak:
        return _page(visit, 422, error=visit.to.gettext(weak))
    try:
        kept = passwords.hashed(password) if needed else None
        with visit.service.database.write() as connection:
            made = accounts.add_account(connection, name, role, visit.service.clock(), owner, kept)
    except AccountError as error:
        return _page(visit, 422, error=refused_words(error, visit.to))
    tell(name=made.name, role=role)
    return RedirectResponse("/accounts", 303)


@router.post("/{account_id}/role")
def change_role(visit: Administrating, account_id: UUID, role: OfRole, owner: Text = "") -> Response:
    """Another role; it holds at once."""
    try:
        named = owner_for(role, owner)
    except AccountError as error:
        return _page(visit, 422, error=refused_words(error, visit.to))
    with _changing(visit, account_id) as connection:
        accounts.change_account(connection, account_id, role=role, owner=named)
    tell(role=role, owner=named or "")
    return RedirectResponse("/accounts", 303)


@router.post("/{account_id}/password")
def change_password(visit: Administrating, account_id: UUID, password: Text = "") -> Response:
    """Another password, for somebody who forgot theirs; all their sessions end, and failures are forgotten."""
    with visit.service.database.read() as connection:
        name = _named(connection, account_id)
    weak = passwords.weakness(password, name)
    if weak:
        return _page(visit, 422, error=visit.to.gettext(weak))
    kept = passwords.hashed(password)
    with _changing(visit, account_id) as connection:
        accounts.change_account(connection, account_id, password=kept)
        sessions.end_sessions(connection, account_id)
        lock_outs.forget(connection, tried(visit.service.secret, name, "")[0])
    return RedirectResponse("/accounts", 303)


@router.post("/{account_id}/second-factor-reset")
def reset_second_factor(visit: Administrating, account_id: UUID) -> Response:
    """No second factor until they set one up again."""
    with _changing(visit, account_id) as connection:
        accounts.drop_second_factor(connection, account_id)
    return RedirectResponse("/accounts", 303)


@router.post("/{account_id}/disable")
def disable(visit: Administrating, account_id: UUID) -> Response:
    """Let somebody in no longer."""
    with _changing(visit, account_id) as connection:
        accounts.change_account(connection, account_id, disabled_at=visit.service.clock())
        sessions.end_sessions(connection, account_id)
    return RedirectResponse("/accounts", 303)


@router.post("/{account_id}/enable")
def enable(visit: Administrating, account_id: UUID) -> Response:
    """Let somebody in again."""
    with _changing(visit, account_id) as connection:
        accounts.change_account(connection, account_id, disabled_at=None)
    return RedirectResponse("/accounts", 303)


@contextmanager
def _changing(visit: Visit, account_id: UUID) -> Iterator[Connection]:
    """A transaction in which an account is changed; 409, and nothing is, when no administrator were left."""
    with visit.service.database.write() as connection:
        tell(name=_named(connection, account_id))
        yield connection
        if not accounts.has_administrator(connection):
            raise ProblemError(409, "last-administrator", "This is the last administrator; make another one first.")


def _named(connection: Connection, account_id: UUID) -> str:
    try:
        return accounts.account_with(connection, account_id).name
    except AccountError as error:
        raise ProblemError(404, "unknown-account", str(error)) from None


def _page(visit: Visit, status: int = 200, **facts: Any) -> Response:
    with visit.service.database.read() as connection:
        found = accounts.accounts(connection)
    return visit.page("accounts.html.j2", status, **{"accounts": found, "roles": list(Role), "error": None, **facts})
