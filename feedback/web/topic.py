"""`/topics/{topic_id}`: one topic, what is said in it, what was decided about it, and what can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from feedback.api import curation
from feedback.api.fixes import record_fix
from feedback.api.principal import Analyst, Responder, Seeing
from feedback.api.problems import ProblemError
from feedback.api.said import Said
from feedback.api.topics import topic_in
from feedback.domain import Fix, FixKind, Severity
from feedback.phrases import segment_words
from feedback.store.alerts import alert_rows
from feedback.store.edits import edits
from feedback.store.fixes import fixes
from feedback.store.sight import Sight, seen_topics
from feedback.store.topics import quotes_of
from feedback.web.acting import act, told
from feedback.web.chart import Mark, chart
from feedback.web.fixes import fix_form, new_fix
from feedback.web.refused import refused_words
from feedback.web.visit import Reading, Visit
from feedback.web.waiting import waiting

router = APIRouter(prefix="/topics/{topic_id}", include_in_schema=False)

DAYS = 90
"""So many days of a topic are drawn."""

QUOTES = 12


Text = Annotated[str, Form(max_length=200)]
Why = Annotated[str, Form(max_length=2000)]


@router.get("")
def topic(visit: Reading, sight: Seeing, topic_id: UUID, done: str = "") -> HTMLResponse:
    """All about a topic; `done` is what was just done about it."""
    return _page(visit, sight, topic_id, said=told(done, visit.to))


@router.post("/label")
def label(
    visit: Reading,
    sight: Seeing,
    principal: Analyst,
    topic_id: UUID,
    what: Annotated[Literal["rename", "owner", "area", "severity"], Form()],
    value: Text = "",
    why: Why = "",
) -> Response:
    """Another name, owner, area or severity."""

    def do() -> object:
        asked = {"service": visit.service, "sight": sight, "principal": principal, "topic_id": topic_id}
        return LABELLING[what](asked, value, why)

    return _done(visit, sight, topic_id, "label", do)


LABELLING: Mapping[str, Callable[[dict[str, Any], str, str], object]] = {
    "rename": lambda asked, value, why: curation.rename(**asked, said=curation.Naming(name=value, why=why)),
    "owner": lambda asked, value, why: curation.own(**asked, said=curation.Owning(owner=value, why=why)),
    "area": lambda asked, value, why: curation.place(**asked, said=curation.Placing(area=value, why=why)),
    "severity": lambda asked, value, why: curation.grade(
        **asked, said=curation.Grading(severity=Severity(value), why=why)
    ),
}


@router.post("/merge")
def merge(
    visit: Reading, sight: Seeing, principal: Analyst, topic_id: UUID, into: Annotated[UUID, Form()], why: Why = ""
) -> Response:
    """Let another topic take all its complaints."""
    said = curation.Merging(into=into, why=why)
    return _done(
        visit, sight, topic_id, "asked",
        lambda: curation.merge(visit.service, sight, principal, Response(), topic_id, said),
    )  # fmt: skip


@router.post("/move")
def move(
    visit: Reading,
    sight: Seeing,
    principal: Analyst,
    topic_id: UUID,
    into: Annotated[UUID, Form()],
    complaint: Annotated[list[UUID] | None, Form(max_length=QUOTES)] = None,
    why: Why = "",
) -> Response:
    """Give the complaints that were ticked to another topic."""

    def do() -> object:
        if not complaint:
            raise ProblemError(422, "nothing-ticked", "Tick the complaints that are to move.")
        said = curation.Moving(complaints=complaint, why=why)
        return curation.move(visit.service, sight, principal, Response(), into, said)

    return _done(visit, sight, topic_id, "asked", do)


@router.post("/fix")
def fix(
    visit: Reading,
    sight: Seeing,
    principal: Responder,
    topic_id: UUID,
    kind: Annotated[FixKind, Form()] = FixKind.FIX,
    day: Annotated[date | None, Form()] = None,
    fewer: Annotated[int, Form(ge=1, le=99)] = 50,
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Record what was done about the topic."""
    said = new_fix(visit, topic_id, kind, day, fewer, note)
    return _done(visit, sight, topic_id, "fix", lambda: record_fix(visit.service, sight, principal, said))


