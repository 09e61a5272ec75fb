"""How far a job may be behind its schedule, and which are further behind than that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

JUDGING: Mapping[str, timedelta] = {
    **dict.fromkeys(("intake", "embed", "assign", "births", "count"), timedelta(minutes=30)),
    "outage": timedelta(hours=3),
    "detect": timedelta(hours=13),
}
"""The jobs without which nobody knows whether it is calm."""

LAG: Mapping[str, timedelta] = {
    **JUDGING,
    "retrain": timedelta(days=2),
    "outcome": timedelta(days=2),
    "digest": timedelta(days=8),
}
"""How far each job may be behind: what it is due in, and time for what comes before it."""


def is_late(job: str, done: datetime | None, first: datetime | None, now: datetime) -> bool:
    """Whether `job`, done up to `done` if ever, is too far behind; with nothing received, before `first`, none is."""
    since = done or first
    return since is not None and now - since > LAG[job]


def late_jobs(
    jobs: Mapping[str, timedelta], done: Mapping[str, datetime | None], first: datetime | None, now: datetime
) -> list[str]:
    """Those of `jobs` that are too far behind, in their order."""
    return [job for job in jobs if is_late(job, done.get(job), first, now)]
