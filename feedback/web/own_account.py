"""`/account`: one's own password, second factor and language."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from feedback import passwords
from feedback.accounts import Account
from feedback.api.cookie import give_cookie
from feedback.authentication import Refused, check_password, confirm_second_factor, proposal, proposed_second_factor
from feedback.language import LANGUAGES
from feedback.second_factor import address, picture
from feedback.store import accounts, sessions
from feedback.web.sign_in import door
from feedback.web.visit import LANGUAGE, Personal, Visit

router = APIRouter(prefix="/account", include_in_schema=False)

Text = Annotated[str, Form(max_length=2_000)]


def own(visit: Personal) -> Account:
    """The account of whoever has signed in."""
    assert visit.principal is not None
    assert visit.principal.account_id is not None
    with visit.service.database.read() as connection:
        return accounts.account_with(connection, visit.principal.account_id)


Own = Annotated[Account, Depends(own)]


@router.get("")
def look(visit: Personal, account: Own) -> Response:
    """One's account."""
    return _page(visit, account)


@router.post("/password")
def change_password(
    visit: Personal, account: Own, current: Text = "", password: Text = "", again: Text = ""
) -> Response:
    """A new password; all other sessions end."""
    said = visit.to.gettext
    error = passwords.weakness(password, account.name)
    if password != again:
        return _page(visit, account, 422, error=said("The two new passwords differ."))
    if error:
        return _page(visit, account, 422, error=said(error))
    if not _proves(visit, account, current):
        return _page(visit, account, 422, error=said("The current password is wrong."))
    now, kept = visit.service.wall(), passwords.hashed(password)
    with visit.service.database.write() as connection:
        accounts.change_account(connection, account.id, password=kept)
        sessions.end_sessions(connection, account.id)
        token = sessions.begin_session(connection, account.id, now)
    answer = RedirectResponse("/account", 303)
    give_cookie(answer, visit.service.settings, token)
    return answer


@router.post("/language")
def change_language(visit: Personal, account: Own, language: Text = "") -> Response:
    """The language of the pages; the browser's where none is named."""
    with visit.service.database.write() as connection:
        accounts.change_account(connection, account.id, language=language if language in LANGUAGES else None)
    answer = RedirectResponse("/account", 303)
    answer.delete_cookie(LANGUAGE)  # what was chosen in this browser alone would win
    return answer


@router.post("/second-factor")
def propose(visit: Personal, account: Own, current: Text = "") -> Response:
    """A new secret to put into an authenticator app; it counts once a code of it was given. It is for who knows the
    password: with a stolen session alone, a second factor of somebody else's could take the place of the first."""
    if account.password and not _proves(visit, account, current):
        return _page(visit, account, 422, error=visit.to.gettext("The current password is wrong."))
    return _proposal(visit, account, *proposed_second_factor(visit.service.secret, account, visit.service.wall()))


@router.post("/second-factor/confirm")
def confirm(visit: Personal, account: Own, sealed: Text = "", code: Text = "") -> Response:
    """The app shows the right code: it is asked for at each sign-in from now on. Shows the recovery codes, once."""
    now = visit.service.wall()
    made = proposal(visit.service.secret, account, sealed, now)
    if made is None:
        words = visit.to.gettext("That took longer than a quarter of an hour. Begin again.")
        return _page(visit, account, 422, error=words)
    found = confirm_second_factor(door(visit), account, made, code, now)
    if found is None:
        words = visit.to.gettext("This code is wrong. Give the newest one that the app shows.")
        return _proposal(visit, account, made, sealed, 422, words)
    return visit.page("recovery_codes.html.j2", codes=found)


@router.post("/second-factor/remove")
def remove(visit: Personal, account: Own, current: Text = "") -> Response:
    """No second factor any more."""
    if not _proves(visit, account, current):
        words = visit.to.gettext("The current password is wrong.")
        return _page(visit, account, 422, error=words)
    with visit.service.database.write() as connection:
        accounts.drop_second_factor(connection, account.id)
    return RedirectResponse("/account", 303)


def _proves(visit: Visit, account: Account, password: str) -> bool:
    return not isinstance(check_password(door(visit), account, password, visit.service.wall()), Refused)


def _page(visit: Visit, account: Account, status: int = 200, **facts: Any) -> Response:
    with visit.service.database.read() as connection:
        left = accounts.count_recovery_codes(connection, account.id)
    shown = {"account": account, "codes_left": left, "error": None, **facts}
    return visit.page("account.html.j2", status, **shown)


def _proposal(visit: Visit, account: Account, secret: str, sealed: str, status: int = 200, error: str = "") -> Response:
    shown = picture(address(secret, account.name))
    return visit.page("enrol.html.j2", status, picture=shown, secret=secret, sealed=sealed, error=error)
