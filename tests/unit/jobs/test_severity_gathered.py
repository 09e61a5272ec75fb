"""Who stands behind a rise, and how content they are, beside what is usual."""

from __future__ import annotations

from feedback.domain import derived_id
from feedback.store.facets import Customer
from jobs.severity import important_share, ratings_shift

VIP = frozenset({"vip"})


def customer(number: int, segment: str | None = None, rating: float | None = None, source: str = "desk") -> Customer:
    return Customer(derived_id(number, source), source, f"customer {number}", segment, rating)


def test_important_customers_count_once_however_often_they_write() -> None:
    before = [customer(each, "VIP" if each < 4 else "standard") for each in range(40)]
    shift = important_share([*[customer(1, "Vip")] * 9, customer(2, "standard")], before, VIP)
    assert shift is not None
    assert (shift.now, shift.usual, shift.count) == (0.5, 0.1, 1)


def test_without_segments_or_ratings_nothing_is_said() -> None:
    rows = [customer(each) for each in range(30)]
    assert important_share(rows, rows, VIP) is None
    assert ratings_shift(rows, rows) is None


def test_ratings_are_those_of_the_source_with_most() -> None:
    before = [customer(each, rating=4.0 + each % 2) for each in range(30)]
    before += [customer(each, rating=80.0 + each, source="survey") for each in range(10)]
    now = [customer(each, rating=1.0 + each % 2) for each in range(12)]
    now += [customer(each, rating=85.0, source="survey") for each in range(5)]
    shift = ratings_shift(now, before)
    assert shift is not None
    assert (shift.now, shift.usual, shift.count) == (1.5, 4.5, 12)
    assert shift.p < 0.01
