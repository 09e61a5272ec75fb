"""What was answered since something was last written."""

from __future__ import annotations

from datetime import UTC, datetime

from feedback.api.unchanged import Answered, Unchanged
from feedback.roles import Role
from feedback.store.keys import Key

NOW = datetime(2026, 3, 8, 15, 30, tzinfo=UTC)
ANSWERED = Answered('"etag"', Key("helpdesk", Role.READER, None, None, NOW), NOW)


def test_an_answer_is_found_until_something_is_written() -> None:
    unchanged = Unchanged()
    assert unchanged.find(1, b"hot") is None
    unchanged.put(1, b"hot", ANSWERED)
    assert (unchanged.find(1, b"hot"), unchanged.find(1, b"alerts")) == (ANSWERED, None)
    assert unchanged.find(2, b"hot") is None
    assert unchanged.find(1, b"hot") is None


def test_an_answer_that_was_made_while_something_was_written_is_not_kept() -> None:
    unchanged = Unchanged()
    unchanged.find(1, b"hot")
    unchanged.find(2, b"alerts")
    unchanged.put(1, b"hot", ANSWERED)
    assert unchanged.find(2, b"hot") is None


def test_where_it_is_not_known_whether_something_was_written_nothing_is_kept() -> None:
    unchanged = Unchanged()
    unchanged.find(None, b"hot")
    unchanged.put(None, b"hot", ANSWERED)
    assert unchanged.find(None, b"hot") is None


def test_not_more_is_kept_than_there_is_room_for() -> None:
    unchanged = Unchanged(most=1)
    unchanged.find(1, b"hot")
    for asked in (b"hot", b"alerts"):
        unchanged.put(1, asked, ANSWERED)
    assert (unchanged.find(1, b"hot"), unchanged.find(1, b"alerts")) == (ANSWERED, None)
