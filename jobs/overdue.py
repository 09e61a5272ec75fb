"""How long jobs have been due without being done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from feedback.store import runs
from feedback.store.complaints import count_complaints
from jobs.context import Context
from jobs.schedule import CHAIN, ORDERED, Plan

CHAIN_EVERY = timedelta(minutes=5)


def overdue(context: Context, now: datetime) -> Mapping[str, timedelta]:
    """For each job of the schedule the time since it was due first after what it has done; nothing of one that is not
    due. What lies further back than `catch_up_days`, or before the first complaint, is not asked for any more."""
    with context.database.read() as connection:
        done = {each.job: each.window_start for each in runs.successes(connection)}
        _, first, _ = count_complaints(connection)
    if first is None:
        return {}
    since = max(now - timedelta(days=context.settings.catch_up_days), first)
    return {job: now - at for job, at in _first_due(Plan(context.settings), done, since, now).items()}


def _first_due(plan: Plan, done: Mapping[str, datetime | None], since: datetime, now: datetime) -> dict[str, datetime]:
    """When each job was due first after its last success, or after `since` where that is later."""
    found = {job: at for job in CHAIN if (at := max(since, done.get(job) or since) + CHAIN_EVERY) <= now}
    for moment in plan.moments(since, now):
        for job in set(moment.jobs) & set(ORDERED):
            last = done.get(job)
            if last is None or moment.at > last:
                found.setdefault(job, moment.at)
    return found
