"""Times and days as callers write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_BEGINNING = re.compile(r"\s*[0-9]{4}-")

EARLIEST, LATEST = date(1970, 1, 1), date(9000, 1, 1)
"""What lies before or after that is no day of anybody's complaints, and calendars end somewhere."""


def _written(value: object) -> object:
    """A number is no time, though it could be seconds since 1970; a `+` in a query means a blank, and between a time
    and its zone it was meant as a plus."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _BEGINNING.match(value):
        raise ValueError("write a day as 2026-03-01 and a time as 2026-03-01T00:00:00Z")
    return value.strip().replace(" ", "+") if "T" in value else value


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time lies outside the years 1 to 9999") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_utc)]
"""A time that names its zone, in UTC."""

Day = Annotated[date, BeforeValidator(_written), AfterValidator(lambda day: min(max(day, EARLIEST), LATEST))]
"""A day, moved into the time that calendars know."""
