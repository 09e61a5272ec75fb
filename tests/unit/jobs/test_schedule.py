"""The plan: every moment once, whatever the clocks do, and the same moments however the time is cut."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.series import bucket_start, day_of, days
from feedback.settings import Settings, Weekday
from jobs.run import JOBS
from jobs.schedule import CHAIN, ORDERED, Clockwork, Moment, Plan

DAY = timedelta(days=1)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/Helsinki",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "America/Havana",
    "Pacific/Apia",
]
BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)

zones = st.sampled_from(ZONES)
starts = st.datetimes(datetime(2009, 1, 2), datetime(2030, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - gets one
lengths = st.timedeltas(timedelta(0), timedelta(days=9))


def plan(zone: str = "Europe/Berlin", **changes: object) -> Plan:
    return Plan(Settings(time_zone=zone, **changes))  # type: ignore[arg-type]


def moments_of(day: date, zone: str = "Europe/Berlin", **changes: object) -> list[Moment]:
    """Those after the day's midnight, up to the next one."""
    start, end = (bucket_start(each, ZoneInfo(zone)) for each in (day, day + DAY))
    return plan(zone, **changes).moments(start, end)


def daily(moments: list[Moment]) -> list[Moment]:
    """Those at which more is due than the hourly path."""
    return [each for each in moments if not each.is_hourly]


def clock_times(moments: list[Moment], zone: ZoneInfo = BERLIN) -> list[str]:
    return [f"{each.at.astimezone(zone):%H:%M}" for each in moments]


def test_every_planned_job_exists() -> None:
    # two follow no plan: a notice has its own time at which it is tried again, and people ask when they like
    assert {*CHAIN, *ORDERED, "deliver", "request", "repeat"} == set(JOBS)
    assert not set(CHAIN) & set(ORDERED)


def test_an_ordinary_day() -> None:
    found = daily(moments_of(date(2026, 3, 24), digest_day="tuesday", digest_hour=7))
    assert clock_times(found) == ["06:00", "07:00", "12:00", "18:00", "00:00"]
    assert [each.jobs for each in found] == [
        (*CHAIN, "outage", "detect"),
        (*CHAIN, "outage", "digest"),
        (*CHAIN, "outage", "detect"),
        (*CHAIN, "outage", "detect"),
        (*CHAIN, "retrain", "outage", "detect", "outcome", "retain"),
    ]
    assert all(each.at.tzinfo is UTC for each in found)


def test_every_hour_is_looked_at_for_an_outage() -> None:
    found = moments_of(date(2026, 3, 24))
    assert clock_times(found) == [*(f"{hour:02d}:00" for hour in range(1, 24)), "00:00"]
    assert all("outage" in each.jobs for each in found)
    assert [each.jobs for each in found if each.is_hourly] == [(*CHAIN, "outage")] * 20


def test_what_falls_together_runs_in_order_after_the_chain() -> None:
    *_, midnight = moments_of(date(2026, 3, 29), digest_day="monday", digest_hour=0)
    assert midnight.jobs == (*CHAIN, "retrain", "outage", "detect", "outcome", "retain", "digest")


@pytest.mark.parametrize("day", [SPRING - DAY, SPRING, SPRING + DAY, AUTUMN - DAY, AUTUMN, AUTUMN + DAY])
def test_a_day_of_23_or_25_hours_has_the_same_times_on_the_clock(day: date) -> None:
    assert clock_times(daily(moments_of(day, digest_day="wednesday"))) == ["06:00", "12:00", "18:00", "00:00"]


@pytest.mark.parametrize("hour", [2, 3])
def test_a_digest_in_the_hour_that_is_skipped_comes_once(hour: int) -> None:
    found = [each for each in moments_of(SPRING, digest_day="sunday", digest_hour=hour) if "digest" in each.jobs]
    assert clock_times(found) == ["03:00"]


def test_a_digest_in_the_hour_that_is_repeated_comes_once() -> None:
    found = [each for each in moments_of(AUTUMN, digest_day="sunday", digest_hour=2) if "digest" in each.jobs]
    assert clock_times(found) == ["02:00"]


