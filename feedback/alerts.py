"""Decisions about alerts: pure functions of what is known, what was found and what time it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from feedback.domain import Alert, AlertPolicy, AlertState, Segment, SegmentCount, Signal, Span, Transition, derived_id
from feedback.errors import FeedbackError

SERVICE = "feedback"
"""Who moves an alert when no person does."""

CLEARLY_MORE = 1.5
"""So many times as large a rise has become, what was said of it before says nothing of it any more."""

CLOCK_CHANGE = timedelta(hours=1)
"""Four local days are 95 hours in the week the clocks go forward; they count as four days all the same."""

LEGAL: frozenset[tuple[AlertState | None, AlertState]] = frozenset(
    {
        (None, AlertState.OPEN),
        (AlertState.OPEN, AlertState.ACKNOWLEDGED),
        (AlertState.OPEN, AlertState.RESOLVED),
        (AlertState.ACKNOWLEDGED, AlertState.RESOLVED),
        (AlertState.RESOLVED, AlertState.REGRESSED),
        (AlertState.REGRESSED, AlertState.ACKNOWLEDGED),
        (AlertState.REGRESSED, AlertState.RESOLVED),
        (AlertState.OPEN, AlertState.OPEN),
        (AlertState.ACKNOWLEDGED, AlertState.OPEN),
        (AlertState.REGRESSED, AlertState.OPEN),
    }
)
"""Every change of state there is; None is no alert yet. One that is handed over is open anew, whatever it was."""


class AcknowledgementError(FeedbackError):
    """The alert is already resolved, so there is nothing to acknowledge."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The topic's alert from now on, and the change of state if there was one.

    `alert` is to be stored even without a transition: it remembers when it last rose and since when it is calm.
    """

    alert: Alert | None
    transition: Transition | None = None


def decide(
    alert: Alert | None,
    signal: Signal,
    now: datetime,
    policy: AlertPolicy,
    returns: Sequence[datetime] = (),
    dismissed: int | None = None,
) -> Decision:
    """What the signal does to the topic's latest alert.

    A rise opens an alert, feeds the open one, or brings back one resolved within `policy.regress_within`; after that
    it is a new alert. An alert resolves once complete windows have been calm for `policy.resolve_after`, counted
    between the ends of the first and the latest of them: calm is within what is expected, so that a count between that
    and a rise is neither. A window that is still filling can rise but not be calm. `returns` are when the alert came
    back so far: one that flaps has to be calm for longer.

    `dismissed` is how many complaints a rise had of which a person said that it is no issue: while the window still
    holds days from before that, it comes back only if it has become clearly more.

    The same signal twice decides nothing new. A `now` before the last thing the alert remembers is ignored: a run
    that comes late must not undo what a newer one saw. Raises ValueError when the signal is about another topic.
    """
    if alert is None:
        return _opened(signal, now) if signal.rising else Decision(None)
    if alert.topic_id != signal.topic_id:
        raise ValueError(f"the alert is about topic {alert.topic_id}, the signal about {signal.topic_id}")
    if now < last_moment(alert):
        return Decision(alert)
    if not alert.is_open:
        is_news = signal.rising and not _is_dismissed(alert, signal, dismissed)
        return _returned(alert, signal, now, policy) if is_news else Decision(alert)
    if signal.rising:
        return Decision(replace(alert, last_rising_at=now, calm_since=None))
    if signal.observed > signal.high:
        return Decision(replace(alert, calm_since=None) if signal.complete else alert)
    return _calmed(alert, signal, now, _calm_needed(policy, flaps(returns, now, policy)))


def flaps(returns: Sequence[datetime], now: datetime, policy: AlertPolicy) -> bool:
    """Whether an alert that came back at these times keeps coming back."""
    recent = recent_returns(returns, now, policy)
    return 0 < policy.flapping_returns <= len(recent)


def recent_returns(returns: Sequence[datetime], now: datetime, policy: AlertPolicy) -> list[datetime]:
    """Those that count."""
    return [each for each in returns if now - policy.flapping_within < each <= now]


def waits_to_be_told(told: Sequence[datetime], returns: Sequence[datetime], now: datetime, policy: AlertPolicy) -> bool:
    """Whether a return is to be told later, together with those that follow: that the alert keeps coming back was told
    not long ago. `told` are the times at which its rises were told."""
    last = max(told, default=None)
    if last is None or now - last >= policy.flapping_told_every:
        return False
    return flaps([each for each in returns if each <= last], last, policy)


def _calm_needed(policy: AlertPolicy, is_flapping: bool) -> timedelta:
    return max(policy.resolve_after, policy.flapping_resolve_after) if is_flapping else policy.resolve_after


def acknowledge(alert: Alert, who: str, now: datetime, why: str = "taken on") -> Decision:
    """`who` takes the alert on; a second time changes nothing.

    Raises AcknowledgementError when the alert is resolved.
    """
    if not alert.is_open:
        raise AcknowledgementError(
            f"Alert {alert.id} was resolved on {alert.resolved_at:%d %B %Y}; there is nothing to acknowledge."
        )
    if alert.state is AlertState.ACKNOWLEDGED:
        return Decision(alert)
    return _moved(alert, replace(alert, state=AlertState.ACKNOWLEDGED), now, who, why)


def resolve(alert: Alert, who: str, now: datetime, why: str) -> Decision:
    """`who` ends the alert; one that is resolved stays as it is."""
    if not alert.is_open:
        return Decision(alert)
    at = max(now, last_moment(alert))
    return _moved(alert, replace(alert, state=AlertState.RESOLVED, resolved_at=at), at, who, why)


def hand_over(alert: Alert, owner: str, who: str, now: datetime, why: str) -> Decision:
    """By `who`'s word `owner` answers for the alert, and has yet to take it on; one that is resolved stays as it is."""
    if not alert.is_open:
        return Decision(alert)
    given = f"Handed over to {owner}: {why}".removesuffix(": ")
    return _moved(alert, replace(alert, state=AlertState.OPEN), now, who, given)


