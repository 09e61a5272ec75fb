"""What complaints say of support, and what they do not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.interval import count, share
from feedback.kpi import (
    Figures,
    Record,
    Scale,
    Tally,
    Telling,
    impacts,
    is_apart,
    is_few,
    joined,
    observed_scale,
    tallied,
)

TOPIC, OTHER = UUID(int=1), UUID(int=2)
ORIGIN = ("desk", "e-mail")
HOUR = 3600.0
TELLING = Telling(1000 * HOUR, Scale(1, 5), first_responses=True, resolutions=True)


def record(**changes: Any) -> Record:
    values: dict[str, Any] = {
        "topic": TOPIC,
        "bucket": datetime(1970, 1, 1, tzinfo=UTC),
        "market": None,
        "language": "de",
        "brand": None,
        "channel": "e-mail",
        "customer_segment": None,
        "source": "desk",
        "customer": None,
        "received": 0.0,
        "first_response": None,
        "resolved": None,
        "rating": None,
        "escalations": None,
        "returned": None,
        "again": False,
    }
    return Record(**{**values, **changes})


def figures(records: Sequence[Record], telling: Telling = TELLING) -> Figures:
    found = tallied(records, {ORIGIN: telling}, lambda _: "all")["all"].figures()
    assert found is not None
    return found


def test_without_complaints_there_are_no_figures() -> None:
    assert Tally().figures() is None


def test_what_records_do_not_tell_is_not_told() -> None:
    found = figures([record()] * 20, Telling(HOUR))
    assert found.complaints == count(20)
    told = (found.customers, found.first_response, found.resolution, found.satisfied, found.escalated)
    assert told == (None,) * 5
    assert (found.repeated, found.returned, found.score) == (None,) * 3


@pytest.mark.parametrize(
    ("scale", "satisfied", "not_satisfied"),
    [
        (Scale(1, 5), [4, 5], [1, 2, 3]),
        (Scale(0, 10), [7, 8, 9, 10], [0, 5, 6]),
        (Scale(0, 1), [1], [0]),
        (Scale(6, 1), [1, 2], [3, 4, 5, 6]),
    ],
)
def test_satisfied_is_the_upper_two_fifths_of_the_source_s_scale(
    scale: Scale, satisfied: list[float], not_satisfied: list[float]
) -> None:
    for ratings, expected in ((satisfied, 1.0), (not_satisfied, 0.0)):
        found = figures([record(rating=each) for each in ratings], Telling(HOUR, scale))
        assert found.satisfied is not None
        assert found.satisfied.value == expected


def test_ratings_of_an_unknown_scale_say_nothing() -> None:
    assert observed_scale(49, 1.0, 5.0) is None, "both ends of the scale need not have been seen"
    assert observed_scale(500, 3.0, 3.0) is None
    assert observed_scale(500, 1.0, 5.0) == Scale(1.0, 5.0)
    assert figures([record(rating=5)] * 20, Telling(HOUR)).satisfied is None


def test_who_waits_still_counts_with_the_time_so_far() -> None:
    answered = [record(received=0.0, first_response=hours * HOUR) for hours in range(1, 21)]
    open_still = [record(received=1000 * HOUR - 30 * HOUR) for _ in range(20)]
    found = figures([*answered, *open_still]).first_response
    assert found is not None
    assert (found.of, found.open) == (40, 20)
    assert found.median is not None
    assert found.median.value == 20 * HOUR, "of those answered alone it would be ten"
    assert found.slow is None, "fewer than nine of ten were answered"


def test_what_is_not_known_yet_has_not_happened() -> None:
    found = figures([record(resolved=1001 * HOUR)]).resolution
    assert found is not None
    assert found.open == 1


def test_a_complaint_that_came_in_meanwhile_has_waited_for_no_time() -> None:
    found = figures([record(received=1001 * HOUR)]).resolution
    assert found is not None
    assert found.open == 1
    new = tallied([record(source="new")], {ORIGIN: TELLING}, lambda _: 0)[0].figures()
    assert new is not None
    assert new.resolution is None


def test_a_response_before_the_complaint_is_a_mistake() -> None:
    found = figures([record(received=2 * HOUR, first_response=HOUR)])
    assert found.first_response is None
    assert found.resolution is not None


def test_a_resolution_is_a_response_where_no_other_is_on_record() -> None:
    found = figures([record(resolved=3 * HOUR)]).first_response
    assert found is not None
    assert found.open == 0


def test_a_customer_who_writes_fifty_times_is_one_customer_who_wrote_again() -> None:
    found = figures([*[record(customer="a", again=each > 0) for each in range(50)], record(customer="b")])
    assert found.customers is not None
    assert found.customers.value == 2
    assert found.repeated == share(1, 2)


def test_complaints_without_a_topic_repeat_nothing() -> None:
    assert figures([record(customer="a", topic=None)]).repeated is None


def test_returned_and_escalated_are_shares_of_those_that_tell() -> None:
    found = figures(
        [
            record(customer="a", returned=True, escalations=0),
            record(customer="b", returned=False, escalations=2),
            record(customer="c"),
        ]
    )
    assert found.returned == share(1, 2)
    assert found.escalated == share(1, 2)


records = st.builds(
    record,
    topic=st.sampled_from([TOPIC, OTHER, None]),
    customer=st.sampled_from([None, *"abcdef"]),
    received=st.floats(0, 900 * HOUR),
    first_response=st.none() | st.floats(0, 2000 * HOUR),
    resolved=st.none() | st.floats(0, 2000 * HOUR),
    rating=st.none() | st.integers(1, 5),
    escalations=st.none() | st.integers(0, 3),
    returned=st.none() | st.booleans(),
    again=st.booleans(),
)


@given(st.lists(records, min_size=1, max_size=40))
def test_groups_joined_say_what_all_of_them_say(given_records: list[Record]) -> None:
    by_topic = tallied(given_records, {ORIGIN: TELLING}, lambda each: each.topic)
    assert joined(by_topic.values()).complaints == len(given_records)
    once, whole = joined(by_topic.values()).figures(), figures(given_records)
    assert once is not None
    assert once.score == (whole.score and pytest.approx(whole.score))
    for name in ("complaints", "customers", "first_response", "resolution", "satisfied", "escalated", "repeated"):
        assert getattr(once, name) == getattr(whole, name)


def rated(good: int, bad: int) -> Tally:
    return tallied([record(rating=5)] * good + [record(rating=1)] * bad, {ORIGIN: TELLING}, lambda _: 0)[0]


def test_the_impact_of_a_topic_is_the_share_without_it() -> None:
    (worst, best) = impacts({TOPIC: rated(10, 40), OTHER: rated(80, 20)})
    assert (worst.topic_id, worst.satisfied, worst.without) == (TOPIC, 0.6, 0.8)
    assert worst.gain.value == pytest.approx(0.2)
    assert 0 < worst.gain.low < 0.2 < worst.gain.high
    assert best.gain.value == pytest.approx(-0.4)


def test_no_impact_is_told_of_a_handful() -> None:
    assert impacts({TOPIC: rated(1, 8), OTHER: rated(80, 20)}) == []
    assert impacts({TOPIC: rated(10, 40)}) == [], "without it there is nothing left"
    assert impacts({}) == []


def test_figures_differ_beyond_doubt_where_their_intervals_do_not_meet() -> None:
    assert is_apart(share(10, 100), share(60, 100))
    assert is_apart(share(60, 100), share(10, 100))
    assert not is_apart(share(10, 100), share(12, 100))
    assert not is_apart(None, share(12, 100))
    assert is_few(share(1, 9))
    assert not is_few(share(1, 10))
