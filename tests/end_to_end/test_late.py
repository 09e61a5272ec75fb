"""Complaints that come in late: a day is complete when they usually have, and a week that is over can still be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feedback.domain import AlertState, Complaint, Span
from feedback.explanation import sentences
from feedback.store import alerts
from feedback.store.complaints import store_complaints
from feedback.store.tables import complaint
from jobs.context import Context
from jobs.explain import explain_alert
from jobs.publish import publish
from jobs.watermark import watermark
from tests.end_to_end.made_up import FAULT, NOW, judge, made_up_context, told, version

DAYS = 20


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = made_up_context(tmp_path)
    yield made
    made.database.close()


def day_after(day: int, hours: float = 0) -> datetime:
    return NOW.replace(hour=0) + timedelta(days=day + 1, hours=hours)


def live(context: Context, day: int, late: timedelta) -> None:
    """Eight complaints of each subject come in, each so much later than it was received."""
    for subject in range(FAULT):
        for hour in range(1, 24, 3):
            received = day_after(day, hour)
            with context.write() as connection:
                store_complaints(connection, [told(subject, received)], received + late)


@pytest.mark.parametrize(("hours", "known"), [(0.1, 0), (5, 5), (100, 72)])
def test_the_watermark_follows_the_usual_delay(context: Context, hours: float, known: float) -> None:
    for day in range(DAYS):
        live(context, day, timedelta(hours=hours))
    now = day_after(DAYS)
    with context.database.read() as connection:
        assert watermark(connection, now).until == now - timedelta(hours=known)


def test_a_history_that_was_taken_in_at_once_is_no_delay(context: Context) -> None:
    with context.database.read() as connection:
        assert watermark(connection, NOW).until == NOW


def test_a_day_is_judged_complete_once_when_its_complaints_have_come_in(context: Context) -> None:
    for day in range(DAYS):
        live(context, day, timedelta(hours=5))
    midnight = day_after(DAYS)
    with context.database.read() as connection:
        found = {hour: watermark(connection, midnight + timedelta(hours=hour)) for hour in (0, 6, 12)}
    six, early = timedelta(hours=6), midnight - timedelta(hours=6)
    assert found[0].judged_as_of(context, early) == midnight, "but not complete"
    assert found[0].until < midnight
    assert found[6].judged_as_of(context, midnight) == midnight
    assert found[6].until >= midnight
    assert found[12].judged_as_of(context, midnight + six) == midnight + 2 * six


def sent(subject: int, day: int, source: str, hours: Sequence[float]) -> list[Complaint]:
    """A complaint of a day at each of these hours."""
    return [replace(told(subject, day_after(day, each)), source=source, customer_hash=f"{each}") for each in hours]


def test_topics_of_a_punctual_source_do_not_rise_while_another_is_late(context: Context) -> None:
    """Mail of a day is taken in at night two days later; what comes by chat is as steady as the rest."""
    publish(context, version(context, FAULT), NOW - timedelta(days=60))
    with context.write() as connection:
        connection.execute(complaint.delete())
    by_chat, by_mail = ([24 * n / number for n in range(number)] for number in (80, 40))
    for day in range(-50, 0):
        with context.write() as connection:
            store_complaints(connection, sent(0, day, "chat", by_chat), day_after(day + 1))
            if day < -2:
                mail = [each for subject in range(1, FAULT) for each in sent(subject, day, "mail", by_mail)]
                store_complaints(connection, mail, day_after(day + 2, 3))
    for hours in (0, 6, 12, 18):
        with context.write() as connection:
            chat = sent(0, 0, "chat", [each for each in by_chat if each < hours])
            store_complaints(connection, chat, day_after(0, hours))
        assert judge(context, day_after(0, hours)) == set()


def late_fault(day: int) -> list[Complaint]:
    """Thirty complaints of one day about a subject that has been calm."""
    moments = [day_after(day, 1 + each / 3) for each in range(30)]
    return [replace(told(0, at), source_id=f"late {day} {number}") for number, at in enumerate(moments)]


def test_a_rise_that_came_in_late_is_told_and_called_late(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=1))
    for day in range(DAYS):
        live(context, day, timedelta())
    assert judge(context, day_after(DAYS)) == set()
    with context.write() as connection:
        store_complaints(connection, late_fault(3), day_after(DAYS, 1))
    assert judge(context, day_after(DAYS, 6)) == {"Topic"}
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
        (alert,) = alerts.latest_alerts(connection).values()
    assert row.evidence["late"]
    assert alert.state is AlertState.OPEN
    (span,) = row.evidence["rises"]
    assert day_after(3) in Span(*(datetime.fromisoformat(span[edge]) for edge in ("start", "end")))
    assert "They came in after the week was over." in " ".join(sentences(explain_alert(context, str(row.id))))


def test_a_rise_of_now_and_a_late_one_are_one_alert_that_opens_once(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=1))
    for day in range(DAYS):
        live(context, day, timedelta())
    assert judge(context, day_after(DAYS)) == set()
    with context.write() as connection:
        store_complaints(connection, [*late_fault(3), *late_fault(DAYS - 1)], day_after(DAYS, 1))
    assert judge(context, day_after(DAYS, 6)) == {"Topic"}
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
        assert [each.after for each in alerts.transitions_of(connection, row.id)] == ["open"]
    assert "late" not in row.evidence, "it is about now"


def test_one_late_complaint_does_not_make_a_past_week_late(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=1))
    for day in range(DAYS):
        live(context, day, timedelta())
    with context.write() as connection:
        store_complaints(connection, late_fault(3), day_after(3, 23))
    assert judge(context, day_after(DAYS)) == set(), "the service was down that week, and it is over"
    with context.write() as connection:
        one = replace(told(0, day_after(3, 20)), source_id="one more")
        store_complaints(connection, [one], day_after(DAYS, 1))
    assert judge(context, day_after(DAYS, 6)) == set()


def test_the_same_complaints_in_time_are_not_called_late(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=1))
    for day in range(4):
        live(context, day, timedelta())
    assert judge(context, day_after(3)) == set()
    with context.write() as connection:
        store_complaints(connection, late_fault(3), day_after(3, 23))
    assert judge(context, day_after(4)) == {"Topic"}
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
    assert "late" not in row.evidence
