"""`GET /v1/alerts` and `GET /v1/alerts/{alert_id}`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, WrapValidator
from sqlalchemy import Connection, Row, Select, and_, or_, select

from feedback.api.figures import (
    DRIVERS_EXAMPLE,
    FIGURES_EXAMPLE,
    Behind,
    Count,
    Evidence,
    Figures,
    Number,
    evidence,
    kindly,
)
from feedback.api.kept import KeptRoute
from feedback.api.pages import PageQuery, cursor_of, moment, read_cursor
from feedback.api.principal import Seeing, allowed
from feedback.api.problems import ProblemError, documented
from feedback.api.service import Given, Service
from feedback.api.times import Moment
from feedback.domain import AlertState, Mute, Severity, TopicKind, Verdict
from feedback.owners import Owners
from feedback.roles import Right
from feedback.store.alerts import transitions_of
from feedback.store.owners import responsible_for
from feedback.store.sight import Sight, seen_complaints
from feedback.store.standing import Standing, standing
from feedback.store.state import state_of
from feedback.store.tables import alert, topic
from feedback.store.verdicts import mutes, verdicts_of

router = APIRouter(prefix="/v1", tags=["alerts"], dependencies=[Depends(allowed(Right.READ))], route_class=KeptRoute)

_EXAMPLE: dict[str, Any] = {
    "id": "5d1f0b52-6b0c-5d0a-9d3e-0a6f2f0f2c11",
    "topic_id": "8d6b7a52-1f0e-5a3d-8a55-2b1a0f3d7c22",
    "topic": "Bonus payout delayed",
    "topic_kind": "pinned",
    "owner": "promotions",
    "area": "bonus",
    "state": "open",
    "opened_at": "2026-03-07T17:00:00Z",
    "last_rising_at": "2026-03-08T17:00:00Z",
    "judged_at": "2026-03-08T17:00:00Z",
    "calm_since": None,
    "resolved_at": None,
    "observed": 41,
    "expected": 12.3,
    "ratio": 3.33,
    "severity": "high",
}
_TRANSITION = {
    "at": "2026-03-07T17:00:00Z",
    "before": None,
    "after": "open",
    "who": "feedback",
    "why": "41 in 7 days, 12 expected (6 to 20).",
    "numbers": FIGURES_EXAMPLE,
}
_DETAIL = {
    **_EXAMPLE,
    "transitions": [_TRANSITION],
    "verdicts": [{"verdict": "real", "at": "2026-03-08T09:10:00Z", "who": "anna", "why": "Trustly confirms it"}],
    "mutes": [],
    "evidence": {
        **FIGURES_EXAMPLE,
        "opening": FIGURES_EXAMPLE,
        "rises": [FIGURES_EXAMPLE["window"]],
        "name": "Bonus payout delayed",
        "encoder_version": "e5-small-int8-1",
        "settings": {"false_alarms_per_week": 1.0},
        "where": [
            {
                "segment": {"attribute": "market", "value": "DE"},
                "observed": 33,
                "expected": 5.1,
                "low": 1.0,
                "high": 10.0,
                "p": 3.1e-12,
            }
        ],
        "drivers": DRIVERS_EXAMPLE,
        "complaint_ids": ["3f0c6a52-6d0e-5c5e-9a55-3b6a0f3d7c33"],
        "voices": {"messages": 41, "customers": 38, "texts": 30},
        "copies": {"complaints": 14, "texts": 3, "of": 41},
    },
}


class Alert(BaseModel):
    """A rise made somebody's business."""

    id: UUID
    topic_id: UUID
    topic: str = Field(description="The topic's name.")
    topic_kind: TopicKind
    owner: str | None = Field(
        description="Who answers for it: the topic's owner, else its area's, else that of the market or brand it is in."
    )
    area: str | None
    state: AlertState
    opened_at: datetime
    last_rising_at: datetime = Field(description="When the topic was last seen rising.")
    judged_at: datetime = Field(description="When the topic was last looked at.")
    calm_since: datetime | None = Field(description="Since when it is calm, if it is.")
    resolved_at: datetime | None
    observed: Count = Field(None, description="Complaints in the window when it was last seen rising.")
    expected: Number = Field(None, description="What the past predicted for it.")
    ratio: Number = Field(None, description="Observed over expected; null when nothing was expected.")
    severity: Severity | None = Field(None, description="How grave it is; `evidence.severity` says why.")
    voices: Behind = Field(
        None, description="How many messages, customers and texts without near-copies stand behind its last rise."
    )


class Alerts(BaseModel):
    """One page of alerts, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [_EXAMPLE], "next_cursor": "MjAyNi0wMy0wN1Qx"}]}
    )

    items: list[Alert]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


class Transition(BaseModel):
    """One change of an alert's state."""

    at: datetime
    before: AlertState | None = Field(description="Null when the alert was opened.")
    after: AlertState
    who: str
    why: str
    numbers: Annotated[Figures | None, WrapValidator(kindly)] = Field(
        None,
        description="Of the judgement that decided it or, where a person did, of the latest rise; null where an "
        "earlier release kept none.",
    )


class SaidVerdict(BaseModel):
    """What somebody said that the alert was; of several the last holds."""

    verdict: Verdict
    at: datetime
    who: str
    why: str


class Silenced(BaseModel):
    """A mute of the alert's topic that nobody has lifted; without `until` and `below` it ends with the alert."""

    at: datetime
    who: str
    why: str
    until: datetime | None
    below: float | None = Field(description="It holds while the rise is below so many times what is expected.")
    segment: dict[str, str] | None = Field(description="It holds only where this segment rises.")


