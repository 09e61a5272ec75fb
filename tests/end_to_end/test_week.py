"""What a week's digest says of topics that are new, of whom it quotes, and of a week in which nothing happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import func, select, update

from feedback.digest import Digest, iso_week, render_html, render_markdown, render_text
from feedback.domain import AlertState, Author, Complaint, HeldBack, Holding, Transition, Verdict, derived_id
from feedback.notify.message import without_quotes
from feedback.sentences import Sentences
from feedback.store import alerts
from feedback.store.complaints import store_complaints
from feedback.store.held import hold
from feedback.store.tables import complaint, embedding, signal, topic
from jobs.context import Context
from jobs.erase import Customer, erase
from jobs.publish import publish
from jobs.respond import end, say
from jobs.week import Week, gather
from tests.end_to_end.made_up import FAULT, NOW, SUBJECTS, judge, made_up_context, told, version

CALM = NOW - timedelta(days=7)
"""In the week before the fault."""

QUESTION = "How often do I have to wager the bonus?"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = made_up_context(tmp_path)
    yield made
    made.database.close()


def week_of_the_fault(context: Context) -> Week:
    """The fault is a topic of its own since the day before; the others are old."""
    publish(context, version(context, SUBJECTS), NOW - timedelta(days=1))
    born(context, SUBJECTS, NOW - timedelta(days=70))
    born(context, {FAULT}, NOW - timedelta(days=1))
    judge(context, NOW)
    return gather(context, iso_week(NOW.date()), NOW + timedelta(hours=2))


def calm_week(context: Context) -> Digest:
    publish(context, version(context, FAULT), CALM - timedelta(days=20))
    born(context, SUBJECTS, NOW - timedelta(days=70))
    judge(context, CALM + timedelta(days=3))
    return gather(context, iso_week(CALM.date()), CALM + timedelta(days=3)).digest(None)


def born(context: Context, which: object, at: object) -> None:
    subjects = which if isinstance(which, set) else range(SUBJECTS)
    with context.write() as connection:
        ids = [derived_id("topic", each) for each in subjects]
        connection.execute(update(topic).where(topic.c.id.in_(ids)).values(born_at=at))


def fault(name: str, minutes: int, text: str, language: str = "de") -> Complaint:
    each = told(FAULT, NOW - timedelta(minutes=minutes))
    return replace(each, source_id=name, text=text, text_hash=name, language=language, customer_hash="one customer")


def write(context: Context, *ours: Complaint) -> None:
    """Store complaints about the fault that each have a text of their own."""
    vector = np.eye(SUBJECTS, dtype=np.float16)[FAULT].tobytes()
    rows = [{"text_hash": each.text_hash, "vector": vector, "encoder_version": "made-up"} for each in ours]
    with context.write() as connection:
        store_complaints(connection, ours, NOW)
        connection.execute(embedding.insert(), rows)


def test_a_new_topic_is_told_with_its_customers_and_what_they_wrote(context: Context) -> None:
    write(context, fault("a", 5, "Die Kamera bleibt schwarz."), fault("b", 6, "The camera stays black.", "en"))
    digest = week_of_the_fault(context).digest(None)
    (new,) = digest.new_topics
    assert (new.count, new.customers) == (32, 31)
    assert {"de", "en"} <= {each.language for each in new.quotes}
    alone = replace(digest, rose=())
    for shown in (render_markdown(alone), render_html(alone), render_text(alone)):
        assert "32 complaints from 31 customers this week" in " ".join(shown.split())
        assert "The camera stays black." in shown
        assert "Quotes are redacted" in " ".join(shown.split())
    assert "camera" not in render_text(without_quotes(alone))


def test_a_new_topic_that_nobody_wrote_about_in_the_week_is_not_told(context: Context) -> None:
    publish(context, version(context, SUBJECTS), NOW - timedelta(days=1))
    born(context, SUBJECTS, CALM - timedelta(days=70))
    born(context, {FAULT}, CALM)
    judge(context, NOW)
    digest = gather(context, iso_week(CALM.date()), NOW).digest(None)
    assert not digest.new_topics


def test_who_was_erased_is_not_quoted(context: Context) -> None:
    write(context, fault("a", 5, "Die Kamera bleibt schwarz."))
    (before,) = week_of_the_fault(context).digest(None).new_topics
    assert "Die Kamera bleibt schwarz." in [each.text for each in before.quotes]
    erase(context, Customer("one customer", None), Author("dpo", "request 12", NOW + timedelta(hours=1)))
    (new,) = gather(context, iso_week(NOW.date()), NOW + timedelta(hours=2)).digest(None).new_topics
    assert new.quotes
    assert not [each for each in new.quotes if "Kamera" in each.text]
    assert new.customers is None, "one who is counted is not known any more"


def test_sources_without_customers_tell_no_number_of_them(context: Context) -> None:
    with context.write() as connection:
        connection.execute(update(complaint).values(customer_hash=None))
    (new,) = week_of_the_fault(context).digest(None).new_topics
    assert new.customers is None
    assert Sentences(week_of_the_fault(context).digest(None)).novelty(new).startswith("30 complaints this week")


def test_a_week_made_again_tells_the_alerts_as_they_were_at_its_end(context: Context) -> None:
    live = week_of_the_fault(context).digest(None)
    (alert,) = live.rose
    over, back, said = (NOW + timedelta(days=days) for days in (5, 19, 60))
    end(context, alert.alert_id, Author("anna", "mended", over))
    come_back(context, alert.alert_id, back)
    say(context, alert.alert_id, Verdict.REAL, Author("anna", "seen with the provider", said))
    first, second, third, fourth = (
        gather(context, iso_week((NOW + timedelta(weeks=week)).date()), said).digest(None) for week in range(4)
    )
    (again,) = first.rose
    assert (again.state, again.resolved_at, again.verdict) == (AlertState.OPEN, None, None)
    assert again.observed == alert.observed
    assert [(each.state, each.resolved_at) for each in second.calmed] == [(AlertState.RESOLVED, over)]
    assert not second.still_open
    assert not any((third.rose, third.still_open, third.calmed))
    (returned,) = fourth.rose
    assert (returned.state, returned.regressed_at, returned.resolved_at) == (AlertState.REGRESSED, back, over)
    assert "calmed down on 25\N{NO-BREAK SPACE}March" in Sentences(fourth).details(returned)


def test_a_rise_judged_at_the_moment_a_week_ends_is_told_in_that_week(context: Context) -> None:
    monday = (NOW + timedelta(days=3)).replace(hour=0)
    publish(context, version(context, SUBJECTS), NOW - timedelta(days=1))
    born(context, SUBJECTS, NOW - timedelta(days=70))
    born(context, {FAULT}, monday)
    judge(context, monday)
    ended, following = (
        gather(context, iso_week((NOW + timedelta(weeks=week)).date()), monday + timedelta(weeks=week, hours=7))
        for week in range(2)
    )
    (alert,) = ended.digest(None).rose
    assert (alert.opened_at, alert.window.end, alert.observed) == (monday, monday, 30)
    assert [each.topic_id for each in ended.digest(None).new_topics] == [alert.topic.topic_id]
    assert following.digest(None).rose == []
    assert following.born == frozenset()
    assert [each.alert_id for each in following.digest(None).still_open] == [alert.alert_id]


def test_what_holds_an_alert_back_later_does_not_hide_it_from_the_week_before(context: Context) -> None:
    (alert,) = week_of_the_fault(context).digest(None).rose
    with context.write() as connection:
        hold(connection, HeldBack(alert.alert_id, 0, NOW + timedelta(days=5), Holding.AREA, "its area's alert"))
    first, second = (
        gather(context, iso_week((NOW + timedelta(weeks=week)).date()), NOW + timedelta(days=20)).digest(None)
        for week in range(2)
    )
    assert [each.alert_id for each in first.rose] == [alert.alert_id]
    assert [each.held_back is not None for each in second.still_open] == [True]


def test_numbers_from_before_a_training_are_told_as_such(context: Context) -> None:
    live = week_of_the_fault(context).digest(None)
    assert "trained" not in Sentences(live).explanation()
    with context.write() as connection:
        connection.execute(update(signal).values(version_id=derived_id("a version before")))
    digest = gather(context, iso_week(NOW.date()), NOW + timedelta(hours=2)).digest(None)
    (alert,) = digest.rose
    assert "trained anew" in Sentences(digest).explanation()
    assert "week before" not in Sentences(digest).details(alert), "that is counted by the topics of now"


def come_back(context: Context, alert_id: UUID, at: datetime) -> None:
    with context.write() as connection:
        found, kept = alerts.alert_of(connection, alert_id), alerts.evidence_of(connection, alert_id)
        back = replace(found, state=AlertState.REGRESSED, last_rising_at=at, resolved_at=None)
        alerts.store_alert(connection, back, at, kept)
        alerts.add_transition(connection, Transition(back, AlertState.RESOLVED, at, "feedback", "back"))


def test_an_empty_week_is_one_line(context: Context) -> None:
    digest = calm_week(context)
    assert digest.busiest, "complaints came in as ever"
    assert Sentences(digest).is_empty()
    title, _week, line, made = [each for each in render_text(digest).split("\n\n") if each.strip()]
    assert title.startswith("Weekly digest: everybody")
    assert " ".join(line.split()) == (
        "Nothing rose beyond chance this week. 210 complaints, 210 the week before. Nobody owns 210 complaints of them."
    )
    assert made.startswith("Made on ")
    for shown in (render_markdown(digest), render_html(digest)):
        assert "Busiest" not in shown
        assert "## " not in shown
        assert "<h2" not in shown


def test_a_question_worth_an_answer_makes_a_week(context: Context) -> None:
    with context.write() as connection:
        connection.execute(update(complaint).values(text=QUESTION, language="en"))
        assert connection.execute(select(func.count()).select_from(complaint)).scalar_one()
    digest = calm_week(context)
    assert digest.faq
    assert digest.faq.suggestions
    assert not Sentences(digest).is_empty()
    for shown in (render_markdown(digest), render_html(digest)):
        assert "Questions worth an FAQ entry" in shown
        assert "Busiest topics" in shown
