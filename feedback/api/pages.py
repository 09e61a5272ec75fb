"""Long lists, a page at a time: a cursor says where the page before ended, whatever was added meanwhile."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from feedback.api.problems import ProblemError


class PageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, description="At most so many a page.", ge=1, le=500)
    cursor: str | None = Field(None, description="`next_cursor` of the page before.", min_length=1, max_length=200)


def cursor_of(*parts: object) -> str:
    """Where a page ended; `parts` have no blanks."""
    return base64.urlsafe_b64encode(" ".join(str(each) for each in parts).encode()).decode()


def read_cursor(cursor: str, *readers: Callable[[str], Any]) -> tuple[Any, ...]:
    """The parts of a cursor, each read by its reader. A problem (422) for one that this service gave not out."""
    try:
        parts = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        return tuple(read(part) for read, part in zip(readers, parts, strict=True))
    except (ValueError, OverflowError):
        detail = "The cursor is not one that this service gave out; begin again without it."
        raise ProblemError(422, "bad-cursor", detail) from None


def number(text: str) -> int:
    """A count of a cursor; ValueError for what no database counts to."""
    found = int(text)
    if not 0 <= found < 2**31:
        raise ValueError
    return found


def moment(text: str) -> datetime:
    """A time of a cursor."""
    return datetime.fromisoformat(text).astimezone(UTC)
