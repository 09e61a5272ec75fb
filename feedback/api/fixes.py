"""`/v1/fixes`: what was done about topics, and what it achieved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row

from feedback.api.body import Real
from feedback.api.figures import Number
from feedback.api.pages import PageQuery, cursor_of, moment, read_cursor
from feedback.api.principal import Responder, Seeing
from feedback.api.problems import ProblemError, documented
from feedback.api.requests import Id
from feedback.api.said import Said, author
from feedback.api.service import Given, Service
from feedback.api.times import Moment
from feedback.api.topics import seen_topic
from feedback.domain import USUAL_EXPECTATION, FixKind, OutcomeVerdict
from feedback.domain import Fix as StoredFix
from feedback.domain import Outcome as StoredOutcome
from feedback.outcome import sentences, standing
from feedback.store.fixes import add_fix, fix_by_id, fixes, outcomes_of, withdraw_fix
from feedback.store.sight import Sight
from feedback.store.topics import topic_names

router = APIRouter(prefix="/v1", tags=["fixes"])

_OUTCOME: dict[str, Any] = {
    "judged_at": "2026-04-12T00:00:00Z",
    "verdict": "worked",
    "standing": "worked",
    "days": 35,
    "known_days": 56,
    "observed": 40,
    "expected": 101.5,
    "ratio": 0.39,
    "low": 0.27,
    "high": 0.55,
    "certainty": 0.9999,
    "regressed_at": None,
    "next_fix_at": None,
    "final": False,
}
_EXAMPLE: dict[str, Any] = {
    "id": 3,
    "topic_id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
    "topic": "Bonus payout delayed",
    "kind": "fix",
    "at": "2026-03-09T08:00:00Z",
    "expect": -0.5,
    "note": "Trustly payouts are retried",
    "who": "anna",
    "recorded_at": "2026-03-09T09:12:00Z",
    "withdrawn_at": None,
    "withdrawn_by": None,
    "outcome": _OUTCOME,
}
_DETAIL = {
    **_EXAMPLE,
    "sentences": ["40 complaints came in in the 35 days since, 102 would have without it: 61 % fewer."],
    "outcomes": [_OUTCOME],
}


class Outcome(BaseModel):
    """What a fix achieved, as of when it was judged: the complaints since, beside those expected without it."""

    judged_at: datetime
    verdict: OutcomeVerdict
    standing: str = Field(description="The verdict in words, with what is missing for a firmer one.")
    days: int = Field(description="Days after the fix that have data.")
    known_days: int = Field(description="Days before it that say what would have come in without it.")
    observed: int
    expected: Number
    ratio: Number = Field(description="Observed over expected …")
    low: Number = Field(description="… with the ends of its 90 % interval.")
    high: Number
    certainty: Number = Field(description="How sure it is that there are fewer, 0 to 1.")
    regressed_at: datetime | None = Field(
        description="As of when the topic was found back up after the fix had helped."
    )
    next_fix_at: datetime | None = Field(
        description="When the topic was fixed again, where that ended the days after this fix."
    )
    final: bool = Field(
        description="Whether the days by which a fix is judged are over; from then on it is watched for coming back."
    )


class Fix(BaseModel):
    """What was done about a topic, when, and the change hoped for."""

    id: int
    topic_id: UUID
    topic: str = Field(description="The topic's name.")
    kind: FixKind
    at: datetime
    expect: float = Field(description="The change hoped for: -0.4 is 40 % fewer.")
    note: str
    who: str
    recorded_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    outcome: Outcome | None = Field(description="The latest judgement; null before the first.")


class FixDetail(Fix):
    """A fix, with every judgement that brought news, the oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DETAIL]})

    sentences: list[str] = Field(description="What it achieved, in words.")
    outcomes: list[Outcome]


class Fixes(BaseModel):
    """One page of fixes, the latest first; those withdrawn are left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE], "next_cursor": None}]})

    items: list[Fix]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


class NewFix(Said):
    """What was done about a topic."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "topic_id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
                    "at": "2026-03-09T08:00:00Z",
                    "expect": -0.5,
                    "note": "Trustly payouts are retried",
                }
            ]
        }
    )

    topic_id: UUID
    kind: FixKind = Field(FixKind.FIX, description="The fault mended, the question answered, or support taught.")
    at: Moment | None = Field(None, description="When it was done; a time that names its zone, or now.")
    expect: Real = Field(USUAL_EXPECTATION, description="The change hoped for: -0.4 is 40 % fewer.", ge=-0.99, le=-0.01)
    note: str = Field("", description="What was done.", max_length=2_000)


class FixesQuery(PageQuery):
    topic: UUID | None = Field(None, description="Only those about this topic.")


READ: dict[int | str, dict[str, Any]] = {
    200: {"description": "The fix."},
    **documented(401, 403, 404, 422, 500, 503),
}


