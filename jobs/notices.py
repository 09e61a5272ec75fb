"""Write notices into the outbox, in the transaction of what they tell."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from feedback.alerts import flapping_words, flaps, recent_returns
from feedback.chart import Series
from feedback.domain import AlertState, Driver, Transition
from feedback.events import PlannedEvent
from feedback.explanation import Finding
from feedback.notify.channels import Channel, Channels
from feedback.notify.message import About, Rise, alert_content
from feedback.notify.outbox import Notice, NoticeKind, notice_id
from feedback.notify.together import labels_of, together_content
from feedback.severity import severity_of, severity_words
from feedback.store import alerts
from feedback.store.events import planned_events
from feedback.store.notices import add_notices, first_about, told_channels
from jobs.context import Context
from jobs.mutes import muted_by
from jobs.published import published
from jobs.week import EVERYBODY, Charts, gather

TOLD = {
    AlertState.OPEN: NoticeKind.OPENED,
    AlertState.REGRESSED: NoticeKind.REGRESSED,
    AlertState.RESOLVED: NoticeKind.RESOLVED,
}
"""The changes of state that are told; who acknowledges an alert knows."""

RISING = tuple(str(state) for state, kind in TOLD.items() if kind is not NoticeKind.RESOLVED)

log = logging.getLogger(__name__)


def write_notices(context: Context, connection: Connection, change: Transition, position: int, now: datetime) -> int:
    """One notice to each channel of the alert's owner, if the change is told and news; the number written.

    Of an alert that is muted none is written. That it is over is told to those who were told that it rose.
    """
    kind = TOLD.get(change.alert.state)
    if kind is None or not context.telling or context.parts.channels is None:
        return 0
    if muted_by(connection, change.alert, now):
        return 0
    part = _part(context, connection, change, position, now)
    is_over, known = kind is NoticeKind.RESOLVED, context.parts.channels
    channels = _told_of_rise(connection, known, change.alert.id, position) if is_over else _channels(known, part)
    told = told_channels(connection, change.alert.id, position)
    made = [part.notice(connection, each, part.content, context.wall()) for each in channels if each.key not in told]
    return add_notices(connection, made)


def write_together(
    context: Context,
    connection: Connection,
    moved: Sequence[tuple[Transition, int]],
    group: Mapping[str, Any],
    area: str | None,
    now: datetime,
) -> int:
    """One notice to each channel about those of the rises that are its own, naming all; the number written.

    `moved` are the rises with their positions, the gravest first; `group` is what they keep of it, and `area` the one
    that has an alert of its own now.
    """
    if not context.telling or context.parts.channels is None:
        return 0
    parts = [_part(context, connection, change, position, now) for change, position in moved]
    by_channel: dict[str, tuple[Channel, list[_Part]]] = {}
    for part in parts:
        told = told_channels(connection, part.alert_id, part.position)
        for channel in _channels(context.parts.channels, part):
            if channel.key not in told:
                by_channel.setdefault(channel.key, (channel, []))[1].append(part)
    made = []
    for channel, own in by_channel.values():
        labelled = [{**each.content, "labels": each.labels(connection, channel)} for each in own]
        content = together_content(labelled, group, area)
        made.append(own[0].notice(connection, channel, content, context.wall()))
    return add_notices(connection, made)


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
class _Part:
    """What the notices of one transition have in common."""

    kind: NoticeKind
    owner: str
    now: datetime
    alert_id: UUID
    position: int
    content: Mapping[str, Any]

    def labels(self, connection: Connection, channel: Channel) -> Mapping[str, str]:
        """Those that the channel was told first: an alert's labels are its identity."""
        first = first_about(connection, self.alert_id, channel.key)
        found: Mapping[str, str] = labels_of(first, self.alert_id) if first else self.content["labels"]
        return found

    def notice(self, connection: Connection, channel: Channel, content: Mapping[str, Any], wall: datetime) -> Notice:
        return Notice(
            id=notice_id(self.alert_id, self.position, channel.key),
            kind=self.kind,
            owner=self.owner,
            channel=channel.key,
            content=_threaded(connection, channel, self.alert_id, content),
            created_at=self.now,
            next_at=wall,
            alert_id=self.alert_id,
            position=self.position,
        )


