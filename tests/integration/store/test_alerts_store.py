"""Signals, alerts with their history and evidence, and thresholds."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from feedback.domain import Alert, AlertState, GivenVerdict, Signal, Span, Transition, Verdict, derived_id
from feedback.store import alerts
from feedback.store.database import Database
from feedback.store.verdicts import add_verdict
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION, publish, topic

OTHER = derived_id("other topic")
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def two_topics(database: Database) -> None:
    publish(database, members=[topic(), topic(OTHER, name="login", owner=None, area="account")])


def signal(topic_id: UUID = TOPIC, **changes: Any) -> Signal:
    values: dict[str, Any] = {
        "topic_id": topic_id,
        "version_id": VERSION,
        "detector": "eb7",
        "window": Span(DAY - WEEK, DAY),
        "observed": 41,
        "expected": 12.25,
        "low": 7.0,
        "high": 18.0,
        "p": 1e-300,
        "q": 1e-12,
        "score": 9.5,
        "threshold": 4.0,
        "rising": True,
        "complete": True,
    }
    return Signal(**{**values, **changes})


def ended(days: int, **changes: Any) -> Signal:
    """One whose window ends so many days later."""
    return signal(window=Span(DAY - WEEK + timedelta(days=days), DAY + timedelta(days=days)), **changes)


def alert(name: str = "first", topic_id: UUID = TOPIC, **changes: Any) -> Alert:
    values: dict[str, Any] = {"state": AlertState.OPEN, "opened_at": NOW, "last_rising_at": NOW}
    return Alert(derived_id(name), topic_id, **{**values, **changes})


def keep(database: Database, each: Alert, evidence: dict[str, Any] | None = None, at: datetime = NOW) -> None:
    with database.write() as connection:
        alerts.store_alert(connection, each, at, evidence or {})


def test_the_latest_run_s_signals_come_back_the_strongest_first(database: Database) -> None:
    weak = signal(OTHER, score=0.25, rising=False, complete=False, expected=0.0)
    with database.write() as connection:
        alerts.store_signals(connection, [signal(score=99.0)], NOW - WEEK)
        alerts.store_signals(connection, [weak, signal()], NOW)
        assert alerts.latest_signals(connection) == [(NOW, signal()), (NOW, weak)]
    assert math.isinf(weak.ratio)


def test_no_run_yet_no_signals(database: Database) -> None:
    with database.read() as connection:
        assert alerts.latest_signals(connection) == []
        assert alerts.latest_alerts(connection) == {}


def test_a_run_done_again_replaces_its_signals(database: Database) -> None:
    with database.write() as connection:
        alerts.store_signals(connection, [signal(observed=1)], NOW)
        alerts.store_signals(connection, [signal(observed=2)], NOW)
        assert [each.observed for _, each in alerts.latest_signals(connection)] == [2]


def test_a_topic_s_strongest_signal_within_a_span(database: Database) -> None:
    with database.write() as connection:
        for days, score in ((0, 99.0), (1, 3.0), (2, 8.0), (3, 5.0), (4, 77.0)):
            alerts.store_signals(connection, [ended(days, score=score)], NOW + timedelta(days=days))
        found = alerts.strongest_signals(connection, Span(NOW, NOW + timedelta(days=3)))
    assert {key: each.score for key, each in found.items()} == {TOPIC: 8.0}


def test_a_day_that_is_half_counted_speaks_for_a_week_only_where_no_whole_one_rose(database: Database) -> None:
    sunday = signal(observed=296, score=20.0, complete=False)
    monday = signal(observed=329, score=15.0)
    later = ended(1, score=30.0, complete=False)
    with database.write() as connection:
        for hours, each in ((18, sunday), (24, monday), (30, later)):
            alerts.store_signals(connection, [each], NOW + timedelta(hours=hours))
        first, both, all_three = (
            alerts.strongest_signals(connection, Span(NOW, NOW + timedelta(hours=hours))) for hours in (18, 24, 30)
        )
    assert first == {TOPIC: sunday}
    assert both == all_three == {TOPIC: monday}


def test_a_day_speaks_for_a_week_as_it_was_last_judged(database: Database) -> None:
    calm = ended(-1, score=3.0, rising=False)
    morning, evening = signal(score=9.0, complete=False), signal(score=8.0, complete=False)
    midnight = signal(score=3.9, rising=False)
    with database.write() as connection:
        for hours, each in ((1, calm), (6, morning), (18, evening), (24, midnight)):
            alerts.store_signals(connection, [each], NOW + timedelta(hours=hours))
            found = alerts.strongest_signals(connection, Span(NOW, NOW + timedelta(hours=hours)))
            assert found == {TOPIC: each}


def test_a_rise_under_the_version_asked_for_speaks_before_one_under_another(database: Database) -> None:
    calm, before = signal(rising=False), ended(1, score=20.0, version_id=derived_id("a version before"))
    now = ended(2, score=6.0)
    with database.write() as connection:
        for days, each in ((1, calm), (2, before), (3, now)):
            alerts.store_signals(connection, [each], NOW + timedelta(days=days))
            span = Span(NOW, NOW + timedelta(days=days))
            assert alerts.strongest_signals(connection, span, version_id=VERSION) == {TOPIC: each}


def test_an_hour_speaks_for_a_week_only_where_no_day_rose(database: Database) -> None:
    hour, calm, risen = signal(score=20.0, detector="hours"), signal(score=30.0, rising=False), ended(1, score=4.0)
    with database.write() as connection:
        for days, each in enumerate((calm, hour, risen), 1):
            alerts.store_signals(connection, [each], NOW + timedelta(days=days))
            found = alerts.strongest_signals(connection, Span(NOW, NOW + timedelta(days=days)), hourly="hours")
            assert found == {TOPIC: each}


def test_an_alert_comes_back_as_it_is_now(database: Database) -> None:
    keep(database, alert())
    later = alert(state=AlertState.RESOLVED, calm_since=NOW + WEEK, resolved_at=NOW + 2 * WEEK)
    keep(database, later, at=NOW + 2 * WEEK)
    with database.read() as connection:
        assert alerts.latest_alerts(connection) == {TOPIC: later}


def test_of_several_alerts_the_newest_stands_for_the_topic(database: Database) -> None:
    keep(database, alert("new", opened_at=NOW + WEEK))
    keep(database, alert("old", state=AlertState.RESOLVED))
    with database.read() as connection:
        assert alerts.latest_alerts(connection)[TOPIC].id == derived_id("new")


def test_alerts_are_found_by_the_beginning_of_their_id(database: Database) -> None:
    keep(database, alert(), {"rises": []})
    key = alert().id
    with database.read() as connection:
        assert alerts.alerts_beginning(connection, str(key)[:8]) == [key]
        assert alerts.alerts_beginning(connection, "") == [key]
        assert alerts.alerts_beginning(connection, "nothing") == []
        assert alerts.alert_row(connection, key).evidence == {"rises": []}


def test_evidence_is_kept_as_it_was_written(database: Database) -> None:
    evidence = {"quotes": ["Missä bonukseni on? 😡"], "drivers": [{"q": 0.01, "value": "Zürich"}], "rises": []}
    keep(database, alert(), evidence)
    with database.read() as connection:
        assert alerts.evidence_of(connection, alert().id) == evidence
        assert alerts.risen_spans(connection) == []


def test_the_spans_of_past_rises_are_found(database: Database) -> None:
    rise = {"start": DAY.isoformat(), "end": (DAY + WEEK).isoformat()}
    keep(database, alert(), {"rises": [rise]})
    with database.read() as connection:
        assert alerts.risen_spans(connection) == [(TOPIC, Span(DAY, DAY + WEEK))]


def test_a_verdict_is_about_the_rise_that_it_was_given_to(database: Database) -> None:
    spans = [Span(DAY, DAY + WEEK), Span(DAY + 3 * WEEK, DAY + 4 * WEEK)]
    rises = [{"start": each.start.isoformat(), "end": each.end.isoformat()} for each in spans]
    keep(database, alert(), {"rises": rises})
    back = alert(state=AlertState.REGRESSED)
    with database.write() as connection:
        alerts.add_transition(connection, Transition(alert(), None, DAY + timedelta(days=6), "feedback", "up"))
        alerts.add_transition(connection, Transition(back, AlertState.RESOLVED, DAY + 3.5 * WEEK, "feedback", "back"))
        said = GivenVerdict(alert().id, Verdict.EXPECTED, DAY + WEEK, "ana", "a campaign")
        add_verdict(connection, said)
        assert alerts.risen_spans(connection) == [(TOPIC, spans[1])], "it may be another thing that came back"
        add_verdict(connection, replace(said, at=DAY + 4 * WEEK))
        assert alerts.risen_spans(connection) == []
        add_verdict(connection, replace(said, at=DAY + 4 * WEEK, verdict=Verdict.REAL))
        assert alerts.risen_spans(connection) == [(TOPIC, spans[1])], "of several about one rise the latest holds"


def test_an_alert_needs_a_topic(database: Database) -> None:
    with pytest.raises(IntegrityError):
        keep(database, alert(topic_id=derived_id("nowhere")))


def test_a_history_stays_in_order(database: Database) -> None:
    first = Transition(alert(), None, NOW, "feedback", "41 instead of 12")
    seen = replace(alert(), state=AlertState.ACKNOWLEDGED)
    second = Transition(seen, AlertState.OPEN, NOW, "åsa", "looking at it")
    keep(database, alert())
    with database.write() as connection:
        alerts.add_transition(connection, first)
        alerts.add_transition(connection, second)
        history = alerts.transitions_of(connection, alert().id)
        assert alerts.transitions_of(connection, derived_id("none")) == []
    assert [(row.before, row.after, row.who) for row in history] == [
        (None, "open", "feedback"),
        ("open", "acknowledged", "åsa"),
    ]


def test_alerts_are_listed_the_newest_first_with_their_topic(database: Database) -> None:
    resolved: dict[str, Any] = {"state": AlertState.RESOLVED, "resolved_at": NOW + WEEK}
    keep(database, alert("old", **resolved))
    keep(database, alert("middle", OTHER, opened_at=NOW + timedelta(days=10)))
    keep(database, alert("new", opened_at=NOW + timedelta(days=20), state=AlertState.REGRESSED))
    with database.read() as connection:
        everything = alerts.alert_rows(connection)
        unresolved = alerts.alert_rows(connection, only_open=True)
        second = alerts.alert_rows(connection, limit=1, offset=1)
    assert [row.topic for row in everything] == ["bonus / bonus", "login", "bonus / bonus"]
    assert [row.state for row in unresolved] == ["regressed", "open"]
    assert [(row.topic, row.owner, row.area) for row in second] == [("login", None, "account")]


def test_alerts_of_a_span_are_those_open_within_it_whatever_became_of_them(database: Database) -> None:
    life = ((0, AlertState.OPEN), (7, AlertState.RESOLVED), (30, AlertState.REGRESSED), (37, AlertState.RESOLVED))
    keep(database, alert(state=AlertState.RESOLVED, resolved_at=NOW + timedelta(days=37)))
    with database.write() as connection:
        for days, state in life:
            change = Transition(alert(state=state), None, NOW + timedelta(days=days), "feedback", "as told")
            alerts.add_transition(connection, change)
        found = {
            first: bool(alerts.alert_rows(connection, active=Span(start, start + timedelta(days=5))))
            for first in (-6, -5, 2, 6, 7, 24, 25, 26, 31, 37)
            for start in (NOW + timedelta(days=first),)
        }
    assert {first for first, is_there in found.items() if is_there} == {-5, 2, 6, 25, 26, 31}


def test_the_newest_threshold_up_to_now_counts(database: Database) -> None:
    with database.write() as connection:
        for days, value in ((0, 3.5), (7, 4.5)):
            alerts.store_threshold(connection, VERSION, "eb7", NOW + timedelta(days=days), value, {"rounds": 200})
        assert alerts.stored_threshold(connection, "eb7", NOW) == (NOW, 3.5, {"rounds": 200})
        assert alerts.stored_threshold(connection, "eb7", NOW + 2 * WEEK) == (NOW + WEEK, 4.5, {"rounds": 200})
        assert alerts.stored_threshold(connection, "eb7", NOW - WEEK) is None
        assert alerts.stored_threshold(connection, "other", NOW) is None
