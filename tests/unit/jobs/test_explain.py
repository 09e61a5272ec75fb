"""What is gathered about an alert: its weeks as of the last judgement, what was left out, whence the threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from feedback.domain import AlertState, Complaint, derived_id
from feedback.errors import FeedbackError
from feedback.explanation import sentences
from feedback.settings import Settings
from feedback.store import alerts, counts, topics
from feedback.store.complaints import store_complaints
from feedback.store.database import Database, open_database
from feedback.store.events import add_event
from feedback.store.topics import Assigned
from jobs.context import Context, Parts
from jobs.explain import explain_alert
from jobs.progress import Silent
from jobs.run import this_process
from tests.integration.api.api_world import BONUS, EVIDENCE, MIDNIGHT, NOW, VERSION, complain, open_alert, publish

ORIGIN = {
    "budget": 1.0,
    "achieved": 0.98,
    "standard_error": 0.08,
    "simulated_weeks": 152,
    "evaluations_per_day": 4,
    "topics": 3,
}
SET_AT = NOW - timedelta(days=5)


@pytest.fixture
def database(sqlite_database: str) -> Iterator[Database]:
    """Seventy days with one complaint each but for a gap of ten, and the last day with some after the judgement."""
    opened = open_database(sqlite_database)
    with opened.write() as connection:
        publish(connection)
        for back in range(1, 70):
            if back not in range(30, 40):
                complain(connection, BONUS, MIDNIGHT - timedelta(days=back), 1)
        today = [NOW + timedelta(hours=hours) for hours in (-3, -2, -1, 1, 2, 3, 4)]
        written = [Complaint("api", f"{at}", at, "text", "0" * 64, "de") for at in today]
        store_complaints(connection, written, NOW)
        topics.assign(connection, VERSION.id, [Assigned(each.id, BONUS.id, 0.9, MIDNIGHT) for each in written])
        counts.recount(connection, VERSION.id)
    yield opened
    opened.close()


@pytest.fixture
def context(database: Database, settings: Callable[..., Settings]) -> Context:
    chosen = settings(time_zone="UTC")
    return Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())


def alerted(context: Context, **evidence: object) -> UUID:
    with context.database.write() as connection:
        return open_alert(connection, BONUS, NOW, evidence={**EVIDENCE, **evidence})


def rose(context: Context, first: date, last: date) -> None:
    """An earlier alert about these days."""
    start, end = (datetime.combine(day, datetime.min.time(), NOW.tzinfo) for day in (first, last + timedelta(days=1)))
    with context.database.write() as connection:
        rises = [{"start": start.isoformat(), "end": end.isoformat()}]
        open_alert(connection, BONUS, start, AlertState.RESOLVED, {**EVIDENCE, "rises": rises})


def test_the_weeks_end_with_the_window_and_its_last_day_where_it_was_judged(context: Context) -> None:
    found = explain_alert(context, str(alerted(context)))
    assert [each.when for each in found.weeks] == ["before"] * 7 + ["judged"]
    assert all(len(each.days) == 7 for each in found.weeks)
    last = found.weeks[-1].days[-1]
    assert (last.day, last.complaints, last.everything, last.complete) == (date(2026, 3, 8), 3, 3, False)
    gaps = [each.day for week in found.weeks for each in week.days if each.gap]
    assert gaps == [date(2026, 1, 28) + timedelta(days=days) for days in range(10)]
    assert not found.recounted


def test_what_lies_in_the_baseline_was_left_out_but_for_what_outlasted_the_patience(context: Context) -> None:
    rose(context, date(2026, 1, 10), date(2026, 1, 16))
    rose(context, date(2026, 2, 20), date(2026, 2, 26))
    found = explain_alert(context, str(alerted(context)))
    # the baseline ended on 22 February
    assert found.left_out == ((date(2026, 1, 10), date(2026, 1, 16)), (date(2026, 2, 20), date(2026, 2, 22)))
    alerted_days = {each.day for week in found.weeks for each in week.days if each.alerted and not each.recent}
    assert alerted_days == {date(2026, 1, 12 + day) for day in range(5)} | {date(2026, 2, 20 + day) for day in range(3)}


def test_expected_days_are_no_alert_s_and_their_event_is_named(context: Context) -> None:
    with context.database.write() as connection:
        days = date(2026, 2, 10), date(2026, 2, 11)
        add_event(connection, "Derby", *days, BONUS.id, "", NOW, "ana", expected=True)
        add_event(connection, "Other", *days, derived_id("another topic"), "", NOW, "ana", expected=True)
    found = explain_alert(context, str(alerted(context)))
    assert found.left_out == ()
    assert [each.name for each in found.events] == ["Derby"]
    expected = {each.day: each.events for week in found.weeks for each in week.days if each.expected}
    assert expected == {date(2026, 2, 10): ("Derby",), date(2026, 2, 11): ("Derby",)}
    assert not any(each.alerted for week in found.weeks for each in week.days)


def test_a_rise_that_outlasts_the_patience_is_left_out_no_longer(context: Context) -> None:
    rose(context, date(2026, 1, 3), date(2026, 2, 20))
    found = explain_alert(context, str(alerted(context)))
    assert found.left_out == ((date(2026, 1, 3), date(2026, 2, 13)),)


def test_where_none_was_written_down_the_threshold_in_force_tells_its_origin(context: Context) -> None:
    alert_id = str(alerted(context))
    assert explain_alert(context, alert_id).latest.origin is None
    with context.database.write() as connection:
        alerts.store_threshold(connection, VERSION.id, "eb7", SET_AT, 3.9, ORIGIN)
    origin = explain_alert(context, alert_id).latest.origin
    assert origin is not None
    assert (origin.set_at, origin.achieved, origin.topics) == (SET_AT, 0.98, 3)
    with context.database.write() as connection:
        alerts.store_threshold(connection, VERSION.id, "eb7", SET_AT + timedelta(days=1), 4.4, ORIGIN)
    assert explain_alert(context, alert_id).latest.origin is None, "another threshold than that which held"


def test_complaints_that_have_another_topic_since_do_not_contradict_what_was_judged_in_silence(
    context: Context,
) -> None:
    said = [sentences(explain_alert(context, str(alerted(context, observed=each))))[-1] for each in (9, 41)]
    assert said[0].startswith("The score is")
    assert said[1].startswith("The days that were judged hold 9 complaints by now and not 41")


def test_weeks_of_a_version_that_is_gone_are_those_of_the_one_in_force(context: Context) -> None:
    found = explain_alert(context, str(alerted(context, version_id=str(derived_id("gone")))))
    assert found.recounted
    assert found.weeks


def test_an_alert_that_nothing_was_written_down_with_says_so(context: Context) -> None:
    with context.database.write() as connection:
        alert_id = open_alert(connection, BONUS, NOW, evidence={})
    with pytest.raises(FeedbackError, match="written down"):
        explain_alert(context, str(alert_id))
