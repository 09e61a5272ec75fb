"""A page from its template, in its reader's language."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from feedback.api.service import Service
from feedback.language import LANGUAGES, Language, pgettext
from feedback.roles import Role

if TYPE_CHECKING:
    from jinja2 import Environment

_ROLES = {
    Role.READER: pgettext("role", "reader"),
    Role.SENDER: pgettext("role", "sender"),
    Role.OWNER: pgettext("role", "owner"),
    Role.ANALYST: pgettext("role", "analyst"),
    Role.ADMINISTRATOR: pgettext("role", "administrator"),
}


def page(request: Request, template: str, status: int = 200, **facts: Any) -> HTMLResponse:
    """Render `template`; `to` is the reader's language and `principal` whoever has signed in, None for nobody."""
    known = {"to": reader(request), "principal": getattr(request.state, "principal", None), "path": request.url.path}
    return HTMLResponse(_environment().get_template(template).render({**known, **facts}), status)


def reader(request: Request) -> Language:
    """The language of the account, else the first of the browser's that there is, else what the setting says."""
    principal = getattr(request.state, "principal", None)
    if principal and principal.language:
        return Language(principal.language)
    service = request.app.state.service
    assert isinstance(service, Service)
    return Language(_accepted(request) or service.settings.reader_language)


def role_words(role: Role, to: Language) -> str:
    """A role in the reader's language."""
    return to.pgettext("role", _ROLES[role])


def language_name(code: str) -> str:
    """A language as those who speak it call it."""
    return Language(code).language(code) or code


def _accepted(request: Request) -> str | None:
    named = (
        part.partition(";")[0].strip().lower()[:2] for part in request.headers.get("accept-language", "").split(",")
    )
    return next((code for each in named if (code := {"no": "nb"}.get(each, each)) in LANGUAGES), None)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("feedback.web")
    made = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    made.globals.update(role_words=role_words, language_name=language_name)
    return made
