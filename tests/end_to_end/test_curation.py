"""What people decide about topics holds at once, through trainings and publications, and can be taken back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update

from feedback.domain import Alert, Author, Severity, Span
from feedback.errors import FeedbackError
from feedback.settings import Settings
from feedback.store import alerts, counts, edits, topics
from feedback.store.events import add_event
from feedback.store.tables import alert, bucket_count, signal, topic_model_version, transition
from feedback.store.topics import StoredTopic
from jobs import curate
from jobs.backtest import BacktestPlan, run_backtest
from jobs.candidate import train_candidate
from jobs.context import Context
from jobs.detect import run as detect
from jobs.panel import dated_panel
from jobs.pinned import confusions
from jobs.publish import publish, rollback
from jobs.published import Published, published
from tests.end_to_end.world import LAST, WALL, OpenContext, Replayed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the replayed world alone takes more than a minute

NOW = datetime.combine(LAST, datetime.min.time(), WALL.tzinfo) + timedelta(days=1)

ALWAYS = Span(WALL - timedelta(days=1000), WALL)


def by(at: datetime = WALL) -> Author:
    return Author("ana", "seen in the texts", at)


@pytest.fixture
def context(replayed: Replayed, tmp_path: Path, open_context: OpenContext) -> Context:
    """The replayed world in a copy of its own."""
    home = tmp_path / "var"
    shutil.copytree(replayed.settings.data_dir, home)
    return open_context(Settings(**{**replayed.settings.model_dump(), "data_dir": home}))


def current(context: Context) -> Published:
    found = published(context)
    assert found is not None
    return found


def largest(context: Context, number: int) -> list[StoredTopic]:
    """The topics with most complaints, pinned ones by the taxonomy left out."""
    with context.database.read() as connection:
        sizes = topics.sizes_of(connection, current(context).version.id)
    free = [each for each in current(context).topics if each.kind != "pinned"]
    return sorted(free, key=lambda each: -sizes.get(each.id, 0))[:number]


def held(context: Context) -> dict[UUID, set[UUID]]:
    """The complaints of each topic, as the version in force assigns them."""
    found: dict[UUID, set[UUID]] = {}
    with context.database.read() as connection:
        version = current(context).version
        for row in topics.assigned_vectors(connection, version, WALL, 100_000):
            found.setdefault(row.topic_id, set()).add(row.id)
    return found


def counted(context: Context, topic_id: UUID) -> int:
    with context.database.read() as connection:
        version = current(context).version
        return sum(row[2] for row in counts.counts(connection, version.id, ALWAYS) if row[1] == topic_id)


def retrain(context: Context, now: datetime) -> None:
    publish(context, train_candidate(context, current(context), now), now)


def test_a_merge_shows_at_once_everywhere_and_is_undone(context: Context) -> None:
    one, two = largest(context, 2)
    before = held(context)
    edit = curate.merge(context, two.id, one.id, by())
    after = held(context)
    assert after[one.id] == before[one.id] | before[two.id]
    assert two.id not in after
    assert counted(context, one.id) == len(after[one.id])
    assert counted(context, two.id) == 0
    (merged,) = [each for each in current(context).topics if each.id == one.id]
    assert two.id not in {each.id for each in current(context).topics}
    assert merged.size == len(after[one.id])
    assert set().union(*merged.words.values()) - set().union(*one.words.values()), "words of the other have come in"
    curate.undo(context, edit.id, by())
    assert held(context) == before
    assert {each.id for each in current(context).topics} >= {one.id, two.id}
    with context.database.read() as connection:
        assert edits.edits(connection)[0].undone_by == "ana"


def test_a_split_makes_two_topics_of_one_and_is_undone(context: Context) -> None:
    (whole,) = largest(context, 1)
    before = held(context)
    edit = curate.split(context, whole.id, 2, by())
    parts = [UUID(part["id"]) for part in edit.detail["parts"]]
    after = held(context)
    assert whole.id not in after
    assert len(set().union(*(after[part] for part in parts)) & before[whole.id]) > 0.8 * len(before[whole.id])
    assert all(each.words for each in current(context).topics if each.id in parts)
    curate.undo(context, edit.id, by())
    gone = {each.id for each in current(context).topics} & set(parts)
    assert not gone
    assert len(held(context)[whole.id] & before[whole.id]) > 0.8 * len(before[whole.id])


def test_labels_are_given_and_taken_back(context: Context) -> None:
    (topic,) = largest(context, 1)
    first = curate.rename(context, topic.id, "One name", by())
    second = curate.rename(context, topic.id, "Another name", by())
    curate.own(context, topic.id, "payments", by())
    assert [(each.name, each.owner) for each in largest(context, 1)] == [("Another name", "payments")]
    graver = curate.grade(context, topic.id, Severity.CRITICAL, by())
    assert largest(context, 1)[0].severity is Severity.CRITICAL
    curate.undo(context, graver.id, by())
    assert largest(context, 1)[0].severity is None
    curate.undo(context, second.id, by())
    assert largest(context, 1)[0].name == "One name"
    curate.undo(context, first.id, by())
    assert largest(context, 1)[0].name == topic.name
    with pytest.raises(FeedbackError, match="No decision"):
        curate.undo(context, first.id, by())


def test_what_was_decided_holds_through_ten_trainings(context: Context) -> None:
    """Names, merges, splits, pins, retirements and moved complaints; nothing of it is decided anew."""
    one, two, three, four, five = largest(context, 5)
    curate.rename(context, one.id, "Named by Ana", by())
    curate.merge(context, two.id, one.id, by())
    parts = [UUID(part["id"]) for part in curate.split(context, three.id, 2, by()).detail["parts"]]
    curate.pin(context, four.id, by())
    curate.retire(context, five.id, by())
    strays = sorted(held(context)[four.id], key=str)[:2]
    curate.move(context, strays, one.id, by())
    first = held(context)
    for turn in range(10):
        retrain(context, NOW - timedelta(days=10 - turn, hours=turn))
    seen = {each.id: each for each in current(context).topics}
    last = held(context)
    assert seen[one.id].name == "Named by Ana"
    assert {two.id, three.id, five.id}.isdisjoint(seen)
    assert {two.id, three.id, five.id}.isdisjoint(last)
    assert seen[four.id].kind == "pinned"
    assert set(strays) <= last[one.id]
    decided = (one.id, four.id, *parts)
    kept = {topic: len(last[topic] & first[topic]) for topic in decided}
    for topic in decided:
        # nineteen of twenty are to stay at each training
        assert kept[topic] > 0.95**10 * len(first[topic]), f"{seen[topic].name} holds what it held"
    assert sum(kept.values()) > 0.7 * sum(len(first[topic]) for topic in decided), "all together hold what they held"


def test_publishing_touches_no_alert_and_can_be_rolled_back(context: Context) -> None:
    detect(context, NOW - timedelta(minutes=1))
    before, assigned = _alerts(context), held(context)
    earlier = current(context).version
    retrain(context, NOW)
    assert current(context).version.id != earlier.id
    assert _alerts(context) == before
    opened = {each.topic_id for each in _alerts(context).values() if each.is_open}
    assert opened <= {each.id for each in current(context).topics}, "a topic with an open alert goes on"
    detect(context, NOW + timedelta(minutes=1))
    assert {each.topic_id for each in _alerts(context).values() if each.is_open} == opened, "nothing has happened"
    assert rollback(context, NOW).id == earlier.id
    assert current(context).version.id == earlier.id
    kept = sum(len(each & held(context).get(topic, set())) for topic, each in assigned.items())
    assert kept > 0.97 * sum(map(len, assigned.values()))


def test_a_candidate_changes_nothing(context: Context) -> None:
    before = (current(context), held(context), _alerts(context))
    candidate = train_candidate(context, current(context), NOW)
    assert candidate.status == "candidate"
    after = current(context)
    assert replace(after, rule=before[0].rule) == before[0]
    assert (held(context), _alerts(context)) == before[1:]


def _alerts(context: Context) -> dict[UUID, Alert]:
    with context.database.read() as connection:
        return alerts.latest_alerts(connection)


TAXONOMY = """
topics:
  - id: late-money
    name: Late money
    phrases: {en: [My withdrawal has not arrived, "Where is my payout?"], de: [Meine Auszahlung ist nicht da, "Wo bleibt mein Geld?"]}
  - id: slow-money
    name: Slow money
    phrases: {en: [My withdrawal still has not arrived, "Where is the payout?"], de: [Die Auszahlung ist nicht da, "Wo ist mein Geld?"]}
