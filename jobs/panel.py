"""The counts in the database as the arrays that a detector judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from feedback.domain import Segment, Span
from feedback.errors import SettingError, StoreError
from feedback.exposure import ended
from feedback.series import bucket_start, day_of, judged_days
from feedback.store import alerts, complaints, counts
from feedback.store.events import planned_events
from feedback.store.exposure import exposure_of
from jobs.context import Context
from jobs.silence import heard_of
from jobs.watermark import Watermark
from models.detect import Panel
from models.detect.exposure import exposure_from
from models.detect.panel import Flags, Floats
from models.detect.silence import gaps

HISTORY = timedelta(days=1830)
"""Five years, as in Farrington et al. 1996. Of outbreaks in series that keep to their course, .59 are found with as
much, .54 with two years and .39 with one (`benchmarks/detection.py --parts noufaily --seeds 71 … 80`); where levels
shift, what is old is not believed."""

STEP = 28
"""The first day moves in such steps: while it stays, a judgement goes on from where the one before was."""


@dataclass(frozen=True, slots=True, eq=False)
class DatedPanel:
    """A panel with what its rows and columns stand for. `panel.complete` is false while the last day is filling."""

    panel: Panel
    topics: tuple[UUID, ...]
    days: Sequence[date]


def dated_panel(
    context: Context,
    connection: Connection,
    version_id: UUID,
    topics: Sequence[UUID],
    now: datetime,
    come_in: Watermark | None = None,
    segment: Segment | None = None,
) -> DatedPanel | None:
    """The series of `topics` as of `now`, of one segment where it is given; None before the first day of data.

    The last day is complete once complaints have come in up to its end: `come_in` says up to when they have, `now`
    where it is not given. Where days that are over may still get complaints, they and the last are awaited.

    They count customers: who writes ten times a day about one topic counts once, or one flood would be a rise.
    StoreError when the counts are of days that begin elsewhere, the time zone having been changed; SettingError when
    nothing is known of the exposure that the settings name.
    """
    zone = context.settings.zone
    _, first, _ = complaints.count_complaints(connection)
    if first is None or first >= now or not topics:
        return None
    days, complete = judged_days(first_day(first, now, zone), now, zone)
    places = {bucket_start(day, zone): place for place, day in enumerate(days)}
    rows = {topic: row for row, topic in enumerate(topics)}
    observed = np.zeros((len(topics), len(days)), np.int64)
    total = np.zeros(len(days), np.int64)
    span = Span(bucket_start(days[0], zone), bucket_start(days[-1] + timedelta(days=1), zone))
    for start, topic, customers in _customers(connection, version_id, span, segment):
        place = places.get(start)
        if place is None:
            raise StoreError(_elsewhere(zone))
        total[place] += customers
        if topic in rows:
            observed[rows[topic], place] = customers
    excluded, expected = _excluded(connection, rows, days, zone), expected_days(connection, topics, days)
    awaited = _awaited(come_in, days, zone, is_over=complete) if come_in else None
    over = len(days) - (not complete) if awaited is None else int((~awaited).sum())
    complete = complete and (come_in is None or span.end <= come_in.until)
    exposure = _exposure(context, connection, days)
    heard = heard_of(context, connection, version_id, topics, days, over, now)
    closed = gaps(total, complete=complete)
    panel = Panel(observed, total, excluded, closed, complete, exposure, expected, awaited, heard)
    return DatedPanel(panel, tuple(topics), days)


def _awaited(come_in: Watermark, days: Sequence[date], zone: ZoneInfo, *, is_over: bool) -> Flags | None:
    """(days,): those that may still get complaints of a source that is late; None where all that are over have them.

    A day that is filling by itself is judged by how far it is.
    """
    awaited = np.array([come_in.surely < bucket_start(day + timedelta(days=1), zone) for day in days])
    return awaited if awaited[: len(days) - (not is_over)].any() else None


def first_day(first: datetime, now: datetime, zone: ZoneInfo) -> date:
    """The first of a panel as of `now`, with the first complaint at `first`."""
    return max(day_of(first, zone), in_steps(day_of(now - HISTORY, zone)))


def in_steps(day: date) -> date:
    """The first day of a panel that is to reach back to `day`."""
    return day - timedelta(days=day.toordinal() % STEP)


def _customers(
    connection: Connection, version_id: UUID, span: Span, segment: Segment | None
) -> Iterator[tuple[datetime, UUID, int]]:
    """(bucket start, topic or UNASSIGNED, customers)."""
    if segment is None:
        for start, topic, _, customers in counts.counts(connection, version_id, span):
            yield start, topic, customers
    else:
        for start, topic, found in counts.counts_by_segment(connection, version_id, span):
            yield start, topic, found.get(segment.attribute, {}).get(segment.value, 0)


def with_day_until(
    context: Context,
    connection: Connection,
    dated: DatedPanel,
    version_id: UUID,
    moment: datetime,
    segment: Segment | None = None,
) -> DatedPanel:
    """The panel with its last day as far as it had come at a moment of it: it has been counted further since."""
    begun = Span(bucket_start(dated.days[-1], context.settings.zone), moment)
    found = counts.counts_until(connection, version_id, begun, segment)
    observed, total = dated.panel.counts.copy(), dated.panel.total.copy()
    observed[:, -1] = [found.get(topic, 0) for topic in dated.topics]
    total[-1] = sum(found.values())
    return replace(dated, panel=replace(dated.panel, counts=observed, total=total))


def _exposure(context: Context, connection: Connection, days: Sequence[date]) -> Floats | None:
    """Each day's exposure, None where complaints are held against all others, as they are again when none has been told
    for weeks. SettingError when there is no number at all."""
    name = context.settings.exposure
    if not name:
        return None
    told = exposure_of(connection, name, days[0], days[-1])
    gone = ended(name, max(told), days[-1]) if told else None
    if gone and gone.given_up:
        return None
    try:
        return exposure_from(np.array([told.get(day, np.nan) for day in days]))
    except ValueError:
        raise SettingError(_untold(name, days)) from None


def _untold(name: str, days: Sequence[date]) -> str:
    return (
        f"The setting 'exposure' names {name!r}, of which no number above zero is known from {days[0]} to {days[-1]}: "
        "`feedback exposure ingest FILE` takes numbers in, `feedback exposure list` shows the columns there are."
    )


def _excluded(connection: Connection, rows: Mapping[UUID, int], days: Sequence[date], zone: ZoneInfo) -> Flags:
    """(topics, days): the days on which a topic had risen, by its alerts."""
    excluded = np.zeros((len(rows), len(days)), bool)
    for topic, span in alerts.risen_spans(connection):
        if topic in rows:
            first = max((day_of(span.start, zone) - days[0]).days, 0)
            last = day_of(span.end - timedelta(microseconds=1), zone)
            after = max((last - days[0]).days + 1, 0)
            excluded[rows[topic], first:after] = True
    return excluded


def expected_days(connection: Connection, topics: Sequence[UUID], days: Sequence[date]) -> Flags | None:
    """(topics, days): the days of events on which a topic was expected to rise; None where there are none."""
    events = [each for each in planned_events(connection, days[0], days[-1]) if each.expected]
    if not events:
        return None
    expected = np.zeros((len(topics), len(days)), bool)
    for event in events:
        concerned = [event.concerns(topic) for topic in topics]
        expected |= np.outer(concerned, [event.overlaps(day, day) for day in days])
    return expected


def _elsewhere(zone: ZoneInfo) -> str:
    return (
        f"Complaints were counted by days that do not begin at midnight in {zone.key}: the setting 'time_zone' was "
        "changed. The next training counts them anew; `feedback run retrain` trains now."
    )