@given(zones, st.integers(2015, 2029), st.integers(0, 23), st.sampled_from(get_args(Weekday)))
def test_a_year_has_one_digest_a_week_and_one_training_a_day(zone: str, year: int, hour: int, day: str) -> None:
    home = ZoneInfo(zone)
    first, last = bucket_start(date(year, 1, 1), home), bucket_start(date(year + 1, 1, 1), home)
    found = plan(zone, digest_day=day, digest_hour=hour).moments(first, last)
    digests = [day_of(each.at, home) for each in found if "digest" in each.jobs and each.at < last]
    # no Monday twice, and none left out
    assert (
        digests
        == [each for each in days(date(year, 1, 1), date(year, 12, 31)) if f"{each:%A}".lower() == day][-len(digests) :]
    )
    assert len(digests) in (52, 53)
    trained = [day_of(each.at, home) for each in found if "retrain" in each.jobs]
    assert trained == days(date(year, 1, 2), date(year + 1, 1, 1))


@given(zones, starts, lengths)
def test_moments_are_ascending_within_the_interval_and_each_once(zone: str, after: datetime, length: timedelta) -> None:
    found = [each.at for each in plan(zone).moments(after, after + length)]
    assert found == sorted(set(found))
    assert all(after < at <= after + length for at in found)


@given(zones, starts, st.lists(lengths, min_size=1, max_size=5))
def test_cut_into_parts_the_interval_gives_the_same_moments(
    zone: str, after: datetime, pieces: list[timedelta]
) -> None:
    chosen = plan(zone)
    whole = chosen.moments(after, after + sum(pieces, timedelta()))
    cut: list[Moment] = []
    for piece in pieces:
        cut += chosen.moments(after, after + piece)
        after += piece
    assert cut == whole


@given(zones, starts)
def test_cut_at_its_own_moments_too(zone: str, after: datetime) -> None:
    chosen = plan(zone)
    whole = chosen.moments(after, after + timedelta(days=8))
    edges = [after, *(each.at for each in whole)]
    assert [each for start, end in pairwise(edges) for each in chosen.moments(start, end)] == whole


@given(zones, starts)
def test_every_midnight_is_judged(zone: str, after: datetime) -> None:
    home = ZoneInfo(zone)
    found = {each.at: each.jobs for each in plan(zone).moments(after, after + timedelta(days=9))}
    for day in days(day_of(after, home) + DAY, day_of(after, home) + 7 * DAY):
        assert found[bucket_start(day, home)][: len(CHAIN) + 3] == (*CHAIN, "retrain", "outage", "detect")


def test_an_empty_interval_has_no_moments() -> None:
    midnight = bucket_start(date(2026, 3, 24), BERLIN)
    assert plan().moments(midnight, midnight) == []
    assert plan().moments(midnight, midnight - DAY) == []


@given(zones, starts)
def test_the_latest_chain_is_at_most_five_minutes_old(zone: str, now: datetime) -> None:
    found = plan(zone).latest_chain(now)
    assert found.jobs == CHAIN
    assert timedelta(0) <= now - found.at < timedelta(minutes=5)
    assert found.at.minute % 5 == 0
    assert found.at.second == found.at.microsecond == 0


@given(zones, starts, st.timedeltas(timedelta(0), timedelta(minutes=30)))
def test_the_latest_chain_never_goes_back(zone: str, now: datetime, later: timedelta) -> None:
    assert plan(zone).latest_chain(now).at <= plan(zone).latest_chain(now + later).at


@pytest.fixture
def clockwork() -> tuple[Clockwork, list[int], threading.Event]:
    ticks: list[int] = []
    enough = threading.Event()

    def tick() -> None:
        ticks.append(threading.get_ident())
        if len(ticks) == 1:
            raise OSError("the first tick fails")
        enough.set()

    return Clockwork(tick, 0.02), ticks, enough


def test_a_stop_that_comes_before_the_start_is_not_lost() -> None:
    work = Clockwork(lambda: None, 60)
    stopping = threading.Thread(target=work.stop, daemon=True)
    stopping.start()
    running = threading.Thread(target=work.run, daemon=True)
    running.start()
    running.join(30)
    assert not running.is_alive()


def test_the_clockwork_ticks_on_after_a_failure_and_stops(
    clockwork: tuple[Clockwork, list[int], threading.Event], caplog: pytest.LogCaptureFixture
) -> None:
    work, ticks, enough = clockwork
    thread = threading.Thread(target=work.run)
    thread.start()
    assert enough.wait(30)
    work.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert len(ticks) >= 2
    assert "the first tick fails" in caplog.text
