"""The operator is told when a source stops, and no longer once it is gone for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from feedback.settings import Settings
from feedback.store import topics
from feedback.store.complaints import store_complaints
from feedback.store.database import Database, open_database
from jobs.context import Context, Parts
from jobs.progress import Silent
from jobs.run import this_process
from jobs.silence import silent_sources
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
            start = DAY + timedelta(days=day)
            told = [
                sample(n, source=source, source_id=f"{day} {n}", received_at=start + timedelta(hours=n))
                for n in range(10)
            ]
            with database.write() as connection:
                store_complaints(connection, told, NOW)
                topics.assign(connection, VERSION, [assigned(each, TOPIC, start) for each in told])
    yield Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())
    database.close()


def silent(context: Context, after_days: int) -> list[str]:
    with context.database.read() as connection:
        found = silent_sources(context, connection, VERSION, DAY + timedelta(days=after_days, hours=1))
    return [f"{each.source} since {each.last_day}, {each.usual:.0f} a day" for each in found]


def test_a_source_that_stopped_is_named_with_its_last_day(context: Context) -> None:
    assert silent(context, 30) == []
    assert silent(context, 32) == ["chat since 2026-03-30, 10 a day"]
    assert silent(context, 35) == ["chat since 2026-03-30, 10 a day", "desk since 2026-04-01, 10 a day"]


def test_after_four_weeks_it_is_gone_for_good(context: Context) -> None:
    assert silent(context, 59) == ["desk since 2026-04-01, 10 a day"]


def test_status_says_so(context: Context) -> None:
    (told,) = facts(context, DAY + timedelta(days=32, hours=1))["silent_sources"]
    assert told == "nothing from chat since 30\u00a0March\u00a02026, usually 10 a day"
