"""All pages, put into the application."""

from __future__ import annotations

from fastapi import FastAPI

from feedback.web import alert, alerts, appearance, assets, issues


def add_pages(app: FastAPI) -> None:
    """Make `app` answer browsers too."""
    for page in (issues, alert, alerts, appearance, assets):
        app.include_router(page.router)