def _part(context: Context, connection: Connection, change: Transition, position: int, now: datetime) -> _Part:
    kind, row = TOLD[change.alert.state], alerts.alert_row(connection, change.alert.id)
    owner = row.owner or context.settings.default_owner
    rise = None if kind is NoticeKind.RESOLVED else _rise(context, connection, row, now)
    content = alert_content(kind, About(row.topic_id, row.topic, owner, row.area), change, rise, context.settings.zone)
    told = {**content, "kind": str(kind), "position": position}
    return _Part(kind, owner, now, change.alert.id, position, told)


def _channels(channels: Channels, part: _Part) -> Sequence[Channel]:
    """Those of an alert's owner. That there is none is said in the log."""
    found = channels.of(part.owner)
    if not found:
        log.warning(
            "nobody is told of alert %s: its owner has no channel, nor is there a default",
            part.alert_id,
            extra={"event": "notice_without_channel"},
        )
    return found


def _told_of_rise(connection: Connection, channels: Channels, alert_id: UUID, position: int) -> Sequence[Channel]:
    """The channels that were told of the rise that is over."""
    before = alerts.transitions_of(connection, alert_id)[:position]
    rose = max(row.position for row in before if row.after in RISING)
    keys = told_channels(connection, alert_id, rose)
    return [channel for key, channel in channels.by_key.items() if key in keys]


def _threaded(connection: Connection, channel: Channel, alert_id: UUID, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content, with what ties it to the first that the channel was told of this alert."""
    first = first_about(connection, alert_id, channel.key)
    if first is None:
        return dict(content)
    tie = {"thread": str(first.id), "thread_subject": first.content["subject"], "labels": labels_of(first, alert_id)}
    return {**content, **tie}


def _digest_notice(context: Context, week: str, now: datetime, owner: str, channel: Channel) -> Notice:
    return Notice(
        id=notice_id(f"digest of {week}", owner, channel.key),
        kind=NoticeKind.DIGEST,
        owner=owner,
        channel=channel.key,
        content={"week": week},
        created_at=now,
        next_at=context.wall(),
    )


def _rise(context: Context, connection: Connection, row: Row[Any], now: datetime) -> Rise:
    finding = Finding.read(row.evidence, row.topic_id)
    series = _series(context, connection, finding, now)
    return Rise(
        finding=finding,
        drivers=[Driver(**each) for each in row.evidence.get("drivers", ())],
        complaint_ids=row.evidence.get("complaint_ids", ()),
        series=series,
        events=_events(connection, row.topic_id, series),
        severity=severity_of(row.evidence),
        notes=[each for each in (severity_words(row.evidence), _comes_back(context, connection, row.id, now)) if each],
    )


def _comes_back(context: Context, connection: Connection, alert_id: UUID, now: datetime) -> str:
    """That an alert flaps, and what that means for its notices; empty for any other."""
    policy, returns = context.settings.alert_policy, alerts.returns_of(connection, [alert_id])[alert_id]
    return flapping_words(recent_returns(returns, now, policy), policy) if flaps(returns, now, policy) else ""


def _series(context: Context, connection: Connection, finding: Finding, now: datetime) -> Series | None:
    """The days of the picture; None for a topic that the version in force does not hold."""
    charts = Charts(context, connection, published(context), now, {})
    return charts.series(finding.signal.topic_id, finding.signal.segment)


def _events(connection: Connection, topic_id: UUID, series: Series | None) -> Sequence[PlannedEvent]:
    found: Iterable[PlannedEvent] = planned_events(connection, series.days[0], series.days[-1]) if series else ()
    return [each for each in found if each.concerns(topic_id)]
