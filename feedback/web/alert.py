"""`/alerts/{alert_id}`: one alert, why there is it, what happened to it, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Connection, Row

from feedback.alerts import kept_signal
from feedback.api import responses
from feedback.api.alerts import AlertDetail, Before, read_alert, see_alert
from feedback.api.fixes import record_fix
from feedback.api.principal import Responder, allowed
from feedback.api.problems import ProblemError
from feedback.api.said import Said
from feedback.domain import SEGMENTED, FixKind, Verdict
from feedback.explanation import Finding, summary
from feedback.language import Language
from feedback.numbers_behind import numbers
from feedback.phrases import excerpt, mute_words, segment_words, verdict_words
from feedback.roles import Right
from feedback.severity import severity_words
from feedback.store.alerts import alert_row
from feedback.store.events import planned_events
from feedback.store.facets import StoredQuote, quotes_by_id
from feedback.store.fixes import fixes
from feedback.store.sight import Sight
from feedback.store.standing import Standing
from feedback.store.verdicts import mutes
from feedback.support import association, figures, kept_background
from feedback.web.acting import act, told
from feedback.web.chart import Chart, Mark, chart
from feedback.web.fixes import fix_form, new_fix
from feedback.web.refused import refused_words
from feedback.web.visit import Reading, Visit

router = APIRouter(prefix="/alerts/{alert_id}", include_in_schema=False)

SEEN = [Depends(see_alert)]
RESPONDING = [Depends(allowed(Right.RESPOND)), *SEEN]
"""First whether they may, then whether there is such an alert."""

BEFORE, AFTER = timedelta(days=35), timedelta(days=21)
"""So much of the time before an alert is drawn, and after it is over."""

MOST_DAYS = 180
QUOTES_READ, QUOTES_SHOWN = 80, 4
"""So many complaints of an alert are looked at, and so many quoted of each language."""

Spell = Literal["open", "1", "3", "7", "14", "28", "below"]
"""How long to mute: while it is open, so many days, or while it is below so many times what is expected."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened to an alert."""

    at: datetime
    what: str
    who: str
    why: str


@router.get("", dependencies=SEEN)
def alert(visit: Reading, alert_id: UUID, before: Before, done: str = "") -> HTMLResponse:
    """All about an alert; `done` is what was just done about it."""
    return _page(visit, before, alert_id, said=told(done, visit.to))


Why = Annotated[str, Form(max_length=2000)]


@router.post("/acknowledge", dependencies=RESPONDING)
def acknowledge(visit: Reading, alert_id: UUID, principal: Responder, before: Before, why: Why = "") -> Response:
    said = Said(why=why)
    return _done(
        visit, before, alert_id, "acknowledge",
        lambda: responses.acknowledge(visit.service, alert_id, principal, before, said),
    )  # fmt: skip


@router.post("/resolve", dependencies=RESPONDING)
def resolve(visit: Reading, alert_id: UUID, principal: Responder, before: Before, why: Why = "") -> Response:
    said = Said(why=why)
    return _done(
        visit, before, alert_id, "resolve",
        lambda: responses.resolve(visit.service, alert_id, principal, before, said),
    )  # fmt: skip


@router.post("/verdict", dependencies=RESPONDING)
def verdict(
    visit: Reading,
    alert_id: UUID,
    principal: Responder,
    before: Before,
    verdict: Annotated[Verdict, Form()],
    owner: Annotated[str, Form(max_length=200)] = "",
    why: Why = "",
) -> Response:
    named = owner if verdict is Verdict.WRONG_OWNER else ""
    said = responses.GivenVerdict(verdict=verdict, owner=named, why=why)
    return _done(
        visit, before, alert_id, "verdict",
        lambda: responses.verdict(visit.service, alert_id, principal, before, said),
    )  # fmt: skip