"""  # noqa: E501


def test_pinned_topics_that_cannot_be_told_apart_are_reported(
    context: Context, tmp_path: Path, open_context: OpenContext
) -> None:
    assert confusions(context) == [], "the shipped taxonomy is clear"
    file = tmp_path / "own.yaml"
    file.write_text(TAXONOMY, "utf-8")
    own = open_context(Settings(**{**context.settings.model_dump(), "taxonomy": str(file)}))
    (sentence,) = confusions(own)
    assert "'Late money' and 'Slow money'" in sentence


def test_a_backtest_of_four_weeks_says_that_it_needs_more(context: Context) -> None:
    with pytest.raises(FeedbackError, match="4 weeks of complaints; a backtest needs 10"):
        run_backtest(context, BacktestPlan(), NOW)


def test_a_rise_that_is_expected_opens_no_alert_and_is_not_usual_afterwards(context: Context) -> None:
    (topic,) = largest(context, 1)
    surge(context, topic.id, 80)
    opened = judged_anew(context)
    assert topic.id in opened
    with context.write() as connection:
        add_event(connection, "Derby", LAST - timedelta(days=2), LAST, topic.id, "", NOW, "ana", expected=True)
    assert judged_anew(context) == opened - {topic.id}
    with context.database.read() as connection:
        dated = dated_panel(context, connection, current(context).version.id, [topic.id], NOW)
    assert dated is not None
    left_out = [day for day, out in zip(dated.days, dated.panel.left_out[0], strict=True) if out]
    assert left_out == [LAST - timedelta(days=days) for days in (2, 1, 0)]


def surge(context: Context, topic_id: UUID, more: int) -> None:
    """Count so many complaints more, from as many customers, about a topic on the latest day that has any."""
    of_topic = (bucket_count.c.topic_id == topic_id) & (bucket_count.c.version_id == current(context).version.id)
    with context.write() as connection:
        latest = connection.execute(select(func.max(bucket_count.c.bucket_start)).where(of_topic)).scalar_one()
        on_day = of_topic & (bucket_count.c.bucket_start == latest)
        risen = {name: bucket_count.c[name] + more for name in ("complaints", "customers")}
        connection.execute(update(bucket_count).where(on_day).values(**risen))


def judged_anew(context: Context) -> set[UUID]:
    """The topics with an open alert after one judgement, nothing having been judged before."""
    with context.write() as connection:
        for table in (transition, alert, signal):
            connection.execute(delete(table))
        connection.execute(update(topic_model_version).values(judged_at=None))
    detect(context, NOW)
    with context.database.read() as connection:
        return {row.topic_id for row in alerts.alert_rows(connection, only_open=True)}
