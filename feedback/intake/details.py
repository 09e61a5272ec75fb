"""The fields of a complaint that may be missing: a bad value never costs the complaint, it becomes an attribute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from feedback.domain import Channel
from feedback.intake.language import known_language
from feedback.intake.validate import channel_of, count, number, short

_TIMES = ("first_response_at", "resolved_at")
_READ = ("channel", "rating", *_TIMES, "escalations", "language")


@dataclass(frozen=True, slots=True)
class Details:
    """What could be read, not yet redacted; `unread` is what could not, by the name of its field."""

    channel: Channel
    market: str | None
    brand: str | None
    product: str | None
    customer_segment: str | None
    rating: float | None
    first_response_at: datetime | None
    resolved_at: datetime | None
    escalations: int | None
    unread: Mapping[str, object]


def read_details(fields: Mapping[str, object], moment: Callable[[object], datetime | None]) -> Details:
    """`moment` reads a time and gives None for one that is impossible."""
    given = {name: fields.get(name) for name in _READ if short(fields.get(name)) is not None}
    times: dict[str, datetime | None] = {name: moment(given[name]) for name in _TIMES if name in given}
    channel, language = channel_of(given.get("channel")), known_language(given.get("language"))
    rating, escalations = number(given.get("rating")), count(given.get("escalations"))
    read: dict[str, object] = {
        "channel": channel,
        "language": language,
        "rating": rating,
        "escalations": escalations,
        **times,
    }
    return Details(
        channel=channel or Channel.OTHER,
        market=short(fields.get("market")),
        brand=short(fields.get("brand")),
        product=short(fields.get("product")),
        customer_segment=short(fields.get("customer_segment")),
        rating=rating,
        first_response_at=times.get("first_response_at"),
        resolved_at=times.get("resolved_at"),
        escalations=escalations,
        unread={name: value for name, value in given.items() if read[name] is None},
    )