@router.post("/mute", dependencies=RESPONDING)
def mute(
    visit: Reading,
    alert_id: UUID,
    principal: Responder,
    before: Before,
    spell: Annotated[Spell, Form()] = "open",
    below: Annotated[float | None, Form(gt=0, le=1000)] = None,
    segment: Annotated[str, Form(max_length=300)] = "",
    why: Why = "",
) -> Response:
    def do() -> object:
        if spell == "below" and below is None:
            raise ProblemError(422, "below-what", "Say below how many times what is expected it is to be muted.")
        until = visit.service.clock() + timedelta(days=int(spell)) if spell.isdigit() else None
        bound = below if spell == "below" else None
        said = responses.Silence(until=until, below=bound, segment=_where(segment), why=why)
        return responses.mute(visit.service, alert_id, principal, before, said)

    return _done(visit, before, alert_id, "mute", do)


@router.post("/unmute", dependencies=RESPONDING)
def unmute(visit: Reading, alert_id: UUID, principal: Responder, before: Before, why: Why = "") -> Response:
    said = Said(why=why)
    return _done(
        visit, before, alert_id, "unmute", lambda: responses.unmute(visit.service, alert_id, principal, before, said)
    )


def _where(segment: str) -> responses.Where | None:
    attribute, _, value = segment.partition("=")
    return responses.Where(attribute=attribute, value=value) if attribute in SEGMENTED and value else None


def _done(visit: Visit, before: Standing, alert_id: UUID, what: str, do: Callable[[], object]) -> Response:
    def failed(problem: ProblemError) -> Response:
        return _page(visit, before, alert_id, failed=refused_words(problem, visit.to), status=problem.status)

    return act(do, f"/alerts/{alert_id}", what, failed)


