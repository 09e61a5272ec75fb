"""The schedule, live: at each tick do what is due, make up for what was missed, and go on after a failure."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from structlog.contextvars import bound_contextvars

from feedback.errors import FeedbackError
from feedback.requests import JOB
from feedback.store import runs
from feedback.store.complaints import count_complaints
from feedback.store.requests import waiting as asked_for
from jobs.context import Context, Job
from jobs.deliver import run as deliver
from jobs.escalate import run as escalate
from jobs.overdue import left_out_lately
from jobs.repeat import repeaters
from jobs.replay import pending_moments, replayed
from jobs.run import APART, execute
from jobs.schedule import Moment, Plan

log = logging.getLogger(__name__)

NEWS = timedelta(days=7)
"""Of an alert or a digest that is found later than that, because the service was down, no notice is sent."""


def tick(context: Context, clock: Callable[[], datetime]) -> None:
    """Do what people asked for, run what is due at the service's time, oldest first, and then escalate, deliver, and
    say again what is open, whatever became of that."""
    _do_requests(context)
    _tell_left_out(context, clock())
    _run_due(context, clock)
    _also(context, "escalate", escalate, clock())
    _also(context, "deliver", deliver, clock())
    _repeat(context, clock())


def _do_requests(context: Context) -> None:
    """Nobody waits for one that failed and is to be tried again, nor for one that another worker has begun."""
    with context.database.read() as connection:
        asked = asked_for(connection)
    for each in asked:
        if not context.stopping():
            _attempt(context, JOB, each.at)


def _tell_left_out(context: Context, now: datetime) -> None:
    """Warn of windows that have become too old to be made up for, before the next run hides the pause."""
    with context.database.read() as connection:
        found = left_out_lately(connection, context.settings, now)
    told: dict[str, datetime] = context.memory.setdefault("left out", {})
    for each in found:
        if told.get(each.job) != each.within.end:
            told[each.job] = each.within.end
            days = context.settings.catch_up_days
            words = (each.windows, each.job, each.within.start.isoformat(), each.within.end.isoformat(), days)
            message = "%d windows of %s, %s to %s, are never done: they are older than catch_up_days, %d"
            log.warning(message, *words, extra={"event": "windows_left_out"})


def _run_due(context: Context, clock: Callable[[], datetime]) -> None:
    """A failure ends it and is tried again later."""
    now = clock()
    for moment in due(context, now):
        _meanwhile(context, moment, clock())
        # what a run makes up for long afterwards is no news
        told = replace(context, telling=context.telling and now - moment.at <= NEWS)
        for job in moment.jobs:
            if context.stopping() or not _attempt(told, job, moment.at):
                return


def _meanwhile(context: Context, moment: Moment, now: datetime) -> None:
    """Before a moment that was missed, what does not wait for the end of a catch-up, nor for another worker that is at
    one. Missed windows see what comes in meanwhile as a replay would, by when it was received."""
    latest = Plan(context.settings).latest_chain(now)
    if moment.at >= latest.at:
        return
    _do_requests(context)
    for job in latest.jobs:
        if job in APART and (context.stopping() or not _attempt(context, job, latest.at)):
            break
    _also(context, "deliver", deliver, now)
    _repeat(context, now)


def _also(context: Context, what: str, job: Job, now: datetime) -> None:
    """Not a run of the schedule: what waits has its own time at which it is due, and is tried again at each tick."""
    if context.stopping():
        return
    try:
        with bound_contextvars(job=what, holder=context.holder):
            job(context, now)
    except Exception:
        log.exception("the job %s failed", what, extra={"event": "delivery_failed"})


def _repeat(context: Context, now: datetime) -> None:
    """Once for each of the latest moments, by whichever worker; what was not said again at an earlier one is nothing
    that anybody would make up for."""
    if repeaters(context) and not context.stopping():
        _attempt(context, "repeat", Plan(context.settings).latest_chain(now).at)


def due(context: Context, now: datetime) -> list[Moment]:
    """The moments up to `now` with something left to do: all that judge or write, and the latest chain."""
    plan = Plan(context.settings)
    with context.database.read() as connection:
        _, first, _ = count_complaints(connection)
        given_up = runs.given_up(connection)
    since = max(now - timedelta(days=context.settings.catch_up_days), first) if first else now
    moments = plan.moments(since, now)
    latest = plan.latest_chain(now)
    if not moments or moments[-1].at < latest.at:
        moments.append(latest)
    # what lies in the inbox came in today: it is taken in once, not for each window that was missed
    # and the hours of an outage that is over are left to the judgement of its day
    missed = [replayed(each) for each in moments[:-1] if not each.is_hourly]
    pending = pending_moments(context, [*missed, moments[-1]])
    return [Moment(each.at, tuple(job for job in each.jobs if (job, each.at) not in given_up)) for each in pending]


def _attempt(context: Context, job: str, window: datetime) -> bool:
    """Whether the tick may go on after this run."""
    with bound_contextvars(job=job, window=window.isoformat(), holder=context.holder):
        return _tried(context, job, window)


def _tried(context: Context, job: str, window: datetime) -> bool:
    with context.database.read() as connection:
        if runs.must_wait(connection, job, window, context.wall()):
            return False
    try:
        if execute(context, job, window):
            log.info("%s for %s is done", job, window.isoformat(), extra={"event": "run_done"})
            return True
        return _is_done(context, job, window)
    except FeedbackError as error:
        log.warning("%s for %s failed: %s", job, window.isoformat(), error, extra={"event": "run_failed"})
    except Exception:
        log.exception("%s for %s failed", job, window.isoformat(), extra={"event": "run_failed"})
    return False


def _is_done(context: Context, job: str, window: datetime) -> bool:
    # not ours to run: either another worker has finished it, or it is at it and what follows must wait
    with context.database.read() as connection:
        return (job, window) in runs.succeeded(connection, [job], [window])
