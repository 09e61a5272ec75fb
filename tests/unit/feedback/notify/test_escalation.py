"""Quiet hours and who is next: over any hours, in any zone, across clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.notify.escalation import Quiet, Step, due

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Quiet(time(20), time(7), BERLIN)
OFFICE = Quiet(time(18), time(8), BERLIN, weekends=True)
STEPS = (Step(timedelta(hours=4), "lead"), Step(timedelta(days=1), "head"))

hours = st.times(timezones=st.none()).map(lambda each: each.replace(second=0, microsecond=0, fold=0))
moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/Havana", "Asia/Kathmandu", "Pacific/Apia"]).map(ZoneInfo)


@st.composite
def quiets(draw: st.DrawFn) -> Quiet:
    start = draw(hours)
    end = draw(hours.filter(lambda each: each != start))
    return Quiet(start, end, draw(zones), draw(st.booleans()))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@given(quiets(), moments)
def test_once_it_is_over_nobody_is_asked_to_wait(quiet: Quiet, moment: datetime) -> None:
    free = quiet.over(moment)
    assert free >= moment
    assert quiet.over(free) == free
    assert quiet.awake(moment, free) == timedelta()


@given(quiets(), moments, st.timedeltas(timedelta(), timedelta(days=9)), st.timedeltas(timedelta(), timedelta(days=9)))
def test_waking_time_adds_up_and_is_never_more_than_time(
    quiet: Quiet, moment: datetime, first: timedelta, second: timedelta
) -> None:
    middle, end = moment + first, moment + first + second
    assert quiet.awake(moment, middle) + quiet.awake(middle, end) == quiet.awake(moment, end)
    assert timedelta() <= quiet.awake(moment, end) <= end - moment


@pytest.mark.parametrize(
    ("moment", "free"),
    [
        ("2026-03-20T12:00", "2026-03-20T12:00"),
        ("2026-03-20T20:00", "2026-03-21T07:00"),
        ("2026-03-28T23:00", "2026-03-29T07:00"),  # the night the clocks go forward
    ],
)
def test_a_night_ends_in_the_morning(moment: str, free: str) -> None:
    assert NIGHT.over(at(moment)) == at(free)


def test_friday_evening_waits_for_monday() -> None:
    assert OFFICE.over(at("2026-03-20T18:30")) == at("2026-03-23T08:00")
    assert OFFICE.awake(at("2026-03-20T17:00"), at("2026-03-23T09:00")) == timedelta(hours=2)


def test_steps_are_due_one_after_the_other() -> None:
    told = at("2026-03-17T09:00")
    assert due(STEPS, told, told + timedelta(hours=3, minutes=59), None) == []
    assert due(STEPS, told, told + timedelta(hours=4), None) == [(0, STEPS[0])]
    assert [step.to for _, step in due(STEPS, told, told + timedelta(days=2), None)] == ["lead", "head"]


def test_the_agreed_time_stands_still_at_night() -> None:
    told = at("2026-03-17T18:00")
    assert due(STEPS, told, at("2026-03-18T08:59"), NIGHT) == []
    assert due(STEPS, told, at("2026-03-18T09:00"), NIGHT) == [(0, STEPS[0])]


def test_hours_that_leave_nothing_of_the_day_are_refused() -> None:
    with pytest.raises(ValueError, match="end when they start"):
        Quiet(time(8), time(8), BERLIN)
