"""Write notices into the outbox, in the transaction of what they tell."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from feedback.chart import Series
from feedback.domain import Alert, AlertState, Driver, Fix, Outcome, Transition
from feedback.events import PlannedEvent
from feedback.explanation import Finding
from feedback.language import Language
from feedback.notify.channels import Channel
from feedback.notify.message import About, Rise, alert_content, passed_on
from feedback.notify.outbox import Notice, NoticeKind, notice_id
from feedback.notify.outcomes import outcome_content, standing_key
from feedback.store import alerts
from feedback.store.edits import curation
from feedback.store.escalations import Escalation, escalations_of
from feedback.store.events import planned_events
from feedback.store.notices import add_notices, first_about
from feedback.store.topics import topic_names
from feedback.store.verdicts import mutes
from jobs.context import Context
from jobs.mutes import muted_by
from jobs.ownership import owners_of, responsible_for
from jobs.published import published
from jobs.week import EVERYBODY, Charts, gather

TOLD = {
    AlertState.OPEN: NoticeKind.OPENED,
    AlertState.REGRESSED: NoticeKind.REGRESSED,
    AlertState.RESOLVED: NoticeKind.RESOLVED,
}
"""The changes of state that are told; who acknowledges an alert knows."""

log = logging.getLogger(__name__)


def write_notices(context: Context, connection: Connection, change: Transition, position: int, now: datetime) -> int:
    """One notice to each channel of the alert's owner, if the change is told and news; the number written.

    Of an alert that is muted none is written: see `write_untold`.
    """
    kind = TOLD.get(change.alert.state)
    if kind is None or not context.telling or context.parts.channels is None:
        return 0
    if muted_by(connection, change.alert, now):
        return 0
    row = alerts.alert_row(connection, change.alert.id)
    responsible = responsible_for(owners_of(context, connection), row)
    passed_on = [each.told for each in escalations_of(connection, change.alert.id)]
    receivers = context.parts.channels.reaching((*responsible.everyone, *passed_on))
    if not receivers:
        log.warning(
            "nobody is told of alert %s: its owner has no channel, nor is there a default",
            change.alert.id,
            extra={"event": "notice_without_channel"},
        )
        return 0
    about = About(row.topic_id, row.topic, responsible.owner, row.area)
    rise = None if kind is NoticeKind.RESOLVED else _rise(context, connection, row, now)
    told = cache(lambda language: alert_content(kind, about, change, rise, context.settings.zone, language))
    to = _To(context, kind, now, change.alert.id, position)
    made = [_notice(connection, to, owner, each, told) for each, owner in receivers]
    return add_notices(connection, made)


def write_escalation(context: Context, connection: Connection, made: Escalation, told: datetime, now: datetime) -> int:
    """One notice to each channel of the next in line about an alert whose owner was `told` and has not taken it on."""
    assert context.parts.channels is not None
    change = _change_at(connection, alerts.alert_of(connection, made.alert_id), made.position)
    row = alerts.alert_row(connection, made.alert_id)
    about, zone = About(row.topic_id, row.topic, made.owner, row.area), context.settings.zone
    rise = _rise(context, connection, row, now)

    @cache
    def late(language: Language) -> dict[str, Any]:
        content = alert_content(NoticeKind.ESCALATED, about, change, rise, zone, language)
        return passed_on(content, made.owner, told, zone)

    to = _To(context, NoticeKind.ESCALATED, now, made.alert_id, made.position, f"{made.position}/{made.step}")
    receivers = context.parts.channels.own(made.told)
    return add_notices(connection, [_notice(connection, to, made.told, each, late) for each in receivers])


def write_untold(context: Context, connection: Connection, alert: Alert, now: datetime) -> int:
    """Tell of a rising alert that was muted when it opened or came back, once it no longer is; the number written."""
    if not context.telling or context.parts.channels is None or not mutes(connection, alert.topic_id, lifted=True):
        return 0
    return write_again(context, connection, alert, now)


def write_again(context: Context, connection: Connection, alert: Alert, now: datetime) -> int:
    """Tell those of an alert's last rise who were not told of it; the number written."""
    told = [
        (position, row)
        for position, row in enumerate(alerts.transitions_of(connection, alert.id))
        if row.after in (AlertState.OPEN, AlertState.REGRESSED)
    ]
    position, _ = told[-1]
    return write_notices(context, connection, _change_at(connection, alert, position), position, now)


def _change_at(connection: Connection, alert: Alert, position: int) -> Transition:
    """The transition at that position of an alert's history, of the alert as it was then."""
    row = alerts.transitions_of(connection, alert.id)[position]
    as_then = replace(alert, state=AlertState(row.after))
    return Transition(as_then, AlertState(row.before) if row.before else None, row.at, row.who, row.why)


