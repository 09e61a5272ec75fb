"""What every route is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from feedback.chart import Series
from feedback.domain import Alert, Author, Mute, Segment
from feedback.ingest import Taken
from feedback.settings import Settings
from feedback.store.database import Database

TakeIn = Callable[[Sequence[Mapping[str, object]], str, datetime], Sequence[Taken]]
"""Take in records, as they were sent, of a source as of a time; says what became of each, in order.

All in one transaction: it raises, and nothing is written, or every record has its answer.
"""


@dataclass(frozen=True, slots=True)
class Respond:
    """What people do about alerts, each by its id and who decides; `jobs.respond` says what."""

    take_on: Callable[[UUID, Author], Alert]
    end: Callable[[UUID, Author], Alert]
    say: Callable[..., Alert]
    mute: Callable[..., Mute]
    unmute: Callable[[UUID, Author], int]


@dataclass(frozen=True, slots=True)
class Look:
    """What pages show that has to be worked out; `jobs.look` says how. Without it charts show what was counted alone.

    `series` gives the last days of a topic, or of one segment of it, as of a moment; None for a topic that is gone.
    """

    series: Callable[[UUID, Segment | None, datetime, int], Series | None] = lambda *_: None


NOTHING = Look()


@dataclass(frozen=True, slots=True)
class Service:
    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    take_in: TakeIn
    respond: Respond
    look: Look


def _of_app(request: Request) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


Given = Annotated[Service, Depends(_of_app)]
"""A route's parameter that holds the service."""
