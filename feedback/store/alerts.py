"""Signals, alerts with their transitions and evidence, and thresholds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, update

from feedback.alerts import numbers_at
from feedback.domain import AS_USUAL, Alert, AlertState, GivenVerdict, Segment, Signal, Span, Transition
from feedback.store.database import put
from feedback.store.tables import alert, signal, threshold, topic, transition
from feedback.store.verdicts import all_verdicts

OPEN_STATES = tuple(str(state) for state in AlertState if state is not AlertState.RESOLVED)

ALERT = ("id", "topic_id", "opened_at", "last_rising_at", "calm_since", "resolved_at")
"""What an alert remembers, beside its state."""


def store_signals(connection: Connection, signals: Sequence[Signal], judged_at: datetime) -> None:
    """Keep what a run found."""
    put(connection, signal, [_signal_row(each, judged_at) for each in signals])


def latest_signals(connection: Connection) -> list[tuple[datetime, Signal]]:
    """What the last run of each detector found within a day of the last: (judged at, signal), the strongest first."""
    newest = select(func.max(signal.c.judged_at).label("at"), signal.c.detector).group_by(signal.c.detector).subquery()
    last = connection.execute(select(func.max(signal.c.judged_at))).scalar_one()
    if last is None:
        return []
    query = (
        select(signal)
        .join(newest, (signal.c.judged_at == newest.c.at) & (signal.c.detector == newest.c.detector))
        .where(signal.c.judged_at > last - timedelta(days=1))
        .order_by(signal.c.score.desc(), signal.c.topic_id)
    )
    return [(row.judged_at, _signal(row)) for row in connection.execute(query)]


def strongest_signals(
    connection: Connection, span: Span, hourly: str = "", version_id: UUID | None = None
) -> dict[UUID, Signal]:
    """Each topic's strongest signal judged in `span.start < t <= span.end`, the later of equals.

    A window counts as it was judged last, and one that was still filling only where no whole one was a rise: who reads
    of a week wants whole days. One of the detector named `hourly` only where no other was a rise, for the same reason,
    and one of a segment only where the topic was not rising as a whole. Of signals alike in that, one judged under
    `version_id` goes first.
    """
    within = (signal.c.judged_at > span.start) & (signal.c.judged_at <= span.end)
    rows = connection.execute(select(signal).where(within).order_by(signal.c.judged_at))
    last = {(row.topic_id, row.detector, row.window_end): row for row in rows}

    def strength(row: Row[Any]) -> tuple[int, bool, bool, float, datetime]:
        rank = 1 if row.detector == hourly else 2 if row.segment else 3 if row.rising else 0
        return rank, row.version_id == version_id, row.complete, row.score, row.judged_at

    return {row.topic_id: _signal(row) for row in sorted(last.values(), key=strength)}


def latest_alerts(connection: Connection, *, to_change: bool = False) -> dict[UUID, Alert]:
    """The newest alert of each topic that ever had one, by topic id.

    Those `to_change` are nobody else's to change until the transaction ends.
    """
    # without the evidence, which is large
    columns = (alert.c[name] for name in (*ALERT, "state"))
    query = select(*columns).order_by(alert.c.opened_at, alert.c.id)
    rows = connection.execute(query.with_for_update() if to_change else query)
    return {row.topic_id: _alert(row) for row in rows}


def evidence_of(connection: Connection, alert_id: UUID) -> dict[str, Any]:
    """Why an alert fired, as it was written down then."""
    return dict(connection.execute(select(alert.c.evidence).where(alert.c.id == alert_id)).scalar_one())


def keep_in_evidence(connection: Connection, alert_id: UUID, name: str, value: Any) -> None:
    """Write something down with an alert's evidence."""
    kept = {**evidence_of(connection, alert_id), name: value}
    connection.execute(update(alert).where(alert.c.id == alert_id).values(evidence=kept))


def open_ids(connection: Connection) -> set[UUID]:
    """The alerts that are not over."""
    return set(connection.execute(select(alert.c.id).where(alert.c.state.in_(OPEN_STATES))).scalars())


