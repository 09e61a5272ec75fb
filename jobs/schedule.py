"""When what runs: the plan, and the clockwork that follows it live.

One plan serves three uses: the running service asks what is due now, a start after a pause asks what was missed, a
replay asks what would have run between two dates. At each moment of the plan the chain (take in, embed, assign,
births, count) runs first, so that judging sees all that had come in by then, and none of what came later.

The plan is calendar arithmetic, as the buckets are: APScheduler 3.11.3's CronTrigger leaves out a midnight that the
clocks skip and gives one that they repeat for ever (America/Havana, 13 March and 6 November 2016).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_SCHEDULER_STARTED
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.interval import IntervalTrigger

from feedback.series import day_of, days
from feedback.settings import Settings, Weekday

CHAIN = ("intake", "embed", "assign", "births", "count")
ORDERED = ("retrain", "outage", "detect", "outcome", "retain", "digest")
WEEKDAYS = get_args(Weekday)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Moment:
    """One point of the plan: the jobs that run then, in their order."""

    at: datetime
    jobs: tuple[str, ...]

    @property
    def is_hourly(self) -> bool:
        """Whether nothing but the hourly path is due."""
        return not set(self.jobs) & (set(ORDERED) - {"outage"}) and "outage" in self.jobs


@dataclass(frozen=True, slots=True)
class Plan:
    """When each job runs, in the operator's time zone."""

    settings: Settings

    def moments(self, after: datetime, until: datetime) -> list[Moment]:
        """The moments in `after < at <= until` at which a job of ORDERED is due, each with the chain before it."""
        zone = self.settings.zone
        due: dict[datetime, set[str]] = {}
        # from the day before: where a clock change leaves out hours or a whole day, its moments come after the gap
        for day in days(day_of(after, zone) - timedelta(days=1), day_of(until, zone)):
            for job in ORDERED:
                for hour in self._hours(job, day):
                    due.setdefault(moment_of(day, hour, zone), set()).add(job)
        within = sorted(at for at in due if after < at <= until)
        return [Moment(at, (*CHAIN, *(job for job in ORDERED if job in due[at]))) for at in within]

    def latest_chain(self, now: datetime) -> Moment:
        """The last moment up to `now` at which the chain runs alone, every five minutes."""
        since = timedelta(minutes=now.minute % 5, seconds=now.second, microseconds=now.microsecond)
        return Moment(now.astimezone(UTC) - since, CHAIN)

    def _hours(self, job: str, day: date) -> Sequence[int]:
        if job == "outage":
            return range(24)
        if job == "detect":
            return (0, 6, 12, 18)
        if job in ("retrain", "outcome"):
            return (0,)
        if job == "retain":
            kept = (self.settings.retention.is_set, self.settings.audit_days, self.settings.past_kept)
            return (0,) if any(kept) else ()
        return (self.settings.digest_hour,) if WEEKDAYS[day.weekday()] == self.settings.digest_day else ()


def moment_of(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """When it is `hour` on the operator's `day`, in UTC: the first time if it comes twice, after the gap if never."""
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


class Clockwork:
    """Calls `tick` at once and then every `seconds` until it is stopped; a tick that takes longer is not doubled."""

    def __init__(self, tick: Callable[[], None], seconds: float) -> None:
        self._scheduler = BlockingScheduler(timezone="UTC")
        self._scheduler.add_job(
            tick,
            IntervalTrigger(seconds=seconds, timezone="UTC"),
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            id="tick",
        )
        self._begun = threading.Event()
        self._scheduler.add_listener(lambda _: self._begun.set(), EVENT_SCHEDULER_STARTED)

    def run(self) -> None:
        """Block until `stop` is called from another thread."""
        self._scheduler.start()

    def stop(self) -> None:
        """Let a tick under way finish, then let `run` return; where it has yet to begin, it is waited for."""
        self._begun.wait()
        self._scheduler.shutdown(wait=True)
