"""What owners do about alerts: take them on, end them, silence them, and say what they were. Each with who and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from feedback.alerts import SERVICE, Decision, acknowledge, hand_over, resolve
from feedback.api.service import Respond
from feedback.domain import Alert, Author, GivenVerdict, HeldBack, Holding, Mute, Segment, Verdict
from feedback.edits import EditKind
from feedback.errors import FeedbackError
from feedback.phrases import mute_words
from feedback.store import alerts, held, verdicts
from feedback.store.escalations import escalations_of
from feedback.store.labels import disown, label
from feedback.store.links import use
from feedback.store.owners import responsible_for
from jobs.context import Context
from jobs.mutes import end_with, muted_by
from jobs.notices import last_rise, write_again, write_notices
from jobs.ownership import owners_of

SILENCING = frozenset({Verdict.EXPECTED, Verdict.KNOWN})
"""Verdicts after which nobody needs to hear of the alert again."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of an alert's life."""

    at: datetime
    what: str
    who: str
    why: str
    numbers: Mapping[str, Any] | None = None
    """With a change of state: those of the judgement that decided it or, where a person did, of the latest rise."""


def find_alert(context: Context, named: str) -> UUID:
    """The alert of that id, or the one whose id begins like this. FeedbackError when there is none or more than one."""
    wanted = named.strip().casefold()
    with context.database.read() as connection:
        found = alerts.alerts_beginning(connection, wanted) if wanted else []
    if len(found) != 1:
        many = f"{len(found)} alerts begin with {named!r}; give more of the id"
        raise FeedbackError(f"{many if found else f'There is no alert {named!r}'}. `feedback alerts` shows all.")
    return found[0]


def responses(context: Context) -> Respond:
    """What the API does when it is asked to."""
    return Respond(
        take_on=partial(take_on, context),
        end=partial(end, context),
        say=partial(say, context),
        mute=partial(mute, context),
        unmute=partial(unmute, context),
    )


def take_on(context: Context, alert_id: UUID, by: Author) -> Alert:
    """Acknowledge an alert; a second time changes nothing. AcknowledgementError when it is resolved."""
    return _change(context, alert_id, lambda alert: acknowledge(alert, by.who, by.at, by.why or "taken on"))


def end(context: Context, alert_id: UUID, by: Author) -> Alert:
    """Resolve an alert; one that is resolved stays as it is. A rise goes on? It comes back as regressed."""
    return _change(context, alert_id, lambda alert: resolve(alert, by.who, by.at, by.why or "ended by hand"))


def say(context: Context, alert_id: UUID, verdict: Verdict, by: Author, *, owner: str = "", link: str = "") -> Alert:
    """Say what an alert was.

    *Real* takes it on. *Expected* and *known* take it on and silence it for as long as it is open; the days of what was
    expected count as usual. *Not an issue* ends it, its days count as usual too, and the same rise does not bring it
    back. A later verdict replaces an earlier one and what that silenced. *Wrong owner* gives the topic to `owner`, else
    to nobody, for whom the default owner stands in; they are told, and the agreed time in which to take it on begins
    anew.

    `link` is the fingerprint of the link in a message that said so; LinkError when it was used before.
    """
    with context.write() as connection:
        if link:
            use(connection, link, by.at)
        before = [each for each in verdicts.verdicts_of(connection, alert_id) if each.verdict in SILENCING]
        verdicts.lift_mutes_of(connection, alert_id, by.at, by.who, before)
        verdicts.add_verdict(connection, GivenVerdict(alert_id, verdict, by.at, by.who, by.why))
        alert = alerts.alert_of(connection, alert_id, to_change=True)
        if verdict in SILENCING and alert.is_open:
            why = f"{verdict}: {by.why}".removesuffix(": ")
            verdicts.add_mute(connection, Mute(0, alert.topic_id, by.at, by.who, why, alert_id=alert_id))
        if verdict is Verdict.WRONG_OWNER:
            return _hand_over(context, connection, alert, owner, by)
        return _store(context, connection, _after(alert, verdict, by))


def mute(
    context: Context,
    alert_id: UUID,
    by: Author,
    *,
    until: datetime | None = None,
    below: float | None = None,
    segment: Segment | None = None,
) -> Mute:
    """Hear no more of an alert's topic: until a moment, while its rise is below so many times what was expected, or,
    with neither, for as long as the alert is open. FeedbackError when it is open no more."""
    with context.write() as connection:
        alert = alerts.alert_of(connection, alert_id)
        only = alert_id if until is None and below is None else None
        if only and not alert.is_open:
            raise FeedbackError(
                "This alert is resolved: its topic can be muted until a time, or while its rise is below so many times "
                "what is expected."
            )
        return verdicts.add_mute(
            connection, Mute(0, alert.topic_id, by.at, by.who, by.why, until, below, only, segment)
        )


def unmute(
    context: Context, alert_id: UUID, by: Author, where: Callable[[Segment | None], bool] = lambda _: True
) -> int:
    """End all mutes of an alert's topic, or those that are for a segment of which `where` holds; how many there were.

    None is the segment of a mute that is for everywhere.
    """
    with context.write() as connection:
        found = verdicts.mutes(connection, alerts.alert_of(connection, alert_id).topic_id)
        return verdicts.lift_mutes(connection, [each.id for each in found if where(each.segment)], by.at, by.who)


