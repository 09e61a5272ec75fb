"""Write notices into the outbox, in the transaction of what they tell."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from feedback.alerts import flaps, recent_returns
from feedback.chart import Series
from feedback.domain import Alert, AlertState, Driver, Fix, Outcome, Severity, Transition
from feedback.events import PlannedEvent
from feedback.explanation import Finding
from feedback.language import ENGLISH, Language
from feedback.notify.channels import EVERYBODY, Channel
from feedback.notify.message import About, Rise, alert_content, graver, passed_on
from feedback.notify.outbox import Notice, NoticeKind, notice_id
from feedback.notify.outcomes import outcome_content, standing_key
from feedback.notify.together import labels_of, together_content
from feedback.owners import Responsible
from feedback.phrases import flapping_words
from feedback.severity import severity_of, severity_words
from feedback.store import alerts, held
from feedback.store.edits import curation
from feedback.store.escalations import Escalation
from feedback.store.events import planned_events
from feedback.store.notices import add_notices, bring_forward, first_about, told_channels, untried
from feedback.store.owners import responsible_for
from feedback.store.topics import topic_names
from feedback.support import kept_words
from jobs.context import Context
from jobs.mutes import muted_by
from jobs.ownership import owners_of
from jobs.published import published
from jobs.week import Charts, gather

TOLD = {
    AlertState.OPEN: NoticeKind.OPENED,
    AlertState.REGRESSED: NoticeKind.REGRESSED,
    AlertState.RESOLVED: NoticeKind.RESOLVED,
}
"""The changes of state that are told; who acknowledges an alert knows."""

GRAVE = (str(Severity.HIGH), str(Severity.CRITICAL))
"""An open alert that becomes so is told again."""

Receivers = Sequence[tuple[Channel, str]]
"""Channels, each with the owner on whose behalf it hears of something."""

log = logging.getLogger(__name__)


def write_notices(context: Context, connection: Connection, change: Transition, position: int, now: datetime) -> int:
    """One notice to each channel of those who answer for the alert, if the change is told and news; the number written.

    Of a rise that is muted none is written. That it is over is told to those who were told that it rose, muted or not.
    """
    kind = TOLD.get(change.alert.state)
    if kind is None or not context.telling or context.parts.channels is None:
        return 0
    if kind is not NoticeKind.RESOLVED and muted_by(connection, change.alert, now):
        return 0
    part = _part(context, connection, kind, change, position, now)
    receivers = _told_of_rise(connection, part) if kind is NoticeKind.RESOLVED else _receivers(part)
    told = told_channels(connection, part.alert_id, position)
    made = [part.notice(connection, owner, each, part.tell) for each, owner in receivers if each.key not in told]
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
    by_channel: dict[str, tuple[Channel, str, list[_Part]]] = {}
    for change, position in moved:
        part = _part(context, connection, TOLD[change.alert.state], change, position, now)
        told = told_channels(connection, part.alert_id, position)
        for channel, owner in _receivers(part):
            if channel.key not in told:
                by_channel.setdefault(channel.key, (channel, owner, []))[2].append(part)
    made = []
    for channel, owner, own in by_channel.values():
        labels = [each.labels(connection, channel) for each in own]

        def tell(to: Language, own: Sequence[_Part] = own, labels: Sequence[Any] = labels) -> Mapping[str, Any]:
            parts = [{**each.tell(to), "labels": named} for each, named in zip(own, labels, strict=True)]
            return together_content(parts, group, area, to)

        made.append(own[0].notice(connection, owner, channel, tell))
    return add_notices(connection, made)


def write_again(context: Context, connection: Connection, alert: Alert, now: datetime) -> int:
    """Tell those of an alert's last rise who were not told of it; the number written."""
    position = last_rise(connection, alert.id)
    return write_notices(context, connection, _change_at(connection, alert, position), position, now)


