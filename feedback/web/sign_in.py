"""`/sign-in`, with the second factor, and `/sign-out`."""

from __future__ import annotations

import math
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from feedback.api.cookie import cookie_name, drop_cookie, give_cookie
from feedback.api.limits import UNKNOWN_PER_MINUTE
from feedback.api.principal import address_of, begun
from feedback.authentication import Door, Entered, Refused, second_step, sign_in
from feedback.store.sessions import end_session
from feedback.web.appearance import here
from feedback.web.visit import Guest, Visit

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=2_000)]


@router.get("/sign-in")
def ask(visit: Guest, next_page: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
    """The page that asks for name and password."""
    return visit.page("sign_in.html.j2", next=here(next_page))


@router.post("/sign-in")
def enter(
    visit: Guest,
    name: Text = "",
    password: Text = "",
    next_page: Annotated[str, Form(alias="next", max_length=2_000)] = "/",
) -> Response:
    """Sign in, with a new session whatever there was before."""
    found = sign_in(door(visit), name, password, visit.service.wall())
    if isinstance(found, Refused):
        words = visit.to.gettext("Name or password is wrong.")
        return _refused(visit, "sign_in.html.j2", found, words, here(next_page), name=name)
    where = here(next_page)
    return welcomed(visit, found, where if found.complete else _second(where))


@router.get("/sign-in/second-factor")
def ask_second(visit: Guest, next_page: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
    """The page that asks for a one-time code."""
    if begun(visit.request, visit.service) is None:
        return RedirectResponse("/sign-in", 303)
    return visit.page("second_factor.html.j2", next=here(next_page))


@router.post("/sign-in/second-factor")
def enter_second(
    visit: Guest,
    code: Text = "",
    next_page: Annotated[str, Form(alias="next", max_length=2_000)] = "/",
) -> Response:
    """Complete the session, under a new id."""
    session = begun(visit.request, visit.service)
    if session is None or session.complete:
        return RedirectResponse("/sign-in", 303)
    found = second_step(door(visit), session, code, visit.service.wall())
    if isinstance(found, Refused):
        words = visit.to.gettext("This code is wrong, or was used already.")
        return _refused(visit, "second_factor.html.j2", found, words, here(next_page))
    return welcomed(visit, found, here(next_page))


@router.post("/sign-out")
def leave(visit: Guest) -> Response:
    """End the session."""
    _end(visit)
    answer = RedirectResponse("/sign-in", 303)
    drop_cookie(answer, visit.service.settings)
    return answer


def door(visit: Visit) -> Door:
    """Where the request asks to be let in; a problem with status 429 when an address asks too often."""
    address, service = address_of(visit.request), visit.service
    service.limits.take(f"address {address}", UNKNOWN_PER_MINUTE)
    return Door(service.database, service.secret, address)


def welcomed(visit: Visit, found: Entered, where: str) -> Response:
    """On to `where` with the new session, in place of the one there was."""
    _end(visit)
    visit.request.state.principal = found.account.principal()
    answer = RedirectResponse(where, 303)
    give_cookie(answer, visit.service.settings, found.token)
    return answer


def _second(where: str) -> str:
    return f"/sign-in/second-factor?next={quote(where, safe='')}"


def _end(visit: Visit) -> None:
    token = visit.request.cookies.get(cookie_name(visit.service.settings), "")
    if token:
        with visit.service.database.write() as connection:
            end_session(connection, token)


def _refused(visit: Visit, template: str, refused: Refused, words: str, where: str, name: str = "") -> Response:
    if refused.until is None:
        return visit.page(template, 401, error=words, next=where, name=name)
    seconds = math.ceil((refused.until - visit.service.wall()).total_seconds())
    words = visit.to.ngettext(
        "Too many attempts. Try again in {number} minute.",
        "Too many attempts. Try again in {number} minutes.",
        math.ceil(seconds / 60),
    )
    answer = visit.page(template, 429, error=words, next=where, name=name)
    answer.headers["Retry-After"] = str(seconds)
    return answer
