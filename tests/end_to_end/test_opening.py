"""What opens an alert: not a publication by itself, nor one customer; what comes in afterwards, and many, do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feedback.domain import Complaint
from feedback.errors import SettingError
from feedback.explanation import sentences
from feedback.exposure import Exposure
from feedback.store import alerts
from feedback.store.complaints import store_complaints
from feedback.store.exposure import store_exposure
from jobs.context import Context
from jobs.explain import explain_alert
from jobs.outage import run as judge_outage
from jobs.publish import publish, rollback
from tests.end_to_end.made_up import FAULT, NOW, SUBJECTS, judge, made_up_context, told, version


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = made_up_context(tmp_path)
    yield made
    made.database.close()


def more(context: Context, since: datetime, number: int) -> None:
    complaints = [told(FAULT, since + timedelta(minutes=2 + each)) for each in range(number)]
    with context.write() as connection:
        store_complaints(connection, complaints, since)


def test_a_rise_that_only_the_new_version_sees_waits_for_more_of_it(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=1))
    assert judge(context, NOW) == set()
    publish(context, version(context, SUBJECTS), NOW)
    assert judge(context, NOW + timedelta(minutes=1)) == set(), "nothing has happened but the publication"
    more(context, NOW, 6)
    assert judge(context, NOW + timedelta(minutes=30)) == {"Topic"}, "it goes on"


def test_what_came_in_between_opens_an_alert_at_once(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=1))
    judge(context, NOW - timedelta(hours=30))
    publish(context, version(context, SUBJECTS), NOW)
    assert judge(context, NOW + timedelta(minutes=1)) == {"Topic"}


def test_a_flood_from_one_customer_is_no_rise(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=1))
    flood = [
        replace(told(0, NOW - timedelta(hours=1, seconds=each)), source_id=f"flood {each}", customer_hash="angry")
        for each in range(100)
    ]
    with context.write() as connection:
        store_complaints(connection, flood, NOW)
    assert judge(context, NOW) == set()
    many = [replace(each, source_id=f"{each.source_id} again", customer_hash=each.source_id) for each in flood]
    with context.write() as connection:
        store_complaints(connection, many, NOW)
    assert judge(context, NOW + timedelta(minutes=1)) == {"Topic"}


def test_more_complaints_from_more_players_are_no_rise(context: Context) -> None:
    publish(context, version(context, SUBJECTS), NOW - timedelta(days=1))
    by_players = replace(context, settings=context.settings.model_copy(update={"exposure": "players"}), memory={})
    with pytest.raises(SettingError, match=r"'players', of which no number .* `feedback exposure ingest FILE`"):
        judge(by_players, NOW)
    days = [(NOW.date() - timedelta(days=back), 1e6 if back < 2 else 10.0) for back in range(60)]
    with context.write() as connection:
        store_exposure(connection, [Exposure("players", *each) for each in days])
    assert judge(by_players, NOW) == set()
    assert judge(context, NOW + timedelta(minutes=1)) == {"Topic"}


def test_a_rise_in_proportion_to_players_is_explained_by_them(context: Context) -> None:
    publish(context, version(context, SUBJECTS), NOW - timedelta(days=1))
    by_players = replace(context, settings=context.settings.model_copy(update={"exposure": "players"}), memory={})
    with context.write() as connection:
        store_exposure(connection, [Exposure("players", NOW.date() - timedelta(days=back), 10.0) for back in range(90)])
    assert judge(by_players, NOW) == {"Topic"}
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
    said = " ".join(sentences(explain_alert(by_players, str(row.id))))
    assert "and since then players were as before" in said
    assert "everything else together" not in said


OUTAGE = NOW - timedelta(days=1)


def outage(context: Context, within: timedelta) -> list[Complaint]:
    """Twelve customers write about a known subject until OUTAGE."""
    moments = [OUTAGE - within * each / 12 - timedelta(minutes=1) for each in range(12)]
    return [replace(told(1, at), source_id=f"outage {number}") for number, at in enumerate(moments)]


def judge_hours(context: Context, now: datetime) -> set[str]:
    judge_outage(context, now)
    with context.database.read() as connection:
        return {row.topic for row in alerts.alert_rows(connection, only_open=True)}


def test_an_outage_is_told_within_the_hour_and_explained(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=10))
    assert judge_hours(context, OUTAGE - timedelta(hours=1)) == set()
    with context.write() as connection:
        store_complaints(connection, outage(context, timedelta(hours=1)), NOW)
    assert judge_hours(context, OUTAGE) == {"Topic"}
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
    explanation = explain_alert(context, str(row.id))
    text = " ".join(sentences(explanation))
    assert f"In the hour to {OUTAGE:%H:%M} on {OUTAGE.day}\u00a0March\u00a02026, 12 complaints came in" in text
    assert re.search(r"the scores of the \d,\d+ hours before, over all 5 topics", text)
    assert [each.days[-1].day for each in explanation.weeks if each.when == "judged"] == [OUTAGE.date()]
    assert row.evidence["rises"] == [{"start": (OUTAGE - timedelta(hours=1)).isoformat(), "end": OUTAGE.isoformat()}]


def test_as_many_over_a_day_are_no_outage(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=10))
    with context.write() as connection:
        store_complaints(connection, outage(context, timedelta(hours=24)), NOW)
    for hours in range(24):
        assert judge_hours(context, OUTAGE - timedelta(hours=hours)) == set()


def test_right_after_a_publication_no_outage_is_told(context: Context) -> None:
    publish(context, version(context, FAULT), OUTAGE - timedelta(hours=3))
    with context.write() as connection:
        store_complaints(connection, outage(context, timedelta(hours=1)), NOW)
    assert judge_hours(context, OUTAGE) == set()


def test_the_first_version_has_no_hindsight(context: Context) -> None:
    publish(context, version(context, SUBJECTS), NOW)
    assert judge(context, NOW + timedelta(minutes=1)) == {"Topic"}


def test_after_going_back_and_publishing_again_it_is_looked_into_again(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=1))
    judge(context, NOW)
    publish(context, version(context, SUBJECTS), NOW)
    judge(context, NOW + timedelta(minutes=1))
    rollback(context, NOW + timedelta(minutes=2))
    more(context, NOW, 6)
    judge(context, NOW + timedelta(minutes=30))
    rollback(context, NOW + timedelta(minutes=31))
    assert judge(context, NOW + timedelta(minutes=32)) == set(), "judged before, under a version that did not see it"
