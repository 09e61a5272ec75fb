"""Who decides, and why: what every change is sent with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from feedback.api.audited import tell
from feedback.api.problems import ProblemError
from feedback.api.service import Service
from feedback.domain import Author
from feedback.roles import Principal

LONGEST = 200
"""A name on record is no longer."""


class Said(BaseModel):
    """Who does it, and why; kept for good."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"who": "anna", "why": "with Trustly"}]})

    who: str = Field(
        "",
        description="With a key: who decides, kept with the key's name; that alone where it is left out. Whoever has "
        "signed in decides themselves.",
        max_length=LONGEST,
    )
    why: str = Field("", description="Why.", max_length=2000)


def author(service: Service, said: Said, principal: Principal) -> Author:
    """Who is on record with it, now; what is said goes into the audit log. A problem with status 422 for somebody who
    has signed in and gives another's name."""
    shown = said.model_dump(mode="json", exclude_defaults=True, exclude={"why", "note", "complaints"})
    tell(**{name: _words(value) for name, value in shown.items()})
    return Author(_name(said.who.strip(), principal), said.why.strip(), service.clock())


def _name(claimed: str, principal: Principal) -> str:
    if claimed in ("", principal.name):
        return principal.name
    if principal.account_id is not None:
        raise ProblemError(422, "not-your-name", "Leave `who` out: you have signed in, and decide in your own name.")
    key = f" (by key {principal.name})"
    return f"{claimed[: LONGEST - len(key)]}{key}" if len(key) < LONGEST else principal.name


def _words(value: object) -> str:
    """market=DE of a segment."""
    return "=".join(map(str, value.values())) if isinstance(value, dict) else str(value)
