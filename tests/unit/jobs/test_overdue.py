"""How long jobs have been due, by the plan and what is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from feedback.domain import Complaint
from feedback.settings import Settings
from feedback.store import runs
from feedback.store.complaints import store_complaints
from feedback.store.database import open_database
from jobs.context import Context, Parts
from jobs.overdue import overdue
from jobs.progress import Silent
from jobs.run import this_process

NOW = datetime(2026, 3, 4, 6, 2, tzinfo=UTC)  # a Wednesday
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def found(
    url: str, settings: Callable[..., Settings], done: Mapping[str, datetime], first: datetime | None
) -> Mapping[str, timedelta]:
    made = settings(time_zone="UTC", digest_day="monday", digest_hour=7, catch_up_days=30)
    context = Context(made, open_database(url), Parts(made, Silent()), Silent(), lambda: NOW, this_process())
    with context.database.write() as connection:
        if first:
            store_complaints(connection, [Complaint("desk", "1", first, "Hei!", "h", "fi")], NOW)
        for job, window in done.items():
            claim = runs.claim(connection, job, window, "me:1:1", NOW, lambda _: False)
            assert claim
            runs.succeed(connection, claim, NOW, 1.0, {})
    late = overdue(context, NOW)
    context.database.close()
    return late


def test_a_weekly_job_is_not_overdue_because_a_week_has_passed(
    sqlite_database: str, settings: Callable[..., Settings]
) -> None:
    monday, midnight = datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)
    done = {
        **dict.fromkeys(("intake", "embed", "assign", "births", "count", "outage", "detect"), NOW - 2 * MINUTE),
        **dict.fromkeys(("retrain", "outcome", "retain"), midnight),
        "digest": monday,
    }
    assert found(sqlite_database, settings, done, NOW - 900 * HOUR) == {}


def test_it_is_from_when_it_was_due_first_and_not_done_since(
    sqlite_database: str, settings: Callable[..., Settings]
) -> None:
    done = {"embed": NOW - 47 * MINUTE, "detect": NOW - 14 * HOUR, "digest": NOW - timedelta(days=14)}
    late = found(sqlite_database, settings, done, NOW - 900 * HOUR)
    assert late["embed"] == 42 * MINUTE
    assert late["detect"] == NOW - datetime(2026, 3, 3, 18, tzinfo=UTC)
    assert late["digest"] == NOW - datetime(2026, 2, 23, 7, tzinfo=UTC)


def test_a_job_that_never_succeeded_is_since_the_first_complaint(
    sqlite_database: str, settings: Callable[..., Settings]
) -> None:
    late = found(sqlite_database, settings, {}, NOW - 3 * HOUR)
    assert late["assign"] == 3 * HOUR - 5 * MINUTE
    assert late["outage"] == 2 * HOUR + 2 * MINUTE
    assert "digest" not in late


def test_nothing_is_due_before_there_is_a_complaint(sqlite_database: str, settings: Callable[..., Settings]) -> None:
    assert found(sqlite_database, settings, {}, None) == {}
