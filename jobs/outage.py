"""Judge the last hours of every topic: a sharp outage opens an alert long before its day is over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from feedback.domain import Signal, Span
from feedback.series import day_of, days
from feedback.store import alerts, complaints, counts
from feedback.store.topics import StoredVersion
from jobs.assign import assign_pending
from jobs.context import Context
from jobs.detect import Judged, decide_all, signal_of
from jobs.evidence import Why
from jobs.panel import expected_days
from jobs.published import Published, published
from jobs.silence import heard_of
from jobs.watermark import watermark
from models.detect.fdr import q_values
from models.detect.outage import BUDGET_SHARE, LEAST_SCORE, Outage, bar
from models.detect.panel import Heard, Panel, Scores
from models.detect.silence import gaps_in_hours

HOUR = timedelta(hours=1)
COMPARED_WEEKS, LEAST_WEEKS = 20, 8
"""Weeks of hours that set the bar, and how many there must be. Twenty allow two episodes at a budget of one a week."""

UNSURE = timedelta(hours=48)
"""A source is known to have fallen silent once a whole day without anything is over. Until then it is not believed that
less than usual comes, or all that comes through other sources would seem to rise."""

NOT_YET_ASSIGNED = timedelta(days=2)
WEEK = 168


@dataclass(frozen=True, slots=True, eq=False)
class HourlyPanel:
    """The hours up to `end`, by topic."""

    panel: Panel
    topics: tuple[UUID, ...]
    end: datetime


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Judge the hours that end at `now`. Quiet hours, and those after a publication, are not looked at further."""
    current, detector = published(context), Outage()
    if current is None or current.version.published_at is None:
        return {"judged": 0}
    longest = max(detector.windows) * HOUR
    # what only the new version sees in the hours before it is no outage
    if now < current.version.published_at + longest:
        return {"judged": 0}
    assign_pending(context, current.version, current.rule, now, since=now - NOT_YET_ASSIGNED)
    with context.database.read() as connection:
        busy = counts.busy_topics(connection, current.version.id, Span(now - longest, now), detector.least)
        hourly = hourly_panel(context, connection, current, now, detector) if busy else None
    if hourly is None:
        return {"judged": 0}
    judged = _judged(context, current.version, hourly, detector, set(busy))
    with context.write() as connection:
        alerts.store_signals(connection, [each.signal for each in judged], now)
        before = alerts.latest_alerts(connection, to_change=True)
        changes = decide_all(context, connection, current.version, before, judged, now)
    return {"judged": len(hourly.topics), "rising": len(judged), "transitions": changes}


def hourly_panel(
    context: Context, connection: Connection, current: Published, end: datetime, detector: Outage
) -> HourlyPanel | None:
    """The weeks of hours that are compared, and what the detector needs before them; None where there are too few."""
    before = detector.gap + detector.warm_up
    _, first, _ = complaints.count_complaints(connection)
    known = int((end - first) / HOUR) if first else 0
    hours = min(known, before + COMPARED_WEEKS * WEEK)
    if hours < before + LEAST_WEEKS * WEEK:
        return None
    start = end - hours * HOUR
    rows = {topic.id: row for row, topic in enumerate(current.topics)}
    observed, total = np.zeros((len(rows), hours), np.int64), np.zeros(hours, np.int64)
    for topic, moment in counts.first_voices(connection, current.version.id, Span(start, end)):
        place = int((moment - start) / HOUR)
        total[place] += 1
        if topic in rows:
            observed[rows[topic], place] += 1
    excluded = _excluded(connection, rows, start, hours)
    expected = expected_days(
        connection, tuple(rows), [day_of(start + hour * HOUR, context.settings.zone) for hour in range(hours)]
    )
    surely = min(watermark(connection, end).surely, end - UNSURE)
    awaited = np.array([surely < start + (hour + 1) * HOUR for hour in range(hours)])
    heard = _heard(context, connection, current, Span(start, end))
    panel = Panel(observed, total, excluded, gaps_in_hours(total), expected=expected, awaited=awaited, heard=heard)
    return HourlyPanel(panel, tuple(rows), end)


def _heard(context: Context, connection: Connection, current: Published, span: Span) -> Heard | None:
    """What was heard in each hour, by its day: see `jobs.silence.heard_of`."""
    zone = context.settings.zone
    whole = days(day_of(span.start, zone), day_of(span.end, zone))
    ids = [each.id for each in current.topics]
    heard = heard_of(context, connection, current.version.id, ids, whole, len(whole) - 1, span.end)
    hours = int((span.end - span.start) / HOUR)
    return heard and heard.at([(day_of(span.start + hour * HOUR, zone) - whole[0]).days for hour in range(hours)])


def _excluded(connection: Connection, rows: Mapping[UUID, int], start: datetime, hours: int) -> NDArray[np.bool_]:
    """(topics, hours): when a topic had risen, by its alerts."""
    excluded = np.zeros((len(rows), hours), bool)
    for topic, span in alerts.risen_spans(connection):
        if topic in rows:
            first, after = ((edge - start) / HOUR for edge in (span.start, span.end))
            excluded[rows[topic], max(math.floor(first), 0) : max(math.ceil(after), 0)] = True
    return excluded


def _judged(
    context: Context, version: StoredVersion, hourly: HourlyPanel, detector: Outage, busy: set[UUID]
) -> list[Judged]:
    """The topics whose last hours are like hardly any of all topics in the weeks before."""
    hours = hourly.panel.days - detector.gap - detector.warm_up
    past = detector.past(hourly.panel, hours)[:, : -detector.gap]
    allowed = BUDGET_SHARE * context.settings.false_alarms_per_week * past.shape[1] / WEEK
    threshold = bar(past, allowed)
    scores, reasons = detector.explained(hourly.panel)
    q = q_values(scores.p)[:, -1]
    origin = {"hours": past.shape[1], "allowed": allowed, "topics": len(hourly.topics), "least": LEAST_SCORE}

    def judged(row: int) -> Judged:
        signal = _signal(version, hourly, scores, row, float(q[row]), threshold)
        reason = reasons.of(row)
        reason = replace(reason, silent=hourly.panel.silent(row, -1, reason.window_days))
        return Judged(signal, Why(reason, hourly.end, origin, None))

    above = np.flatnonzero(scores.score[:, -1] > threshold).tolist()
    return [judged(row) for row in above if hourly.topics[row] in busy]


def _signal(
    version: StoredVersion, hourly: HourlyPanel, scores: Scores, row: int, q: float, threshold: float
) -> Signal:
    return signal_of(
        scores,
        (row, -1),
        topic_id=hourly.topics[row],
        version_id=version.id,
        detector=Outage().name,
        window=Span(hourly.end - int(scores.window[row, -1]) * HOUR, hourly.end),
        q=q,
        threshold=threshold,
        rising=True,
        complete=True,
    )
