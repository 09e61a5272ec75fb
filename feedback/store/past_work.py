"""What was done long ago and nothing refers to any more: runs, signals, sent notices, requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, func, or_, select, tuple_

from feedback.notify.outbox import NoticeState
from feedback.store.runs import ATTEMPTS, successes, superseded
from feedback.store.tables import alert, notice, request, run, signal, told


@dataclass(frozen=True, slots=True)
class Until:
    """What is older goes: by the schedule's time, and by the clock on the wall, which a replay is far ahead of."""

    now: datetime
    wall: datetime


def forget_requests(connection: Connection, until: Until, limit: int) -> int:
    """Requests that are over; one that nothing has come of yet stays."""
    its = and_(run.c.job == "request", run.c.window_start == request.c.at, _is_over(until))
    return _forget(connection, request, (request.c.at < until.now) & exists().where(its), limit)


def forget_runs(connection: Connection, until: Until, limit: int) -> int:
    """Runs that are over, but for each job's latest success and what a request still stands for."""
    latest = [(each.job, each.window_start) for each in successes(connection) if each.window_start]
    kept = [and_(run.c.job == job, run.c.window_start == at) for job, at in latest]
    asked = exists().where(run.c.job == "request", request.c.at == run.c.window_start)
    old = (run.c.window_start < until.now) & _is_over(until)
    return _forget(connection, run, old & ~or_(asked, *kept), limit)


def forget_signals(connection: Connection, until: Until, limit: int) -> int:
    """What detectors found where nothing rose, but for the latest judgements: digests of old weeks name what did."""
    newest = select(func.max(signal.c.judged_at)).scalar_subquery()
    old = (signal.c.judged_at < until.now) & signal.c.rising.is_(False) & (signal.c.judged_at < newest)
    return _forget(connection, signal, old, limit)


def forget_notices(connection: Connection, until: Until, limit: int) -> int:
    """Notices that were sent, once all alerts that they are about have long been resolved: updates go to who was told
    of the beginning."""
    recent = or_(alert.c.resolved_at.is_(None), alert.c.resolved_at >= until.now)
    lives = exists().where(told.c.notice_id == notice.c.id, alert.c.id == told.c.alert_id, recent)
    sent = (notice.c.state == str(NoticeState.SENT)) & (notice.c.created_at < until.now)
    return _forget(connection, notice, sent & (notice.c.sent_at < until.wall) & ~lives, limit)


FORGETTING: Mapping[str, Callable[[Connection, Until, int], int]] = {
    "requests": forget_requests,  # before their runs: without one they would be done again
    "runs": forget_runs,
    "signals": forget_signals,
    "notices": forget_notices,
}
"""Each deletes at most so many and says how many."""


def _is_over(until: Until) -> ColumnElement[bool]:
    # a request is tried again whatever became of others
    never_again = or_(run.c.failures >= ATTEMPTS, and_(run.c.job != "request", superseded()))
    done = or_(run.c.status == "succeeded", and_(run.c.status == "failed", never_again))
    return and_(done, run.c.finished_at < until.wall)


def _forget(connection: Connection, table: Table, old: ColumnElement[bool], limit: int) -> int:
    key = tuple_(*table.primary_key.columns)
    found = select(*table.primary_key.columns).where(old).limit(limit)
    return connection.execute(delete(table).where(key.in_(found))).rowcount
