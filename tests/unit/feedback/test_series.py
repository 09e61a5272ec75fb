"""Buckets are the operator's days: they tile time, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedback.series import bucket, bucket_of, bucket_start, day_of, days, judged_days

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/Helsinki",
    "America/Sao_Paulo",  # until 2018 the clocks went forward at midnight
    "America/Havana",  # they go back to midnight
    "Asia/Beirut",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # 30 December 2011 never was
    "Pacific/Kiritimati",
]

zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.datetimes(datetime(2009, 1, 2), datetime(2035, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - gets one
dates = st.dates(date(2009, 1, 2), date(2035, 12, 30))

BERLIN = ZoneInfo("Europe/Berlin")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
APIA = ZoneInfo("Pacific/Apia")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@given(moments, zones)
@example(utc(2018, 11, 4, 2, 59, 59), SAO_PAULO)
@example(utc(2018, 11, 4, 3), SAO_PAULO)
@example(utc(2011, 12, 30, 9, 59, 59), APIA)
@example(utc(2011, 12, 30, 10), APIA)
def test_every_moment_lies_in_exactly_one_bucket(moment: datetime, zone: ZoneInfo) -> None:
    today = day_of(moment, zone)
    holding = [day for day in days(today - 2 * DAY, today + 2 * DAY) if moment in bucket(day, zone)]
    assert holding == [today]
    assert bucket_of(moment, zone) == bucket(today, zone).start <= moment


@given(dates, zones)
@example(date(2011, 12, 29), APIA)
@example(date(2018, 11, 3), SAO_PAULO)
def test_buckets_tile_time(day: date, zone: ZoneInfo) -> None:
    assert bucket(day, zone).end == bucket(day + DAY, zone).start
    assert bucket_start(day, zone) <= bucket_start(day + DAY, zone)


@given(dates, zones)
def test_a_bucket_lasts_a_day_give_or_take_a_clock_change(day: date, zone: ZoneInfo) -> None:
    span = bucket(day, zone)
    if (zone.key, day) != ("Pacific/Apia", date(2011, 12, 30)):
        assert 23 * HOUR <= span.end - span.start <= 25 * HOUR


@given(dates, zones)
def test_a_bucket_is_named_by_its_first_moment_in_utc(day: date, zone: ZoneInfo) -> None:
    start = bucket_start(day, zone)
    assert start.tzinfo is UTC
    if (zone.key, day) != ("Pacific/Apia", date(2011, 12, 30)):
        assert day_of(start, zone) == day
        assert day_of(start - timedelta(microseconds=1), zone) < day


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 3, 28), "Europe/Berlin", 24),
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 3, 29), "Europe/Helsinki", 23),
        (date(2018, 11, 4), "America/Sao_Paulo", 23),
        (date(2018, 2, 17), "America/Sao_Paulo", 25),
        (date(2024, 3, 31), "Asia/Beirut", 23),
        (date(2024, 4, 26), "Africa/Cairo", 23),
        (date(2024, 10, 31), "Africa/Cairo", 25),
        (date(2026, 11, 1), "America/Havana", 25),
        (date(2011, 12, 29), "Pacific/Apia", 24),
        (date(2011, 12, 30), "Pacific/Apia", 0),
        (date(2011, 12, 31), "Pacific/Apia", 24),
    ],
)
def test_the_hours_of_a_day(day: date, zone: str, hours: int) -> None:
    span = bucket(day, ZoneInfo(zone))
    assert span.end - span.start == hours * HOUR


def test_a_midnight_that_the_clocks_skip_begins_at_one() -> None:
    assert bucket_start(date(2018, 11, 4), SAO_PAULO) == utc(2018, 11, 4, 3)


def test_a_midnight_that_the_clocks_repeat_begins_at_its_first() -> None:
    assert bucket_start(date(2026, 11, 1), ZoneInfo("America/Havana")) == utc(2026, 11, 1, 4)


def test_days_are_both_ends_included() -> None:
    assert days(date(2024, 2, 28), date(2024, 3, 1)) == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert days(date(2024, 3, 1), date(2024, 3, 1)) == [date(2024, 3, 1)]
    assert days(date(2024, 3, 2), date(2024, 3, 1)) == []


def test_in_the_middle_of_a_day_the_day_is_judged_but_not_complete() -> None:
    found, complete = judged_days(date(2026, 3, 27), utc(2026, 3, 29, 10), BERLIN)
    assert (found, complete) == (days(date(2026, 3, 27), date(2026, 3, 29)), False)


def test_at_midnight_the_day_that_ended_is_the_last_and_complete() -> None:
    for midnight, last in ((utc(2026, 3, 28, 23), date(2026, 3, 28)), (utc(2026, 3, 29, 22), date(2026, 3, 29))):
        found, complete = judged_days(date(2026, 3, 27), midnight, BERLIN)
        assert (found[-1], complete) == (last, True)


def test_a_moment_before_midnight_is_not_midnight() -> None:
    found, complete = judged_days(date(2026, 3, 27), utc(2026, 3, 28, 22, 59, 59), BERLIN)
    assert (found[-1], complete) == (date(2026, 3, 28), False)


def test_before_the_first_day_nothing_is_judged() -> None:
    assert judged_days(date(2026, 3, 27), utc(2026, 3, 26, 23), BERLIN) == ([], True)


@given(moments, zones)
def test_judged_days_never_hold_a_day_that_has_not_begun(moment: datetime, zone: ZoneInfo) -> None:
    today = day_of(moment, zone)
    found, complete = judged_days(today - 3 * DAY, moment, zone)
    last = bucket(found[-1], zone)
    assert last.start < moment <= last.end or last.start == last.end
    assert complete == (moment == last.end)


@given(dates, zones)
def test_every_midnight_completes_the_day_before(day: date, zone: ZoneInfo) -> None:
    found, complete = judged_days(day - 5 * DAY, bucket_start(day, zone), zone)
    assert complete
    assert found[-1] < day
    assert bucket(found[-1], zone).end == bucket_start(day, zone)
