"""Which rises are told as one, and which say nothing new."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import Driver, Segment, Severity
from feedback.grouping import Group, Risen, Shared, grouped, together_words
from feedback.inhibition import AreaAlert, difference, holds_back, opened

NOW = datetime(2026, 3, 9, tzinfo=UTC)


def driver(value: str, attribute: str = "payment method", p: float = 1e-6) -> Driver:
    return Driver(attribute, value, 30, 40, 0.1, p, p, in_text=attribute == "payment method")


def rise(number: int, *values: str, **changes: Any) -> Risen:
    found = Risen(
        UUID(int=number), f"Topic {number}", "Payments", "payments", [driver(each) for each in values], None, 2.0, 1e-6,
        Severity.MEDIUM,
    )  # fmt: skip
    return replace(found, **changes)


def members(groups: list[Group]) -> list[set[int]]:
    return [{each.alert_id.int for each in group.rises} for group in groups]


def test_what_one_thing_drives_is_one() -> None:
    groups = grouped([rise(1, "Trustly"), rise(2, "Skrill"), rise(3, "Skrill", "Trustly"), rise(4, "Trustly"), rise(5)])
    assert members(groups) == [{1, 3, 4}, {2}, {5}]
    assert groups[0].driver == driver("Trustly")
    assert groups[1].driver is None


def test_a_column_and_a_text_may_name_the_same() -> None:
    stated = rise(2, drivers=[driver("trustly", "payment_method")])
    assert members(grouped([rise(1, "Trustly"), stated])) == [{1, 2}]


def test_what_it_is_about_goes_before_where_it_is() -> None:
    both = [driver("DE", "market", 1e-20), driver("Trustly")]
    (group,) = grouped([rise(1, drivers=both), rise(2, drivers=both)])
    assert group.driver == driver("Trustly")


def test_the_gravest_comes_first() -> None:
    (group,) = grouped([rise(1, "Trustly", p=1e-30), rise(2, "Trustly", severity=Severity.CRITICAL)])
    assert [each.alert_id.int for each in group.rises] == [2, 1]


def shared(one: int, other: int, customers: int, of: int, p: float) -> Shared:
    return Shared(UUID(int=one), UUID(int=other), customers, of, p)


def test_rises_of_the_same_people_are_one_if_chance_does_not_explain_it() -> None:
    rises = [rise(1), rise(2), rise(3), rise(4)]
    found = [
        shared(1, 2, 9, 20, 1e-9),
        shared(2, 3, 8, 20, 1e-8),
        shared(3, 4, 9, 20, 0.004),  # of three pairs, one may well be like this
        shared(1, 4, 2, 3, 1e-9),  # too few
    ]
    groups = grouped(rises, found)
    assert members(groups) == [{1, 2, 3}, {4}]
    assert (groups[0].customers, groups[1].customers) == (9, 0)


def test_it_is_said_what_they_have_in_common() -> None:
    (driven,) = grouped([rise(1, "Trustly"), rise(2, "Trustly")])
    words = together_words(["A", "B"], driven.as_dict())
    assert words == "A and B rose together; what drives all of them is Trustly."
    (same,) = grouped([rise(1), rise(2)], [shared(1, 2, 9, 20, 1e-9)])
    assert "behind them are the same people: 9 customers in common" in together_words(["A", "B"], same.as_dict())


rises = st.builds(
    lambda number, values, severity: rise(number, *values, severity=severity),
    st.integers(1, 20),
    st.lists(st.sampled_from(["Trustly", "Skrill", "Visa"]), max_size=3, unique=True),
    st.sampled_from(Severity),
)


@given(st.lists(rises, max_size=12, unique_by=lambda one: one.alert_id), st.randoms())
def test_each_rise_is_in_one_group_whatever_their_order(found: list[Risen], chance: Any) -> None:
    groups = grouped(found)
    assert sorted(each.alert_id.int for group in groups for each in group.rises) == sorted(
        each.alert_id.int for each in found
    )
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert members(grouped(shuffled)) == members(groups)
    assert {each.id for each in grouped(shuffled)} == {each.id for each in groups}


def the_area() -> AreaAlert:
    known = [rise(each, "Trustly", ratio=float(each)) for each in (1, 2, 3)]
    (found,) = opened(known, {UUID(int=3)}, (), NOW)
    return found


def test_three_topics_of_an_area_that_one_thing_drives_are_an_alert_of_the_area() -> None:
    area = the_area()
    assert (area.area, len(area.members), area.driver.value, area.ratio) == ("Payments", 3, "Trustly", 3.0)
    assert AreaAlert.read(area.id, area.area, area.opened_at, area.facts()) == area
    known = [rise(each, "Trustly") for each in (1, 2, 3)]
    assert opened(known[:2], {UUID(int=1)}, (), NOW) == []
    assert opened(known, (), (), NOW) == [], "that was told before"
    assert opened(known, {UUID(int=3)}, [area], NOW) == [], "there is one"
    assert opened([replace(each, area=None) for each in known], {UUID(int=3)}, (), NOW) == []


def test_a_later_topic_of_the_area_says_nothing_new() -> None:
    assert holds_back(the_area(), rise(4, "Trustly", ratio=4.0))
    assert not holds_back(the_area(), rise(4, "Trustly", area="Games"))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (rise(4, "Skrill"), "not driven by Trustly"),
        (rise(4), "not driven by Trustly"),
        (rise(4, "Skrill", "Trustly"), "driven by Skrill more than by Trustly"),
        (rise(4, "Trustly", segment=Segment("market", "PL")), "from Poland alone"),
        (rise(4, "Trustly", ratio=6.0), "2 times as high"),
        (rise(4, "Trustly", severity=Severity.HIGH), "severity is high"),
        (rise(4, "Trustly", owner="finance"), "finance has not heard"),
    ],
)
def test_what_differs_is_told(other: Risen, words: str) -> None:
    assert words in difference(the_area(), other)
    assert not holds_back(the_area(), other)
