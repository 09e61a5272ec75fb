"""How many alerts were worth it, and the budget that a wished share would take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import Verdict
from feedback.precision import LEAST, JudgedAlert, budget_for, precisions

judged = st.builds(
    JudgedAlert,
    st.sampled_from(Verdict),
    st.sampled_from(["payments", "bonus"]),
    st.floats(0.1, 100),
    st.sampled_from(["EB7 and ramp", "outage"]),
    st.floats(0, 6),
)


def alert(verdict: Verdict, above: float = 1.0, expected: float = 3.0) -> JudgedAlert:
    return JudgedAlert(verdict, "payments", expected, "outage", above)


def test_real_and_known_were_worth_it_and_a_wrong_owner_says_nothing() -> None:
    (found,) = precisions([alert(verdict) for verdict in Verdict])["all"]
    assert (found.judged, found.worth) == (4, 2)
    assert found.low < 0.5 < found.high


def test_topics_are_grouped_by_size() -> None:
    found = precisions([alert(Verdict.REAL, expected=each) for each in (4.9, 5, 19, 20, 300)])["size"]
    assert [(each.of, each.judged) for each in found] == [
        ("below 5 a week", 1),
        ("5 to 20 a week", 2),
        ("above 20 a week", 2),
    ]


@given(st.lists(judged, max_size=40))
def test_every_group_adds_up(alerts: list[JudgedAlert]) -> None:
    found = precisions(alerts)
    telling = sum(each.verdict is not Verdict.WRONG_OWNER for each in alerts)
    for groups in found.values():
        assert sum(each.judged for each in groups) == telling
        assert all(0 <= each.low <= each.share <= each.high <= 1 for each in groups)


def test_a_higher_threshold_is_a_smaller_budget() -> None:
    poor = [alert(Verdict.NOT_AN_ISSUE, above=0.1) for _ in range(20)]
    good = [alert(Verdict.REAL, above=2.0) for _ in range(20)]
    assert budget_for(good, 0.9, 1.0) == 1.0
    assert budget_for([*poor, *good], 0.9, 1.0) == pytest.approx(0.01)
    assert budget_for([*poor, *good], 0.4, 1.0) == 1.0
    assert budget_for(poor, 0.5, 1.0) is None
    assert budget_for(good[: LEAST - 1], 0.5, 1.0) is None


@given(st.lists(judged, max_size=60), st.floats(0.1, 0.9))
def test_a_greater_wish_never_takes_a_greater_budget(alerts: list[JudgedAlert], wish: float) -> None:
    lower, higher = (budget_for(alerts, each, 1.0) for each in (wish, wish + 0.1))
    assert higher is None or (lower is not None and higher <= lower)
