"""A new fault is told in several wordings, which are found one after the other: it is one topic all the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from feedback.domain import Complaint, TopicKind
from feedback.store import topics
from feedback.store.complaints import store_complaints
from feedback.store.tables import embedding
from feedback.store.topics import StoredTopic
from jobs.assign import run as assign
from jobs.births import run as births
from jobs.context import Context
from jobs.publish import publish
from tests.end_to_end.made_up import FAULT, NOW, made_up_context, version
from tests.integration.store.store_samples import sample

OTHER_WORDS = np.array([-0.76, 0, 0, 0, 0, 0.65], np.float16)
"""As near to the fault as its wordings are to one another, and to no other subject."""
OTHER_FAULT = np.array([0, -0.99, 0, 0, 0, 0.1], np.float16)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """Five subjects are known, the sixth has come up in the last two days."""
    context = made_up_context(tmp_path)
    publish(context, version(context, FAULT), NOW)
    assign(context, NOW)
    return context


def wave(context: Context, name: str, vector: np.ndarray[tuple[int], np.dtype[np.float16]], end: datetime) -> None:
    """Twenty complaints within a day whose texts have this vector."""
    with context.write() as connection:
        store_complaints(connection, [_told(name, end - timedelta(hours=1.2 * step)) for step in range(1, 21)], end)
        row = {"text_hash": name, "vector": vector.tobytes(), "encoder_version": "made-up"}
        connection.execute(embedding.insert(), [row])
    assign(context, end)


def _told(name: str, at: datetime) -> Complaint:
    return sample(1, source_id=f"{name} {at:%m-%d %H:%M}", received_at=at, text_hash=name, customer_hash=f"{name} {at}")


def young(context: Context) -> list[StoredTopic]:
    with context.database.read() as connection:
        current = topics.published_version(connection)
        assert current is not None
        return [each for each in topics.topics_of(connection, current.id) if each.kind is TopicKind.PROVISIONAL]


def members(context: Context, topic: StoredTopic) -> int:
    with context.database.read() as connection:
        current = topics.published_version(connection)
        assert current is not None
        return len(topics.vectors_of_topic(connection, current.id, topic.id, "made-up"))


def test_what_is_found_near_a_young_subject_makes_that_one_grow(context: Context) -> None:
    births(context, NOW)
    (born,) = young(context)
    later = NOW + timedelta(days=2)
    wave(context, "other words", OTHER_WORDS, later)
    births(context, later)
    (grown,) = young(context)
    assert (grown.id, grown.name, grown.born_at) == (born.id, born.name, born.born_at)
    assert (born.size, grown.size) == (30, 50)
    assert members(context, grown) == 50


def test_wordings_found_in_one_run_are_one_topic(context: Context) -> None:
    wave(context, "other words", OTHER_WORDS, NOW)
    births(context, NOW)
    (born,) = young(context)
    assert members(context, born) == 50


def test_another_fault_is_another_topic(context: Context) -> None:
    births(context, NOW)
    later = NOW + timedelta(days=2)
    wave(context, "other fault", OTHER_FAULT, later)
    births(context, later)
    assert sorted(members(context, each) for each in young(context)) == [20, 30]


def test_a_subject_that_is_no_longer_young_does_not_grow(context: Context) -> None:
    births(context, NOW)
    later = NOW + timedelta(days=15)
    wave(context, "other words", OTHER_WORDS, later)
    births(context, later)
    assert len(young(context)) == 2


def test_to_look_again_makes_it_no_larger(context: Context) -> None:
    wave(context, "other words", OTHER_WORDS, NOW)
    births(context, NOW)
    (before,) = young(context)
    for minutes in (5, 10):
        births(context, NOW + timedelta(minutes=minutes))
    (after,) = young(context)
    assert (after.id, after.size, members(context, after)) == (before.id, before.size, 50)
    assert births(context, NOW + timedelta(minutes=15))["births"] == 0
