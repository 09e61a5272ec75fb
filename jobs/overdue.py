"""How long jobs have been due without being done, and which windows nothing makes up for any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from feedback.domain import Span
from feedback.lag import LAG
from feedback.settings import Settings
from feedback.store import runs
from feedback.store.complaints import count_complaints
from jobs.context import Context
from jobs.schedule import CHAIN, ORDERED, Moment, Plan

CHAIN_EVERY = timedelta(minutes=5)

ALONE = ("detect", "digest")
"""Jobs of which each window stands for itself: of the others the next does all that was left."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many windows of a job were due in a pause and are never done, from the first to the last of them."""

    job: str
    windows: int
    within: Span


def overdue(context: Context, now: datetime) -> Mapping[str, timedelta]:
    """For each job of the schedule the time since it was due first after what it has done; nothing of one that is not
    due. What lies further back than `catch_up_days`, or before the first complaint, is not asked for any more."""
    with context.database.read() as connection:
        done = {each.job: each.window_start for each in runs.successes(connection)}
        undone = runs.undone(connection)
        _, first, _ = count_complaints(connection)
    if first is None:
        return {}
    since = max(now - timedelta(days=context.settings.catch_up_days), first)
    moments = [
        each
        for each in Plan(context.settings).moments(since, now)
        if not _is_passed_over(each, done.get(CHAIN[-1]), undone)
    ]
    return {job: now - at for job, at in _first_due(moments, done, since, now).items()}


def _is_passed_over(moment: Moment, counted: datetime | None, undone: Collection[tuple[str, datetime]]) -> bool:
    """Whether it is an hour that the schedule has gone past, up to `counted`, without beginning to judge it."""
    return moment.is_hourly and counted is not None and counted > moment.at and ("outage", moment.at) not in undone


def _first_due(
    moments: Iterable[Moment], done: Mapping[str, datetime | None], since: datetime, now: datetime
) -> dict[str, datetime]:
    """When each job was due first after its last success, or after `since` where that is later."""
    found = {job: at for job in CHAIN if (at := max(since, done.get(job) or since) + CHAIN_EVERY) <= now}
    for moment in moments:
        for job in set(moment.jobs) & set(ORDERED):
            last = done.get(job)
            if last is None or moment.at > last:
                found.setdefault(job, moment.at)
    return found


def left_out(connection: Connection, settings: Settings, now: datetime) -> list[LeftOut]:
    """What pauses have left out for good as of `now`, being further back than `catch_up_days`, as far as runs are kept;
    of each job the first pause first."""
    since = now - timedelta(days=settings.catch_up_days)
    return [
        found for job in ALONE for found in _left_out(job, Plan(settings), runs.windows_done(connection, job), since)
    ]


def left_out_lately(connection: Connection, settings: Settings, now: datetime) -> list[LeftOut]:
    """The same of a pause that goes on, so that nothing has been done since."""
    since = now - timedelta(days=settings.catch_up_days)
    last = {each.job: each.window_start for each in runs.successes(connection) if each.job in ALONE}
    plan = Plan(settings)
    return [found for job, at in last.items() if at and at < since for found in _left_out(job, plan, [at], since)]


def _left_out(job: str, plan: Plan, done: list[datetime], since: datetime) -> Iterator[LeftOut]:
    ends = [each for each in done if each < since]
    if not ends:
        return
    ends.append(min((each for each in done if each >= since), default=since))
    for start, end in pairwise(ends):
        # a shorter one is another time zone's, or another hour's
        if end - start > LAG[job]:
            due = [each.at for each in plan.moments(start, min(end, since)) if job in each.jobs and each.at != end]
            if due:
                yield LeftOut(job, len(due), Span(due[0], due[-1]))
