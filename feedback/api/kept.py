"""The shortest way to a kept answer: while nothing is written to the database, who asks the same is answered the same.

Neither the key, nor what it may see, nor the query is looked at again: they are what they were. Answers outlive what is
written elsewhere, but whether one does has to be read first, as is done where this way is closed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from feedback.api.answers import Answer
from feedback.api.principal import count_request
from feedback.api.service import Service
from feedback.api.unchanged import Answered
from feedback.series import bucket_start, day_of
from feedback.store.keys import NOTED_EVERY, Key


class KeptRoute(APIRoute):
    """A route that goes this way where it can: with answers of `Answers`, for keys, on SQLite."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        make = super().get_route_handler()

        async def handle(request: Request) -> Response:
            service = request.app.state.service
            assert isinstance(service, Service)
            # before anything is read: what is written meanwhile was written later
            number, now, asked = service.changes.number(), service.clock(), _asked(request)
            before = service.unchanged.find(number, asked)
            if before and now < before.until and (again := service.answers.again(request, before.etag)):
                request.state.key = before.key
                count_request(service, before.key.principal())
                return again
            response = await make(request)
            key = getattr(request.state, "key", None)
            if key and isinstance(response, Answer):
                service.unchanged.put(number, asked, Answered(response.etag, key, _until(service, key, now)))
            return response

        return handle


def _asked(request: Request) -> bytes:
    """What is asked, and by whom, as a hash: keys are not kept."""
    given = request.headers.get("authorization"), request.headers.get("x-api-key")
    asked = (request.scope["path"], request.scope["query_string"], given)
    return hashlib.sha256(repr(asked).encode()).digest()


def _until(service: Service, key: Key, now: datetime) -> datetime:
    """When the day ends, the key runs out, or its use is to be written down again."""
    zone = service.settings.zone
    tomorrow = bucket_start(day_of(now, zone) + timedelta(days=1), zone)
    noted = key.last_used_at + NOTED_EVERY if key.last_used_at else now
    return min(tomorrow, noted, key.expires_at or tomorrow)
