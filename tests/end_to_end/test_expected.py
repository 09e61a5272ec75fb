"""Planned events on whose days a rise is expected: those days are as if closed, and all others are judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from feedback.domain import derived_id
from feedback.store import alerts
from feedback.store.complaints import store_complaints
from feedback.store.events import add_event
from jobs.assign import run as assign
from jobs.context import Context
from jobs.outage import run as judge_hours
from jobs.publish import publish
from tests.end_to_end.made_up import FAULT, NOW, judge, made_up_context, told, version

EVENT = datetime(2026, 3, 15, tzinfo=NOW.tzinfo)
TOPIC = derived_id("topic", 0)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = made_up_context(tmp_path)
    publish(made, version(made, FAULT), NOW - timedelta(days=30))
    yield made
    made.database.close()


def expect(context: Context, first: date, last: date) -> None:
    with context.write() as connection:
        add_event(connection, "Derby", first, last, TOPIC, "", NOW, "ana", expected=True)


def surge(context: Context, at: datetime, complaints: int = 40) -> None:
    moments = [at + timedelta(minutes=9 * number) for number in range(complaints)]
    more = [replace(told(0, moment), source_id=f"more {moment}", customer_hash=f"{moment}") for moment in moments]
    with context.write() as connection:
        store_complaints(connection, more, NOW)


def test_a_rise_on_the_event_s_day_alone_opens_no_alert_but_would_have(context: Context) -> None:
    surge(context, EVENT + timedelta(hours=3))
    expect(context, EVENT.date(), EVENT.date())
    for days in (1, 2, 5):
        assert judge(context, EVENT + timedelta(days=days)) == set()


def test_without_the_event_it_does(context: Context) -> None:
    surge(context, EVENT + timedelta(hours=3))
    assert judge(context, EVENT + timedelta(days=1)) == {"Topic"}


def test_a_fault_two_days_after_the_event_is_told(context: Context) -> None:
    surge(context, EVENT + timedelta(hours=3))
    expect(context, EVENT.date(), EVENT.date())
    surge(context, EVENT + timedelta(days=2, hours=3))
    assert judge(context, EVENT + timedelta(days=2)) == set()
    assert judge(context, EVENT + timedelta(days=3)) == {"Topic"}
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
    # the forty of the event's day stand behind no rise
    assert row.evidence["voices"]["messages"] == row.evidence["observed"] == pytest.approx(40 + 6 * 6, abs=2)


@pytest.mark.parametrize("expected", [True, False])
def test_the_hourly_path_holds_its_peace_on_the_day_itself(context: Context, *, expected: bool) -> None:
    day = NOW.replace(hour=0)
    surge(context, day + timedelta(hours=9), 30)
    if expected:
        expect(context, day.date(), day.date())
    assign(context, NOW)
    rising = judge_hours(context, day + timedelta(hours=13))
    assert rising["judged"] > 0
    assert bool(rising["rising"]) is not expected
