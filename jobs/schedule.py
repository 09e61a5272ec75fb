"""When what runs: the plan, and the clockwork that follows it live.

One plan serves three uses: the running service asks what is due now, a start after a pause asks what was missed, a
replay asks what would have run between two dates. At each moment of the plan the chain (take in, embed, assign,
births, count) runs first, so that judging sees all that had come in by then, and none of what came later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from feedback.settings import Settings

CHAIN = ("intake", "embed", "assign", "births", "count")
ORDERED = ("retrain", "detect", "digest")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Moment:
    """One point of the plan: the jobs that run then, in their order."""

    at: datetime
    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """When each job runs, in the operator's time zone."""

    settings: Settings

    def moments(self, after: datetime, until: datetime) -> list[Moment]:
        """The moments in `after < at <= until` at which a job of ORDERED is due, each with the chain before it."""
        due: dict[datetime, list[str]] = {}
        for job in ORDERED:
            for at in fire_times(self._trigger(job), after, until):
                due.setdefault(at, []).append(job)
        return [Moment(at, (*CHAIN, *due[at])) for at in sorted(due)]

    def latest_chain(self, now: datetime) -> Moment:
        """The last moment up to `now` at which the chain runs alone, every five minutes."""
        every = CronTrigger(minute="*/5", timezone=self.settings.zone)
        *_, last = fire_times(every, now - timedelta(minutes=10), now)
        return Moment(last, CHAIN)

    def _trigger(self, job: str) -> CronTrigger:
        zone = self.settings.zone
        if job == "detect":
            return CronTrigger(hour="0,6,12,18", minute=0, timezone=zone)
        if job == "retrain":
            return CronTrigger(hour=0, minute=0, timezone=zone)
        day = self.settings.digest_day[:3]
        return CronTrigger(day_of_week=day, hour=self.settings.digest_hour, minute=0, timezone=zone)


def fire_times(trigger: CronTrigger, after: datetime, until: datetime) -> Iterator[datetime]:
    """When `trigger` fires in `after < t <= until`, in UTC."""
    previous, earliest = None, after + timedelta(microseconds=1)
    while (at := trigger.get_next_fire_time(previous, earliest)) is not None and at <= until:
        yield at.astimezone(UTC)
        previous, earliest = at, at + timedelta(microseconds=1)


class Clockwork:
    """Calls `tick` every `seconds` until it is stopped; a tick that takes longer is not doubled."""

    def __init__(self, tick: Callable[[], None], seconds: float) -> None:
        self._scheduler = BlockingScheduler(timezone="UTC")
        self._scheduler.add_job(
            tick,
            IntervalTrigger(seconds=seconds, timezone="UTC"),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            id="tick",
        )

    def run(self) -> None:
        """Block until `stop` is called from another thread or a signal handler."""
        self._scheduler.start()

    def stop(self) -> None:
        """Let a tick under way finish, then let `run` return."""
        self._scheduler.shutdown(wait=True)