def last_moment(alert: Alert) -> datetime:
    """The latest time the alert remembers."""
    moments = (alert.opened_at, alert.last_rising_at, alert.calm_since, alert.resolved_at)
    return max(moment for moment in moments if moment is not None)


def _opened(signal: Signal, now: datetime) -> Decision:
    alert = Alert(
        id=derived_id("alert", signal.topic_id, now.astimezone(UTC).isoformat()),
        topic_id=signal.topic_id,
        state=AlertState.OPEN,
        opened_at=now,
        last_rising_at=now,
    )
    return Decision(alert, Transition(alert, None, now, SERVICE, _rise(signal), signal))


def _returned(alert: Alert, signal: Signal, now: datetime, policy: AlertPolicy) -> Decision:
    resolved_at = alert.resolved_at or alert.last_rising_at
    if now == resolved_at:
        return Decision(alert)
    if now - resolved_at > policy.regress_within:
        return _opened(signal, now)
    after = replace(alert, state=AlertState.REGRESSED, last_rising_at=now, calm_since=None, resolved_at=None)
    days = _days(now - resolved_at)
    return _moved(alert, after, now, SERVICE, f"Back {days} after it was resolved: {_rise(signal)}", signal)


def _is_dismissed(alert: Alert, signal: Signal, dismissed: int | None) -> bool:
    """Whether it is still the rise that was said to be no issue."""
    if dismissed is None or alert.resolved_at is None:
        return False
    return signal.window.start < alert.resolved_at and signal.observed <= CLEARLY_MORE * dismissed


def _calmed(alert: Alert, signal: Signal, now: datetime, needed: timedelta) -> Decision:
    if not signal.complete or signal.window.end < alert.last_rising_at:
        return Decision(alert)
    since = alert.calm_since or signal.window.end
    calm = replace(alert, calm_since=since)
    quiet = signal.window.end - since
    if quiet + CLOCK_CHANGE < needed:
        return Decision(calm)
    after = replace(calm, state=AlertState.RESOLVED, resolved_at=now)
    why = (
        f"Calm for {_days(quiet)}: {signal.observed} in the last {_days(_span(signal))}, "
        f"{_number(signal.expected)} expected (up to {_number(signal.high)})."
    )
    return _moved(alert, after, now, SERVICE, why, signal)


