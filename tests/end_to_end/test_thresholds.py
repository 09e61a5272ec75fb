"""Thresholds outlive what changes little, and are set anew when what they were set for has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from feedback.domain import Segment
from feedback.exposure import Exposure
from feedback.store.complaints import store_complaints
from feedback.store.exposure import store_exposure
from feedback.store.tables import threshold
from feedback.store.topics import StoredVersion, topics_of
from jobs.assign import run as assign
from jobs.context import Context
from jobs.count import run as count
from jobs.panel import dated_panel
from jobs.publish import publish
from jobs.thresholds import Limits, limits
from models.detect.fdr import FALSE_DISCOVERIES
from tests.end_to_end.made_up import FAULT, NOW, made_up_context, told, version

MIDNIGHT = NOW.replace(hour=0)
DAY = timedelta(days=1)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = made_up_context(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def published(context: Context) -> StoredVersion:
    found = version(context, FAULT)
    publish(context, found, MIDNIGHT - DAY)
    return found


def in_force(context: Context, published: StoredVersion, now: datetime = MIDNIGHT) -> Limits:
    for job in (assign, count):
        job(context, now)
    with context.database.read() as connection:
        ids = [each.id for each in topics_of(connection, published.id)]
        dated = dated_panel(context, connection, published.id, ids, now)
    assert dated
    return limits(context, published, dated, now)


def from_norway(context: Context, a_day: int) -> None:
    """So many complaints a day in the eight weeks and more before."""
    hours = [24 / a_day * each for each in range(60 * a_day)]
    found = [told(0, MIDNIGHT - timedelta(hours=each, minutes=31)) for each in hours]
    there = [replace(each, source_id=f"NO {n}", customer_hash=f"NO {n}", market="NO") for n, each in enumerate(found)]
    with context.write() as connection:
        store_complaints(connection, there, MIDNIGHT)


def test_they_hold_for_two_weeks(context: Context, published: StoredVersion) -> None:
    first = in_force(context, published)
    assert in_force(context, published) == first
    assert in_force(context, published, MIDNIGHT + 3 * DAY) == first
    assert in_force(context, published, MIDNIGHT + 14 * DAY).set_at == MIDNIGHT + 14 * DAY


def test_those_of_an_earlier_release_are_set_anew(context: Context, published: StoredVersion) -> None:
    first = in_force(context, published)
    older = first.whole.as_dict()
    del older["q_bound"]
    with context.write() as connection:
        connection.execute(update(threshold).values(origin=older))
    again = in_force(context, published, MIDNIGHT + DAY)
    assert again.set_at == MIDNIGHT + DAY
    assert again.whole.threshold.q_bound >= FALSE_DISCOVERIES


def test_a_segment_that_has_become_large_sets_them_anew(context: Context, published: StoredVersion) -> None:
    first = in_force(context, published)
    assert first.segments == ()
    assert first.whole.threshold.budget == pytest.approx(0.9), "a tenth is the hourly path's"
    from_norway(context, 5)
    again = in_force(context, published, MIDNIGHT)
    assert Segment("market", "NO") in again.segments
    assert again.in_segments
    assert again.whole.threshold.budget == pytest.approx(0.65)
    assert again.in_segments.threshold.budget == pytest.approx(0.25)


def test_a_segment_at_the_edge_does_not(context: Context, published: StoredVersion) -> None:
    first = in_force(context, published)
    from_norway(context, 4)
    assert in_force(context, published) == first


def test_an_exposure_that_is_named_sets_them_anew(context: Context, published: StoredVersion) -> None:
    in_force(context, published)
    with context.write() as connection:
        days = [NOW.date() - timedelta(days=back) for back in range(90)]
        store_exposure(connection, [Exposure("players", day, 1000.0) for day in days])
    by_players = replace(context, settings=context.settings.model_copy(update={"exposure": "players"}), memory={})
    assert in_force(by_players, published, MIDNIGHT + DAY).set_at == MIDNIGHT + DAY
