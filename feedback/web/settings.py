"""`/settings`: what the operator has decided, to read. Secrets are not shown."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy.engine import make_url

from feedback.api.principal import Administrator
from feedback.settings import Settings
from feedback.web.visit import Reading

router = APIRouter(include_in_schema=False)

SECRET = ("secret", "password", "token", "key")
"""A setting with such a word in its name is not shown."""


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: str
    changed: bool
    what: str


@router.get("/settings")
def settings(visit: Reading, _principal: Administrator) -> HTMLResponse:
    """Every setting, its value, and what it does."""
    return visit.page("settings.html.j2", settings=shown(visit.service.settings))


def shown(settings: Settings) -> list[Setting]:
    """The settings in the order of `feedback.toml`."""
    fields = type(settings).model_fields
    return [
        Setting(name, _value(settings, name), getattr(settings, name) != field.default, field.description or "")
        for name, field in fields.items()
    ]


def _value(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if name == "database_url":
        return make_url(settings.url).render_as_string(hide_password=True)
    if value and any(word in name for word in SECRET):
        return "…"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