@router.get(
    "/fixes",
    summary="List fixes",
    responses={200: {"description": "A page of fixes."}, **documented(401, 403, 422, 500, 503)},
)
def list_fixes(service: Given, sight: Seeing, query: Annotated[FixesQuery, Query()]) -> Fixes:
    """What was done, each with the latest judgement of what it achieved."""
    return shown_fixes(service, query, sight)


def shown_fixes(service: Service, query: FixesQuery, sight: Sight) -> Fixes:
    """A page of the fixes that the caller sees."""
    end = read_cursor(query.cursor, moment, int) if query.cursor else None
    with service.database.read() as connection:
        topics = topic_names(connection)
        found = [
            each
            for each in reversed(fixes(connection))
            if query.topic in (None, each.topic_id)
            and _is_seen(each, topics, sight)
            and (end is None or (each.at, each.id) < end)
        ]
        items = [_fix(connection, service, each, topics) for each in found[: query.limit]]
    more = len(found) > query.limit
    return Fixes(items=items, next_cursor=cursor_of(items[-1].at.isoformat(), items[-1].id) if more else None)


@router.get("/fixes/{fix_id}", summary="Read a fix", responses=READ)
def read_fix(service: Given, sight: Seeing, fix_id: Id) -> FixDetail:
    """A fix, what it achieved in words, and how the judgement has changed."""
    with service.database.read() as connection:
        return _detail(connection, service, sight, fix_id)


@router.post(
    "/fixes",
    summary="Record a fix",
    status_code=201,
    responses={201: {"description": "The fix."}, **documented(401, 403, 404, 422, 500, 503)},
)
def record_fix(service: Given, sight: Seeing, principal: Responder, said: NewFix) -> FixDetail:
    """From then on it is judged every day, for twelve weeks: did complaints fall by it more than they would have?

    One that is entered later is judged the next midnight, by the days that were its own."""
    about = seen_topic(service, sight, said.topic_id)
    if not sight.topic(about.owner, about.area):
        detail = "A fix is judged by all of a topic's complaints: only who answers for the topic can record one."
        raise ProblemError(403, "not-yours", detail)
    by = author(service, said, principal)
    at = said.at or by.at
    if at > by.at:
        raise ProblemError(422, "in-the-future", "`at` is in the future; record the fix once it is made.")
    with service.database.write() as connection:
        made = add_fix(connection, said.topic_id, at, said.expect, said.note.strip(), by.at, by.who, said.kind)
        return _detail(connection, service, sight, made.id)


@router.post("/fixes/{fix_id}/withdraw", summary="Withdraw a fix", responses={**READ, **documented(409)})
def withdraw(service: Given, sight: Seeing, principal: Responder, fix_id: Id, said: Said) -> FixDetail:
    """Take back what was no fix: it is no longer judged, and stays on record."""
    by = author(service, said, principal)
    with service.database.write() as connection:
        _found(connection, sight, fix_id)
        if withdraw_fix(connection, fix_id, by.at, by.who) is None:
            raise ProblemError(409, "not-possible", f"Fix {fix_id} was withdrawn before.")
        return _detail(connection, service, sight, fix_id)


def _found(connection: Connection, sight: Sight, fix_id: int) -> StoredFix:
    found = fix_by_id(connection, fix_id)
    if found is None or not _is_seen(found, topic_names(connection), sight):
        raise ProblemError(404, "unknown-fix", f"There is no fix {fix_id}.")
    return found


def _is_seen(fix: StoredFix, topics: Mapping[UUID, Row[Any]], sight: Sight) -> bool:
    about = topics.get(fix.topic_id)
    return sight.whole if about is None else sight.topic(about.owner, about.area)


def _detail(connection: Connection, service: Service, sight: Sight, fix_id: int) -> FixDetail:
    fix, history = _found(connection, sight, fix_id), outcomes_of(connection, fix_id)
    zone = service.settings.zone
    return FixDetail(
        **dict(_fix(connection, service, fix, topic_names(connection))),
        sentences=sentences(fix, history[-1] if history else None, zone),
        outcomes=_outcomes(service, history),
    )


def _fix(connection: Connection, service: Service, fix: StoredFix, topics: Mapping[UUID, Row[Any]]) -> Fix:
    history = outcomes_of(connection, fix.id)
    own = {name: getattr(fix, name) for name in Fix.model_fields if name not in ("topic", "outcome")}
    name = topics[fix.topic_id].name if fix.topic_id in topics else str(fix.topic_id)
    return Fix(**own, topic=name, outcome=_outcomes(service, history[-1:])[0] if history else None)


def _outcomes(service: Service, history: Sequence[StoredOutcome]) -> list[Outcome]:
    names = [name for name in Outcome.model_fields if name != "standing"]
    return [
        Outcome(**{name: getattr(each, name) for name in names}, standing=standing(each, service.settings.zone))
        for each in history
    ]
