"""When a training is due: by the calendar, and as soon as the version in force no longer fits the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from feedback.domain import PinnedTopic, TopicKind
from feedback.settings import Settings
from feedback.store.counts import recount
from feedback.store.database import Database, open_database
from feedback.store.topics import published_version, topics_of
from jobs.context import Context
from jobs.progress import Silent
from jobs.published import Published
from jobs.retrain import due
from tests.integration.store.store_samples import DAY, NOW, fill, publish, sample, topic

PINNED = PinnedTopic("late", "Bonus late", None, None, {"en": ("where is my bonus",)})
SOON = NOW + timedelta(days=1)


@pytest.fixture
def database(sqlite_database: str) -> Iterator[Database]:
    opened = open_database(sqlite_database)
    yield opened
    opened.close()


@pytest.fixture
def context(database: Database, settings: Callable[..., Settings]) -> Context:
    publish(database, members=[topic(), topic(PINNED.id, kind=TopicKind.PINNED, name=PINNED.name)])
    fill(database, [sample(1)])
    with database.write() as connection:
        version = published_version(connection)
        assert version is not None
        recount(connection, version.id)
    parts: Any = SimpleNamespace(pinned=(PINNED,), encoder=SimpleNamespace(version="encoder-1"))
    return Context(settings(time_zone="UTC"), database, parts, Silent(), lambda: SOON, "test:1:0")


def why(context: Context, now: datetime = SOON) -> str | None:
    with context.database.read() as connection:
        version = published_version(connection)
        assert version is not None
        members = tuple(topics_of(connection, version.id))
    trained = SimpleNamespace(topic_ids=[each.id for each in members], kinds=[each.kind for each in members])
    rule: Any = SimpleNamespace(trained=trained)
    current = Published(version, members, rule)
    return due(context, current, now)


def with_parts(context: Context, **changes: Any) -> Context:
    parts: Any = SimpleNamespace(**{**vars(context.parts), **changes})
    return replace(context, parts=parts)


def test_a_version_that_fits_stays_until_it_is_old(context: Context) -> None:
    assert why(context) is None
    assert "28 days old" in (why(context, NOW + timedelta(days=28)) or "")


def test_it_is_due_when_the_warm_up_ends(context: Context) -> None:
    assert why(context, DAY.replace(tzinfo=UTC) + timedelta(days=43)) == "the warm-up is over"


def test_another_encoder_makes_it_due(context: Context) -> None:
    changed = with_parts(context, encoder=SimpleNamespace(version="encoder-2"))
    assert why(changed) == "the encoder has changed"


@pytest.mark.parametrize("pinned", [(), (PINNED, replace(PINNED, key="other"))])
def test_another_taxonomy_makes_it_due(context: Context, pinned: tuple[PinnedTopic, ...]) -> None:
    assert why(with_parts(context, pinned=pinned)) == "the taxonomy has changed"


def test_another_time_zone_makes_it_due(context: Context, settings: Callable[..., Settings]) -> None:
    assert why(replace(context, settings=settings(time_zone="Europe/Helsinki"))) == "the time zone has changed"
