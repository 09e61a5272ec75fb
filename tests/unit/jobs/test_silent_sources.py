"""The operator is told when a source stops, and no longer once it is gone for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from feedback.settings import Settings
from feedback.store import topics
from feedback.store.complaints import store_complaints
from feedback.store.database import Database, open_database
from jobs.context import Context, Parts
from jobs.progress import Silent
from jobs.run import this_process
from jobs.silence import by_source, silent_sources
from jobs.status import facts
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION, assigned, publish, sample


@pytest.fixture
def context(sqlite_database: str, settings: Callable[..., Settings]) -> Iterator[Context]:
    """Two sources of ten complaints a day for thirty days; the desk sends for two more."""
    database: Database = open_database(sqlite_database)
    chosen = settings(time_zone="UTC")
    publish(database)
    for source, days in (("desk", 32), ("chat", 30)):
        for day in range(days):
            take_in(database, source, day, NOW)
    yield Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())
    database.close()


def take_in(database: Database, source: str, day: int, ingested: datetime) -> None:
    """Ten complaints of a day."""
    start = DAY + timedelta(days=day)
    told = [
        sample(n, source=source, source_id=f"{day} {n}", received_at=start + timedelta(hours=2 * n)) for n in range(10)
    ]
    with database.write() as connection:
        store_complaints(connection, told, ingested)
        topics.assign(connection, VERSION, [assigned(each, TOPIC, start) for each in told])


def silent(context: Context, after_days: float) -> list[str]:
    with context.database.read() as connection:
        found = silent_sources(context, connection, DAY + timedelta(days=after_days, hours=1))
    return [f"{each.source} since {each.last_day}, {each.usual:.0f} a day" for each in found]


def test_a_source_that_stopped_is_named_with_its_last_day(context: Context) -> None:
    assert silent(context, 30) == []
    assert silent(context, 32) == ["chat since 2026-03-30, 10 a day"]
    assert silent(context, 35) == ["chat since 2026-03-30, 10 a day", "desk since 2026-04-01, 10 a day"]


def test_an_export_that_comes_on_workdays_is_awaited_until_it_is_overdue(context: Context) -> None:
    awaited: list[int] = []
    for night in range(1, 57):
        awaited.append(night - 1)
        assert not [each for each in silent(context, night) if "export" in each], f"before night {night}"
        at_three = DAY + timedelta(days=night, hours=3)
        while awaited and at_three.weekday() < 5:
            take_in(context.database, "export", awaited.pop(), at_three)
        assert not [each for each in silent(context, night + 0.2) if "export" in each], f"after night {night}"
    (told,) = silent(context, 61)
    assert told == "export since 2026-04-23, 10 a day"


def test_after_four_weeks_it_is_gone_for_good(context: Context) -> None:
    assert silent(context, 59) == ["desk since 2026-04-01, 10 a day"]


def test_what_was_received_later_is_not_seen(context: Context) -> None:
    span = [(DAY + timedelta(days=each)).date() for each in range(3)]
    with context.database.read() as connection:
        sources, found = by_source(context, connection, span, DAY + timedelta(days=1, hours=5))
    assert sources == ("chat", "desk")
    assert found.tolist() == [[10, 3, 0]] * 2


def test_status_says_so(context: Context) -> None:
    (told,) = facts(context, DAY + timedelta(days=32, hours=1))["silent_sources"]
    assert told == "nothing from chat since 30\u00a0March\u00a02026, usually 10 a day"
