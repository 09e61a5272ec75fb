"""How long somebody has to wait who failed to sign in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.lock_out import FORGOTTEN, LONGEST_WAIT, locked_until, tried

AT = datetime(2026, 3, 8, 15, 30, tzinfo=UTC)
FAILURES, FREE = st.integers(0, 10_000), st.integers(1, 50)
LATER = st.timedeltas(timedelta(0), timedelta(days=3))


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (8, 240), (9, 480), (10, 900), (99, 900)]
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(failures: int, seconds: int) -> None:
    until = locked_until(failures, AT, 5, AT)
    assert until == (AT + timedelta(seconds=seconds) if seconds else None)


@given(FAILURES, FREE, LATER)
def test_nobody_waits_longer_than_the_longest_wait_nor_for_the_past(failures: int, free: int, later: timedelta) -> None:
    now = AT + later
    until = locked_until(failures, AT, free, now)
    if until is not None:
        assert failures >= free
        assert now < until <= AT + LONGEST_WAIT


@given(FAILURES, FREE, LATER)
def test_more_failures_never_shorten_the_wait(failures: int, free: int, later: timedelta) -> None:
    now = AT + later
    fewer, more = locked_until(failures, AT, free, now), locked_until(failures + 1, AT, free, now)
    assert fewer is None or (more is not None and more >= fewer)


@given(FAILURES, FREE)
def test_after_a_day_all_is_forgotten(failures: int, free: int) -> None:
    assert locked_until(failures, AT, free, AT + FORGOTTEN) is None


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_neither_name_nor_address_can_be_read_from_what_is_counted(name: str, address: str) -> None:
    counted = tried(b"s" * 32, name, address)
    assert counted == tried(b"s" * 32, name, address)
    assert {each.hash for each in counted}.isdisjoint({each.hash for each in tried(b"t" * 32, name, address)})
    assert all(len(each.hash) == 64 for each in counted)
