"""Which days a panel leaves out of the baseline, and what it says when days begin elsewhere than they did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from feedback.domain import Alert, AlertState, Span, derived_id
from feedback.errors import StoreError
from feedback.exposure import Exposure
from feedback.series import bucket_of
from feedback.settings import Settings
from feedback.store.alerts import store_alert
from feedback.store.complaints import store_complaints
from feedback.store.counts import recount
from feedback.store.database import Database, open_database
from feedback.store.exposure import store_exposure
from feedback.store.topics import assign
from jobs.context import Context, Parts
from jobs.exposure import ended_exposure
from jobs.panel import DatedPanel, dated_panel
from jobs.progress import Silent
from jobs.run import this_process
from models.detect.held import History
from tests.integration.store.store_samples import TOPIC, VERSION, assigned, fill, publish, sample

FIRST = datetime(2020, 9, 4, tzinfo=UTC)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def database(sqlite_database: str) -> Iterator[Database]:
    opened = open_database(sqlite_database)
    yield opened
    opened.close()


@pytest.fixture
def context(database: Database, settings: Callable[..., Settings]) -> Context:
    chosen = settings(time_zone="UTC")
    publish(database)
    complaints = [sample(number, received_at=FIRST + timedelta(days=10 * number)) for number in range(200)]
    fill(database, complaints, assign=False)
    with database.write() as connection:
        places = [assigned(each, TOPIC, bucket_of(each.received_at, chosen.zone)) for each in complaints]
        assign(connection, VERSION, places)
        recount(connection, VERSION)
    return Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())


def rose(database: Database, span: Span) -> None:
    """A resolved alert about a rise in `span`."""
    key: UUID = derived_id("alert", span.start)
    alert = Alert(key, TOPIC, AlertState.RESOLVED, span.start, span.end, resolved_at=span.end)
    rises = [{"start": span.start.isoformat(), "end": span.end.isoformat()}]
    with database.write() as connection:
        store_alert(connection, alert, span.end, {"rises": rises})


def panel(context: Context) -> DatedPanel:
    with context.database.read() as connection:
        found = dated_panel(context, connection, VERSION, [TOPIC], NOW)
    assert found is not None
    return found


@pytest.mark.parametrize("days_before", [0, 1, 2, 60, 300])
def test_a_rise_older_than_the_history_leaves_nothing_out(context: Context, days_before: int) -> None:
    begins = datetime.combine(panel(context).days[0], datetime.min.time(), UTC)
    end = begins - timedelta(days=days_before)
    rose(context.database, Span(end - timedelta(days=7), end))
    assert not panel(context).panel.excluded.any()


def test_the_days_of_a_rise_are_left_out(context: Context) -> None:
    days = panel(context).days
    start = datetime.combine(days[20], datetime.min.time(), UTC)
    rose(context.database, Span(start, start + timedelta(days=7)))
    assert np.flatnonzero(panel(context).panel.excluded[0]).tolist() == list(range(20, 27))


def test_days_without_complaints_are_no_gaps_where_hardly_any_come(context: Context) -> None:
    assert (panel(context).panel.total == 0).mean() == pytest.approx(0.9, abs=0.01)
    assert not panel(context).panel.gaps.any()


def test_players_count_less_while_a_source_is_silent(
    context: Context, settings: Callable[..., Settings], database: Database
) -> None:
    by_players = replace(context, settings=settings(time_zone="UTC", exposure="players"))
    days = panel(context).days
    with database.write() as connection:
        store_exposure(connection, [Exposure("players", day, 100.0) for day in days])
    live(database, days[-90:], {"chat": 30, "mail": 10}, silent=("mail", days[-20:-10]))
    history = History.of(panel(by_players).panel)
    np.testing.assert_allclose(history.others[-20:-10], 750, rtol=0.02)
    np.testing.assert_allclose(history.others[[-21, -10]], 1000)


def test_a_column_that_ended_serves_for_four_weeks(
    context: Context, settings: Callable[..., Settings], database: Database
) -> None:
    by_players = replace(context, settings=settings(time_zone="UTC", exposure="players"))
    days = panel(context).days
    for missing in (40, 20):
        with database.write() as connection:
            store_exposure(connection, [Exposure("players", day, 100.0) for day in days[:-missing]])
            told = ended_exposure(by_players.settings, connection, NOW)
        assert (panel(by_players).panel.exposure is None) == (missing == 40)
        assert told is not None
        assert (told.last_day, told.given_up) == (days[-missing - 1], missing == 40)


def live(
    database: Database, days: Sequence[date], a_day: Mapping[str, int], silent: tuple[str, Sequence[date]]
) -> None:
    """So many complaints a day from each source, but for one that is silent on some."""
    for source, number in a_day.items():
        for day in days:
            if (source, day) not in [(silent[0], each) for each in silent[1]]:
                at = datetime.combine(day, time(9), UTC)
                told = [sample(n, source=source, source_id=f"{day} {n}", received_at=at) for n in range(number)]
                with database.write() as connection:
                    store_complaints(connection, told, NOW)
                    assign(
                        connection, VERSION, [assigned(each, TOPIC, bucket_of(at, ZoneInfo("UTC"))) for each in told]
                    )
    with database.write() as connection:
        recount(connection, VERSION)


def test_a_panel_holds_five_years_and_keeps_its_first_day_for_weeks(context: Context) -> None:
    firsts = set()
    for days in range(28):
        with context.database.read() as connection:
            found = dated_panel(context, connection, VERSION, [TOPIC], NOW - timedelta(days=days))
        assert found is not None
        assert 1830 <= len(found.days) < 1860
        firsts.add(found.days[0])
    assert len(firsts) == 2


def test_counts_of_another_time_zone_are_refused_with_what_to_do(
    context: Context, settings: Callable[..., Settings]
) -> None:
    moved = settings(time_zone="Europe/Berlin")
    elsewhere = Context(moved, context.database, context.parts, Silent(), context.wall, context.holder)
    with pytest.raises(StoreError, match=r"time_zone.*feedback run retrain"):
        panel(elsewhere)
