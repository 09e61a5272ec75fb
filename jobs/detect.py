"""Judge every topic's series, and open, feed or resolve alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from feedback.alerts import decide
from feedback.domain import Alert, Signal, Span
from feedback.events import PlannedEvent
from feedback.series import bucket_start, day_of
from feedback.store import alerts
from feedback.store.events import planned_events
from feedback.store.topics import StoredVersion, last_judged, store_judged
from jobs.context import Context
from jobs.evidence import Usual, Why, evidence, usual_before
from jobs.hindsight import Hindsight, hindsight
from jobs.panel import DatedPanel, dated_panel
from jobs.published import published
from models.detect.budget import Threshold, threshold_for
from models.detect.combined import Combined
from models.detect.eb7 import EB7, Stages
from models.detect.rises import Rises, find_rises

EVALUATIONS_PER_DAY = 4
THRESHOLD_AGE = timedelta(days=14)
MORE_TOPICS = 0.2
"""A threshold is set anew after so long, with another budget, or with a fifth more or fewer topics."""

FALSE_DISCOVERIES = 0.1
"""The share of the rises of a run that may be there by chance (Benjamini-Hochberg), beside the budget of false alarms:
with many topics the budget alone fills an owner's week with borderline cases. It costs .03 of detections at a budget of
one a week (.643 to .614, `benchmarks/detection.py --parts fdr`) and halves the alerts on real complaints."""

NOTABLE = 0.05
"""Signals with a larger p are kept only for topics with an open alert."""


class Judged(NamedTuple):
    """A signal and, where it is a rise, what it follows from."""

    signal: Signal
    why: Why | None


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Judge as of `now`. Signals, alerts and transitions are written in one transaction: all or none."""
    current = published(context)
    if current is None:
        return {"judged": 0}
    ids = [each.id for each in current.topics]
    with context.database.read() as connection:
        last = last_judged(connection)
        dated = dated_panel(context, connection, current.version.id, ids, now)
    if dated is None or (last is not None and last >= now):
        return {"judged": 0}
    set_at, threshold = _threshold(context, current.version, dated, now)
    known = hindsight(context, current.version, threshold, FALSE_DISCOVERIES, last)
    judged = _judged(context, current.version, dated, set_at, threshold)
    with context.write() as connection:
        changes = _decide(context, connection, current.version, judged, known, now)
    return {"judged": len(judged), "rising": sum(each.signal.rising for each in judged), "transitions": changes}


def _threshold(
    context: Context, version: StoredVersion, dated: DatedPanel, now: datetime
) -> tuple[datetime, Threshold]:
    """The threshold in force and since when, set by simulation when there is none or what it was set for changed."""
    budget, name = context.settings.false_alarms_per_week, Combined().name
    with context.database.read() as connection:
        stored = alerts.stored_threshold(connection, name, now)
    if stored:
        valid_from, _, origin = stored
        # not anew for every publication: what was just below would be just above, and an alert open by it alone
        alike = abs(len(dated.topics) - origin["topics"]) <= MORE_TOPICS * origin["topics"]
        if alike and origin["budget"] == budget and now - valid_from < THRESHOLD_AGE:
            return valid_from, Threshold(**{key: value for key, value in origin.items() if key != "topics"})
    threshold = threshold_for(dated.panel, budget, evaluations_per_day=EVALUATIONS_PER_DAY)
    origin = {**asdict(threshold), "topics": len(dated.topics)}
    with context.write() as connection:
        alerts.store_threshold(connection, version.id, name, now, threshold.score, origin)
    return now, threshold


def _judged(
    context: Context, version: StoredVersion, dated: DatedPanel, set_at: datetime, threshold: Threshold
) -> list[Judged]:
    """A signal for each topic, about a window that ends with the panel's last day."""
    eb7 = EB7(stages=context.memory.setdefault("stages", Stages()))
    rises = find_rises(dated.panel, threshold, fdr=FALSE_DISCOVERIES, eb7=eb7)
    origin = {**asdict(threshold), "topics": len(dated.topics)}

    def judged(row: int) -> Judged:
        signal = _signal(context, version, dated, rises, row, threshold.score)
        why = Why(rises.reasons.of(row), set_at, origin, FALSE_DISCOVERIES) if signal.rising else None
        return Judged(signal, why)

    return [judged(row) for row in range(len(dated.topics)) if rises.scores.judged[row, -1]]


def _signal(
    context: Context, version: StoredVersion, dated: DatedPanel, rises: Rises, row: int, threshold: float
) -> Signal:
    scores = rises.scores
    return Signal(
        topic_id=dated.topics[row],
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
        threshold=threshold,
        rising=bool(rises.rising[row, -1]),
        complete=dated.panel.complete,
    )


def _window(context: Context, dated: DatedPanel, length: int) -> Span:
    zone, last = context.settings.zone, dated.days[-1]
    start = bucket_start(last - timedelta(days=length - 1), zone)
    return Span(start, bucket_start(last + timedelta(days=1), zone))


def _start(window: Span) -> datetime:
    return window.start


def _decide(
    context: Context,
    connection: Connection,
    version: StoredVersion,
    judged: Sequence[Judged],
    known: Hindsight,
    now: datetime,
) -> int:
    """Keep the signals, and write what they do to the alerts; the number of transitions."""
    before = alerts.latest_alerts(connection)
    notable = [each for each in judged if each.signal.p <= NOTABLE or _has_open(before, each.signal.topic_id)]
    alerts.store_signals(connection, [each.signal for each in notable], now)
    store_judged(connection, version.id, now)
    told = [each for each in notable if _has_open(before, each.signal.topic_id) or not known.explains(each.signal)]
    return decide_all(context, connection, version, before, told, now)


def decide_all(
    context: Context,
    connection: Connection,
    version: StoredVersion,
    before: Mapping[UUID, Alert],
    judged: Sequence[Judged],
    now: datetime,
) -> int:
    """Write what signals do to the alerts of `before`, the latest of each topic; the number of transitions.

    A rise that is expected opens none.
    """
    expected = [each for each in planned_events(connection) if each.expected]
    notable = [
        each
        for each in judged
        if _has_open(before, each.signal.topic_id) or not _foreseen(context, each.signal, expected)
    ]
    rising = [each.signal for each in notable if each.signal.rising]
    # the longest window's start: what is usual must not hold any of the rises
    usual = usual_before(connection, version, min((each.window for each in rising), key=_start)) if rising else None
    return sum(
        _apply(context, connection, version, before.get(each.signal.topic_id), each, usual, now) for each in notable
    )


def _apply(
    context: Context,
    connection: Connection,
    version: StoredVersion,
    before: Alert | None,
    judged: Judged,
    usual: Usual | None,
    now: datetime,
) -> bool:
    decision = decide(before, judged.signal, now, context.settings.alert_policy)
    after = decision.alert
    if after is None or (after == before and not after.is_open):
        return False
    kept = alerts.evidence_of(connection, after.id) if before and before.id == after.id else {}
    if judged.why and usual:
        kept = evidence(context, connection, judged.signal, judged.why, version, usual, kept)
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
