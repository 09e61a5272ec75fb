"""While a source is down, nothing of the others is alerted, and no fix has the credit; nor is what a new one brings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feedback.domain import OutcomeVerdict, derived_id
from feedback.explanation import sentences
from feedback.store import alerts, fixes
from feedback.store.complaints import store_complaints
from jobs.assign import run as assign
from jobs.context import Context
from jobs.count import run as count
from jobs.explain import explain_alert
from jobs.outage import hourly_panel
from jobs.outcome import run as judge_fixes
from jobs.publish import publish
from jobs.published import published
from models.detect.outage import Outage
from tests.end_to_end.made_up import FAULT, NOW, judge, made_up_context, told, version

MIDNIGHT = NOW.replace(hour=0)
DOWN = MIDNIGHT - timedelta(days=9)
BY_CHAT = (0, 1)
"""The subjects that come by chat as well, twelve times as often."""


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """Five subjects of six mails a day each, and a chat of 72 a day about two of them that is down since nine days."""
    made = made_up_context(tmp_path)
    publish(made, version(made, FAULT), NOW - timedelta(days=30))
    begun = NOW - timedelta(days=80)
    moments = [begun + timedelta(minutes=20 * each) for each in range((DOWN - begun) // timedelta(minutes=20))]
    write(made, [(BY_CHAT[n % 2], at) for n, at in enumerate(moments)], "chat")
    yield made
    made.database.close()


def write(context: Context, sent: list[tuple[int, datetime]], source: str) -> None:
    complaints = [replace(told(subject, at), source=source, customer_hash=f"{source} {at}") for subject, at in sent]
    with context.write() as connection:
        store_complaints(connection, complaints, NOW)


def test_no_topic_rises_because_a_source_is_down(context: Context) -> None:
    for days in range(1, 9):
        assert judge(context, DOWN + timedelta(days=days)) == set()
    assert judge(context, MIDNIGHT) == set()


def test_a_rise_meanwhile_is_told_and_explained(context: Context) -> None:
    write(context, [(3, MIDNIGHT - timedelta(hours=each)) for each in range(1, 49)], "desk")
    judge(context, MIDNIGHT)
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection, only_open=True)
    assert row.topic_id == derived_id("topic", 3)
    explanation = explain_alert(context, str(row.id))
    reason = explanation.latest.reason
    assert reason is not None
    assert 0 < reason.silent < 1.5, "hardly anything of it came by chat"
    assert reason.relative_volume > 0.7
    assert any("Meanwhile a source was silent" in each for each in sentences(explanation))
    assert [sum(day.silent for day in week.days) for week in explanation.weeks[-2:]] == [2, 7]


def test_a_fix_has_no_credit_for_what_a_silent_source_does_not_bring(context: Context) -> None:
    with context.write() as connection:
        made = DOWN - timedelta(days=7)
        both = [
            fixes.add_fix(connection, derived_id("topic", subject), made, -0.4, "a guess", NOW, "ana").id
            for subject in (BY_CHAT[0], 3)
        ]
    for job in (assign, count):
        job(context, NOW)
    judge_fixes(context, MIDNIGHT)
    with context.database.read() as connection:
        last = [list(fixes.outcomes_of(connection, each))[-1] for each in both]
    assert [each.verdict for each in last] == [OutcomeVerdict.UNKNOWN, OutcomeVerdict.NO_EFFECT]
    assert last[0].days < 8, "the days without the chat say nothing"
    assert last[1].days > 12
    assert last[1].low < 1 < last[1].high


def test_the_hourly_path_knows_it_too(context: Context) -> None:
    for job in (assign, count):
        job(context, NOW)
    current = published(context)
    assert current is not None
    with context.database.read() as connection:
        hourly = hourly_panel(context, connection, current, NOW, Outage())
    assert hourly is not None
    heard = hourly.panel.heard
    assert heard is not None
    down = int((NOW - DOWN) / timedelta(hours=1))
    assert heard.is_whole[:-down].all()
    assert (heard.everything[-down:] < 0.5).all()
    assert Outage().judge(hourly.panel).score[:, -1].max() < 2


def test_a_source_that_begins_makes_no_topic_rise(context: Context) -> None:
    begun = DOWN - timedelta(days=15)
    reviews = [(n % 4, begun + timedelta(minutes=30 * n)) for n in range(24 * 48)]
    write(context, reviews, "reviews")
    for days in (0.5, 1, 2, 3, 5, 7, 10, 13, 16, 18, 22):
        assert judge(context, begun + timedelta(days=days)) == set()
