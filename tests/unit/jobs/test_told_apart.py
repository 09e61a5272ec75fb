"""Which segments of a rise are named: not those that only hold the complaints of one named already."""

from __future__ import annotations

from feedback.domain import Segment, SegmentCount, derived_id
from feedback.store.facets import Facets
from jobs.segments import in_segment, told_apart

GERMANY, GERMAN, MAIL = Segment("market", "DE"), Segment("language", "de"), Segment("channel", "e-mail")


def complaints(number: int, **values: str) -> list[Facets]:
    return [Facets(derived_id(place, str(values)), 0.9, "hash", "de", values) for place in range(number)]


def count(segment: Segment, observed: int, expected: float) -> SegmentCount:
    return SegmentCount(segment, observed, expected, 0.0, 2 * expected, 1e-6)


BEFORE = [
    *complaints(40, market="DE", language="de", channel="e-mail"),
    *complaints(40, market="PL", language="pl", channel="e-mail"),
    *complaints(80, market="PL", language="pl", channel="live chat"),
]


def test_a_market_and_its_language_are_one() -> None:
    window = [*complaints(30, market="DE", language="de", channel="live chat"), *BEFORE[40:50]]
    found = told_apart([count(GERMANY, 30, 4), count(GERMAN, 30, 4)], window, BEFORE)
    assert [each.segment for each in found] == [GERMANY]


def test_a_channel_that_holds_the_markets_complaints_is_not_named_as_well() -> None:
    window = [*complaints(30, market="DE", language="de", channel="e-mail"), *BEFORE[40:44]]
    found = told_apart([count(GERMANY, 30, 4), count(MAIL, 34, 8)], window, BEFORE)
    assert [each.segment for each in found] == [GERMANY]


def test_two_markets_are_two() -> None:
    poland = Segment("market", "PL")
    window = [*complaints(30, market="DE"), *complaints(30, market="PL")]
    found = told_apart([count(GERMANY, 30, 4), count(poland, 30, 8)], window, BEFORE)
    assert [each.segment for each in found] == [GERMANY, poland]


def test_a_channel_that_rose_everywhere_is_named_beside_a_market() -> None:
    window = [*complaints(20, market="DE", channel="e-mail"), *complaints(40, market="PL", channel="e-mail")]
    found = told_apart([count(GERMANY, 20, 4), count(MAIL, 60, 8)], window, BEFORE)
    assert [each.segment for each in found] == [GERMANY, MAIL]


def test_nothing_is_named_where_nothing_was_found() -> None:
    assert told_apart([], BEFORE, BEFORE) == ()


def test_in_a_segment_are_those_with_its_value() -> None:
    assert in_segment(BEFORE, GERMANY) == BEFORE[:40]
    assert in_segment(BEFORE, None) == BEFORE
