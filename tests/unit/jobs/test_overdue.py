"""How long jobs have been due, by the plan and what is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from feedback.domain import Complaint, Span
from feedback.settings import Settings
from feedback.store import runs
from feedback.store.complaints import store_complaints
from feedback.store.database import open_database
from jobs.context import Context, Parts
from jobs.overdue import LeftOut, left_out, overdue
from jobs.progress import Silent
from jobs.run import this_process

NOW = datetime(2026, 3, 4, 6, 2, tzinfo=UTC)  # a Wednesday
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def found(
    url: str,
    settings: Callable[..., Settings],
    done: Mapping[str, datetime],
    first: datetime | None,
    failed: Sequence[tuple[str, datetime]] = (),
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
        for job, window in failed:
            claim = runs.claim(connection, job, window, "me:1:1", NOW, lambda _: False)
            assert claim
            runs.fail(connection, claim, NOW, 1.0, "broke")
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


def test_an_hour_that_the_schedule_has_gone_past_is_not_overdue(
    sqlite_database: str, settings: Callable[..., Settings]
) -> None:
    done = {
        **dict.fromkeys(("intake", "embed", "assign", "births", "count"), NOW - 7 * MINUTE),
        "outage": NOW - 3 * HOUR,
    }
    late = found(sqlite_database, settings, done, NOW - 900 * HOUR)
    assert late["outage"] == 2 * MINUTE, "6 o'clock is to be judged, 4 and 5 o'clock are left to detect"


def test_an_hour_that_failed_is_overdue(sqlite_database: str, settings: Callable[..., Settings]) -> None:
    done = {
        **dict.fromkeys(("intake", "embed", "assign", "births", "count"), NOW - 7 * MINUTE),
        "outage": NOW - 3 * HOUR,
    }
    four = NOW - 122 * MINUTE
    late = found(sqlite_database, settings, done, NOW - 900 * HOUR, failed=[("outage", four)])
    assert late["outage"] == NOW - four


def test_a_job_that_never_succeeded_is_since_the_first_complaint(
    sqlite_database: str, settings: Callable[..., Settings]
) -> None:
    late = found(sqlite_database, settings, {}, NOW - 3 * HOUR)
    assert late["assign"] == 3 * HOUR - 5 * MINUTE
    assert late["outage"] == 2 * HOUR + 2 * MINUTE
    assert "digest" not in late


def test_nothing_is_due_before_there_is_a_complaint(sqlite_database: str, settings: Callable[..., Settings]) -> None:
    assert found(sqlite_database, settings, {}, None) == {}


def pauses(url: str, settings: Callable[..., Settings], days: Sequence[int]) -> list[LeftOut]:
    """What is left out, where on each of these days of 2025 all was judged; 30 days are made up for."""
    made, database = settings(time_zone="UTC", catch_up_days=30), open_database(url)
    midnights = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day - 1) for day in days]
    judged = [midnight + hours * HOUR for midnight in midnights for hours in (0, 6, 12, 18)]
    with database.write() as connection:
        for window in judged:
            claim = runs.claim(connection, "detect", window, "me:1:1", NOW, lambda _: False)
            assert claim
            runs.succeed(connection, claim, NOW, 1.0, {})
        found = left_out(connection, made, NOW)
    database.close()
    return found


def test_a_pause_is_left_out_from_the_last_window_before_it_to_the_first_after_it(
    sqlite_database: str, settings: Callable[..., Settings]
) -> None:
    (found,) = pauses(sqlite_database, settings, [9, 10, 13, 14, *range(15, 420)])
    first, last = datetime(2025, 1, 11, tzinfo=UTC), datetime(2025, 1, 12, 18, tzinfo=UTC)
    assert found == LeftOut("detect", 8, Span(first, last))


def test_what_can_still_be_made_up_for_is_not_left_out(sqlite_database: str, settings: Callable[..., Settings]) -> None:
    since = NOW - timedelta(days=30)  # 2 February 2026, day 398
    (found,) = pauses(sqlite_database, settings, range(380, 396))
    assert found.within.end == since.replace(minute=0)
    assert pauses(sqlite_database, settings, range(396, 399)) == []


def test_before_the_first_run_there_is_no_pause(sqlite_database: str, settings: Callable[..., Settings]) -> None:
    assert pauses(sqlite_database, settings, []) == []