@router.post("/split")
def split(
    visit: Reading,
    sight: Seeing,
    principal: Analyst,
    topic_id: UUID,
    parts: Annotated[int, Form(ge=2, le=20)] = 2,
    why: Why = "",
) -> Response:
    """Cut it into several."""
    said = curation.Splitting(parts=parts, why=why)
    return _done(
        visit, sight, topic_id, "asked",
        lambda: curation.split(visit.service, sight, principal, Response(), topic_id, said),
    )  # fmt: skip


@router.post("/pin")
def pin(visit: Reading, sight: Seeing, principal: Analyst, topic_id: UUID, why: Why = "") -> Response:
    """Keep it for good as it is."""
    said = Said(why=why)
    return _done(
        visit, sight, topic_id, "asked",
        lambda: curation.pin(visit.service, sight, principal, Response(), topic_id, said),
    )  # fmt: skip


@router.post("/retire")
def retire(visit: Reading, sight: Seeing, principal: Analyst, topic_id: UUID, why: Why = "") -> Response:
    """Let it go."""
    said = Said(why=why)
    return _done(
        visit, sight, topic_id, "asked",
        lambda: curation.retire(visit.service, sight, principal, Response(), topic_id, said),
    )  # fmt: skip


def _done(visit: Visit, sight: Sight, topic_id: UUID, what: str, do: Callable[[], object]) -> Response:
    def failed(problem: ProblemError) -> Response:
        return _page(visit, sight, topic_id, failed=refused_words(problem, visit.to), status=problem.status)

    def checked() -> object:
        try:
            return do()
        except ValueError:
            raise ProblemError(422, "bad-value", "That value cannot be used here.") from None

    return act(checked, f"/topics/{topic_id}", what, failed)


def _page(
    visit: Visit, sight: Sight, topic_id: UUID, *, said: str = "", failed: str = "", status: int = 200
) -> HTMLResponse:
    now = visit.service.clock()
    with visit.service.database.read() as connection:
        seen = seen_topics(connection, sight)
        topic, places = topic_in(seen, topic_id), seen.places(topic_id)
        assert seen.version is not None
        quotes = quotes_of(connection, seen.version.id, topic_id, QUOTES, places=places)
        alerts = [row for row in alert_rows(connection) if row.topic_id == topic_id and sight.alert(row)]
        decided = [each for each in edits(connection) if each.topic_id == topic_id]
        done = [each for each in fixes(connection) if each.topic_id == topic_id and not places]
        marks = list(_marks(visit, [row.opened_at for row in alerts], done))
    others = sorted((each for each in seen.topics.values() if each.id != topic_id), key=lambda each: each.name)
    return visit.page(
        "topic.html.j2",
        status,
        topic=topic,
        drawn=[
            (place and segment_words(place, visit.to), found)
            for place in places or (None,)
            if (found := chart(visit.service.look.series(topic_id, place, now, DAYS), marks))
        ],
        quotes=quotes,
        alerts=alerts,
        decided=decided,
        others=others,
        severities=list(Severity),
        areas=sorted({each.area for each in seen.topics.values() if each.area}),
        told=said,
        requests=waiting(visit) if visit.may("analyse") else [],
        is_own=topic_id in seen.own,
        **fix_form(visit),
        failed=failed,
    )


def _marks(visit: Visit, opened: list[datetime], done: list[Fix]) -> Iterator[Mark]:
    to, zone = visit.to, visit.service.settings.zone
    for moment in opened:
        day = moment.astimezone(zone).date()
        yield Mark("alert", day, day, to.gettext("alert"), to.gettext("alert {day}", day=to.dated(day)))
    for fix in done:
        day = fix.at.astimezone(zone).date()
        yield Mark("fix", day, day, to.gettext("fix"), f"{to.dated(day)}: {fix.note or to.gettext('fix')}")
