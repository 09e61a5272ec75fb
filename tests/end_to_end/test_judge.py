"""Texts that are not stored find their topic and complaints like them, in a replayed world."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from feedback.judging import Text
from feedback.store import topics
from jobs.context import Context
from jobs.judge import classify, like, like_text
from jobs.published import published
from tests.end_to_end.world import LAST, WALL, OpenContext, Replayed

pytestmark = pytest.mark.timeout(900)

NOW = datetime.combine(LAST, datetime.min.time(), WALL.tzinfo) + timedelta(days=1)


@pytest.fixture
def context(replayed: Replayed, open_context: OpenContext) -> Context:
    return open_context(replayed.settings)


def test_a_stored_text_goes_where_its_complaint_is_and_is_most_like_it(context: Context) -> None:
    current = published(context)
    assert current
    with context.database.read() as connection:
        rows = topics.latest_assigned(connection, current.version.id, 20)
    placed = classify(context, [Text(row.text, row.language) for row in rows])
    assert placed is not None
    assert [each.topic_id for each in placed] == [row.topic_id for row in rows]
    search = like_text(context, Text(rows[0].text, rows[0].language))
    assert search
    found = search(NOW, 60, 5)
    assert found[0].similarity > 0.99
    assert rows[0].text in {row.text for row in rows if row.id in {each.complaint_id for each in found}}
    assert [each.similarity for each in found] == sorted((each.similarity for each in found), reverse=True)


def test_complaints_like_another_leave_it_out_and_lie_within_the_days(context: Context) -> None:
    current = published(context)
    assert current
    with context.database.read() as connection:
        row = topics.latest_assigned(connection, current.version.id, 1)[0]
    found = like(context, row.id, NOW, 7, 8)
    assert found
    assert len(found) == 8
    assert row.id not in {each.complaint_id for each in found}
    assert all(NOW - timedelta(days=7) <= each.received_at < NOW for each in found)
    assert like(context, uuid4(), NOW, 7, 8) == []


def test_what_is_about_nothing_is_unassigned(context: Context) -> None:
    placed = classify(context, [Text("xyzzy 12 qwerty")])
    assert placed is not None
    assert placed[0].topic_id is None