def life(context: Context, alert_id: UUID) -> list[Happened]:
    """Everything that happened to an alert, the oldest first."""
    with context.database.read() as connection:
        alert = alerts.alert_of(connection, alert_id)
        rows = alerts.transitions_of(connection, alert_id)
        given = verdicts.verdicts_of(connection, alert_id)
        mutes = verdicts.mutes(connection, alert.topic_id, lifted=True)
        passed = escalations_of(connection, alert_id)
        waited, kept = held.held_of(connection, alert_id), alerts.evidence_of(connection, alert_id)
    said = [Happened(each.at, f"said to be {each.verdict}", each.who, each.why) for each in given]
    mine = [each for each in mutes if each.alert_id in (None, alert_id) and (alert.is_open or each.at <= _over(alert))]
    silenced = [line for each in mine for line in _silenced(context, each)]
    quiet = [line for each in waited for line in _waited(each)]
    graded = {datetime.fromisoformat(each["at"]): each for each in kept.get("severity", {}).get("history", ())}
    moved = [_moved(row, graded.pop(row.at, None)) for row in rows]
    graver = [Happened(at, f"severity {each['level']}", SERVICE, each["why"]) for at, each in graded.items()]
    gone_on = [
        Happened(each.at, f"passed on to {each.told}", SERVICE, f"{each.owner} had not taken it on") for each in passed
    ]
    return sorted([*moved, *graver, *said, *silenced, *quiet, *gone_on], key=lambda each: each.at)


def _over(alert: Alert) -> datetime:
    return alert.resolved_at or alert.last_rising_at


def _waited(held_back: HeldBack) -> Iterator[Happened]:
    yield Happened(held_back.at, f"held back ({held_back.cause})", SERVICE, held_back.why)
    if held_back.ended_at:
        yield Happened(held_back.ended_at, "no longer held back", SERVICE, held_back.ended_why or "")


def _hand_over(context: Context, connection: Connection, alert: Alert, owner: str, by: Author) -> Alert:
    """Give an alert's topic to another, nobody where none is named. While it is open, it is open anew for who answers
    for it from now on, and they are told, once it is no longer muted if it is."""
    before = _answering(context, connection, alert)
    if owner:
        label(connection, EditKind.OWNER, alert.topic_id, owner, by)
    else:
        disown(connection, alert.topic_id, by)
    named = _answering(context, connection, alert)
    if not alert.is_open or named == before:
        return alert
    given, _ = _keep(connection, hand_over(alert, named, by.who, by.at, by.why))
    if given.id not in held.waiting(connection):
        _tell_of_hand_over(context, connection, given, named, by.at)
    return given


def _answering(context: Context, connection: Connection, alert: Alert) -> str:
    return responsible_for(owners_of(context, connection), alerts.alert_row(connection, alert.id)).owner


def _tell_of_hand_over(context: Context, connection: Connection, alert: Alert, owner: str, at: datetime) -> None:
    if mute := muted_by(connection, alert, at):
        why = f"Muted {mute_words(mute, context.settings.zone)} by {mute.who} when {owner} became its owner."
        held.hold(connection, HeldBack(alert.id, last_rise(connection, alert.id), at, Holding.MUTED, why))
    else:
        write_again(context, connection, alert, at)


def _silenced(context: Context, mute: Mute) -> Iterator[Happened]:
    yield Happened(mute.at, f"muted {mute_words(mute, context.settings.zone)}", mute.who, mute.why)
    if mute.lifted_at:
        yield Happened(mute.lifted_at, "unmuted", mute.lifted_by or "", "")


def _moved(row: Row[Any], graded: Mapping[str, Any] | None) -> Happened:
    """A change of state, with how grave the rise is that made it."""
    why = f"{row.why} Severity {graded['level']}: {graded['why']}." if graded else row.why
    return Happened(row.at, str(row.after) if row.before else "opened", row.who, why, row.numbers)


def _after(alert: Alert, verdict: Verdict, by: Author) -> Decision:
    """What a verdict does to an alert's state."""
    if not alert.is_open:
        return Decision(alert)
    why = f"{verdict}: {by.why}".removesuffix(": ")
    if verdict is Verdict.NOT_AN_ISSUE:
        return resolve(alert, by.who, by.at, why)
    return acknowledge(alert, by.who, by.at, why)


def _change(context: Context, alert_id: UUID, change: Callable[[Alert], Decision]) -> Alert:
    with context.write() as connection:
        return _store(context, connection, change(alerts.alert_of(connection, alert_id, to_change=True)))


def _store(context: Context, connection: Connection, decision: Decision) -> Alert:
    """The alert as it is from now on; written only where it has changed."""
    alert, position = _keep(connection, decision)
    if decision.transition and position is not None:
        write_notices(context, connection, decision.transition, position, decision.transition.at)
    return alert


def _keep(connection: Connection, decision: Decision) -> tuple[Alert, int | None]:
    """The alert as it is from now on, and the place of the change in its history if there was one."""
    assert decision.alert is not None
    if decision.transition is None:
        return decision.alert, None
    kept = alerts.evidence_of(connection, decision.alert.id)
    alerts.store_alert(connection, decision.alert, decision.transition.at, kept)
    position = alerts.add_transition(connection, decision.transition)
    end_with(connection, decision.transition)
    return decision.alert, position
