"""Runs: one row for each job and window, claimed by compare-and-set, so that each happens once.

A holder that dies leaves a claim behind. Another takes it over when the lease has run out, or at once when it can
see that the holder is gone; the token then moves on, and the old holder, should it wake, finds that it may no longer
finish.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, func, select, update

from feedback.errors import ClaimLostError
from feedback.store.database import exclusively, insert_new, parts
from feedback.store.tables import run

_LOCK = 6_017
"""PostgreSQL: taken by who is about to claim a run."""

LEASE = timedelta(minutes=10)
RETRY = timedelta(seconds=10)
ATTEMPTS = 5
"""So often a run is tried before the schedule goes on without it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do one run. `started_at` is by the clock on the wall, `window_start` by the schedule."""

    job: str
    window_start: datetime
    holder: str
    token: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Success:
    """The window up to which a job has done its work, and when it had; None where it never has."""

    job: str
    window_start: datetime | None
    finished_at: datetime | None


def claim(
    connection: Connection,
    job: str,
    window_start: datetime,
    holder: str,
    wall: datetime,
    is_gone: Callable[[str], bool],
) -> Claim | None:
    """Take the run of `job` for this window, or None when it is done or in another's hands."""
    fresh = {
        "job": job,
        "window_start": window_start,
        "status": "running",
        "holder": holder,
        "token": 1,
        "failures": 0,
        "lease_until": wall + LEASE,
        "started_at": wall,
    }
    if insert_new(connection, run, [fresh]):
        return Claim(job, window_start, holder, 1, wall)
    row = connection.execute(select(run).where(_is(job, window_start))).one()
    held = row.status == "running" and row.lease_until > wall and not is_gone(row.holder)
    if row.status == "succeeded" or held:
        return None
    taken = connection.execute(
        update(run)
        # by the lease too: the holder may have been heard of meanwhile
        .where(_is(job, window_start), run.c.token == row.token, run.c.lease_until == row.lease_until)
        .values(
            **{
                **fresh,
                "token": row.token + 1,
                "failures": row.failures,
                "finished_at": None,
                "seconds": None,
                "error": None,
            }
        )
    )
    return Claim(job, window_start, holder, row.token + 1, wall) if taken.rowcount else None


def others(
    connection: Connection,
    jobs: Collection[str],
    window_start: datetime,
    wall: datetime,
    is_gone: Callable[[str], bool],
) -> list[str]:
    """The holders of runs of `jobs` for other windows. Until the transaction ends, nobody else asks this.

    Runs of holders that died, or were not heard of for a lease, are given back.
    """
    exclusively(connection, _LOCK)
    beside = run.c.job.in_(jobs) & (run.c.window_start != window_start) & (run.c.status == "running")
    rows = connection.execute(select(run).where(beside).order_by(run.c.window_start, run.c.job)).all()
    lost = [each for each in rows if each.lease_until <= wall or is_gone(each.holder)]
    for each in lost:
        same = _is(each.job, each.window_start) & (run.c.token == each.token) & (run.c.lease_until == each.lease_until)
        died = {"status": "failed", "finished_at": wall, "error": "the worker died", "lease_until": wall}
        connection.execute(update(run).where(same, run.c.status == "running").values(**died))
    return [each.holder for each in rows if each not in lost]


def hold(connection: Connection, held: Claim, wall: datetime) -> None:
    """Prolong the lease; ClaimLostError when somebody else has the run now."""
    _set(connection, held, lease_until=wall + LEASE)


def succeed(connection: Connection, held: Claim, wall: datetime, seconds: float, result: Mapping[str, Any]) -> None:
    """Finish a run, in the same transaction as what it wrote; ClaimLostError (nothing is written) when it is lost."""
    _set(connection, held, status="succeeded", finished_at=wall, seconds=seconds, result=dict(result), error=None)


def fail(connection: Connection, held: Claim, wall: datetime, seconds: float, error: str) -> None:
    """Note that a run failed and why. It can be claimed again; the schedule waits longer after each failure."""
    query = select(run.c.failures).where(_is(held.job, held.window_start))
    failures = connection.execute(query).scalar_one() + 1
    again = wall + min(RETRY * 2 ** (failures - 1), LEASE)
    values = {"finished_at": wall, "seconds": seconds, "error": error, "lease_until": again}
    _set(connection, held, status="failed", failures=failures, **values)


def release(connection: Connection, held: Claim, wall: datetime) -> None:
    """Give a run back unfinished, because the process was asked to stop; it can be claimed at once."""
    _set(connection, held, status="failed", finished_at=wall, error="stopped", lease_until=wall)


def is_held(
    connection: Connection, job: str, window_start: datetime, wall: datetime, is_gone: Callable[[str], bool]
) -> bool:
    """Whether somebody is at this run."""
    query = select(run.c.holder).where(_is(job, window_start), run.c.status == "running", run.c.lease_until > wall)
    holder: str | None = connection.execute(query).scalar_one_or_none()
    return holder is not None and not is_gone(holder)


def must_wait(connection: Connection, job: str, window_start: datetime, wall: datetime) -> bool:
    """Whether a run failed so recently that it isn't tried again yet."""
    query = select(run.c.status, run.c.lease_until).where(_is(job, window_start))
    row = connection.execute(query).one_or_none()
    return row is not None and row.status == "failed" and row.lease_until > wall