def _moved(before: Alert, after: Alert, now: datetime, who: str, why: str, signal: Signal | None = None) -> Decision:
    return Decision(after, Transition(after, before.state, now, who, why, signal))


def _rise(signal: Signal) -> str:
    return (
        f"{signal.observed} in {_days(_span(signal))}, {_number(signal.expected)} expected "
        f"({_number(signal.low)} to {_number(signal.high)})."
    )


def _span(signal: Signal) -> timedelta:
    return signal.window.end - signal.window.start


def _days(span: timedelta) -> str:
    """7 days; 3 hours, for the windows of the hourly path."""
    hours = round(span / timedelta(hours=1))
    number, unit = (round(hours / 24), "day") if hours >= 23 else (hours, "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 9.5 or value == round(value) else f"{value:.1f}"


def numbers_of(signal: Signal) -> dict[str, Any]:
    """The numbers of a judgement, as they are kept: `kept_signal` reads them."""
    return {
        "observed": signal.observed,
        "expected": signal.expected,
        "low": signal.low,
        "high": signal.high,
        "ratio": signal.ratio if math.isfinite(signal.ratio) else None,
        "p": signal.p,
        "q": signal.q,
        "score": signal.score,
        "threshold": signal.threshold,
        "detector": signal.detector,
        "window": {"start": signal.window.start.isoformat(), "end": signal.window.end.isoformat()},
        "complete": signal.complete,
        "segment": asdict(signal.segment) if signal.segment else None,
        "version_id": str(signal.version_id),
    }


NUMBERS = ("window", "segment", "observed", "expected", "low", "high", "ratio", "p", "q", "detector", "version_id")
"""What is kept of a judgement with each change of state."""


def numbers_at(change: Transition, evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """The numbers at a change of state: of the judgement that decided it or, where a person did, of the alert's latest
    rise, which its `evidence` holds; None where that was not kept."""
    kept = numbers_of(change.signal) if change.signal else evidence
    return {name: kept.get(name) for name in NUMBERS} if "window" in kept else None


def numbers_words(numbers: Mapping[str, Any] | None) -> str:
    """41, 12 expected (7 to 18), p 2.4e-07; empty where none were kept."""
    if not numbers:
        return ""
    expected, low, high = (_number(numbers[name]) for name in ("expected", "low", "high"))
    return f"{numbers['observed']}, {expected} expected ({low} to {high}), p {numbers['p']:.2g}"


def segment_alone(signal: Signal, where: Sequence[SegmentCount]) -> Segment | None:
    """The segment that a rise is about and nothing else: the one that was judged or, of a topic that was judged as a
    whole, the only one `where` it has risen, if without what is above expectation there it would be as usual."""
    if signal.segment or len(where) != 1:
        return signal.segment
    (only,) = where
    elsewhere = signal.observed - (only.observed - only.expected)
    return only.segment if elsewhere <= signal.high else None


def kept_count(kept: Mapping[str, Any]) -> SegmentCount:
    """A segment with its numbers, as it is kept with an alert."""
    return SegmentCount(**{**kept, "segment": Segment(**kept["segment"])})


def kept_signal(kept: Mapping[str, Any], topic_id: UUID) -> Signal:
    """The rise whose numbers are kept with an alert. Raises KeyError when the evidence holds no judgement."""
    names = ("detector", "observed", "expected", "low", "high", "p", "q", "score", "threshold")
    return Signal(
        topic_id=topic_id,
        version_id=UUID(kept["version_id"]),
        window=Span(*(datetime.fromisoformat(kept["window"][edge]) for edge in ("start", "end"))),
        rising=True,
        complete=kept.get("complete", True),
        segment=Segment(**kept["segment"]) if kept.get("segment") else None,
        **{name: kept[name] for name in names},
    )
