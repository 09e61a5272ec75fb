"""Applications as the service makes them, but that all in a process share the routes: to work them out takes longer
than what most tests ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from fastapi import APIRouter, FastAPI

import feedback.api

P = ParamSpec("P")


def sharing_routes(make: Callable[P, FastAPI]) -> Callable[P, FastAPI]:
    """`make`, whose applications have the first one's routes; settings, state and middleware stay their own."""
    shared: list[APIRouter] = []

    @wraps(make)
    def made(*given: P.args, **named: P.kwargs) -> FastAPI:
        app = make(*given, **named)
        if not shared:
            shared.append(app.router)
        (app.router,) = shared
        return app

    return made


create_app = sharing_routes(feedback.api.create_app)
