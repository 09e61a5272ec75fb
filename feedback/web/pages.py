"""All pages, put into the application."""

from __future__ import annotations

from fastapi import FastAPI

from feedback.web import (
    alert,
    alerts,
    appearance,
    assets,
    decisions,
    digests,
    figures,
    fixes,
    health,
    issues,
    models,
    own_account,
    settings,
    sign_in,
    topic,
    topics,
)

PAGES = (
    sign_in, own_account, issues, alerts, alert, topics, decisions, topic, models, fixes, figures, digests, health,
    settings, appearance, assets,
)  # fmt: skip


def add_pages(app: FastAPI) -> None:
    """Make `app` answer browsers too."""
    for page in PAGES:
        app.include_router(page.router)
