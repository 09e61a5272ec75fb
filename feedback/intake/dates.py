"""Reads the many ways in which a system writes a moment."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
TOLERANCE = timedelta(minutes=5)
"""Clocks of two machines differ; a moment this far ahead of ours is not yet the future."""

_NUMBER = re.compile(r"[0-9]{9,11}(?:\.[0-9]+)?|[0-9]{12,14}|[0-9]{15,17}")
_COMPACT = re.compile(r"((?:19|20|21)[0-9]{2})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2}))?")
_ISO = re.compile(r"[0-9]{4}-|[0-9]{8}T")
_YEAR_FIRST = re.compile(r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([./-])\s?([0-9]{1,2})\2\s?([0-9]{4})")
_LOOSE_ZONE = re.compile(r"\s+(UTC|GMT|Z|[+-][0-9]{2}:?[0-9]{2})$")
_SHORT_HOUR = re.compile(r"(?<=[T ])([0-9])(?=[:.])")
_DOTTED_TIME = re.compile(r"(?<=[T ][0-9]{2})\.(?=[0-9]{2}(?:\D|$))")


class DateError(Exception):
    """A moment cannot be read or cannot be meant. Its arguments: the reason's code and the sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` in UTC. `is_naive` tells that the zone was assumed."""

    at: datetime
    is_naive: bool


def read_moment(value: object, zone: ZoneInfo, now: datetime) -> Moment:
    """A moment between 2000 and `now`.

    Understood: ISO 8601, `31.12.2024 10:30` and `31/12/2024` (day first), `20241231`, RFC 2822, seconds,
    milliseconds or microseconds since 1970. Without a zone it is read in `zone`; an hour that the change to summer
    time skips is taken an hour later, one that occurs twice the first time; a date alone is its midnight. Raises
    DateError with `bad_date`, `implausible_date` or `future_date`.
    """
    moment = _localised(_parsed(value), zone)
    if moment.at < EARLIEST:
        raise DateError("implausible_date", f"{_quoted(value)} lies before the year 2000.")
    if moment.at > now + TOLERANCE:
        raise DateError("future_date", f"{_quoted(value)} lies in the future.")
    return moment


def _quoted(value: object) -> str:
    return f'"{str(value)[:40]}"'


def _localised(parsed: datetime, zone: ZoneInfo) -> Moment:
    try:
        return Moment(parsed.replace(tzinfo=parsed.tzinfo or zone).astimezone(UTC), parsed.tzinfo is None)
    except OverflowError:
        raise DateError("implausible_date", "The date lies at the end of time.") from None


def _parsed(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(float(value) if abs(value) < 1e18 else math.inf)
    if not isinstance(value, str):
        raise DateError("bad_date", "The date is neither text nor a number.")
    text = value.strip()
    if _NUMBER.fullmatch(text) and not _is_compact(text):
        return _since_1970(float(text))
    try:
        return _from_text(text[:60])
    except (ValueError, OverflowError, IndexError, TypeError):
        raise DateError(
            "bad_date", f"{_quoted(text)} is no date that can be read; ISO 8601 is safest, 2024-12-31T10:30:00+01:00."
        ) from None


def _is_compact(text: str) -> bool:
    match = _COMPACT.fullmatch(text)
    return match is not None and 1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31


def _since_1970(number: float) -> datetime:
    seconds = number / (1e6 if abs(number) >= 1e14 else 1e3 if abs(number) >= 1e11 else 1)
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise DateError("implausible_date", f"{_quoted(number)} is no number of seconds since 1970.") from None


def _from_text(text: str) -> datetime:
    if match := _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone is the caller's to give
    text = _YEAR_FIRST.sub(lambda m: f"{m[1]}-{int(m[2]):02}-{int(m[3]):02}", text, count=1)
    text = _DAY_FIRST.sub(lambda m: f"{m[4]}-{int(m[3]):02}-{int(m[1]):02}", text, count=1)
    if not _ISO.match(text):
        return parsedate_to_datetime(text)
    text = _LOOSE_ZONE.sub(lambda m: "+00:00" if m[1].isalpha() else m[1], text.replace(", ", " "))
    return datetime.fromisoformat(_DOTTED_TIME.sub(":", _SHORT_HOUR.sub(r"0\1", text)))