@router.post("/fix", dependencies=RESPONDING)
def fix(
    visit: Reading,
    alert_id: UUID,
    principal: Responder,
    before: Before,
    kind: Annotated[FixKind, Form()] = FixKind.FIX,
    day: Annotated[date | None, Form()] = None,
    fewer: Annotated[int, Form(ge=1, le=99)] = 50,
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Record what was done about the alert's topic."""
    said = new_fix(visit, read_alert(visit.service, before.sight, alert_id).topic_id, kind, day, fewer, note)
    return _done(visit, before, alert_id, "fix", lambda: record_fix(visit.service, before.sight, principal, said))


def _page(
    visit: Visit, before: Standing, alert_id: UUID, *, said: str = "", failed: str = "", status: int = 200
) -> HTMLResponse:
    detail = read_alert(visit.service, before.sight, alert_id)
    with visit.service.database.read() as connection:
        row = alert_row(connection, alert_id)
        quotes = _quotes(connection, detail)
        marks = list(_marks(connection, visit, row, before.sight))
        silenced = [each for each in mutes(connection, row.topic_id) if each.alert_id in (None, alert_id)]
    kept = before.sight.evidence(row)
    finding, background = _finding(kept, row), kept_background(kept)
    return visit.page(
        "alert.html.j2",
        status,
        detail=detail,
        summary=summary(finding, visit.service.settings.zone, visit.to) if finding else [],
        numbers=numbers(finding) if finding else [],
        grave=severity_words(row.evidence, visit.to),
        served=figures(background.compared, visit.to) if background else [],
        without=association(background.impact, row.topic, visit.to) if background else "",
        drawn=list(_charts(visit, before.sight, row, finding, marks)),
        quotes=quotes,
        lines=_lines(detail, visit.to),
        mutes=[(each, mute_words(each, visit.service.settings.zone, visit.to)) for each in silenced],
        before=before,
        endable=any(before.may_mute(each.segment) for each in silenced),
        segments=_segments(finding, before, visit.to),
        verdicts=[(each, verdict_words(each, visit.to)) for each in before.verdicts],
        told=said,
        failed=failed,
        **fix_form(visit),
    )


def _finding(kept: Mapping[str, Any], row: Row[Any]) -> Finding | None:
    """What was written down; None where an earlier release wrote it otherwise."""
    try:
        return Finding.read(kept, row.topic_id)
    except (KeyError, TypeError, ValueError):
        return None


def _charts(
    visit: Visit, sight: Sight, row: Row[Any], finding: Finding | None, marks: Sequence[Mark]
) -> Iterator[tuple[str, Chart]]:
    """The days around the alert, of the segment that has risen where it was not the topic as a whole; each of the
    places that alone are seen, with its name, where that is not all."""
    as_of = min(visit.service.clock(), row.resolved_at + AFTER) if row.resolved_at else visit.service.clock()
    days = min((as_of - row.opened_at + BEFORE).days, MOST_DAYS)
    segment = kept_signal(row.evidence, row.topic_id).segment if finding else None
    part = [] if segment and sight.covers(segment) else sight.part(row)
    for place in part or (segment,):
        if found := chart(visit.service.look.series(row.topic_id, place, as_of, days), marks):
            yield (segment_words(place, visit.to) if part else ""), found


def _marks(connection: Connection, visit: Visit, row: Row[Any], sight: Sight) -> Iterator[Mark]:
    """The alert, fixes of its topic where they are seen, and what was planned, by kind."""
    to, zone = visit.to, visit.service.settings.zone
    opened = row.opened_at.astimezone(zone).date()
    yield Mark("alert", opened, opened, to.gettext("alert"), to.gettext("alert {day}", day=to.dated(opened)))
    for fix in fixes(connection):
        if fix.topic_id == row.topic_id and not sight.part(row):
            day = fix.at.astimezone(zone).date()
            yield Mark("fix", day, day, to.gettext("fix"), f"{to.dated(day)}: {fix.note or to.gettext('fix')}")
    for event in planned_events(connection):
        if event.concerns(row.topic_id):
            days = to.dated(event.first)
            if event.last != event.first:
                days = to.gettext("{first} to {last}", first=to.day(event.first), last=to.dated(event.last))
            yield Mark("event", event.first, event.last, event.name, f"{days}: {event.name}")


def _quotes(connection: Connection, detail: AlertDetail) -> Mapping[str, Sequence[StoredQuote]]:
    """Of each language a few that differ, those with most quotes first."""
    ids = [UUID(each) for each in (detail.evidence.complaint_ids or ())[:QUOTES_READ]]
    found: dict[str, dict[str, StoredQuote]] = {}
    for quote in quotes_by_id(connection, ids):
        found.setdefault(quote.language, {}).setdefault(excerpt(quote.text), quote)
    chosen = {language: list(quotes.values())[:QUOTES_SHOWN] for language, quotes in found.items()}
    return dict(sorted(chosen.items(), key=lambda each: (-len(found[each[0]]), each[0])))


def _lines(detail: AlertDetail, to: Language) -> list[Line]:
    """What happened, the latest first."""
    from feedback.web.words import STATES

    moved = [
        Line(each.at, to.gettext(STATES[each.after]) if each.before else to.gettext("Opened"), each.who, each.why)
        for each in detail.transitions
    ]
    said = [
        Line(each.at, to.gettext("Verdict: {verdict}", verdict=verdict_words(each.verdict, to)), each.who, each.why)
        for each in detail.verdicts
    ]
    silenced = [Line(each.at, to.gettext("Muted"), each.who, each.why) for each in detail.mutes]
    return sorted([*moved, *said, *silenced], key=lambda each: each.at, reverse=True)


def _segments(finding: Finding | None, before: Standing, to: Language) -> list[tuple[str, str]]:
    """(value of the form, words) of the places in which it rises: where they may mute it alone."""
    rising = [finding.signal.segment, *(each.segment for each in finding.where)] if finding else []
    places = [each for each in dict.fromkeys(rising) if each and before.may_mute(each)]
    return [(f"{each.attribute}={each.value}", segment_words(each, to)) for each in places]
