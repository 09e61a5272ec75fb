"""Figures of support and FAQ suggestions of a made-up world, from Python and from the command line."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feedback.domain import Complaint, FixKind, Outcome, OutcomeVerdict, Span, derived_id
from feedback.faq import Faq
from feedback.kpi import Support
from feedback.store import fixes
from feedback.store.complaints import store_complaints
from jobs.assign import run as assign
from jobs.context import Context
from jobs.count import run as count
from jobs.faq import gather_faq
from jobs.kpi import gather_support
from jobs.publish import publish
from jobs.published import published
from tests.end_to_end.made_up import FAULT, NOW, SUBJECTS, made_up_context, told, version
from tests.running import environment, run_to_end

MIDNIGHT = NOW.replace(hour=0)
WEEK = Span(MIDNIGHT - timedelta(days=11), MIDNIGHT - timedelta(days=4))
TOPIC, OTHER = derived_id("topic", FAULT), derived_id("topic", 0)
ASKED = (
    "Guten Abend, Wie oft muss ich den Bonus umsetzen? Danke.",
    "Kurze Frage: Wie oft muss ich den Bonus umsetzen?",
    "Gelten die Umsatzbedingungen auch für die Einzahlung?",
)

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """The made-up world with a subject about which customers ask, three times a day."""
    home = tmp_path_factory.mktemp("made")
    made = made_up_context(home, days=70)
    with made.write() as connection:
        store_complaints(connection, [asked(day, place) for day in range(3, 50) for place in range(3)], NOW)
    publish(made, version(made, SUBJECTS), NOW)
    for job in (assign, count):
        job(made, NOW)
    made.database.close()
    return made


def asked(day: int, place: int) -> Complaint:
    """Answered after an hour and resolved after a day; dissatisfied."""
    at = MIDNIGHT - timedelta(days=day) + timedelta(hours=9 + place, minutes=1)
    return replace(
        told(FAULT, at),
        text=ASKED[place],
        rating=float(1 + (day + place) % 5),
        first_response_at=at + timedelta(hours=1),
        resolved_at=at + timedelta(days=1),
    )


@pytest.fixture
def feedback(context: Context, tmp_path: Path) -> Command:
    variables = {**environment(data_dir=context.settings.data_dir, taxonomy="none"), "COLUMNS": "300"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return run_to_end(tmp_path, words, variables)

    return run


def support(context: Context, *topics: Any) -> Support:
    current = published(context)
    assert current is not None
    with context.database.read() as connection:
        return gather_support(context, connection, current, WEEK, WEEK.end, current.topics).of(set(topics))


def suggested(context: Context) -> Faq:
    current = published(context)
    assert current is not None
    with context.database.read() as connection:
        return gather_faq(context, connection, current, WEEK, WEEK.end).of({TOPIC, OTHER})


def test_a_week_is_held_against_the_four_before(context: Context) -> None:
    found = support(context, TOPIC, OTHER)
    topic = found.topics[TOPIC]
    assert topic.week is not None
    assert topic.before is not None
    assert (topic.week.complaints.value, topic.before.complaints.value) == (21, 84)
    assert topic.week.first_response is not None
    assert topic.week.first_response.median is not None
    assert topic.week.first_response.median.value == pytest.approx(3600, abs=1)
    assert found.whole.week is not None
    assert found.whole.week.complaints.value == 21 + 42, "of the owner's topics alone"
    assert (found.span, found.before.start) == (WEEK, WEEK.start - timedelta(weeks=4))


def test_an_owner_without_topics_has_no_figures(context: Context) -> None:
    found = support(context)
    assert (found.whole.week, found.topics, found.impacts) == (None, {}, [])


def test_a_topic_of_questions_is_suggested_with_what_is_asked_once_each(context: Context) -> None:
    (found,) = suggested(context).suggestions
    assert (found.topic_id, found.owner) == (TOPIC, context.settings.default_owner)
    assert found.asking.low > 0.9
    assert found.minutes == pytest.approx(24 * 60, abs=1)
    assert found.timed_by == "resolution"
    assert list(found.questions) == ["de"]
    assert set(found.questions["de"]) == {
        "Wie oft muss ich den Bonus umsetzen?",
        "Gelten die Umsatzbedingungen auch für die Einzahlung?",
    }


def test_what_is_explained_is_told_with_its_outcome_and_not_suggested_again(context: Context) -> None:
    with context.write() as connection:
        made = fixes.add_fix(connection, TOPIC, WEEK.start, -0.4, "page 12", NOW, "ana", FixKind.FAQ)
        other = fixes.add_fix(connection, OTHER, WEEK.start, -0.4, "mended", NOW, "ana")
        outcome = Outcome(made.id, WEEK.end, OutcomeVerdict.UNKNOWN, 7, 50, 21, 21.0, 1.0, 0.8, 1.2, 0.5)
        fixes.store_outcomes(connection, [outcome])
    found = suggested(context)
    assert found.suggestions == []
    ((entry),) = found.entries
    assert (entry.topic_id, entry.fix, entry.outcome) == (TOPIC, made, outcome)
    assert other.kind is FixKind.FIX, "and a fix is no entry"


def test_the_command_tells_figures_as_table_json_and_csv(feedback: Command) -> None:
    days = ["--from", "2026-02-20", "--to", "2026-03-10"]
    table = feedback("kpi", *days)
    assert table.returncode == 0, table.stderr
    assert "60 min" in table.stdout
    assert "40% (" in table.stdout
    rows = json.loads(feedback("kpi", *days, "--by", "week", "--topic", str(TOPIC)[:12], "--json").stdout)
    assert [each["week"] for each in rows] == ["2026-W08", "2026-W09", "2026-W10", "2026-W11"]
    assert [each["complaints"]["value"] for each in rows] == [9, 21, 21, 6]
    (row,) = csv.DictReader(feedback("kpi", *days, "--by", "language", "--csv").stdout.splitlines())
    assert (row["language"], float(row["complaints"])) == ("de", 19 * (30 + 3))
    assert 0 < float(row["satisfied_low"]) < float(row["satisfied"]) < float(row["satisfied_high"]) < 1
    empty = feedback("kpi", *days, "--market", "XX")
    assert (empty.returncode, empty.stdout) == (0, "No complaint was received then.\n")


def test_a_mistake_is_said(feedback: Command) -> None:
    mistakes = {
        "--by takes area, brand, channel": ["--by", "weather"],
        "--from is the first day": ["--from", "2026-03-10", "--to", "2026-03-09"],
        "There is no area 'Sea'": ["--area", "Sea"],
    }
    for message, words in mistakes.items():
        ended = feedback("kpi", *words)
        assert ended.returncode == 1
        assert message in ended.stderr
        assert "Traceback" not in ended.stderr


def test_an_entry_is_written_watched_and_withdrawn_by_hand(feedback: Command, context: Context) -> None:
    listed = feedback("faq", "list", "--at", "2026-03-15")
    assert "1. Topic (unowned): 132 complaints" in listed.stdout, listed.stderr
    assert "German: Wie oft muss ich den Bonus umsetzen?" in listed.stdout
    words = ["--topic", str(TOPIC)[:12], "--at", "2026-03-01", "--note", "team meeting", "--who", "ana", "--training"]
    assert "Training 1 is entered" in feedback("faq", "write", *words).stdout
    with context.database.read() as connection:
        (made,) = fixes.fixes(connection)
    assert (made.kind, made.note, made.expect) == (FixKind.TRAINING, "team meeting", -0.5)
    watched = feedback("faq", "list", "--at", "2026-03-15").stdout
    assert "No topic is made mostly of questions" in watched
    assert "Training 1 of 1\u00a0March\u00a02026, “team meeting”: not judged yet." in watched
    assert json.loads(feedback("faq", "list", "--at", "2026-03-15", "--json").stdout)["entries"][0]["fix"]["id"] == 1
    assert "Training 1 is withdrawn." in feedback("faq", "withdraw", "1", "--who", "ana").stdout
    assert "1. Topic" in feedback("faq", "list", "--at", "2026-03-15").stdout
