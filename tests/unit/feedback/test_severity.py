"""How grave an alert is: it follows from numbers that are kept with it, and does not fall while the alert is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import Severity, Signal, Span, derived_id
from feedback.severity import Shift, kept, level, severity_at, severity_of, severity_words, weights

NOW = datetime(2026, 3, 9, tzinfo=UTC)
SIGNAL = Signal(
    topic_id=derived_id("topic"),
    version_id=derived_id("version"),
    detector="EB7",
    window=Span(NOW - timedelta(days=7), NOW),
    observed=41,
    expected=12.0,
    low=7.0,
    high=18.0,
    p=1e-9,
    q=1e-8,
    score=9.0,
    threshold=3.0,
    rising=True,
    complete=True,
)
SHIFTED = Shift(now=0.4, usual=0.1, p=0.001, count=12)
severities = st.sampled_from(Severity)


def graded(
    signal: Signal = SIGNAL,
    customers: int | None = None,
    topic: Severity | None = None,
    segment: Shift | None = None,
    ratings: Shift | None = None,
) -> Severity:
    return level(weights(signal, customers, topic, segment, ratings))


def test_a_usual_rise_is_medium_and_each_thing_makes_it_graver() -> None:
    assert graded() is Severity.MEDIUM
    assert graded(topic=Severity.HIGH) is Severity.HIGH
    assert graded(topic=Severity.CRITICAL) is Severity.CRITICAL
    assert graded(topic=Severity.LOW) is Severity.LOW
    assert graded(segment=SHIFTED, ratings=SHIFTED) is Severity.HIGH
    assert graded(replace(SIGNAL, observed=400)) is Severity.CRITICAL


def test_fifty_messages_of_one_customer_are_no_large_rise() -> None:
    many = replace(SIGNAL, observed=60, high=40.0)
    assert graded(many, customers=60).rank > graded(many, customers=4).rank


def test_small_numbers_do_not_look_grave() -> None:
    tiny = replace(SIGNAL, observed=4, expected=0.1, low=0.0, high=1.0)
    assert graded(tiny) is Severity.MEDIUM, "forty times what is expected, of which little is known"


def test_what_may_be_chance_does_not_count() -> None:
    assert graded(segment=replace(SHIFTED, p=0.2), ratings=replace(SHIFTED, p=0.2)) is Severity.MEDIUM
    assert weights(SIGNAL, None, None, replace(SHIFTED, count=2), None) == weights(SIGNAL, None, None, None, None)


def test_it_says_what_it_follows_from() -> None:
    found = kept(
        weights(SIGNAL, 38, Severity.HIGH, SHIFTED, replace(SHIFTED, now=1.8, usual=3.4)), None, NOW, anew=True
    )
    assert severity_words({"severity": found}).replace("\u00a0", " ") == (
        "Critical severity: 26 customers more than expected (+1 point), 2.3 times the most that usually comes "
        "(+1 point), the topic is said to be high (+2 points), 40 % are important customers, usually 10 % (+1 point) "
        "and they rate 1.8 on average, usually 3.4 (+1 point)."
    )
    assert severity_words({}) == "", "an alert of an earlier release"
    assert severity_of({}) is None


@given(st.lists(st.tuples(st.integers(5, 900), severities, st.booleans()), min_size=1, max_size=12))
def test_while_it_is_open_it_only_rises_and_every_step_is_on_record(rises: list[tuple[int, Severity, bool]]) -> None:
    before = None
    for hour, (observed, topic, anew) in enumerate(rises):
        found = weights(replace(SIGNAL, observed=observed), None, topic, None, None)
        after = kept(found, before, NOW + timedelta(hours=hour), anew=anew)
        assert Severity(after["level"]).rank >= level(found).rank
        if before and not anew:
            assert Severity(after["level"]).rank >= Severity(before["level"]).rank
        if before:
            assert after["history"][: len(before["history"])] == before["history"]
        assert after["history"][-1]["level"] == after["level"]
        points = sum(each["points"] for each in after["reasons"])
        assert (points >= 6) == (after["level"] == "critical"), "the reasons are those of the level"
        before = after


def test_reasons_are_those_of_now_while_it_is_as_grave_and_said_to_be_past_once_it_is_not() -> None:
    def after(observed: int, before: dict[str, Any] | None) -> dict[str, Any]:
        found = weights(replace(SIGNAL, observed=observed), None, None, None, None)
        return kept(found, before, NOW, anew=before is None)

    grave = after(60, None)
    still = after(58, grave)
    over = after(14, still)
    assert "48 customers more" in severity_words({"severity": grave}).replace("\u00a0", " ")
    assert "46 customers more" in severity_words({"severity": still}).replace("\u00a0", " ")
    assert "at its gravest: 46 customers more" in severity_words({"severity": over}).replace("\u00a0", " ")
    assert "at its gravest" not in severity_words({"severity": after(60, over)})


def test_what_it_was_at_a_moment_is_known_from_then_on() -> None:
    def after(observed: int, before: dict[str, Any] | None, hours: int) -> dict[str, Any]:
        found = weights(replace(SIGNAL, observed=observed), None, None, None, None)
        return kept(found, before, NOW + timedelta(hours=hours), anew=True)

    grave, light = Severity(after(900, None, 1)["level"]), Severity(after(14, None, 5)["level"])
    evidence = {"severity": after(14, after(900, None, 1), 5)}
    found = [severity_at(evidence, NOW + timedelta(hours=hours)) for hours in (0, 1, 4, 5, 9)]
    assert found == [None, grave, grave, light, light]
    assert grave != light
    assert severity_at({}, NOW) is None
