"""`/account`: one's own password, second factor and language."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from feedback import passwords
from feedback.accounts import Account
from feedback.api.cookie import give_cookie
from feedback.api.principal import Person
from feedback.api.service import Given, Service
from feedback.authentication import Refused, check_password, confirm_second_factor, proposal, proposed_second_factor
from feedback.language import LANGUAGES
from feedback.second_factor import address, picture
from feedback.store import accounts, sessions
from feedback.web.page import page, reader
from feedback.web.sign_in import door

router = APIRouter(prefix="/account", include_in_schema=False)

Text = Annotated[str, Form(max_length=2_000)]


def own(service: Given, principal: Person) -> Account:
    """The account of whoever has signed in."""
    assert principal.account_id is not None
    with service.database.read() as connection:
        return accounts.account_with(connection, principal.account_id)


Own = Annotated[Account, Depends(own)]


@router.get("")
def look(request: Request, service: Given, account: Own) -> Response:
    """One's account."""
    return _page(request, service, account)


@router.post("/password")
def change_password(
    request: Request, service: Given, account: Own, current: Text = "", password: Text = "", again: Text = ""
) -> Response:
    """A new password; all other sessions end."""
    said = reader(request).gettext
    error = passwords.weakness(password, account.name)
    if password != again:
        return _page(request, service, account, 422, error=said("The two new passwords differ."))
    if error:
        return _page(request, service, account, 422, error=said(error))
    if not _proves(request, service, account, current):
        return _page(request, service, account, 422, error=said("The current password is wrong."))
    now, kept = service.clock(), passwords.hashed(password)
    with service.database.write() as connection:
        accounts.change_account(connection, account.id, password=kept)
        sessions.end_sessions(connection, account.id)
        token = sessions.begin_session(connection, account.id, now)
    answer = RedirectResponse("/account", 303)
    give_cookie(answer, service.settings, token)
    return answer


@router.post("/language")
def change_language(service: Given, account: Own, language: Text = "") -> Response:
    """The language of the pages; the browser's where none is named."""
    with service.database.write() as connection:
        accounts.change_account(connection, account.id, language=language if language in LANGUAGES else None)
    return RedirectResponse("/account", 303)


@router.post("/second-factor")
def propose(request: Request, service: Given, account: Own) -> Response:
    """A new secret to put into an authenticator app; it counts once a code of it was given."""
    return _proposal(request, account, *proposed_second_factor(service.secret, account, service.clock()))


@router.post("/second-factor/confirm")
def confirm(request: Request, service: Given, account: Own, sealed: Text = "", code: Text = "") -> Response:
    """The app shows the right code: it is asked for at each sign-in from now on. Shows the recovery codes, once."""
    now = service.clock()
    made = proposal(service.secret, account, sealed, now)
    if made is None:
        return propose(request, service, account)
    found = confirm_second_factor(door(request, service), account, made, code, now)
    if found is None:
        words = reader(request).gettext("This code is wrong. Give the newest one that the app shows.")
        return _proposal(request, account, made, sealed, 422, words)
    return page(request, "recovery_codes.html.j2", codes=found)


@router.post("/second-factor/remove")
def remove(request: Request, service: Given, account: Own, current: Text = "") -> Response:
    """No second factor any more."""
    if not _proves(request, service, account, current):
        words = reader(request).gettext("The current password is wrong.")
        return _page(request, service, account, 422, error=words)
    with service.database.write() as connection:
        accounts.drop_second_factor(connection, account.id)
    return RedirectResponse("/account", 303)


def _proves(request: Request, service: Service, account: Account, password: str) -> bool:
    return not isinstance(check_password(door(request, service), account, password, service.clock()), Refused)


def _page(request: Request, service: Service, account: Account, status: int = 200, **facts: Any) -> Response:
    with service.database.read() as connection:
        left = accounts.count_recovery_codes(connection, account.id)
    shown = {"account": account, "codes_left": left, "languages": LANGUAGES, "error": None, **facts}
    return page(request, "account.html.j2", status, **shown)


def _proposal(
    request: Request, account: Account, secret: str, sealed: str, status: int = 200, error: str = ""
) -> Response:
    shown = picture(address(secret, account.name))
    return page(request, "enrol.html.j2", status, picture=shown, secret=secret, sealed=sealed, error=error)