def given_up(connection: Connection, attempts: int = ATTEMPTS) -> set[tuple[str, datetime]]:
    """(job, window) of runs that failed `attempts` times and are not tried any more."""
    query = select(run.c.job, run.c.window_start).where(run.c.status == "failed", run.c.failures >= attempts)
    return {(row[0], row[1]) for row in connection.execute(query)}


def superseded() -> ColumnElement[bool]:
    """Whether the same job has finished a later window: what a run left undone, that has done."""
    later = run.alias()
    same = and_(later.c.job == run.c.job, later.c.window_start > run.c.window_start, later.c.status == "succeeded")
    return exists().where(same)


def undone(connection: Connection) -> set[tuple[str, datetime]]:
    """(job, window) of runs that failed or were stopped, and that no later one has made up for."""
    query = select(run.c.job, run.c.window_start).where(run.c.status == "failed", ~superseded())
    return {(row[0], row[1]) for row in connection.execute(query)}


def last_success(connection: Connection, jobs: Collection[str]) -> datetime | None:
    """The latest window that any of `jobs` finished."""
    query = select(func.max(run.c.window_start)).where(run.c.job.in_(jobs), run.c.status == "succeeded")
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def successes(connection: Connection) -> list[Success]:
    """The latest success of every job there was a run of, by name; by leaps along the primary key, for runs grow by
    the thousand a day."""
    return [_latest_success(connection, job) for job in _job_names(connection)]


def windows_done(connection: Connection, job: str) -> list[datetime]:
    """Every window that a job has finished, the earliest first."""
    query = select(run.c.window_start).where(run.c.job == job, run.c.status == "succeeded").order_by(run.c.window_start)
    return list(connection.execute(query).scalars())


def overdue(connection: Connection, wall: datetime) -> list[Row[Any]]:
    """Rows (job, window_start, holder) of runs whose holder has let the lease run out, the oldest first."""
    late = (run.c.status == "running") & (run.c.lease_until <= wall)
    query = select(run.c.job, run.c.window_start, run.c.holder).where(late)
    return list(connection.execute(query.order_by(run.c.window_start, run.c.job)))


def succeeded(
    connection: Connection, jobs: Collection[str], windows: Collection[datetime]
) -> set[tuple[str, datetime]]:
    """(job, window) of what is done, among these jobs and windows; by the primary key, for there are many runs."""
    found: set[tuple[str, datetime]] = set()
    for part in parts(sorted(set(windows)), 10_000):
        query = select(run.c.job, run.c.window_start).where(
            run.c.job.in_(jobs), run.c.window_start.in_(part), run.c.status == "succeeded"
        )
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found


def result_of(connection: Connection, job: str, window_start: datetime) -> Mapping[str, Any] | None:
    """What a run said it did; None when there is no such run or it isn't finished."""
    found: Mapping[str, Any] | None = connection.execute(
        select(run.c.result).where(_is(job, window_start))
    ).scalar_one_or_none()
    return found


def latest_runs(
    connection: Connection,
    limit: int,
    job: str | None = None,
    status: str | None = None,
    after: tuple[datetime, str] | None = None,
) -> list[Row[Any]]:
    """At most so many runs, of all jobs or one, the latest window first; those that come later in this order than
    `after`, the window and job of another. Each job's along the primary key."""
    found: list[Row[Any]] = []
    for name in [job] if job is not None else list(_job_names(connection)):
        query = select(run).where(run.c.job == name).order_by(run.c.window_start.desc()).limit(limit)
        if status is not None:
            query = query.where(run.c.status == status)
        if after is not None:
            query = query.where(run.c.window_start <= after[0] if name > after[1] else run.c.window_start < after[0])
        found += connection.execute(query)
    # by job where windows are the same
    return sorted(sorted(found, key=lambda row: row.job), key=lambda row: row.window_start, reverse=True)[:limit]


def seconds_by_job(connection: Connection, since: datetime | None = None) -> list[Row[Any]]:
    """Rows (job, runs, failed, seconds, last) over all runs, or those of windows from `since` on."""
    failed = func.sum(case((run.c.status == "failed", 1), else_=0))
    query = select(
        run.c.job,
        func.count().label("runs"),
        failed.label("failed"),
        func.coalesce(func.sum(run.c.seconds), 0.0).label("seconds"),
        func.max(run.c.window_start).label("last"),
    )
    if since is not None:
        query = query.where(run.c.window_start >= since)
    of_each = (query.where(run.c.job == job).group_by(run.c.job) for job in _job_names(connection))
    return [row for each in of_each for row in connection.execute(each)]


def _job_names(connection: Connection) -> Iterator[str]:
    name: str | None = ""
    while name is not None:
        name = connection.execute(select(func.min(run.c.job)).where(run.c.job > name)).scalar_one()
        if name is not None:
            yield name


def _latest_success(connection: Connection, job: str) -> Success:
    query = (
        select(run.c.window_start, run.c.finished_at)
        .where(run.c.job == job, run.c.status == "succeeded")
        .order_by(run.c.window_start.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return Success(job, row.window_start, row.finished_at) if row else Success(job, None, None)


def _is(job: str, window_start: datetime) -> ColumnElement[bool]:
    return and_(run.c.job == job, run.c.window_start == window_start)


def _set(connection: Connection, held: Claim, **values: Any) -> None:
    mine = and_(_is(held.job, held.window_start), run.c.token == held.token, run.c.status == "running")
    if connection.execute(update(run).where(mine).values(**values)).rowcount == 0:
        raise ClaimLostError(f"The run of {held.job} for {held.window_start} was taken over by another worker.")
