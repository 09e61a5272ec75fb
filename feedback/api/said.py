"""Who decides, and why: what every change is sent with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from feedback.api.service import Service
from feedback.domain import Author
from feedback.roles import Principal


class Said(BaseModel):
    """Who does it, and why; kept for good."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"who": "anna", "why": "with Trustly"}]})

    who: str = Field("", description="Who decides; the key's name where it is left out.", max_length=200)
    why: str = Field("", description="Why.", max_length=2000)


def author(service: Service, said: Said, principal: Principal) -> Author:
    """Who is on record with it, now."""
    return Author(said.who.strip() or principal.name, said.why.strip(), service.clock())
