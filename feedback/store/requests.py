"""What people asked workers for, with how it went: each is done in a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from feedback.domain import Author
from feedback.requests import JOB, Request, RequestKind, RequestState
from feedback.store.runs import ATTEMPTS
from feedback.store.tables import request, run

REFUSED = "refused"
"""Under this name a run's result says why a request could not be done."""


def add_request(connection: Connection, kind: RequestKind, detail: Mapping[str, Any], by: Author) -> Request:
    """Write down what somebody asks for, a moment later where something else was asked for at this one."""
    last = connection.execute(select(func.max(request.c.at))).scalar_one()
    at = by.at if last is None else max(by.at, last + timedelta(microseconds=1))
    values = {"kind": str(kind), "detail": dict(detail), "at": at, "who": by.who, "why": by.why}
    key = connection.execute(request.insert().values(values)).inserted_primary_key
    assert key is not None
    return Request(key[0], kind, detail, at, by.who, by.why)


def request_of(connection: Connection, request_id: int) -> Request | None:
    row = connection.execute(_requests().where(request.c.id == request_id)).one_or_none()
    return _read(row) if row else None


def request_at(connection: Connection, at: datetime) -> Request | None:
    """The one that was made at this moment."""
    row = connection.execute(_requests().where(request.c.at == at)).one_or_none()
    return _read(row) if row else None


def requests(connection: Connection, limit: int, before: int | None = None) -> list[Request]:
    """The latest first; only those made before the one of the id `before`."""
    query = _requests().order_by(request.c.id.desc()).limit(limit)
    rows = connection.execute(query.where(request.c.id < before) if before is not None else query)
    return [_read(row) for row in rows]


def waiting(connection: Connection) -> list[Request]:
    """Those that nothing has come of yet and that are not given up, the oldest first."""
    query = _requests().where(run.c.status.is_(None) | (run.c.status != "succeeded")).order_by(request.c.id)
    return [each for each in map(_read, connection.execute(query)) if not each.is_over]


def _requests() -> Select[Any]:
    its = and_(run.c.job == JOB, run.c.window_start == request.c.at)
    return select(request, run.c.status, run.c.failures, run.c.finished_at, run.c.result).outerjoin(run, its)


def _read(row: Row[Any]) -> Request:
    state = _state(row)
    finished = row.finished_at if state not in (RequestState.WAITING, RequestState.RUNNING) else None
    kind = RequestKind(row.kind)
    return Request(row.id, kind, row.detail, row.at, row.who, row.why, state, finished, row.result or {})


def _state(row: Row[Any]) -> RequestState:
    match row.status:
        case "succeeded":
            return RequestState.REFUSED if REFUSED in row.result else RequestState.DONE
        case "failed":
            return RequestState.FAILED if row.failures >= ATTEMPTS else RequestState.WAITING
        case "running":
            return RequestState.RUNNING
    return RequestState.WAITING
