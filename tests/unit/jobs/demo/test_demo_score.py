"""When an alert counts as having found a planted rise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from statistics import mean, variance
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.demo import AlertFacts, Planted, score
from jobs.demo.rises import Rise
from jobs.demo.volume import Drift, clumped, expected, poisson, weekday_factor

ONSET = datetime(2026, 4, 6, tzinfo=UTC)
DAY = timedelta(days=1)
ALL = frozenset(f"FB-{number:06}" for number in range(40))


def rise(onset: datetime = ONSET, days: int = 10, prefix: str = "FB") -> Planted:
    """Four complaints a day, at six, noon, six and eleven."""
    moments = [onset + day * DAY + timedelta(hours=hour) for day in range(days) for hour in (6, 12, 18, 23)]
    complaints = {f"{prefix}-{number:06}": moment for number, moment in enumerate(moments)}
    return Planted("step", "a rise", onset, onset + days * DAY, complaints, "for the test")


def alert(after: timedelta, held: frozenset[str] = ALL, topic: int = 1) -> AlertFacts:
    return AlertFacts(UUID(int=topic), ONSET + after, held)


def test_an_alert_on_the_topic_that_holds_the_rise_finds_it() -> None:
    result = score([rise()], [alert(1.5 * DAY)], weeks=20, seed=7)
    assert result.as_dict() == {
        "planted": 1,
        "found": 1,
        "delays_days": [1.5],
        "other_alerts": 0,
        "weeks": 20,
        "seed": 7,
    }
    assert result.found[0].topic_id == UUID(int=1)


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (-DAY, 0),  # before the onset: it cannot have been about this
        (timedelta(0), 0),  # nothing of the rise is there yet
        (timedelta(hours=13), 0),  # two complaints may be chance
        (timedelta(hours=19), 1),  # three
        (10 * DAY, 1),
        (12 * DAY, 1),  # the grace for the last day's count
        (12 * DAY + timedelta(seconds=1), 0),
    ],
)
def test_it_must_open_while_the_rise_lasts(after: timedelta, found: int) -> None:
    result = score([rise()], [alert(after)], weeks=20, seed=7)
    assert (len(result.found), result.other_alerts) == (found, 1 - found)


@pytest.mark.parametrize(("held", "found"), [(5, 1), (4, 1), (3, 0), (0, 0)])
def test_its_topic_must_hold_half_of_what_came_so_far(held: int, found: int) -> None:
    two_days = [f"FB-{number:06}" for number in range(8)]
    facts = alert(2 * DAY, frozenset([*two_days[:held], "FB-009999"]))
    assert len(score([rise()], [facts], weeks=20, seed=7).found) == found


def test_complaints_that_came_later_do_not_count_as_held() -> None:
    later = frozenset(f"FB-{number:06}" for number in range(8, 40))
    assert score([rise()], [alert(2 * DAY, later)], weeks=20, seed=7).found == ()


def test_the_first_report_gives_the_delay_and_later_ones_are_not_held_against_it() -> None:
    result = score([rise()], [alert(5 * DAY), alert(2 * DAY), alert(3 * DAY, topic=2)], weeks=20, seed=7)
    assert [found.delay for found in result.found] == [2 * DAY]
    assert result.other_alerts == 0


def test_each_rise_needs_an_alert_of_its_own_topic() -> None:
    second = rise(prefix="XY")
    result = score([rise(), second], [alert(3 * DAY)], weeks=20, seed=7)
    assert [found.planted.name for found in result.found] == ["a rise"]
    assert len(result.found) == 1
    both = score([rise(), second], [alert(3 * DAY), alert(4 * DAY, second.source_ids)], weeks=20, seed=7)
    assert both.as_dict()["delays_days"] == [3.0, 4.0]


def test_without_alerts_nothing_is_found_and_nothing_is_wrong() -> None:
    assert score([rise()], [], weeks=0, seed=7).as_dict()["found"] == 0
    assert score([], [alert(DAY)], weeks=1, seed=7).other_alerts == 1


@given(st.lists(st.tuples(st.integers(-5, 20), st.sets(st.integers(0, 39))), max_size=8))
def test_every_alert_is_a_report_or_another_and_more_alerts_never_lose_a_rise(
    openings: list[tuple[int, set[int]]],
) -> None:
    alerts = [alert(day * DAY, frozenset(f"FB-{number:06}" for number in held)) for day, held in openings]
    result = score([rise()], alerts, weeks=20, seed=7)
    assert result.other_alerts <= len(alerts) - len(result.found)
    assert len(score([rise()], [*alerts, alert(2 * DAY)], weeks=20, seed=7).found) == 1


def test_a_ramp_climbs_evenly_and_stays() -> None:
    ramp = Rise("ramp", "", "verification-documents", 10, 60, "", factor=4.0, climb=30)
    assert ramp.added(9, 1.0) == 0
    assert ramp.added(24, 1.0) == pytest.approx(1.5)
    assert ramp.added(39, 1.0) == ramp.added(59, 1.0) == pytest.approx(3.0)
    assert ramp.added(60, 1.0) == 0


def test_counts_have_the_mean_and_the_mild_excess_they_promise() -> None:
    rng = Random(4)
    counts = [clumped(rng, 3.0) for _ in range(6_000)]
    assert mean(counts) == pytest.approx(3.0, rel=0.04)
    assert variance(counts) / mean(counts) == pytest.approx(1.3, abs=0.08)
    assert poisson(rng, 0.0) == 0


def test_a_week_averages_to_one_and_the_level_grows() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC).date()
    assert mean(weekday_factor(start, day) for day in range(7)) == pytest.approx(1)
    still = Drift(0.0, 100, 0)
    first, last = (sum(expected("praise", still, start, day + at, 185) for day in range(7)) for at in (0, 178))
    assert last / first == pytest.approx(40 / 26, rel=0.05)
