"""`/sign-in`, with the second factor, and `/sign-out`."""

from __future__ import annotations

import math
import re
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from feedback.api.cookie import cookie_name, drop_cookie, give_cookie
from feedback.api.limits import UNKNOWN_PER_MINUTE
from feedback.api.principal import address_of, begun
from feedback.api.service import Given, Service
from feedback.authentication import Door, Entered, Refused, second_step, sign_in
from feedback.store.sessions import end_session
from feedback.web.page import page, reader

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=2_000)]


@router.get("/sign-in")
def ask(request: Request, next_page: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
    """The page that asks for name and password."""
    return page(request, "sign_in.html.j2", next=local(next_page))


@router.post("/sign-in")
def enter(
    request: Request,
    service: Given,
    name: Text = "",
    password: Text = "",
    next_page: Annotated[str, Form(alias="next", max_length=2_000)] = "/",
) -> Response:
    """Sign in, with a new session whatever there was before."""
    found = sign_in(door(request, service), name, password, service.clock())
    if isinstance(found, Refused):
        words = reader(request).gettext("Name or password is wrong.")
        return _refused(request, service, "sign_in.html.j2", found, words, local(next_page), name=name)
    where = local(next_page)
    return welcomed(request, service, found, where if found.complete else _second(where))


@router.get("/sign-in/second-factor")
def ask_second(
    request: Request, service: Given, next_page: Annotated[str, Query(alias="next", max_length=2_000)] = "/"
) -> Response:
    """The page that asks for a one-time code."""
    if begun(request, service) is None:
        return RedirectResponse("/sign-in", 303)
    return page(request, "second_factor.html.j2", next=local(next_page))


@router.post("/sign-in/second-factor")
def enter_second(
    request: Request,
    service: Given,
    code: Text = "",
    next_page: Annotated[str, Form(alias="next", max_length=2_000)] = "/",
) -> Response:
    """Complete the session, under a new id."""
    session = begun(request, service)
    if session is None or session.complete:
        return RedirectResponse("/sign-in", 303)
    found = second_step(door(request, service), session, code, service.clock())
    if isinstance(found, Refused):
        words = reader(request).gettext("This code is wrong, or was used already.")
        return _refused(request, service, "second_factor.html.j2", found, words, local(next_page))
    return welcomed(request, service, found, local(next_page))


@router.post("/sign-out")
def leave(request: Request, service: Given) -> Response:
    """End the session."""
    _end(request, service)
    answer = RedirectResponse("/sign-in", 303)
    drop_cookie(answer, service.settings)
    return answer


def door(request: Request, service: Service) -> Door:
    """Where the request asks to be let in; a problem with status 429 when an address asks too often."""
    address = address_of(request)
    service.limits.take(f"address {address}", UNKNOWN_PER_MINUTE)
    return Door(service.database, service.secret, address)


def welcomed(request: Request, service: Service, found: Entered, where: str) -> Response:
    """On to `where` with the new session, in place of the one there was."""
    _end(request, service)
    answer = RedirectResponse(where, 303)
    give_cookie(answer, service.settings, found.token)
    return answer


def local(path: str) -> str:
    """`path` if it is one of this service's, else the first page: a link to here must not lead elsewhere."""
    is_local = re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", path)
    return path if is_local and not path.startswith("/sign-") else "/"


def _second(where: str) -> str:
    return f"/sign-in/second-factor?next={quote(where, safe='')}"


def _end(request: Request, service: Service) -> None:
    token = request.cookies.get(cookie_name(service.settings), "")
    if token:
        with service.database.write() as connection:
            end_session(connection, token)


def _refused(
    request: Request, service: Service, template: str, refused: Refused, words: str, where: str, name: str = ""
) -> Response:
    if refused.until is None:
        return page(request, template, 401, error=words, next=where, name=name)
    seconds = math.ceil((refused.until - service.clock()).total_seconds())
    to = reader(request)
    words = to.ngettext(
        "Too many attempts. Try again in {number} minute.",
        "Too many attempts. Try again in {number} minutes.",
        math.ceil(seconds / 60),
    )
    answer = page(request, template, 429, error=words, next=where, name=name)
    answer.headers["Retry-After"] = str(seconds)
    return answer
