"""Judge every topic's series, and open, feed or resolve alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from feedback.alerts import decide
from feedback.domain import Alert, Signal, Span
from feedback.events import PlannedEvent
from feedback.series import bucket_start, day_of
from feedback.store import alerts
from feedback.store.events import planned_events
from feedback.store.topics import StoredVersion
from jobs.context import Context
from jobs.evidence import Usual, evidence, usual_before
from jobs.panel import DatedPanel, dated_panel
from jobs.published import published
from models.detect.budget import Threshold, threshold_for
from models.detect.combined import Combined
from models.detect.eb7 import EB7, Stages
from models.detect.rises import find_rises

EVALUATIONS_PER_DAY = 4
THRESHOLD_AGE = timedelta(days=14)
"""A threshold is set anew after so long, or when topics, version or budget have changed."""

FALSE_DISCOVERIES = 0.1
"""The share of the rises of a run that may be there by chance (Benjamini-Hochberg), beside the budget of false alarms:
with many topics the budget alone fills an owner's week with borderline cases. It costs .03 of detections at a budget of
one a week (.643 to .614, `benchmarks/detection.py --parts fdr`) and halves the alerts on real complaints."""

NOTABLE = 0.05
"""Signals with a larger p are kept only for topics with an open alert."""


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Judge as of `now`. Signals, alerts and transitions are written in one transaction: all or none."""
    current = published(context)
    if current is None:
        return {"judged": 0}
    ids = [each.id for each in current.topics]
    with context.database.read() as connection:
        judged = alerts.last_judged(connection)
        dated = dated_panel(context, connection, current.version.id, ids, now)
    if dated is None or (judged is not None and judged >= now):
        return {"judged": 0}
    signals = _signals(context, current.version, dated, _threshold(context, current.version, dated, now))
    with context.write() as connection:
        changes = _decide(context, connection, current.version, signals, now)
    return {"judged": len(signals), "rising": sum(each.rising for each in signals), "transitions": changes}


def _threshold(context: Context, version: StoredVersion, dated: DatedPanel, now: datetime) -> Threshold:
    """The threshold in force, set by simulation when there is none, or when what it was set for has changed."""
    budget, name = context.settings.false_alarms_per_week, Combined().name
    with context.database.read() as connection:
        stored = alerts.stored_threshold(connection, version.id, name, now)
    if stored:
        valid_from, _, origin = stored
        same = origin["budget"] == budget and origin["topics"] == len(dated.topics)
        if same and now - valid_from < THRESHOLD_AGE:
            return Threshold(**{key: value for key, value in origin.items() if key != "topics"})
    threshold = threshold_for(dated.panel, budget, evaluations_per_day=EVALUATIONS_PER_DAY)
    origin = {**asdict(threshold), "topics": len(dated.topics)}
    with context.write() as connection:
        alerts.store_threshold(connection, version.id, name, now, threshold.score, origin)
    return threshold


def _signals(context: Context, version: StoredVersion, dated: DatedPanel, threshold: Threshold) -> list[Signal]:
    """One for each topic, about a window that ends with the panel's last day."""
    eb7 = EB7(stages=context.memory.setdefault("stages", Stages()))
    rises = find_rises(dated.panel, threshold, fdr=FALSE_DISCOVERIES, eb7=eb7)
    scores = rises.scores
    return [
        Signal(
            topic_id=topic,
            version_id=version.id,
            detector=Combined().name,
            window=_window(context, dated, int(scores.window[row, -1])),
            observed=int(scores.observed[row, -1]),
            expected=float(scores.expected[row, -1]),
            low=float(scores.low[row, -1]),
            high=float(scores.high[row, -1]),
            p=float(scores.p[row, -1]),
            q=float(rises.q[row, -1]),
            score=float(scores.score[row, -1]),
            threshold=threshold.score,
            rising=bool(rises.rising[row, -1]),
            complete=dated.panel.complete,
        )
        for row, topic in enumerate(dated.topics)
        if scores.expected[row, -1] == scores.expected[row, -1]  # NaN: too little history to judge
    ]


def _window(context: Context, dated: DatedPanel, length: int) -> Span:
    zone, last = context.settings.zone, dated.days[-1]
    start = bucket_start(last - timedelta(days=length - 1), zone)
    return Span(start, bucket_start(last + timedelta(days=1), zone))


def _start(window: Span) -> datetime:
    return window.start


def _decide(
    context: Context, connection: Connection, version: StoredVersion, signals: Sequence[Signal], now: datetime
) -> int:
    """Write what the signals do to the alerts; the number of transitions."""
    before = alerts.latest_alerts(connection)
    expected = [each for each in planned_events(connection) if each.expected]
    notable = [each for each in signals if each.p <= NOTABLE or _has_open(before, each.topic_id)]
    alerts.store_signals(connection, notable, now)
    notable = [each for each in notable if _has_open(before, each.topic_id) or not _foreseen(context, each, expected)]
    rising = [each for each in notable if each.rising]
    # the longest window's start: what is usual must not hold any of the rises
    usual = usual_before(connection, version, min((each.window for each in rising), key=_start)) if rising else None
    return sum(_apply(context, connection, version, before.get(each.topic_id), each, usual, now) for each in notable)


def _apply(
    context: Context,
    connection: Connection,
    version: StoredVersion,
    before: Alert | None,
    signal: Signal,
    usual: Usual | None,
    now: datetime,
) -> bool:
    decision = decide(before, signal, now, context.settings.alert_policy)
    after = decision.alert
    if after is None or (after == before and not after.is_open):
        return False
    kept = alerts.evidence_of(connection, after.id) if before and before.id == after.id else {}
    if signal.rising and usual:
        kept = evidence(context, connection, signal, version, usual, kept)
    alerts.store_alert(connection, after, now, kept)
    if decision.transition:
        alerts.add_transition(connection, decision.transition)
    return decision.transition is not None


def _foreseen(context: Context, signal: Signal, expected: Sequence[PlannedEvent]) -> bool:
    """Whether a rise in the signal's window is expected: it opens no alert, one that is open goes its way."""
    zone = context.settings.zone
    first, last = day_of(signal.window.start, zone), day_of(signal.window.end - timedelta(microseconds=1), zone)
    return any(each.concerns(signal.topic_id) and each.overlaps(first, last) for each in expected)


def _has_open(latest: Mapping[UUID, Alert], topic_id: UUID) -> bool:
    alert = latest.get(topic_id)
    return alert is not None and alert.is_open
