"""Which rises of a run are told, and together with which: what is muted, says nothing new or flaps waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from feedback.alerts import kept_signal, waits_to_be_told
from feedback.domain import Alert, AlertState, Driver, HeldBack, Holding, Signal, Span, Transition
from feedback.grouping import Group, Risen, Shared, by_gravity, grouped
from feedback.inhibition import AreaAlert, difference, held_words, holds_back, opened
from feedback.owners import Owners
from feedback.phrases import mute_words
from feedback.severity import least_ratio, severity_of
from feedback.store import alerts, held
from feedback.store.facets import count_customers, customers_of_topic
from feedback.store.owners import responsible_for
from jobs.context import Context
from jobs.evidence import BASELINE
from jobs.mutes import muted_by
from jobs.notices import is_rise
from jobs.ownership import owners_of
from models.shift import more_than

MOST_COMPARED = 30
"""Of so many rises at most the customers are compared, each with each."""


@dataclass(frozen=True, slots=True)
class Move:
    """What a signal did to an alert: the alert as it is, and the change of state with its place in its history."""

    alert: Alert
    rising: bool
    change: Transition | None
    position: int | None


@dataclass(frozen=True, slots=True)
class Telling:
    """One message: the changes that it tells, each with its position, the gravest first. Of rises that are one `group`
    is what they keep of it, and `area` the area that has an alert of its own by them."""

    moved: tuple[tuple[Transition, int], ...]
    group: Mapping[str, Any] | None = None
    area: str | None = None


def tell(context: Context, connection: Connection, moves: Sequence[Move], now: datetime) -> list[Telling]:
    """What is to be told of what a run has moved; what waits is written down with the reason.

    Each rise is told once: when it happens or, if it was held back then, once it no longer is and still rises.
    """
    changed = [(each.change, each.position) for each in moves if each.change and each.position is not None]
    ended = held.waiting(connection).keys() - alerts.open_ids(connection)
    held.let_go(connection, ended | {change.alert.id for change, _ in changed}, now, "over before it was told")
    ends = [Telling(((change, position),)) for change, position in changed if not change.alert.is_open]
    waiting = _waiting(connection, moves)
    areas = _areas(connection, {change.alert.id for change, _ in waiting}, now)
    if not waiting:
        return ends
    risen, before, news = _risen(context, connection), held.waiting(connection), {}
    for change, position in waiting:
        holding = _holding(context, connection, change, risen[change.alert.id], areas, now)
        if holding:
            cause, why = holding
            held.hold(connection, HeldBack(change.alert.id, position, now, cause, why))
        else:
            news[change.alert.id] = change, position
            why = _why_told(before.get(change.alert.id), risen[change.alert.id], areas)
            held.let_go(connection, [change.alert.id], now, why, told=True)
    return [*ends, *_together(context, connection, risen, news, areas, now)]


def _waiting(connection: Connection, moves: Sequence[Move]) -> list[tuple[Transition, int]]:
    """Rises that are news: those that happened now, and those held back that go on rising."""
    before = held.waiting(connection)
    found = []
    for each in moves:
        if each.change and each.position is not None and each.alert.is_open:
            found.append((each.change, each.position))
        elif each.rising and each.alert.id in before:
            found.append(_as_then(connection, each.alert, before[each.alert.id].position))
    return found


def _as_then(connection: Connection, alert: Alert, position: int) -> tuple[Transition, int]:
    """The change by which an alert rose, which it may have gone on from since."""
    row = alerts.transitions_of(connection, alert.id)[position]
    then = replace(alert, state=AlertState(row.after))
    return Transition(then, AlertState(row.before) if row.before else None, row.at, row.who, row.why), position


def _holding(
    context: Context, connection: Connection, change: Transition, rise: Risen, areas: Sequence[AreaAlert], now: datetime
) -> tuple[Holding, str] | None:
    """What holds a rise back, if anything does."""
    if mute := muted_by(connection, change.alert, now):
        return Holding.MUTED, f"Muted {mute_words(mute, context.settings.zone)} by {mute.who}."
    if area := next((each for each in areas if holds_back(each, rise)), None):
        return Holding.AREA, held_words(area)
    if change.before is not None and _flaps(context, connection, change, now):
        return Holding.FLAPPING, "It keeps coming back, and that was told not long ago."
    return None


def _flaps(context: Context, connection: Connection, change: Transition, now: datetime) -> bool:
    rows = [row for row in alerts.transitions_of(connection, change.alert.id) if is_rise(row)]
    times = held.held_of(connection, change.alert.id)
    waited = {each.position for each in times}
    told = [row.at for row in rows[:-1] if row.position not in waited]
    told += [each.ended_at for each in times if each.told and each.ended_at]
    return waits_to_be_told(told, [row.at for row in rows[1:]], now, context.settings.alert_policy)


def _why_told(before: HeldBack | None, rise: Risen, areas: Sequence[AreaAlert]) -> str:
    """Why a rise is told that was held back."""
    by_area = before is not None and before.cause is Holding.AREA
    found = (difference(each, rise) for each in areas if by_area and each.area == rise.area)
    return next((f"told: {each}" for each in found if each), "told: nothing holds it back any more, and it still rises")


def _areas(connection: Connection, undecided: Collection[UUID], now: datetime) -> list[AreaAlert]:
    """The areas' alerts that hold back others: over they are once none of those that made them is open and told.

    Of the `undecided` that is to be seen: of several that come back at once each would hold back the others.
    """
    told = alerts.open_ids(connection) - held.waiting(connection).keys() - set(undecided)
    found = []
    for each in held.area_alerts(connection):
        if told.intersection(each.members):
            found.append(each)
        else:
            held.store_area_alert(connection, each, over_at=now)
    return found


def _risen(context: Context, connection: Connection) -> dict[UUID, Risen]:
    """The open alerts, by id, by what was found of their latest rise; not those of which no judgement was kept."""
    owners, rows = owners_of(context, connection), alerts.alert_rows(connection, only_open=True)
    return {row.id: _rise(owners, row) for row in rows if "window" in row.evidence}


def _rise(owners: Owners, row: Row[Any]) -> Risen:
    signal = kept_signal(row.evidence, row.topic_id)
    return Risen(
        alert_id=row.id,
        topic=row.topic,
        area=row.area,
        owner=responsible_for(owners, row).owner,
        drivers=tuple(Driver(**each) for each in row.evidence.get("drivers", ())),
        segment=signal.segment,
        ratio=least_ratio(signal),
        p=signal.p,
        severity=severity_of(row.evidence),
    )


def _together(
    context: Context,
    connection: Connection,
    risen: Mapping[UUID, Risen],
    news: Mapping[UUID, tuple[Transition, int]],
    areas: Sequence[AreaAlert],
    now: datetime,
) -> list[Telling]:
    """The rises that are told now, each in one message, and the alerts of areas that they make."""
    waiting = held.waiting(connection)
    known = [each for key, each in risen.items() if key not in waiting]
    left, found = set(news), list[Telling]()
    for area in opened(known, news.keys(), areas, now):
        held.store_area_alert(connection, area)
        inside = sorted(left.intersection(area.members))
        left.difference_update(inside)
        before = [each for each in known if each.alert_id in area.members and each.alert_id not in inside]
        group = Group((*by_gravity([risen[key] for key in inside]), *before), area.driver)
        found.append(_told_as(connection, group, news, area))
    driven = grouped([risen[key] for key in sorted(left)])
    alone = sorted(each.rises[0].alert_id for each in driven if len(each.rises) == 1)
    several = [each for each in driven if len(each.rises) > 1]
    groups = [*several, *grouped([risen[key] for key in alone], _shared(connection, alone))]
    return [*found, *(_told_as(connection, each, news) for each in groups)]


def _told_as(
    connection: Connection, group: Group, news: Mapping[UUID, tuple[Transition, int]], area: AreaAlert | None = None
) -> Telling:
    """The message about a group, of which some may have been told before; what it is is kept with the alerts."""
    told = [each.alert_id for each in group.rises if each.alert_id in news]
    moved = tuple(news[each] for each in told)
    if len(group.rises) == 1:
        return Telling(moved)
    kept = group.as_dict() | {"area": area.area if area else None}
    for each in told:
        alerts.keep_in_evidence(connection, each, "group", kept)
    return Telling(moved, {**kept, "topics": [each.topic for each in group.rises]}, area.area if area else None)


def _shared(connection: Connection, alert_ids: Sequence[UUID]) -> list[Shared]:
    """What customers each two rises have in common, and how likely that is by chance.

    So many of the smaller rise's customers would be in the other anyway as that has of all customers of these days or,
    where the two topics usually share more, as they usually do.
    """
    if len(alert_ids) < 2:
        return []
    signals = [_signal(connection, each) for each in alert_ids[:MOST_COMPARED]]
    start, end = min(each.window.start for each in signals), max(each.window.end for each in signals)
    everyone = count_customers(connection, signals[0].version_id, Span(start, end))
    now, then = (
        [_customers(connection, each, span) for each in signals]
        for span in (Span(start, end), Span(start - BASELINE, start))
    )
    found = []
    for one, other in combinations(range(len(signals)), 2):
        small, large = sorted((one, other), key=lambda place: len(now[place]))
        common, of = len(now[small] & now[large]), len(now[small])
        if common:
            usual = len(then[small] & then[large]) / len(then[small]) if then[small] else 0.0
            p = more_than(common, of, max(usual, len(now[large]) / everyone))
            found.append(Shared(alert_ids[one], alert_ids[other], common, of, p))
    return found


def _signal(connection: Connection, alert_id: UUID) -> Signal:
    topic_id = alerts.alert_of(connection, alert_id).topic_id
    return kept_signal(alerts.evidence_of(connection, alert_id), topic_id)


def _customers(connection: Connection, signal: Signal, span: Span) -> set[str]:
    rows = customers_of_topic(connection, signal.version_id, signal.topic_id, span)
    return {each.customer_hash for each in rows if each.customer_hash}
