"""All pages, put into the application."""

from __future__ import annotations

from fastapi import FastAPI

from feedback.web import accounts, alert, alerts, appearance, assets, audit, issues, keys, own_account, sign_in


def add_pages(app: FastAPI) -> None:
    """Make `app` answer browsers too."""
    for page in (issues, alert, alerts, appearance, assets, sign_in, own_account, accounts, keys, audit):
        app.include_router(page.router)
