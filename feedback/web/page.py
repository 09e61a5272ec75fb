"""A page from its template, in its reader's language."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from feedback.language import Language
from feedback.web.visit import visit_of


def page(request: Request, template: str, status: int = 200, **facts: Any) -> HTMLResponse:
    """Render `template` for whoever looks, be they signed in or not."""
    return visit_of(request).page(template, status, **facts)


def reader(request: Request) -> Language:
    """The language of whoever looks."""
    return visit_of(request).to
