"""`POST /appearance`: in which language and colours somebody wants the pages; kept in their browser."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from feedback.web.visit import LANGUAGE, THEME

router = APIRouter(include_in_schema=False)

YEAR = 365 * 24 * 3600


@router.post("/appearance")
def choose(
    request: Request,
    language: Annotated[Literal["en", "de", "pl", "nb", "fi"], Form()],
    theme: Annotated[Literal["auto", "light", "dark"], Form()],
    back: Annotated[str, Form(max_length=2000)] = "/",
) -> RedirectResponse:
    """Keep the choice and go back. Asks for no right: it changes nothing but what this browser is shown."""
    answer = RedirectResponse(here(back), 303)
    for name, value in ((LANGUAGE, language), (THEME, theme)):
        answer.set_cookie(
            name, value, max_age=YEAR, httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )
    return answer


def here(address: str) -> str:
    """An address on this site, as it was given; the first page for any other."""
    parts = urlsplit(address)
    inside = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return address if inside and address.isprintable() else "/"
