"""Moments as systems write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.intake.dates import DateError, read_moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01T10:30:00+02:00", "2024-05-01T08:30:00Z", "2024-05-01 10:30:00 +0200", "2024-05-01 08:30 UTC",
        "20240501T083000Z", "Wed, 01 May 2024 10:30:00 +0200", "1714552200", "1714552200000", "1714552200000000",
        1714552200, 1714552200000, 1714552200.0,
    ],
)  # fmt: skip
def test_moments_with_a_zone(text: object) -> None:
    moment = read_moment(text, BERLIN, NOW)
    assert (moment.at, moment.is_naive) == (datetime(2024, 5, 1, 8, 30, tzinfo=UTC), False)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01T10:30", "2024-05-01 10:30:00.000", "01.05.2024 10:30", "1.5.2024, 10:30", "01/05/2024 10:30",
        "2024/05/01 10:30", "20240501103000", "01-05-2024 10:30", "01.05.2024 10.30", "Wed, 01 May 2024 10:30:00",
    ],
)  # fmt: skip
def test_moments_without_a_zone_are_read_in_the_operators(text: str) -> None:
    moment = read_moment(text, BERLIN, NOW)
    assert (moment.at, moment.is_naive) == (datetime(2024, 5, 1, 8, 30, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-03-31 02:30", "2024-03-31T01:30"),  # skipped: 03:30 summer time
        ("2024-10-27 02:30", "2024-10-27T00:30"),  # twice: the first
        ("2024-05-01", "2024-04-30T22:00"),
        ("20240501", "2024-04-30T22:00"),
    ],
)
def test_hours_that_do_not_exist_or_exist_twice(text: str, utc: str) -> None:
    assert read_moment(text, BERLIN, NOW).at == datetime.fromisoformat(f"{utc}+00:00")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("yesterday", "bad_date"), ("2024-02-30", "bad_date"), ("12/31/2024", "bad_date"),
        ("2024-05-01T25:00", "bad_date"),
        (True, "bad_date"), ([], "bad_date"), ("", "bad_date"), ("1999-12-31", "implausible_date"),
        ("0001-01-01", "implausible_date"), ("31.12.1970", "implausible_date"), (0, "implausible_date"),
        (float("nan"), "implausible_date"), (float("inf"), "implausible_date"), (10**400, "implausible_date"),
        (-(10**15), "implausible_date"), ("9999-12-31T23:59:59-12:00", "implausible_date"),
        ("9999-12-31", "future_date"),
        ("2025-01-02", "future_date"), ("2025-01-01T00:06:00Z", "future_date"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant(value: object, reason: str) -> None:
    with pytest.raises(DateError) as refused:
        read_moment(value, BERLIN, NOW)
    assert refused.value.reason == reason


def test_clocks_may_differ_by_minutes() -> None:
    assert read_moment("2025-01-01T00:04:00Z", BERLIN, NOW).at == NOW + timedelta(minutes=4)


@given(st.datetimes(datetime(2000, 1, 2), datetime(2024, 12, 30)))  # noqa: DTZ001 - naive on purpose
def test_every_form_of_a_moment_is_the_same_moment(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    forms = [moment.isoformat(), f"{moment:%d.%m.%Y %H:%M:%S}", f"{moment:%Y%m%d%H%M%S}", f"{moment:%Y/%m/%d %H:%M:%S}"]
    assert len({read_moment(form, BERLIN, NOW) for form in forms}) == 1


@given(st.text() | st.integers() | st.floats() | st.none() | st.lists(st.integers()))
def test_anything_is_a_moment_or_a_refusal(value: object) -> None:
    with suppress(DateError):
        assert read_moment(value, BERLIN, NOW).at <= NOW + timedelta(minutes=5)
