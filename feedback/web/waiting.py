"""What people asked workers for lately, on the pages where they ask."""

from __future__ import annotations

from feedback.api.requests import Request, shown
from feedback.store.requests import requests
from feedback.web.visit import Visit

MOST = 5


def waiting(visit: Visit) -> list[Request]:
    """The latest requests, with how they stand."""
    with visit.service.database.read() as connection:
        return [shown(each) for each in requests(connection, MOST)]