class AlertDetail(Alert):
    """An alert with its history, oldest first, and why it fired."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DETAIL]})

    transitions: list[Transition]
    verdicts: list[SaidVerdict]
    mutes: list[Silenced]
    evidence: Evidence


class AlertsQuery(PageQuery):
    state: list[AlertState] = Field([], description="Only alerts in this state; may be given several times.")
    since: Moment | None = Field(
        None, description="Only alerts opened at or after this time, which names its zone: 2026-03-01T00:00:00Z."
    )


@router.get(
    "/alerts",
    summary="List alerts",
    response_model=Alerts,
    responses={200: {"description": "A page of alerts."}, **documented(401, 403, 422, 500, 503)},
)
def list_alerts(service: Given, sight: Seeing, request: Request, query: Annotated[AlertsQuery, Query()]) -> Response:
    """Alerts, newest first. A page goes on exactly where the one before ended, whatever was opened meanwhile."""
    with service.database.read() as connection:
        state = state_of(connection)
    return service.answers.answer(request, (state, repr(sight)), lambda: listed_alerts(service, query, sight))


def listed_alerts(service: Service, query: AlertsQuery, sight: Sight) -> Alerts:
    """A page of the alerts that the caller sees."""
    with service.database.read() as connection:
        page = _page(query) if sight.whole else _page(query).limit(None)
        rows = list(islice(filter(sight.alert, connection.execute(page)), query.limit + 1))
    items = [_alert(row, sight.owners) for row in rows[: query.limit]]
    more = len(rows) > query.limit
    return Alerts(items=items, next_cursor=cursor_of(items[-1].opened_at.isoformat(), items[-1].id) if more else None)


def see_alert(service: Given, sight: Seeing, alert_id: UUID) -> Standing:
    """What the caller may do about an alert; a problem with status 404 for one that they do not see, as if it were not
    there."""
    with service.database.read() as connection:
        row = connection.execute(_alerts().where(alert.c.id == alert_id)).one_or_none()
    if row is None or not sight.alert(row):
        raise _unknown(alert_id)
    return standing(sight, row)


Before = Annotated[Standing, Depends(see_alert)]
"""A route's parameter that says what the caller may do about the alert in its path."""


@router.get(
    "/alerts/{alert_id}",
    summary="Read an alert",
    dependencies=[Depends(see_alert)],
    responses={200: {"description": "The alert."}, **documented(401, 403, 404, 422, 500, 503)},
)
def read_alert(service: Given, sight: Seeing, alert_id: UUID) -> AlertDetail:
    """An alert with every change of its state and the numbers behind it; whoever answers for a market or brand alone is
    told of drivers, segments and complaints those that are of it."""
    with service.database.read() as connection:
        return _detail(connection, alert_id, sight)


def _detail(connection: Connection, alert_id: UUID, sight: Sight) -> AlertDetail:
    row = connection.execute(_alerts().where(alert.c.id == alert_id)).one_or_none()
    if row is None:
        raise _unknown(alert_id)
    history = transitions_of(connection, alert_id)
    return AlertDetail(
        **dict(_alert(row, sight.owners)),
        transitions=[Transition.model_validate(each, from_attributes=True) for each in history],
        verdicts=[SaidVerdict.model_validate(each, from_attributes=True) for each in verdicts_of(connection, alert_id)],
        mutes=[_silenced(each) for each in mutes(connection, row.topic_id) if each.alert_id in (None, alert_id)],
        evidence=evidence({**sight.evidence(row), "complaint_ids": seen_complaints(connection, sight, row)}),
    )


def _unknown(alert_id: UUID) -> ProblemError:
    return ProblemError(404, "unknown-alert", f"There is no alert {alert_id}.")


def _silenced(mute: Mute) -> Silenced:
    segment = asdict(mute.segment) if mute.segment else None
    return Silenced(at=mute.at, who=mute.who, why=mute.why, until=mute.until, below=mute.below, segment=segment)


def _alerts() -> Select[Any]:
    named = (topic.c.name.label("topic"), topic.c.kind.label("topic_kind"), topic.c.owner, topic.c.area)
    return select(alert, *named).join(topic, topic.c.id == alert.c.topic_id)


def _page(query: AlertsQuery) -> Select[Any]:
    """The page and one alert more, which tells whether there is another page."""
    page = _alerts().order_by(alert.c.opened_at.desc(), alert.c.id).limit(query.limit + 1)
    if query.state:
        page = page.where(alert.c.state.in_([str(each) for each in query.state]))
    if query.since:
        page = page.where(alert.c.opened_at >= query.since)
    if query.cursor:
        at, last = read_cursor(query.cursor, moment, UUID)
        same = and_(alert.c.opened_at == at, alert.c.id > last)
        page = page.where(or_(alert.c.opened_at < at, same))
    return page


def _alert(row: Row[Any], owners: Owners) -> Alert:
    written, responsible = evidence(row.evidence), responsible_for(owners, row)
    found = ("owner", "observed", "expected", "ratio", "severity", "voices")
    return Alert(
        **{name: getattr(row, name) for name in Alert.model_fields if name not in found},
        owner=responsible.owner if responsible.is_owned else None,
        observed=written.observed,
        expected=written.expected,
        ratio=written.ratio,
        severity=written.severity.level if written.severity else None,
        voices=written.voices,
    )