def hasten(context: Context, connection: Connection, alert_id: UUID, severity: Severity) -> None:
    """Of an alert that is graver now, what waits for the end of quiet hours goes out as soon as that may disturb."""
    channels = context.parts.channels
    if channels is None:
        return
    for each in untried(connection, alert_id, context.wall()):
        channel = channels.by_key.get(each.channel)
        soonest = _not_before(context, each.owner, channel, severity) if channel else each.next_at
        if soonest < each.next_at:
            bring_forward(connection, each.id, soonest)


def write_graver(context: Context, connection: Connection, alert: Alert, now: datetime) -> int:
    """Tell those who know of an open alert that it is of high or critical severity now, each once; the number written.

    Those who are to hear of it later, or not at all, hear of it as it is then.
    """
    history = alerts.evidence_of(connection, alert.id).get("severity", {}).get("history", ())
    is_news = len(history) > 1 and datetime.fromisoformat(history[-1]["at"]) == now
    if not is_news or history[-1]["level"] not in GRAVE or not context.telling or context.parts.channels is None:
        return 0
    if alert.id in held.waiting(connection) or muted_by(connection, alert, now):
        return 0
    position = last_rise(connection, alert.id)
    part = _part(context, connection, NoticeKind.GRAVER, _change_at(connection, alert, position), position, now)
    part = replace(part, place=f"{position}/{history[-1]['level']}")

    @cache
    def tell(to: Language) -> Mapping[str, Any]:
        return graver(part.tell(to), alert.opened_at, context.settings.zone)

    receivers = _told_of_rise(connection, part)
    return add_notices(connection, [part.notice(connection, owner, each, tell) for each, owner in receivers])


def last_rise(connection: Connection, alert_id: UUID) -> int:
    """The place in an alert's history at which it last opened or came back."""
    rose: list[int] = [row.position for row in alerts.transitions_of(connection, alert_id) if is_rise(row)]
    return rose[-1]


def is_rise(row: Row[Any]) -> bool:
    """Whether a change of state is that an alert opened or came back, and not that it was handed over."""
    return row.before is None or row.after == AlertState.REGRESSED


def write_escalation(context: Context, connection: Connection, made: Escalation, told: datetime, now: datetime) -> int:
    """One notice to each channel of the next in line about an alert whose owner was `told` and has not taken it on."""
    assert context.parts.channels is not None
    rose = last_rise(connection, made.alert_id)
    change = _change_at(connection, alerts.alert_of(connection, made.alert_id), rose)
    part = _part(context, connection, NoticeKind.ESCALATED, change, made.position, now)
    part = replace(part, place=f"{made.position}/{made.step}")

    @cache
    def late(to: Language) -> Mapping[str, Any]:
        return passed_on(part.tell(to), made.owner, told, context.settings.zone)

    receivers = context.parts.channels.own(made.told)
    return add_notices(connection, [part.notice(connection, made.told, each, late) for each in receivers])


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


Tell = Callable[[Language], Mapping[str, Any]]
"""What a notice says, to a reader of a language."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What the notices of one transition have in common. `place` tells it from others of the same transition."""

    context: Context
    kind: NoticeKind
    now: datetime
    alert_id: UUID
    position: int
    responsible: Responsible
    tell: Tell
    place: str = ""

    def labels(self, connection: Connection, channel: Channel) -> Mapping[str, str]:
        """Those that the channel was told first: an alert's labels are its identity."""
        first = first_about(connection, self.alert_id, channel.key)
        found: Mapping[str, str] = labels_of(first, self.alert_id) if first else self.tell(ENGLISH)["labels"]
        return found

    def notice(self, connection: Connection, owner: str, channel: Channel, tell: Tell) -> Notice:
        """The notice to one channel, in the language that is read there."""
        content = tell(_language(self.context, owner, channel))
        severity = Severity(content["severity"]) if content.get("severity") else None
        return Notice(
            id=notice_id(self.alert_id, self.place or self.position, channel.key),
            kind=self.kind,
            owner=owner,
            channel=channel.key,
            content=_threaded(connection, channel, self.alert_id, content),
            created_at=self.now,
            next_at=_not_before(self.context, owner, channel, severity),
            alert_id=self.alert_id,
            position=self.position,
        )


