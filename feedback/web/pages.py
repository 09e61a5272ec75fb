"""All pages, put into the application."""

from __future__ import annotations

from fastapi import FastAPI

from feedback.web import (
    accounts,
    alert,
    alerts,
    appearance,
    assets,
    audit,
    decisions,
    digests,
    figures,
    fixes,
    health,
    issues,
    keys,
    models,
    own_account,
    provider,
    settings,
    sign_in,
    topic,
    topics,
)

PAGES = (
    sign_in, provider, own_account, issues, alerts, alert, topics, decisions, topic, models, fixes, figures, digests,
    health, settings, accounts, keys, audit, appearance, assets,
)  # fmt: skip


def add_pages(app: FastAPI) -> None:
    """Make `app` answer browsers too."""
    for page in PAGES:
        app.include_router(page.router)
