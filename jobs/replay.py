"""Run the whole schedule over history, as of each moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from feedback.errors import ReplayError
from feedback.series import bucket_start
from feedback.store import runs
from feedback.store.reset import discard_derived
from jobs.context import Context
from jobs.embed import run as embed
from jobs.run import execute, others
from jobs.schedule import ORDERED, Moment, Plan

NOT_REPLAYED = "intake"
"""Files in the inbox came in today, whatever day is replayed."""


def replay(context: Context, first: date, last: date, *, from_scratch: bool = False) -> int:
    """Run everything that is due from the beginning of `first` to the end of `last`; the number of runs done.

    What is done already is not done again, so a replay that was killed goes on where it stopped. ReplayError when the
    schedule has run past a moment that is still to be done, unless `from_scratch`, which forgets what was derived.
    """
    context = replace(context, telling=False)
    moments = replayed_moments(context, first, last)
    if from_scratch:
        with context.database.write() as connection:
            discard_derived(connection)
    pending = pending_moments(context, moments)
    _refuse_gap(context, pending)
    if pending:
        # a text's vector depends on nothing but the text, so all at once gives the same as bit by bit, on all cores
        embed(context, pending[-1].at)
    done = 0
    with context.progress.task(f"Replaying {first} to {last}", len(pending)) as advance:
        for number, moment in enumerate(pending, 1):
            done += sum(_run(context, job, moment.at) for job in moment.jobs)
            advance(number)
    return done


def _run(context: Context, job: str, window: datetime) -> bool:
    """Whether it ran; it has not where another process did it meanwhile."""
    if execute(context, job, window):
        return True
    if busy := others(context, job, window):
        raise ReplayError(
            f"{busy[0]} is at work on the same database. Stop the service, then run the same replay again."
        )
    return False


def replayed_moments(context: Context, first: date, last: date) -> list[Moment]:
    """The moments of these days, the midnight that ends the last one included; ReplayError for an empty span."""
    zone = context.settings.zone
    start, end = bucket_start(first, zone), bucket_start(last + timedelta(days=1), zone)
    if start >= end:
        raise ReplayError(f"The replay would end ({last}) before it begins ({first}).")
    if end > context.wall():
        raise ReplayError(f"The replay would run into the future: {last} isn't over. End it on an earlier day.")
    return [replayed(each) for each in Plan(context.settings).moments(start, end)]


def replayed(moment: Moment) -> Moment:
    """What of a moment is done after the fact. The hourly path assigns what it needs, all vectors being there."""
    jobs = ("outage",) if moment.is_hourly else moment.jobs
    return Moment(moment.at, tuple(job for job in jobs if job != NOT_REPLAYED))


def pending_moments(context: Context, moments: Sequence[Moment]) -> list[Moment]:
    """Those of `moments` with something left to do, each with just that."""
    if not moments:
        return []
    with context.database.read() as connection:
        done = runs.succeeded(connection, {job for each in moments for job in each.jobs}, [each.at for each in moments])
    left = [Moment(each.at, tuple(job for job in each.jobs if (job, each.at) not in done)) for each in moments]
    return [each for each in left if each.jobs]


def _refuse_gap(context: Context, pending: Sequence[Moment]) -> None:
    with context.database.read() as connection:
        latest = runs.last_success(connection, ORDERED)
    if pending and latest and latest > pending[0].at:
        at = latest.astimezone(UTC)
        raise ReplayError(
            f"The schedule has already run up to {at:%Y-%m-%d %H:%M} UTC, later than {pending[0].at:%Y-%m-%d %H:%M}, "
            "which is still to be done. Replay a later period, or add --from-scratch to forget all topics, alerts and "
            "digests (complaints stay) and begin anew."
        )
