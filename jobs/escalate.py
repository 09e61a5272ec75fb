"""Pass alerts on that nobody has taken on within the agreed time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from feedback.domain import Alert, AlertState
from feedback.notify.channels import Channels
from feedback.notify.escalation import due
from feedback.store import alerts, held
from feedback.store.escalations import Escalation, add_escalation, escalations_of
from feedback.store.notices import told_at
from feedback.store.owners import responsible_for
from jobs.context import Context
from jobs.mutes import muted_by
from jobs.notices import last_rise, write_escalation
from jobs.ownership import owners_of

log = logging.getLogger(__name__)


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Tell the next in line of each alert that is due, and write it down; how many were passed on."""
    channels = context.parts.channels
    if channels is None or not channels.steps or not context.telling:
        return {"escalated": 0}
    with context.write() as connection:
        waiting = [each for each in alerts.latest_alerts(connection, to_change=True).values() if _waits(each)]
        passed = sum(_pass_on(context, connection, channels, each, now) for each in waiting)
    if passed:
        log.info("%d alerts went on to the next in line", passed, extra={"event": "alerts_escalated"})
    return {"escalated": passed}


def _waits(alert: Alert) -> bool:
    return alert.state in (AlertState.OPEN, AlertState.REGRESSED)


def _pass_on(context: Context, connection: Connection, channels: Channels, alert: Alert, now: datetime) -> int:
    """How many steps of one alert are due and were not taken yet. They count from when its owner was told of its rise
    or, if that is later, was handed it."""
    latest = alerts.transitions_of(connection, alert.id)[-1]
    owner = responsible_for(owners_of(context, connection), alerts.alert_row(connection, alert.id)).owner
    told = _told_at(connection, channels, alert, owner)
    if told is None or muted_by(connection, alert, now):
        return 0
    since = max(told, latest.at)
    done = {each.step for each in escalations_of(connection, alert.id) if each.position == latest.position}
    ready = due(channels.steps_of(owner), since, now, channels.quiet_of(owner))
    made = [
        Escalation(alert.id, latest.position, place, now, owner, step.to) for place, step in ready if place not in done
    ]
    for each in made:
        add_escalation(connection, each)
        write_escalation(context, connection, each, since, now)
    return len(made)


def _told_at(connection: Connection, channels: Channels, alert: Alert, owner: str) -> datetime | None:
    """When an owner was told of an alert's rise; if not at all, though nothing holds it back, when anybody was."""
    position = last_rise(connection, alert.id)
    by_owner = told_at(connection, alert.id, position, [each.key for each in channels.own(owner)])
    if by_owner is not None or alert.id in held.waiting(connection):
        return by_owner
    return told_at(connection, alert.id, position)
