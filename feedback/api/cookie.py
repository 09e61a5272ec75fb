"""The cookie that holds a session's id: out of reach of scripts, and not sent along by other sites' forms."""

from __future__ import annotations

from starlette.responses import Response

from feedback.settings import Settings


def cookie_name(settings: Settings) -> str:
    """With https the prefix has browsers refuse the cookie from anyone but this very host. Without, they would refuse
    it altogether: over plain http, which is for loopback, it has to do without prefix and `Secure`."""
    return "__Host-feedback" if settings.is_https else "feedback"


def give_cookie(response: Response, settings: Settings, token: str) -> None:
    """Have the browser keep a session's id until it is closed."""
    # Lax and not Strict: who follows a link in a mail is to be signed in there
    response.set_cookie(cookie_name(settings), token, path="/", secure=settings.is_https, httponly=True, samesite="lax")


def drop_cookie(response: Response, settings: Settings) -> None:
    """Have the browser forget it."""
    response.delete_cookie(cookie_name(settings), path="/", secure=settings.is_https, httponly=True, samesite="lax")
