"""Gathers what an alert follows from, as of when it was last judged, and prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from rich.console import Console
from sqlalchemy import Connection, Row

from feedback.domain import AlertState, Signal
from feedback.errors import FeedbackError
from feedback.events import PlannedEvent
from feedback.explanation import Day, Explanation, Finding, Origin, Week, sentences, span_words, week_note
from feedback.numbers_behind import numbers
from feedback.store import alerts
from feedback.store.events import planned_events
from feedback.store.topics import published_version
from jobs.context import Context
from jobs.panel import DatedPanel, dated_panel, with_day_until
from jobs.respond import find_alert
from jobs.show import say, show
from models.detect.eb7 import EB7
from models.detect.silence import stretches

WEEKS = 8
"""So many weeks are shown up to the window, and of a longer window those before its last week."""

WEEK = 7


def explain_alert(context: Context, named: str) -> Explanation:
    """Why the alert of that id, or of the one id that begins like this, was raised.

    FeedbackError when there is none or more than one, or when nothing was written down with it.
    """
    found = find_alert(context, named)
    with context.database.read() as connection:
        row = alerts.alert_row(connection, found)
        latest = _finding(connection, row, row.evidence, row.last_rising_at)
        opening = _finding(connection, row, row.evidence.get("opening", row.evidence), row.opened_at)
        dated, recounted = _dated(context, connection, row, latest.signal)
        planned = _planned(connection, row.topic_id, dated) if dated else []
    weeks = _weeks(dated, latest, planned, context) if dated else ()
    return Explanation(
        alert_id=row.id,
        topic=row.topic,
        owner=row.owner or None,
        state=AlertState(row.state),
        opened_at=row.opened_at,
        last_rising_at=row.last_rising_at,
        judged_at=row.judged_at,
        resolved_at=row.resolved_at,
        zone=context.settings.zone,
        opening=opening,
        latest=latest,
        weeks=weeks,
        left_out=_left_out(dated, latest, context) if dated else (),
        recounted=recounted,
        events=tuple(each for each in planned if each.expected or _is_shown(each, weeks)),
        kept={name: row.evidence[name] for name in ("severity", "group", "support") if name in row.evidence},
    )


def tell(console: Console, explanation: Explanation) -> None:
    """Sentences for the owner, then the weeks and the numbers for whoever checks."""
    for sentence in sentences(explanation):
        say(console, sentence + "\n")
    weeks = [_week_row(each) for each in explanation.weeks]
    if weeks:
        columns = {"week": "Days", "complaints": "Complaints", "daily": "By day", "everything": "All topics"}
        show(console, weeks, {**columns, "note": "Note"}, as_json=False, empty="")
        say(console, "")
    rows = [{"name": name, "value": _exact(value), "what": what} for name, value, what in numbers(explanation.latest)]
    show(console, rows, {"name": "Number", "value": "Value", "what": "What it is"}, as_json=False, empty="")


def _finding(connection: Connection, row: Row[Any], kept: Mapping[str, Any], judged_at: datetime) -> Finding:
    """What was written down. Where it holds no origin of its threshold, that which was in force."""
    try:
        found = Finding.read(kept, row.topic_id)
    except (KeyError, TypeError, ValueError) as error:
        raise FeedbackError(f"What was written down with this alert cannot be read: {error!r}.") from error
    if found.origin is None:
        stored = alerts.stored_threshold(connection, found.signal.detector, judged_at)
        if stored and stored[1] == found.signal.threshold:
            return replace(found, origin=Origin.read(stored[2], stored[0]))
    return found


def _dated(context: Context, connection: Connection, row: Row[Any], signal: Signal) -> tuple[DatedPanel | None, bool]:
    """The topic's days as of the last judgement, and whether another version than that of the time counted them."""
    current, segment = published_version(connection), signal.segment
    for candidate in (signal.version_id, *([current.id] if current else [])):
        dated = dated_panel(context, connection, candidate, [row.topic_id], row.judged_at, segment=segment)
        if dated is not None and dated.panel.counts.any():
            shown = with_day_until(context, connection, dated, candidate, row.judged_at, segment)
            return shown, candidate != signal.version_id
    return None, False


