"""Somebody looks at a page: who, in which language, in which colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from feedback.api.principal import AdministratingPerson, Person, Reader
from feedback.api.service import Given, Service
from feedback.language import LANGUAGES, N_, Language
from feedback.roles import Principal, Right
from feedback.web import assets
from feedback.web.words import Words

if TYPE_CHECKING:
    from jinja2 import Environment

LANGUAGE, THEME = "language", "theme"
"""The cookies that hold what somebody chose."""

THEMES: Mapping[str, str] = {"auto": N_("As the device"), "light": N_("Light"), "dark": N_("Dark")}

LINKS = (
    ("/", N_("Hot issues"), Right.READ),
    ("/alerts", N_("Alerts"), Right.READ),
    ("/topics", N_("Topics"), Right.READ),
    ("/fixes", N_("Fixes"), Right.READ),
    ("/figures", N_("Figures"), Right.READ),
    ("/digests", N_("Digests"), Right.READ),
    ("/models", N_("Models"), Right.ANALYSE),
    ("/health", N_("Health"), Right.READ),
    ("/accounts", N_("Accounts"), Right.ADMINISTER),
    ("/keys", N_("Keys"), Right.ADMINISTER),
    ("/audit", N_("Audit log"), Right.ADMINISTER),
    ("/settings", N_("Settings"), Right.ADMINISTER),
)
"""The pages that stand above every page, with the right that they ask for."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A look at one page; `principal` is None where nobody has signed in."""

    request: Request
    service: Service
    principal: Principal | None
    to: Language
    theme: str

    def page(self, template: str, status: int = 200, **facts: Any) -> HTMLResponse:
        """The page that `template` makes of `facts`."""
        known = {
            "visit": self,
            "to": self.to,
            "_": self.to.gettext,
            "ngettext": self.to.ngettext,
            "say": self.say,
        }
        text = environment().get_template(template).render({**known, **facts})
        return HTMLResponse(text, status, headers={"Cache-Control": "no-store", "Content-Language": self.to.code})

    @property
    def say(self) -> Words:
        return Words(self.to, self.service.settings.zone)

    def may(self, right: str) -> bool:
        """Whether who looks has this right."""
        return self.principal is not None and self.principal.may(Right(right))

    @property
    def path(self) -> str:
        return self.request.url.path

    @property
    def back(self) -> str:
        """Where who has posted something from here goes on."""
        if self.request.method != "GET":
            return "/"
        query = self.request.url.query
        return f"{self.path}?{query}" if query else self.path

    @property
    def links(self) -> list[tuple[str, str, bool]]:
        """(address, name, whether it is here) of the pages that who looks may see."""
        return [(path, self.to.gettext(name), self._is_at(path)) for path, name, right in LINKS if self.may(right)]

    def _is_at(self, path: str) -> bool:
        return self.path == path if path == "/" else self.path.startswith(path)


def guest(request: Request, service: Given) -> Visit:
    """A look by whoever it may be."""
    return visit_of(request, service, None)


def reading(request: Request, service: Given, principal: Reader) -> Visit:
    """A look by somebody who may read."""
    return visit_of(request, service, principal)


def personal(request: Request, service: Given, principal: Person) -> Visit:
    """A look by somebody who has signed in, whatever their role."""
    return visit_of(request, service, principal)


def administrating(request: Request, service: Given, principal: AdministratingPerson) -> Visit:
    """A look by an administrator who has signed in."""
    return visit_of(request, service, principal)


Guest = Annotated[Visit, Depends(guest)]
Reading = Annotated[Visit, Depends(reading)]
"""A page's parameter; the page is `visit.page(…)`."""
Personal = Annotated[Visit, Depends(personal)]
Administrating = Annotated[Visit, Depends(administrating)]


def visit_of(request: Request, service: Service, principal: Principal | None) -> Visit:
    """A look by `principal`, in the language and the colours that were chosen."""
    theme, spoken = request.cookies.get(THEME, "auto"), principal.language if principal else None
    to = language_of(request, service, spoken)
    return Visit(request, service, principal, to, theme if theme in THEMES else "auto")


def language_of(request: Request, service: Service, spoken: str | None) -> Language:
    """The language that was chosen here, else the account's, else the first of the browser's that there is, else the
    service's."""
    chosen = request.cookies.get(LANGUAGE, "")
    if chosen in LANGUAGES:
        return Language(chosen)
    if spoken:
        return Language(spoken)
    wanted = [_plain(each) for each in request.headers.get("Accept-Language", "").split(",")]
    return Language(next((each for each in wanted if each in LANGUAGES), service.settings.reader_language))


def _plain(wanted: str) -> str:
    """de of "de-AT;q=0.8"; browsers send them by preference."""
    code = wanted.split(";", maxsplit=1)[0].strip().split("-")[0].casefold()
    return "nb" if code in ("no", "nn") else code


@cache
def environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("feedback.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"asset": assets.address, "languages": LANGUAGES, "themes": THEMES}
    return made
