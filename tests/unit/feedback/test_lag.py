"""How far jobs may be behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from feedback.lag import JUDGING, LAG, is_late, late_jobs
from jobs.schedule import CHAIN, ORDERED

NOW = datetime(2026, 11, 22, 17, 33, tzinfo=UTC)


def test_every_job_of_the_schedule_is_watched_but_the_one_that_not_all_have() -> None:
    assert set(LAG) == {*CHAIN, *ORDERED} - {"retain"}
    assert set(CHAIN) < set(JUDGING) < set(LAG)


@pytest.mark.parametrize("job", LAG)
def test_a_job_is_late_past_its_own_limit(job: str) -> None:
    limit = LAG[job]
    assert not is_late(job, NOW - limit, None, NOW)
    assert is_late(job, NOW - limit - timedelta(seconds=1), None, NOW)
    assert is_late(job, None, NOW - limit - timedelta(seconds=1), NOW)
    assert not is_late(job, None, None, NOW)


def test_late_jobs_are_named_in_the_order_of_the_schedule() -> None:
    done = {job: NOW - timedelta(hours=6) for job in LAG}
    assert late_jobs(LAG, done, NOW, NOW) == [*CHAIN, "outage"]
    assert late_jobs(JUDGING, {}, NOW, NOW) == []