def ended(connection: Connection, alert_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When those of the alerts that are over were resolved."""
    over = alert.c.id.in_(alert_ids) & alert.c.resolved_at.is_not(None)
    return {row.id: row.resolved_at for row in connection.execute(select(alert.c.id, alert.c.resolved_at).where(over))}


def risen_spans(connection: Connection) -> list[tuple[UUID, Span]]:
    """(topic, span) of every rise that an alert was about, from the first judged window's start to the last's end.

    Not of those of which their owner says that they were expected or no issue: their days are like any others. A
    verdict is about the rise that it was given to; once the alert has come back, it is about another.
    """
    rises = alert.c.evidence["rises"].label("rises")
    rows = connection.execute(select(alert.c.id, alert.c.topic_id, rises).order_by(alert.c.opened_at, alert.c.id))
    as_usual = _as_usual(connection)
    return [
        (row.topic_id, span)
        for row in rows
        for span in map(_span, row.rises or ())
        if row.id not in as_usual or not as_usual[row.id].holds(span)
    ]


@dataclass(frozen=True, slots=True)
class _AsUsual:
    """Which of an alert's rises were as usual, by their places; between them it came `back`."""

    back: Sequence[datetime]
    places: frozenset[int]

    def holds(self, rise: Span) -> bool:
        return bisect_left(self.back, rise.end) in self.places


def _as_usual(connection: Connection) -> dict[UUID, _AsUsual]:
    """The alerts some of whose rises were as usual, by the last verdict that was given to each."""
    given: dict[UUID, list[GivenVerdict]] = {}
    for each in all_verdicts(connection):
        given.setdefault(each.alert_id, []).append(each)
    back, found = returns_of(connection, given.keys()), {}
    for alert_id, verdicts in given.items():
        last = {bisect_right(back[alert_id], each.at): each.verdict for each in verdicts}
        if places := frozenset(place for place, verdict in last.items() if verdict in AS_USUAL):
            found[alert_id] = _AsUsual(back[alert_id], places)
    return found


def _span(kept: Mapping[str, str]) -> Span:
    return Span(datetime.fromisoformat(kept["start"]), datetime.fromisoformat(kept["end"]))


def alert_of(connection: Connection, alert_id: UUID, *, to_change: bool = False) -> Alert:
    """An alert as it is; one `to_change` is nobody else's to change until the transaction ends.

    Raises sqlalchemy.exc.NoResultFound when there is none of that id.
    """
    query = select(*(alert.c[name] for name in (*ALERT, "state"))).where(alert.c.id == alert_id)
    return _alert(connection.execute(query.with_for_update() if to_change else query).one())


def store_alert(connection: Connection, each: Alert, judged_at: datetime, evidence: Mapping[str, Any]) -> None:
    """Keep an alert as it is now."""
    row = {
        "id": each.id,
        "topic_id": each.topic_id,
        "state": str(each.state),
        "opened_at": each.opened_at,
        "last_rising_at": each.last_rising_at,
        "judged_at": judged_at,
        "calm_since": each.calm_since,
        "resolved_at": each.resolved_at,
        "evidence": dict(evidence),
    }
    put(connection, alert, [row])


def add_transition(connection: Connection, change: Transition) -> int:
    """Append to an alert's history, with the numbers at that moment; the position in it."""
    of_it = transition.c.alert_id == change.alert.id
    position: int = connection.execute(select(func.count()).select_from(transition).where(of_it)).scalar_one()
    row = {
        "alert_id": change.alert.id,
        "position": position,
        "at": change.at,
        "before": None if change.before is None else str(change.before),
        "after": str(change.alert.state),
        "who": change.who,
        "why": change.why,
        "numbers": numbers_at(change, evidence_of(connection, change.alert.id)),
    }
    connection.execute(transition.insert().values(**row))
    return position


def alert_rows(
    connection: Connection,
    *,
    only_open: bool = False,
    active: Span | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Row[Any]]:
    """Alerts with their topic's name, owner and area, newest first; `active` keeps those that were open at some
    `start < t <= end` of a span, whatever became of them since."""
    query = _with_topic()
    if only_open:
        query = query.where(alert.c.state.in_(OPEN_STATES))
    if active:
        query = query.where(_open_within(active))
    return list(connection.execute(query.order_by(alert.c.opened_at.desc(), alert.c.id).limit(limit).offset(offset)))


def _open_within(span: Span) -> ColumnElement[bool]:
    """By the history: of when an alert was resolved it remembers the last time alone."""
    mine = transition.c.alert_id == alert.c.id
    moved = select(transition.c.at).where(mine, transition.c.at > span.start, transition.c.at <= span.end)
    before = select(transition.c.after).where(mine, transition.c.at <= span.start)
    state = before.order_by(transition.c.position.desc()).limit(1).scalar_subquery()
    return moved.exists() | state.in_(OPEN_STATES)


def open_alerts(connection: Connection, topic_ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Rows (id, topic_id, state, opened_at, severity) of the open alerts about some topics, by topic."""
    severity = alert.c.evidence["severity"]["level"].as_string().label("severity")
    query = select(alert.c.id, alert.c.topic_id, alert.c.state, alert.c.opened_at, severity)
    query = query.where(alert.c.state.in_(OPEN_STATES), alert.c.topic_id.in_(topic_ids))
    rows: list[Row[Any]] = list(connection.execute(query))
    return {row.topic_id: row for row in rows}


def alerts_of(connection: Connection, topic_id: UUID, limit: int) -> list[Row[Any]]:
    """The latest alerts about a topic, as `alert_rows` gives them."""
    latest = _with_topic().where(alert.c.topic_id == topic_id).order_by(alert.c.opened_at.desc(), alert.c.id)
    return list(connection.execute(latest.limit(limit)))


def alerts_beginning(connection: Connection, start: str) -> list[UUID]:
    """The ids that begin like this, as they are written; every id for an empty string."""
    ids = connection.execute(select(alert.c.id).order_by(alert.c.id)).scalars()
    return [each for each in ids if str(each).startswith(start)]


def alert_row(connection: Connection, alert_id: UUID) -> Row[Any]:
    """An alert with what `alert_rows` gives. Raises sqlalchemy.exc.NoResultFound when there is none of that id."""
    return connection.execute(_with_topic().where(alert.c.id == alert_id)).one()


def _with_topic() -> Select[Any]:
    named = topic.c.name.label("topic"), topic.c.owner, topic.c.area, topic.c.kind.label("topic_kind")
    return select(alert, *named).join(topic, topic.c.id == alert.c.topic_id)


def transitions_of(connection: Connection, alert_id: UUID) -> list[Row[Any]]:
    """An alert's history, oldest first."""
    query = select(transition).where(transition.c.alert_id == alert_id).order_by(transition.c.position)
    return list(connection.execute(query))


def returns_of(connection: Connection, alert_ids: Collection[UUID]) -> dict[UUID, list[datetime]]:
    """When each of the alerts came back, if it did, the first time first."""
    back = transition.c.after == str(AlertState.REGRESSED)
    query = select(transition.c.alert_id, transition.c.at).where(back).order_by(transition.c.alert_id, transition.c.at)
    found: dict[UUID, list[datetime]] = {each: [] for each in alert_ids}
    for row in connection.execute(query):
        if row.alert_id in found:
            found[row.alert_id].append(row.at)
    return found


def stored_threshold(
    connection: Connection, detector: str, now: datetime
) -> tuple[datetime, float, Mapping[str, Any]] | None:
    """(valid from, value, origin) of the newest threshold set up to `now`, under whichever version."""
    query = (
        select(threshold)
        .where(threshold.c.detector == detector, threshold.c.valid_from <= now)
        .order_by(threshold.c.valid_from.desc())
    )
    row = connection.execute(query.limit(1)).one_or_none()
    return (row.valid_from, row.value, row.origin) if row else None


def store_threshold(
    connection: Connection, version_id: UUID, detector: str, now: datetime, value: float, origin: Mapping[str, Any]
) -> None:
    """Keep a threshold and what it came from."""
    row = {"version_id": version_id, "detector": detector, "valid_from": now, "value": value, "origin": dict(origin)}
    put(connection, threshold, [row])


def _signal_row(each: Signal, judged_at: datetime) -> dict[str, Any]:
    values = asdict(each)
    values.pop("window")
    return {**values, "judged_at": judged_at, "window_start": each.window.start, "window_end": each.window.end}


def _signal(row: Row[Any]) -> Signal:
    values = row._asdict()
    values.pop("judged_at")
    window = Span(values.pop("window_start"), values.pop("window_end"))
    segment = values.pop("segment")
    return Signal(**values, window=window, segment=Segment(**segment) if segment else None)


def _alert(row: Row[Any]) -> Alert:
    return Alert(**{name: getattr(row, name) for name in ALERT}, state=AlertState(row.state))
