"""`/sign-in/provider`: to the OpenID Connect provider, and back from it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from feedback.api.problems import ProblemError
from feedback.authentication import vouched
from feedback.language import N_
from feedback.provider import LIFE, Provider, ProviderError, answer, ask
from feedback.web.appearance import here
from feedback.web.refused import refused_words
from feedback.web.sign_in import door, welcomed
from feedback.web.visit import Guest, Visit

router = APIRouter(prefix="/sign-in/provider", include_in_schema=False)

COOKIE = "provider"
PATH = "/sign-in/provider"

NO_ACCOUNT = N_("Nobody has made you an account here yet; ask an administrator.")
NO_ROLE = N_("Your organisation has given you no role here; ask an administrator.")

Text = Annotated[str, Query(max_length=4_000)]


@router.get("")
def go(visit: Guest, next_page: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
    """To the provider."""
    provider, wanted = _provider(visit), here(next_page)
    try:
        address, sealed = ask(provider, _back(visit), wanted, visit.service.secret, visit.service.wall())
    except ProviderError as error:
        return visit.page("sign_in.html.j2", 503, error=refused_words(error, visit.to), next=wanted)
    answered = RedirectResponse(address, 303)
    secure, seconds = visit.service.settings.is_https, int(LIFE.total_seconds())
    # Lax: it has to come along when the provider sends the browser back
    answered.set_cookie(COOKIE, sealed, seconds, path=PATH, secure=secure, httponly=True, samesite="lax")
    return answered


@router.get("/back")
def come_back(visit: Guest, state: Text = "", code: Text = "") -> Response:
    """Back from the provider, signed in if it vouches for somebody who has an account or is given one."""
    provider, service = _provider(visit), visit.service
    sealed = visit.request.cookies.get(COOKIE, "")
    try:
        known, wanted = answer(provider, _back(visit), sealed, state, code, service.secret, service.wall())
    except ProviderError as error:
        return visit.page("sign_in.html.j2", 401, error=refused_words(error, visit.to), next="/")
    found = vouched(door(visit), known, service.wall(), gives_roles=bool(provider.roles))
    if found is None:
        words = NO_ROLE if provider.roles and known.given is None else NO_ACCOUNT
        return visit.page("sign_in.html.j2", 403, error=visit.to.gettext(words), next=wanted)
    answered = welcomed(visit, found, wanted)
    answered.delete_cookie(COOKIE, path=PATH)
    return answered


def _provider(visit: Visit) -> Provider:
    provider = visit.service.settings.provider
    if provider is None:
        raise ProblemError(404, "no-provider", "No OpenID Connect provider is set up.")
    return provider


def _back(visit: Visit) -> str:
    """Where the provider is to send the browser: known to it beforehand, so it follows from a setting."""
    base = visit.service.settings.public_url or str(visit.request.base_url)
    return f"{base.rstrip('/')}{PATH}/back"