def write_outcome(context: Context, connection: Connection, fix: Fix, outcome: Outcome, now: datetime) -> int:
    """Tell those who answer for a fix's topic what it achieved, each verdict once; the number of notices written."""
    channels = context.parts.channels
    if channels is None or not context.telling:
        return 0
    topic = topic_names(connection)[curation(connection).home(fix.topic_id)]
    owner = owners_of(context, connection).of_topic(topic.owner, topic.area).owner
    about, zone = About(topic.id, topic.name, owner, topic.area), context.settings.zone

    def notice(channel: Channel) -> Notice:
        content = outcome_content(about, fix, outcome, zone, _language(context, owner, channel))
        return Notice(
            id=notice_id(f"outcome of fix {fix.id}", standing_key(outcome), channel.key),
            kind=NoticeKind.OUTCOME,
            owner=owner,
            channel=channel.key,
            content=content,
            created_at=now,
            next_at=_not_before(context, owner, channel),
        )

    return add_notices(connection, [notice(each) for each, _ in channels.reaching([owner]) if each.outcomes])


def write_digest_notices(context: Context, week: str, now: datetime) -> int:
    """One notice of the week's digest to each channel of each owner that takes digests; the number written.

    The digest is put together when it is sent, as of `now`, so that no customer's words lie in the outbox.
    """
    channels = context.parts.channels
    if channels is None or not context.telling:
        return 0
    owners = gather(context, week, now).owners
    by_owner = {EVERYBODY: channels.everybody, **{owner: channels.own(owner) for owner in owners}}
    wanted = [(owner, each) for owner, found in by_owner.items() for each in found if each.digests]
    made = [_digest_notice(context, week, now, owner, each) for owner, each in wanted]
    with context.write() as connection:
        return add_notices(connection, made)


@dataclass(frozen=True, slots=True)
class _To:
    """What the notices of one transition have in common. `place` tells it from others of the same transition."""

    context: Context
    kind: NoticeKind
    now: datetime
    alert_id: UUID
    position: int
    place: str = ""

    def notice(self, owner: str, channel: Channel, content: dict[str, Any]) -> Notice:
        return Notice(
            id=notice_id(self.alert_id, self.place or self.position, channel.key),
            kind=self.kind,
            owner=owner,
            channel=channel.key,
            content=content,
            created_at=self.now,
            next_at=_not_before(self.context, owner, channel),
            alert_id=self.alert_id,
            position=self.position,
        )


def _notice(
    connection: Connection, to: _To, owner: str, channel: Channel, told: Callable[[Language], dict[str, Any]]
) -> Notice:
    """The notice to one channel, in the language that is read there."""
    content = told(_language(to.context, owner, channel))
    return to.notice(owner, channel, _threaded(connection, channel, to, content))


def _language(context: Context, owner: str, channel: Channel) -> Language:
    assert context.parts.channels is not None
    return Language(context.parts.channels.language(owner, channel) or context.settings.reader_language)


def _threaded(connection: Connection, channel: Channel, to: _To, content: dict[str, Any]) -> dict[str, Any]:
    """The content, with what ties it to the first that the channel was told of this alert."""
    first = first_about(connection, to.alert_id, channel.key)
    if first is None:
        return content
    tie = {"thread": str(first.id), "thread_subject": first.content["subject"], "labels": first.content["labels"]}
    return {**content, **tie}


def _digest_notice(context: Context, week: str, now: datetime, owner: str, channel: Channel) -> Notice:
    return Notice(
        id=notice_id(f"digest of {week}", owner, channel.key),
        kind=NoticeKind.DIGEST,
        owner=owner,
        channel=channel.key,
        content={"week": week, "language": _language(context, owner, channel).code},
        created_at=now,
        next_at=_not_before(context, owner, channel),
    )


def _not_before(context: Context, owner: str, channel: Channel) -> datetime:
    """When an owner may next be disturbed, on the wall's clock."""
    assert context.parts.channels is not None
    return context.parts.channels.not_before(owner, channel, context.wall())


def _rise(context: Context, connection: Connection, row: Row[Any], now: datetime) -> Rise:
    finding = Finding.read(row.evidence, row.topic_id)
    series = _series(context, connection, finding, now)
    return Rise(
        finding=finding,
        drivers=[Driver(**each) for each in row.evidence.get("drivers", ())],
        complaint_ids=row.evidence.get("complaint_ids", ()),
        series=series,
        events=_events(connection, row.topic_id, series),
    )


def _series(context: Context, connection: Connection, finding: Finding, now: datetime) -> Series | None:
    """The days of the picture; None for a topic that the version in force does not hold."""
    charts = Charts(context, connection, published(context), now, {})
    return charts.series(finding.signal.topic_id, finding.signal.segment)


def _events(connection: Connection, topic_id: UUID, series: Series | None) -> Sequence[PlannedEvent]:
    found: Iterable[PlannedEvent] = planned_events(connection, series.days[0], series.days[-1]) if series else ()
    return [each for each in found if each.concerns(topic_id)]
