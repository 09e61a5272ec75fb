"""What is said about an alert, from all that is known down to what an earlier release kept."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedback.domain import AlertState, Reason, Signal, Span, derived_id
from feedback.events import PlannedEvent
from feedback.explanation import (
    Bar,
    Day,
    Explanation,
    Finding,
    Origin,
    Week,
    as_dict,
    sentences,
    span_words,
    summary,
    week_note,
)
from feedback.numbers_behind import numbers

END = datetime(2026, 3, 15, tzinfo=UTC)
REASON = Reason(
    detector="EB7",
    window_days=7,
    open_days=7.0,
    baseline_lag=14,
    half_life=56.0,
    rate=1.6,
    doubt=0.0144,
    phi=1.2,
    kappa=0.02,
    others=218.0,
    others_a_day=28.3,
    volume_prior=44.0,
    relative_volume=1.08,
    mean=12.1,
    size=19.6,
    p=2.6e-5,
    margin=0.0,
)
ORIGIN = Origin(datetime(2026, 3, 1, tzinfo=UTC), 0.65, 0.64, 0.05, 152, 4, 17)
SIGNAL = Signal(
    topic_id=derived_id("topic"),
    version_id=derived_id("version"),
    detector="EB7 and ramp",
    window=Span(END - timedelta(days=7), END),
    observed=41,
    expected=12.1,
    low=7.0,
    high=18.0,
    p=2.6e-5,
    q=0.002,
    score=4.585,
    threshold=4.2,
    rising=True,
    complete=True,
)
LATEST = Finding(SIGNAL, REASON, ORIGIN, q_bound=0.1, false_alarms=1.0)


def day(number: int, **changes: Any) -> Day:
    plain = Day(date(2026, 3, 1) + timedelta(days=number), 2, 30, alerted=False, recent=False, gap=False, complete=True)
    return replace(plain, **changes)


WEEK = Week(tuple(day(number) for number in range(7)), "before")
EXPLAINED = Explanation(
    alert_id=derived_id("alert"),
    topic="Bonus payout delayed",
    owner="promotions",
    state=AlertState.OPEN,
    opened_at=END - timedelta(hours=6),
    last_rising_at=END - timedelta(hours=6),
    judged_at=END,
    resolved_at=None,
    zone=ZoneInfo("UTC"),
    opening=LATEST,
    latest=LATEST,
    weeks=(WEEK,),
    left_out=((date(2026, 1, 5), date(2026, 1, 18)),),
)


def told(explanation: Explanation = EXPLAINED, **latest: Any) -> str:
    """All that is said; spaces that do not break are as any other."""
    finding = replace(explanation.latest, **latest)
    opening = finding if explanation.opening == explanation.latest else explanation.opening
    whole = replace(explanation, latest=finding, opening=opening)
    return "\n".join(sentences(whole)).replace("\u00a0", " ")


def test_an_owner_is_told_everything() -> None:
    assert told().split("\n") == [
        "Bonus payout delayed: the alert of 14 March 2026 is still open. Its owner is promotions.",
        "In the 7 days to 14 March 2026, 41 complaints came in; 12 were expected (7–18). "
        "In the weeks up to 28 February 2026 the topic had 1.6 a day, older days counting less, and since then "
        "everything else together was 8 % above what it was: 1.6 × 7 days × 1.08 = 12.1. "
        "The range is as wide as earlier predictions were off: the variance of such a count is 1.62 times its mean, "
        "and the rate itself is known to ± 12 %.",
        "By chance alone, so many or more would come in one of 38,000 such windows.",
        "Left out of the baseline, because the topic was in an alert: 5 to 18 January 2026, 14 days in all.",
        "The score is 4.58 (the negative decimal logarithm of that chance); from 4.20 on it is an alert. "
        "That threshold was set on 1 March 2026 such that no more than 0.65 false alarms a week are expected over all "
        "17 topics together; in the simulation that it was chosen by, 152 weeks drawn from your own series, there were "
        "0.64 ± 0.05 a week. Of the one false alarm a week that you allow, 0.65 is for topics as a whole, the rest for "
        "segments where they are judged and for single hours.",
        "Of the rises of one run at most 10 % may be there by chance: q had to be 0.1 or less among all topics "
        "judged, and was 0.002.",
    ]


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (
            0.3,
            "at most 30 % may be there by chance, the least that leaves room for as many false alarms as were ",
        ),
        (1.0, "nothing beyond the threshold was asked: "),
    ],
)
def test_the_bound_on_q_is_told_as_it_was_set(bound: float, words: str) -> None:
    assert words in told(origin=replace(ORIGIN, q_bound=bound), q_bound=bound)


def test_a_rise_that_creeps_is_held_against_what_was_known_before_it() -> None:
    reason = replace(REASON, detector="ramp", window_days=28, open_days=26.5, baseline_lag=42, margin=0.5)
    said = told(reason=reason, signal=replace(SIGNAL, window=Span(END - timedelta(days=28), END), complete=False))
    assert "In the 28 days to 14 March 2026, the last of which was not over, 41 complaints came in" in said
    assert "So that rises that creep are seen, four weeks are judged at once. In the weeks up to 31 January" in said
    assert "× 26.5 days ×" in said
    assert "that chance, less 0.50, which makes this detector's scores worth as much" in said
    assert ", plus 0.50," in told(reason=replace(reason, margin=-0.5))


def test_the_time_of_the_year_is_told_and_is_part_of_the_product() -> None:
    said = told(reason=replace(REASON, season=1.23, mean=14.9))
    assert (
        "everything else together was 8 % above what it was; this time of the year usually has 23 % more of this topic "
        "than those weeks: 1.6 × 7 days × 1.08 × 1.23 = 14.9." in said
    )
    assert "usually has 15 % less of this topic" in told(reason=replace(REASON, season=0.85))
    assert "time of the year" not in told()
    assert ("season", 1.23) in [row[:2] for row in numbers(replace(LATEST, reason=replace(REASON, season=1.23)))]


def test_days_that_counted_for_less_without_an_alert_are_told_with_their_weights() -> None:
    week = tuple((age, 0.3 if age > 40 else 0.5) for age in range(43, 36, -1))
    said = told(reason=replace(REASON, lighter=((60, 0.71), *week)))
    assert (
        "Counted for less in the baseline, because more came in than chance explains though there was no alert: "
        "13 January 2026 (at 71 %) and 30 January to 5 February 2026 (at 41 %)." in said
    )
    assert "Counted for less" not in told()
    alone = tuple((age, 0.5) for age in range(100, 40, -10))
    assert "two earlier, 24 December 2025 (at 50 %)" in told(reason=replace(REASON, lighter=alone))


@pytest.mark.parametrize(
    ("relative", "words"),
    [(1.0, "was as before"), (0.9, "was 10 % below what it was"), (2.31, "was 2.31 times what it was")],
)
def test_the_volume_of_everything_else_is_told_as_one_says_it(relative: float, words: str) -> None:
    assert words in told(reason=replace(REASON, relative_volume=relative))


DERBY = PlannedEvent(1, "Derby", date(2026, 3, 10), date(2026, 3, 11), None, "", END, "ana", expected=True)
RELEASE = PlannedEvent(2, "Release 4.2", date(2026, 3, 12), date(2026, 3, 12), None, "", END, "ana")


def test_expected_days_are_called_that_and_events_named() -> None:
    said = told(replace(EXPLAINED, events=(DERBY, RELEASE)))
    assert (
        "Left out of what is judged and of the baseline, because a rise was expected to come with a planned event: "
        "Derby (10 to 11 March 2026)." in said
    )
    assert "Planned for these days: Release 4.2 (12 March 2026)." in said
    assert "because the topic was in an alert: 5 to 18 January 2026, 14 days in all." in said
    assert "No week was left out" not in told(replace(EXPLAINED, events=(DERBY,), left_out=()))
    earlier = replace(RELEASE, first=date(2026, 1, 1), last=date(2026, 1, 1))
    assert "Planned for" not in told(replace(EXPLAINED, events=(earlier,)))
    assert json.loads(json.dumps(as_dict(replace(EXPLAINED, events=(DERBY,))), default=str))["events"][0]["expected"]


def test_what_complaints_are_in_proportion_to_is_named() -> None:
    players = replace(REASON, exposure="active players")
    said = told(reason=players)
    assert "and since then active players were 8 % above what they were: 1.6 × 7 days × 1.08 = 12.1." in said
    assert "everything else" not in said
    rows = {name: what for name, _, what in numbers(replace(LATEST, reason=players))}
    assert rows["others"].startswith("active players")


def test_the_rate_can_be_worked_out_from_what_is_shown() -> None:
    known = replace(REASON, rate=(0.8 + 46.4) / (0.8 / 0.5 + 27.9), prior_shape=0.8, prior_mean=0.5)
    finding = replace(LATEST, reason=replace(known, counted=46.4, watched=27.9))
    shown = {name: value for name, value, _ in numbers(finding)}
    names = ("prior shape", "prior mean", "counted", "watched", "rate")
    shape, mean, counted, watched, rate = (float(shown[name]) for name in names)
    assert rate == pytest.approx((shape + counted) / (shape / mean + watched))
    assert "prior shape" not in {name for name, _, _ in numbers(LATEST)}, "an earlier release kept none"


def test_what_all_years_say_is_told_where_it_changes_the_rate() -> None:
    weeks = replace(REASON, prior_shape=0.8, prior_mean=0.5, counted=46.4, watched=27.9)
    by_weeks = (0.8 + 46.4) / (0.8 / 0.5 + 27.9)
    reason = replace(weeks, rate=by_weeks + 0.7 * (1.2 - by_weeks), years_rate=1.2, years_weight=0.7)
    said = told(reason=reason)
    assert (
        "the topic had 1.6 a day, older days counting less, and by the course of all its years 1.2. By how well either "
        "has foretold so far, the years count 70 %: 1.32 a day. And since then everything else together was" in said
    )
    assert "all its years" not in told(reason=replace(reason, rate=by_weeks + 1e-4, years_weight=1e-4))
    shown = {name: value for name, value, _ in numbers(replace(LATEST, reason=reason))}
    by_years, weight, rate = (float(shown[name]) for name in ("years' rate", "years' weight", "rate"))
    assert rate == pytest.approx(float(shown["weeks' rate"]) * (1 - weight) + by_years * weight)


def test_which_part_of_the_false_alarms_a_threshold_is_for_is_told_where_it_is_a_part() -> None:
    parts = replace(ORIGIN, budget=0.5, segments=6)
    said = told(origin=parts, false_alarms=2.0)
    assert (
        "Of the 2 false alarms a week that you allow, 0.5 are for segments, the rest for topics as a whole and" in said
    )
    assert "you allow" not in told(false_alarms=0.65)
    assert "you allow" not in told(false_alarms=None), "an earlier release"
    shown = [row[:2] for row in numbers(LATEST)]
    assert ("allowed", 1.0) in shown
    assert ("budget", 0.65) in shown


def test_the_hours_that_set_a_threshold_are_told() -> None:
    hourly = replace(LATEST, reason=replace(REASON, unit="hour", margin=0.477), origin=None, bar=Bar(3360, 2.0, 17))
    said = told(reason=hourly.reason, origin=None, bar=hourly.bar)
    assert (
        "That threshold is what the scores of the 3,360 hours before, over all 17 topics, exceeded once; what lies "
        "within four days counts as one. Of the one false alarm a week that you allow, 0.1 is for single hours, the "
        "rest for whole days." in said
    )
    said = told(reason=hourly.reason, bar=Bar(1344, 0.8, 17))
    assert "That threshold is the highest of the scores of the 1,344 hours before, over all 17 topics." in said
    assert "There may be more than those" in said
    shown = {name: value for name, value, _ in numbers(hourly)}
    assert (shown["hours compared"], shown["episodes allowed"]) == (3360, 2.0)
    assert shown["budget"] == pytest.approx(0.1)
    assert "the scores of the weeks before" in told(reason=hourly.reason), "an earlier release"


def test_the_numbers_of_hours_speak_of_hours() -> None:
    reason = replace(REASON, unit="hour", window_days=3, baseline_lag=24, half_life=672.0, margin=0.477)
    rows = numbers(replace(LATEST, reason=reason, origin=None, bar=Bar(3360, 2.0, 17)))
    assert not [row for row in rows if "day" in f"{row[0]} {row[2]}".replace("time of day", "")]
    said = {name: what for name, _, what in rows}
    assert said["window"] == "hours"
    assert said["half-life"] == "hours after which an hour of the baseline counts half"
    assert said["margin"].startswith("log10 of how many windows were looked at")
    assert said["mean"] == "rate × open hours × relative volume"


def test_a_threshold_for_hours_that_is_the_least_there_is_says_so() -> None:
    signal, bar = replace(SIGNAL, threshold=3.0), Bar(3360, 2.0, 17, 3.0)
    said = told(reason=replace(REASON, unit="hour"), origin=None, bar=bar, signal=signal)
    assert "That threshold is the least there is for hours; the scores of the 3,360 hours before" in said


def test_a_late_rise_is_called_that_without_voices_too() -> None:
    assert "They came in after the week was over." in told(late=True)
    assert "They came in after the week was over." in " ".join(summary(replace(LATEST, late=True), ZoneInfo("UTC")))


def test_an_alert_without_reasons_is_explained_as_far_as_it_goes() -> None:
    said = told(reason=None, origin=None, q_bound=None)
    assert "41 complaints came in; 12 were expected (7–18). Why so many were expected was not yet kept" in said
    assert "one of 38,000 such windows" in said
    assert "Where that threshold came from is no longer known." in said
    assert "Of the rises" not in said
    bare = replace(LATEST, reason=None, origin=None, q_bound=None)
    assert [name for name, _, _ in numbers(bare)][:2] == ["observed", "expected"]


def test_what_was_left_out_is_named_and_of_much_the_last() -> None:
    assert "No week was left out of the baseline" in told(replace(EXPLAINED, left_out=()))
    many = tuple((date(2025, month, 3), date(2025, month, 9)) for month in range(1, 8))
    said = told(replace(EXPLAINED, left_out=many))
    assert "three earlier, 3 to 9 April 2025, 3 to 9 May 2025, 3 to 9 June 2025 and 3 to 9 July 2025, 49 days" in said


def test_what_it_opened_on_is_told_where_it_rose_further() -> None:
    opening = replace(LATEST, signal=replace(SIGNAL, observed=20, score=4.3))
    said = told(replace(EXPLAINED, opening=opening))
    assert "When it opened: in the 7 days to 14 March 2026, 20 complaints came in; 12 were expected (7–18)" in said
    assert "with a score of 4.30 against 4.20." in said


def test_what_it_opened_on_is_not_told_twice_where_only_more_is_kept_of_the_latest_rise() -> None:
    assert "When it opened" not in told(replace(EXPLAINED, opening=replace(LATEST, q_bound=None, false_alarms=None)))


def test_its_end_and_counts_that_are_gone_are_told() -> None:
    ended = replace(EXPLAINED, state=AlertState.RESOLVED, resolved_at=END + timedelta(days=9), owner=None)
    assert told(ended).startswith("Bonus payout delayed: the alert of 14 March 2026 was resolved on 24 March 2026.\n")
    assert "The daily counts of that time are no longer kept." in told(replace(EXPLAINED, weeks=()))
    assert "counted by the topic model in force" in told(replace(EXPLAINED, recounted=True))


def test_a_window_that_was_counted_otherwise_since_says_so() -> None:
    def judged(complaints: int, **changes: Any) -> Explanation:
        days = (day(7, complaints=complaints, **changes), *(day(number, complaints=0) for number in range(8, 14)))
        return replace(EXPLAINED, weeks=(WEEK, Week(days, "judged")))

    assert "hold 1 complaint by now and not 41, as the weeks below show: since then complaints were given " in told(
        judged(1)
    )
    assert "hold 44 complaints by now and not 41, as the weeks below show: since then complaints came in late" in told(
        judged(44)
    )
    assert "by now" not in told(judged(41))
    assert "by now" not in told(judged(44), signal=replace(SIGNAL, complete=False)), "its last day went on"
    assert "by now" not in told(judged(44), reason=replace(REASON, open_days=5.0)), "two days did not count"
    assert "by now" not in told(judged(44, expected=True))
    assert "by now" not in told(judged(1), reason=replace(REASON, unit="hour")), "the days hold more than the hours"


def test_what_a_silent_source_did_not_bring_is_said() -> None:
    missing = replace(REASON, open_days=5.0, silent=2.0)
    assert "as much as 2 of these days bring, was not expected" in told(reason=missing)
    assert "of them that count" not in told(reason=missing), "every day counts, by what was heard"
    assert "on the 5 of them that count" in told(reason=replace(REASON, open_days=4.0, silent=1.0))
    assert "hardly anything of this comes through" in told(reason=replace(REASON, silent=0.03))
    assert "silent" not in told()
    assert ("silent", 2.0) in [each[:2] for each in numbers(replace(LATEST, reason=missing))]
    week = Week(tuple(day(each, silent=each < 3) for each in range(7)), "judged")
    assert week_note(week) == "judged; 3 days without one of the sources"


@pytest.mark.parametrize("p", [1e-300, 0.99, 1.0])
def test_any_chance_can_be_told(p: float) -> None:
    assert "By chance alone" in told(reason=replace(REASON, p=p))


def test_nothing_expected_and_many_alarms_are_said_well() -> None:
    nothing = replace(SIGNAL, expected=1e-9, low=0.0, high=0.0, observed=1)
    said = told(signal=nothing, origin=replace(ORIGIN, budget=2.5))
    assert "1 complaint came in; none were expected." in said
    assert "no more than 2.5 false alarms a week are expected" in said


@pytest.mark.parametrize(
    ("week", "note"),
    [
        (WEEK, ""),
        (replace(WEEK, when="judged"), "judged"),
        (replace(WEEK, days=tuple(day(n, recent=True, alerted=True) for n in range(7))), "too recent for the baseline"),
        (
            replace(WEEK, days=tuple(day(n, alerted=n > 4, gap=n == 0) for n in range(7))),
            "2 days left out of the baseline: in an alert; 1 day without data",
        ),
        (
            replace(WEEK, days=tuple(day(n, expected=n == 2, events=("Derby",) if n == 2 else ()) for n in range(7))),
            "1 day left out: a rise was expected; Derby",
        ),
        (Week((day(0, alerted=True),), "before"), "left out of the baseline: in an alert"),
        (Week((day(0, recent=True, complete=False),), "after"), "after the window; not over"),
    ],
)
def test_a_week_is_told_by_what_is_special_about_it(week: Week, note: str) -> None:
    assert week_note(week) == note


def test_spans_are_written_as_people_write_them() -> None:
    spans = [(date(2026, 3, 2), date(2026, 3, 8)), (date(2026, 2, 27), date(2026, 3, 5)), (END.date(), END.date())]
    said = [span_words(*each).replace("\u00a0", " ") for each in [*spans, (date(2025, 12, 29), date(2026, 1, 4))]]
    assert said == [
        "2 to 8 March 2026",
        "27 February to 5 March 2026",
        "15 March 2026",
        "29 December 2025 to 4 January 2026",
    ]


def test_evidence_is_read_as_it_was_written() -> None:
    reason = replace(REASON, season=0.9, lighter=((40, 0.5), (39, 0.5)))
    finding = replace(LATEST, reason=reason)
    written = {**asdict(SIGNAL), "reason": asdict(reason), "q_bound": 0.1, "settings": {"false_alarms_per_week": 1.0}}
    origin = asdict(ORIGIN)
    written["threshold_origin"] = {**origin, "set_at": "2026-03-01T00:00:00+00:00", "seed": 0, "segments": []}
    written["window"] = {edge: getattr(SIGNAL.window, edge).isoformat() for edge in ("start", "end")}
    assert Finding.read(json.loads(json.dumps(written, default=str)), SIGNAL.topic_id) == finding
    before = {**written, "reason": {k: v for k, v in asdict(REASON).items() if k not in ("season", "lighter")}}
    assert Finding.read(json.loads(json.dumps(before, default=str)), SIGNAL.topic_id) == LATEST
    hourly = {**written, "threshold_origin": {"hours": 3360, "allowed": 2.0, "topics": 17}}
    assert Finding.read(json.loads(json.dumps(hourly, default=str)), SIGNAL.topic_id).bar == Bar(3360, 2.0, 17)
    older = {name: value for name, value in written.items() if name not in ("reason", "threshold_origin", "q_bound")}
    assert Finding.read(json.loads(json.dumps(older, default=str)), SIGNAL.topic_id) == replace(
        LATEST, reason=None, origin=None, q_bound=None
    )


def test_programs_get_all_of_it() -> None:
    found = json.loads(json.dumps(as_dict(EXPLAINED), default=str))
    assert found["latest"]["reason"] == {**asdict(REASON), "lighter": []}
    assert found["latest"]["origin"]["achieved"] == 0.64
    assert found["weeks"][0]["complaints"] == 14
    assert found["left_out"] == [{"first": "2026-01-05", "last": "2026-01-18"}]
    assert found["zone"] == "UTC"
    assert found["sentences"][0].startswith("Bonus payout delayed")
