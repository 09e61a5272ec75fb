"""All pages, put into the application."""

from __future__ import annotations

from fastapi import FastAPI

from feedback.web import alert, alerts, appearance, assets, issues, own_account, sign_in


def add_pages(app: FastAPI) -> None:
    """Make `app` answer browsers too."""
    for page in (issues, alert, alerts, appearance, assets, sign_in, own_account):
        app.include_router(page.router)
