"""`POST /v1/alerts/{alert_id}/…`: what people and their systems do about an alert."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator

from feedback.api.alerts import AlertDetail, Before, read_alert, see_alert
from feedback.api.body import Real
from feedback.api.principal import Responder, allowed
from feedback.api.problems import ProblemError, documented
from feedback.api.said import Said, author
from feedback.api.service import Given, Service
from feedback.api.times import Moment
from feedback.domain import SEGMENTED, Segment, Verdict
from feedback.errors import FeedbackError
from feedback.roles import Right
from feedback.store.standing import Standing

router = APIRouter(
    prefix="/v1/alerts/{alert_id}",
    tags=["alerts"],
    # first whether they may, then whether there is such an alert
    dependencies=[Depends(allowed(Right.RESPOND)), Depends(see_alert)],
)

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The alert as it is now."},
    **documented(401, 403, 404, 409, 422, 500, 503),
}


class GivenVerdict(Said):
    """What the alert was."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"verdict": "real", "who": "anna", "why": "Trustly"}]})

    verdict: Verdict
    owner: str = Field(
        "",
        description="With `wrong owner`: who is right, for the topic and for good; else it is nobody's.",
        max_length=200,
    )

    @model_validator(mode="after")
    def _owner_goes_with(self) -> Self:
        if self.owner and self.verdict is not Verdict.WRONG_OWNER:
            raise ValueError("an owner goes with the verdict 'wrong owner' alone")
        return self


class Where(BaseModel):
    """A segment."""

    model_config = ConfigDict(extra="forbid")

    attribute: str = Field(description=f"One of {', '.join(SEGMENTED)}.", pattern=f"^({'|'.join(SEGMENTED)})$")
    value: str = Field(min_length=1, max_length=200)


class Silence(Said):
    """Hear no more of the alert's topic: until a time, while its rise is below so many times what is expected, or, with
    neither, while the alert is open, which it has to be (409)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"until": "2026-03-12T00:00:00Z", "who": "anna", "why": "the provider knows"}]}
    )

    until: Moment | None = Field(None, description="A time in the future that names its zone.")
    below: Real | None = Field(None, description="Times what is expected.", gt=0, allow_inf_nan=False)
    segment: Where | None = Field(None, description="Only where it rises there.")


@router.post("/acknowledge", summary="Take an alert on", responses=ANSWERS)
def acknowledge(service: Given, alert_id: UUID, principal: Responder, before: Before, said: Said) -> AlertDetail:
    """Somebody looks at it. A second time changes nothing; 409 when it is resolved."""
    return _done(service, before, alert_id, lambda: service.respond.take_on(alert_id, author(service, said, principal)))


@router.post("/resolve", summary="End an alert", responses=ANSWERS)
def resolve(service: Given, alert_id: UUID, principal: Responder, before: Before, said: Said) -> AlertDetail:
    """End it by hand; if the rise goes on, it comes back. One that is resolved stays as it is. It is for who answers
    for the alert."""
    _only(before.alert)
    return _done(service, before, alert_id, lambda: service.respond.end(alert_id, author(service, said, principal)))


@router.post("/verdict", summary="Say what an alert was", responses=ANSWERS)
def verdict(service: Given, alert_id: UUID, principal: Responder, before: Before, said: GivenVerdict) -> AlertDetail:
    """*real* takes it on; *expected* and *known* silence it while it is open; *not an issue* ends it; after *expected*
    and *not an issue* its days count as usual; *wrong owner* gives its topic to another or, where none is named, to
    nobody: its alerts go to the default owner. The latest verdict holds. Whoever answers for a market or brand alone
    says *real* and nothing else."""
    _only(said.verdict in before.verdicts)
    by = author(service, said, principal)
    return _done(service, before, alert_id, lambda: service.respond.say(alert_id, said.verdict, by, owner=said.owner))


@router.post("/mute", summary="Hear no more of it", responses=ANSWERS)
def mute(service: Given, alert_id: UUID, principal: Responder, before: Before, said: Silence) -> AlertDetail:
    """It is judged and shown all the same; nobody is sent a message about it. Whoever answers for a market or brand
    alone mutes it there, by its `segment`."""
    only = Segment(said.segment.attribute, said.segment.value) if said.segment else None
    _only(before.may_mute(only))
    by = author(service, said, principal)
    if said.until and said.until <= by.at:
        raise ProblemError(422, "in-the-past", "`until` is over already; name a time in the future.")
    given = {"until": said.until, "below": said.below, "segment": only}
    return _done(service, before, alert_id, lambda: service.respond.mute(alert_id, by, **given))


@router.post("/unmute", summary="Hear of it again", responses=ANSWERS)
def unmute(service: Given, alert_id: UUID, principal: Responder, before: Before, said: Said) -> AlertDetail:
    """End all mutes of the alert's topic; of who answers for a market or brand alone, those that are for it alone."""
    by = author(service, said, principal)
    return _done(service, before, alert_id, lambda: service.respond.unmute(alert_id, by, before.may_mute))


def _only(allowed: bool) -> None:
    """A problem with status 403 for what is left to others."""
    if not allowed:
        detail = (
            "This is for who answers for the topic. For a market or brand one can take an alert on, say that it is "
            "real, and mute it there."
        )
        raise ProblemError(403, "not-in-charge", detail)


def _done(service: Service, before: Standing, alert_id: UUID, act: Callable[[], object]) -> AlertDetail:
    """The alert after it was done; 404 where there is none, 409 where it cannot be done."""
    read_alert(service, before.sight, alert_id)
    try:
        act()
    except FeedbackError as error:
        raise ProblemError(409, "not-possible", str(error)) from None
    return read_alert(service, before.sight, alert_id)