def _planned(connection: Connection, topic_id: UUID, dated: DatedPanel) -> list[PlannedEvent]:
    """The events that concern the topic, on the days there are."""
    return [each for each in planned_events(connection, dated.days[0], dated.days[-1]) if each.concerns(topic_id)]


def _is_shown(event: PlannedEvent, weeks: Sequence[Week]) -> bool:
    return any(event.overlaps(week.days[0].day, week.days[-1].day) for week in weeks)


def _weeks(dated: DatedPanel, finding: Finding, planned: Sequence[PlannedEvent], context: Context) -> tuple[Week, ...]:
    """Seven days each, counted back from the window's last day, and what came after it."""
    window = finding.signal.window
    last, first = _after(dated, finding, context) - 1, _place(dated, window.start, context)
    weeks = WEEKS + max(0, (last + 1 - first) // WEEK - 1)
    # an open alert is judged for longer than it rises, and one that was ended by hand perhaps for shorter
    edges = [last + 1 - WEEK * back for back in range(weeks, -2, -1)]
    spans = [(max(start, 0), min(end, len(dated.days))) for start, end in pairwise(edges)]
    recent = _baseline_end(dated, finding, context)
    return tuple(
        Week(
            tuple(_day(dated, place, recent, planned) for place in range(start, end)),
            "before" if end <= first else "judged" if end <= last + 1 else "after",
        )
        for start, end in spans
        if start < end
    )


def _day(dated: DatedPanel, place: int, recent: int, planned: Sequence[PlannedEvent]) -> Day:
    panel, day = dated.panel, dated.days[place]
    return Day(
        day=day,
        complaints=int(panel.counts[0, place]),
        everything=int(panel.total[place]),
        alerted=bool(panel.excluded[0, place]),
        recent=place >= recent,
        gap=bool(panel.gaps[place]),
        complete=panel.complete or place < panel.days - 1,
        expected=panel.expected is not None and bool(panel.expected[0, place]),
        events=tuple(each.name for each in planned if each.overlaps(day, day)),
        silent=panel.heard is not None and not panel.heard.is_whole[place],
    )


def _left_out(dated: DatedPanel, finding: Finding, context: Context) -> tuple[tuple[date, date], ...]:
    """The stretches of the baseline in which the topic had risen; none is left out for longer than the patience."""
    end = _baseline_end(dated, finding, context)
    patience = EB7().patience
    risen = [(start, min(stop, start + patience)) for start, stop in stretches(dated.panel.excluded[0])]
    return tuple((dated.days[start], dated.days[min(stop, end) - 1]) for start, stop in risen if start < end)


def _baseline_end(dated: DatedPanel, finding: Finding, context: Context) -> int:
    """The place of the first day after the baseline; EB7 was alone before reasons were kept."""
    reason = finding.reason
    lag = reason.baseline_lag if reason else EB7().window + EB7().gap
    return _after(dated, finding, context) - (-(-lag // 24) if reason and reason.unit == "hour" else lag)


def _after(dated: DatedPanel, finding: Finding, context: Context) -> int:
    """The place after that of the window's last day, of which a window of hours may hold a part."""
    return _place(dated, finding.signal.window.end - timedelta(microseconds=1), context) + 1


def _place(dated: DatedPanel, moment: datetime, context: Context) -> int:
    """The place of the day that holds the moment; days before the first have negative places."""
    return (moment.astimezone(context.settings.zone).date() - dated.days[0]).days


def _week_row(week: Week) -> dict[str, object]:
    return {
        "week": span_words(week.days[0].day, week.days[-1].day),
        "complaints": week.complaints,
        "daily": " ".join("–" if each.gap else str(each.complaints) for each in week.days),
        "everything": sum(each.everything for each in week.days),
        "note": week_note(week),
    }


def _exact(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.7g}"
