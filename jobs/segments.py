"""Topics by market, language, brand, channel and customer segment: their series, and where a rise is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from feedback.domain import Segment, SegmentCount, Span
from feedback.series import bucket_start
from feedback.store import counts
from feedback.store.cell import BySegment
from feedback.store.facets import Facets
from feedback.store.topics import StoredVersion
from jobs.context import Context
from jobs.panel import DatedPanel, in_steps
from models.detect.panel import Counts
from models.detect.segments import LEAST_A_DAY, SegmentPanel, worth_judging

LEAST_DAYS, DAYS = 56, 224
"""How far back segments are looked at; at four half-lives what is older weighs one part in sixteen."""

Counted = tuple[datetime, UUID, BySegment]


@dataclass(frozen=True, slots=True, eq=False)
class SegmentSeries:
    """The panel with what its segments, topics and days stand for."""

    panel: SegmentPanel
    segments: tuple[Segment, ...]
    topics: tuple[UUID, ...]
    days: Sequence[date]


def segments_worth_judging(
    context: Context,
    connection: Connection,
    version: StoredVersion,
    dated: DatedPanel,
    least: float = LEAST_A_DAY,
) -> tuple[Segment, ...]:
    """The segments that have `least` complaints a day, by the days of a panel; none where there is no such history
    yet."""
    if not context.settings.segments or len(dated.days) < LEAST_DAYS:
        return ()
    recent = _since(dated, dated.days[-LEAST_DAYS])
    places = _places(context, recent)
    totals: dict[Segment, Counts] = {}
    for start, _, found in _counted(context, connection, version, recent):
        for segment, customers in _of(found, context.settings.segments):
            totals.setdefault(segment, np.zeros(len(recent.days), np.int64))[places[start]] += customers
    return tuple(worth_judging(totals, recent.panel.total, least))


def segment_series(
    context: Context, connection: Connection, version: StoredVersion, dated: DatedPanel, segments: Sequence[Segment]
) -> SegmentSeries:
    """The series of all topics in each of the segments."""
    recent = _since(dated, _begin(dated))
    places, rows = _places(context, recent), {topic: row for row, topic in enumerate(recent.topics)}
    ranks = {segment: rank for rank, segment in enumerate(segments)}
    observed = np.zeros((len(segments), len(rows), len(recent.days)), np.int64)
    total = np.zeros((len(segments), len(recent.days)), np.int64)
    attributes = tuple({segment.attribute for segment in segments})
    for start, topic, found in _counted(context, connection, version, recent):
        place, row = places[start], rows.get(topic)
        for segment, customers in _of(found, attributes):
            rank = ranks.get(segment)
            if rank is not None:
                total[rank, place] += customers
                if row is not None:
                    observed[rank, row, place] = customers
    return SegmentSeries(SegmentPanel(recent.panel, observed, total), tuple(segments), recent.topics, recent.days)


def told_apart(
    found: Sequence[SegmentCount], window: Sequence[Facets], before: Sequence[Facets]
) -> tuple[SegmentCount, ...]:
    """Of segments in which a topic has risen, the surest first, those whose rise is not that of one named already.

    One is named if half of its excess and more lies outside of those: where Germany has risen, German and e-mail need
    not be named as well. `window` holds the topic's complaints of the window, `before` those of the weeks before.
    """
    told: list[SegmentCount] = []
    for each in found:
        named = [other.segment for other in told]
        inside, past = ([row for row in rows if _is_in(row, each.segment)] for rows in (window, before))
        apart, usual = (sum(not any(_is_in(row, other) for other in named) for row in rows) for rows in (inside, past))
        # both count messages, so that their shares carry over to customers
        observed = each.observed * apart / max(len(inside), 1)
        expected = each.expected * usual / max(len(past), 1)
        if not told or observed - expected >= (each.observed - each.expected) / 2:
            told.append(each)
    return tuple(told)


def in_segment(rows: Iterable[Facets], segment: Segment | None) -> list[Facets]:
    """Those of the segment; all where none is given."""
    return [row for row in rows if segment is None or _is_in(row, segment)]


def _is_in(row: Facets, segment: Segment) -> bool:
    return row.values.get(segment.attribute) == segment.value


def _begin(dated: DatedPanel) -> date:
    return max(dated.days[0], in_steps(dated.days[-1] - timedelta(days=DAYS)))


def _since(dated: DatedPanel, first: date) -> DatedPanel:
    """The days from `first` on."""
    place = (first - dated.days[0]).days
    whole = dated.panel

    def cut(values: Any) -> Any:
        return None if values is None else values[..., place:]

    names = ("counts", "total", "excluded", "gaps", "exposure", "expected", "awaited")
    heard = whole.heard and whole.heard.at(slice(place, None))
    panel = replace(whole, **{name: cut(getattr(whole, name)) for name in names}, heard=heard)
    return replace(dated, panel=panel, days=dated.days[place:])


def _counted(context: Context, connection: Connection, version: StoredVersion, dated: DatedPanel) -> Iterable[Counted]:
    zone = context.settings.zone
    span = Span(bucket_start(dated.days[0], zone), bucket_start(dated.days[-1] + timedelta(days=1), zone))
    return counts.counts_by_segment(connection, version.id, span)


def _places(context: Context, dated: DatedPanel) -> Mapping[datetime, int]:
    return {bucket_start(day, context.settings.zone): place for place, day in enumerate(dated.days)}


def _of(found: BySegment, attributes: Iterable[str]) -> Iterable[tuple[Segment, int]]:
    for attribute in attributes:
        for value, customers in found.get(attribute, {}).items():
            yield Segment(attribute, value), customers
