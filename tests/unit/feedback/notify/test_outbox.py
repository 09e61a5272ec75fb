"""What becomes of a notice after an attempt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import derived_id
from feedback.notify.outbox import (
    DELIVERED,
    Notice,
    NoticeKind,
    NoticeState,
    Result,
    RetryPolicy,
    after,
    notice_id,
    of_status,
    passing,
    pause,
    permanent,
)

NOW = datetime(2026, 3, 9, 6, tzinfo=UTC)
POLICY = RetryPolicy()
NOTICE = Notice(derived_id("n"), NoticeKind.OPENED, "payments", "owners/payments/1", {}, NOW, NOW)

pauses = st.none() | st.timedeltas(timedelta(0), timedelta(days=400))
results = st.one_of(
    st.just(DELIVERED), st.builds(passing, st.text(), pauses), st.builds(permanent, st.text(max_size=1000))
)


@given(st.lists(results, max_size=80), st.uuids())
def test_a_notice_is_pending_sent_or_dead_and_never_anything_else(attempts: list[Result], key: UUID) -> None:
    notice, now = replace(NOTICE, id=key), NOW
    for number, result in enumerate(attempts, 1):
        notice = after(notice, result, now, POLICY)
        assert notice.attempts == number
        assert (notice.state is NoticeState.SENT) == result.delivered == (notice.sent_at is not None)
        assert (notice.last_error is None) == result.delivered
        if notice.state is not NoticeState.PENDING:
            break
        assert notice.next_at > now, "it is tried again, later"
        now = notice.next_at
    assert notice.id == key
    assert notice.attempts <= POLICY.attempts
    if notice.state is NoticeState.DEAD:
        assert attempts[notice.attempts - 1].permanent or notice.attempts == POLICY.attempts


@given(st.uuids(), st.integers(1, 200))
def test_the_pause_grows_and_is_bounded(key: UUID, attempts: int) -> None:
    here = pause(replace(NOTICE, id=key, attempts=attempts), None, POLICY)
    later = pause(replace(NOTICE, id=key, attempts=attempts + 1), None, POLICY)
    assert POLICY.first <= here <= later <= POLICY.most * (1 + POLICY.jitter)
    assert here == pause(replace(NOTICE, id=key, attempts=attempts), None, POLICY)


def test_notices_that_failed_together_do_not_come_back_together() -> None:
    pauses = {pause(replace(NOTICE, id=derived_id(each), attempts=3), None, POLICY) for each in range(50)}
    assert len(pauses) > 40


def test_a_channel_may_be_down_for_a_day_and_a_half() -> None:
    notice, now = NOTICE, NOW
    while (notice := after(notice, passing("down"), now, POLICY)).state is NoticeState.PENDING:
        now = notice.next_at
    assert timedelta(hours=36) < now - NOW < timedelta(days=3)


@given(pauses)
def test_a_receiver_that_asks_to_be_left_alone_is(asked: timedelta | None) -> None:
    waited = after(NOTICE, passing("HTTP 429", asked), NOW, POLICY).next_at - NOW
    assert waited >= min(asked or timedelta(0), POLICY.longest_asked)
    assert waited <= max(POLICY.longest_asked, POLICY.first * 2)


def test_what_is_refused_for_good_is_dead_at_once() -> None:
    assert after(NOTICE, permanent("SMTP 550"), NOW, POLICY).state is NoticeState.DEAD


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
def test_some_statuses_pass(status: int) -> None:
    assert not of_status(status).delivered
    assert not of_status(status).permanent


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 410, 413, 422])
def test_others_stay(status: int) -> None:
    assert of_status(status).permanent


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_and_some_say_it_arrived(status: int) -> None:
    assert of_status(status) == DELIVERED


def test_the_key_is_of_the_alert_its_transition_and_the_channel() -> None:
    keys = {notice_id(alert, place, way) for alert in "ab" for place in (0, 1) for way in ("x", "y")}
    assert len(keys) == 8
    assert notice_id("a", 0, "x") in keys
