"""Which alerts nobody wants to hear of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from feedback.alerts import kept_count, kept_signal, segment_alone
from feedback.domain import Alert, AlertState, Mute, Transition, Verdict
from feedback.store import alerts, verdicts


def muted_by(connection: Connection, alert: Alert, now: datetime) -> Mute | None:
    """What silences an alert at a moment, by the numbers that are kept with it."""
    found = verdicts.mutes(connection, alert.topic_id, lifted=True)  # at that moment it may not have been
    if not found:
        return None
    kept = alerts.evidence_of(connection, alert.id)
    signal = kept_signal(kept, alert.topic_id)
    only = segment_alone(signal, [kept_count(each) for each in kept.get("where", ())])
    return next((each for each in found if each.holds(alert, only, signal.ratio, now)), None)


def end_with(connection: Connection, change: Transition) -> None:
    """What was to be silent while the alert is open is so no longer once that is over: it may come back."""
    if change.alert.state is AlertState.RESOLVED:
        verdicts.lift_mutes_of(connection, change.alert.id, change.at, change.who)


def dismissed(connection: Connection, latest: Iterable[Alert]) -> dict[UUID, int]:
    """Of the alerts whose last rise was said to be no issue, how many complaints that had."""
    said = verdicts.latest_verdicts(connection)
    over = [each for each in latest if not each.is_open and each.id in said]
    back = alerts.returns_of(connection, [each.id for each in over])
    found = {}
    for each in over:
        given = said[each.id]
        if given.verdict is Verdict.NOT_AN_ISSUE and given.at >= max(back[each.id], default=each.opened_at):
            found[each.id] = int(alerts.evidence_of(connection, each.id)["observed"])
    return found