def _part(
    context: Context, connection: Connection, kind: NoticeKind, change: Transition, position: int, now: datetime
) -> _Part:
    row = alerts.alert_row(connection, change.alert.id)
    responsible = responsible_for(owners_of(context, connection), row)
    about, zone = About(row.topic_id, row.topic, responsible.owner, row.area), context.settings.zone
    found = cache(lambda to: None if kind is NoticeKind.RESOLVED else _rise(context, connection, row, to, now))

    @cache
    def tell(to: Language) -> Mapping[str, Any]:
        content = alert_content(kind, about, change, found(to), zone, to)
        return {**content, "kind": str(kind), "position": position}

    return _Part(context, kind, now, change.alert.id, position, responsible, tell)


def _receivers(part: _Part) -> Receivers:
    """The channels of those who answer for an alert. That there is none is said in the log."""
    assert part.context.parts.channels is not None
    found = part.context.parts.channels.reaching(part.responsible.everyone)
    if not found:
        log.warning(
            "nobody is told of alert %s: its owner has no channel, nor is there a default",
            part.alert_id,
            extra={"event": "notice_without_channel"},
        )
    return found


def _told_of_rise(connection: Connection, part: _Part) -> Receivers:
    """The channels that were told of the latest rise, whether they answer for it or it went on to them, also after it
    was handed over."""
    assert part.context.parts.channels is not None
    by_key, changes = part.context.parts.channels.by_key, alerts.transitions_of(connection, part.alert_id)
    since = range(last_rise(connection, part.alert_id), len(changes))
    owners = {key: owner for each in since for key, owner in told_channels(connection, part.alert_id, each).items()}
    return [(by_key[key], owner) for key, owner in owners.items() if key in by_key]


def _language(context: Context, owner: str, channel: Channel) -> Language:
    assert context.parts.channels is not None
    return Language(context.parts.channels.language(owner, channel) or context.settings.reader_language)


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
        content={"week": week, "language": _language(context, owner, channel).code},
        created_at=now,
        next_at=_not_before(context, owner, channel),
    )


def _not_before(context: Context, owner: str, channel: Channel, severity: Severity | None = None) -> datetime:
    """When an owner may next be disturbed by something so grave, on the wall's clock."""
    assert context.parts.channels is not None
    return context.parts.channels.not_before(owner, channel, context.wall(), severity)


def _rise(context: Context, connection: Connection, row: Row[Any], to: Language, now: datetime) -> Rise:
    finding = Finding.read(row.evidence, row.topic_id)
    series = _series(context, connection, finding, now)
    return Rise(
        finding=finding,
        drivers=[Driver(**each) for each in row.evidence.get("drivers", ())],
        complaint_ids=row.evidence.get("complaint_ids", ()),
        series=series,
        events=_events(connection, row.topic_id, series),
        severity=severity_of(row.evidence),
        notes=[each for each in _notes(context, connection, row, to, now) if each],
    )


def _notes(context: Context, connection: Connection, row: Row[Any], to: Language, now: datetime) -> Iterable[str]:
    said = kept_words(row.evidence, row.topic, to)
    return *said, severity_words(row.evidence, to), _comes_back(context, connection, row.id, to, now)


def _comes_back(context: Context, connection: Connection, alert_id: UUID, to: Language, now: datetime) -> str:
    """That an alert flaps, and what that means for its notices; empty for any other."""
    policy, returns = context.settings.alert_policy, alerts.returns_of(connection, [alert_id])[alert_id]
    return flapping_words(len(recent_returns(returns, now, policy)), policy, to) if flaps(returns, now, policy) else ""


def _series(context: Context, connection: Connection, finding: Finding, now: datetime) -> Series | None:
    """The days of the picture; None for a topic that the version in force does not hold."""
    charts = Charts(context, connection, published(context), now, {})
    return charts.series(finding.signal.topic_id, finding.signal.segment)


def _events(connection: Connection, topic_id: UUID, series: Series | None) -> Sequence[PlannedEvent]:
    found: Iterable[PlannedEvent] = planned_events(connection, series.days[0], series.days[-1]) if series else ()
    return [each for each in found if each.concerns(topic_id)]
