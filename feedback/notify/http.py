"""A POST with one time limit for all of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, unquote, urlsplit

from feedback.notify.deadline import cut_off, failure
from feedback.notify.outbox import Result, of_status, passing


def post(url: str, body: bytes, headers: Mapping[str, str], now: datetime, seconds: float) -> Result:
    """Send `body` and judge by the answer's status, which must have come within `seconds` of beginning.

    Redirections are not followed: a secret would go where nobody has sent it.
    """
    target = urlsplit(url)
    connection = _connection(target, seconds)
    path = target.path or "/"
    asked = f"{path}?{target.query}" if target.query else path
    try:
        with cut_off(seconds, lambda: connection.sock):
            connection.request("POST", asked, body, {**_authorization(target), **headers, "Connection": "close"})
            answer = connection.getresponse()
            return of_status(answer.status, _retry_after(answer, now))
    except (OSError, HTTPException) as error:
        return passing(failure(error))
    finally:
        connection.close()


def _connection(target: SplitResult, seconds: float) -> HTTPConnection:
    kind = HTTPSConnection if target.scheme == "https" else HTTPConnection
    return kind(target.hostname or "", target.port, timeout=seconds)


def _authorization(target: SplitResult) -> dict[str, str]:
    if target.username is None:
        return {}
    pair = f"{unquote(target.username)}:{unquote(target.password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _retry_after(answer: HTTPResponse, now: datetime) -> timedelta | None:
    """How long the receiver asks to be left alone; None where it does not say, or not so that it can be read."""
    said = (answer.getheader("Retry-After") or "").strip()
    if said.isascii() and said.isdigit():
        return timedelta(seconds=min(int(said[:9]), 10_000_000))
    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, TypeError):
        return None
    return max(moment - now, timedelta()) if moment.tzinfo else None
