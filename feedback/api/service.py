"""What every route is given."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from feedback.api.answers import Answers
from feedback.api.limits import Limits
from feedback.api.once import Once
from feedback.api.probes import Probes
from feedback.api.recent import AllTopics
from feedback.api.unchanged import Unchanged
from feedback.chart import Series
from feedback.domain import Alert, Author, Mute, Segment, SilentSource
from feedback.ingest import Taken
from feedback.judging import Alike, Placed, Text
from feedback.owners import Charge
from feedback.settings import Settings, hash_key
from feedback.store.changes import Changes
from feedback.store.database import Database
from feedback.taxonomy import load_owners

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
    unmute: Callable[[UUID, Author, Callable[[Segment | None], bool]], int]


@dataclass(frozen=True, slots=True)
class Look:
    """What pages show that has to be worked out; `jobs.look` says how. Without it charts show what was counted alone.

    `series` gives the last days of a topic, or of one segment of it, as of a moment; None for a topic that is gone.
    `places` says where topics lie on a map: near one another if they are alike. `silent` are the silent sources.
    `overdue` says how long each job has been due; jobs that are not due are not in it.
    """

    series: Callable[[UUID, Segment | None, datetime, int], Series | None] = lambda *_: None
    places: Callable[[], Mapping[UUID, tuple[float, float]]] = dict
    silent: Callable[[datetime], Sequence[SilentSource]] = lambda _: ()
    overdue: Callable[[datetime], Mapping[str, timedelta]] = lambda _: {}


NOTHING = Look()


Search = Callable[[datetime, int, int], Sequence[Alike]]
"""The nearest complaints of the last so many days as of a moment, at most so many. It takes no encoder."""


@dataclass(frozen=True, slots=True)
class Judge:
    """What takes the encoder and the topic model; `jobs.judge` says how. Each gives None where there is no model.

    `classify` places texts; `like_text` encodes one, for a search of the complaints most like it; `like` searches for
    those most like another complaint.
    """

    classify: Callable[[Sequence[Text]], Sequence[Placed] | None] = lambda _: None
    like_text: Callable[[Text], Search | None] = lambda _: None
    like: Callable[[UUID, datetime, int, int], Sequence[Alike] | None] = lambda *_: None


UNTRAINED = Judge()


SIGHTS = 16
"""For so many who see different topics what all of them have in common is kept."""


@dataclass(frozen=True)
class Service:
    """What the application was made with, and what is read once for all requests."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    take_in: TakeIn
    respond: Respond
    look: Look
    judge: Judge
    wall: Callable[[], datetime]
    """What people's devices and the provider show, whatever time the service lives in: sign-ins and sessions go by
    it."""
    answers: Answers = field(default_factory=Answers)
    all_topics: Once[AllTopics | None] = field(default_factory=lambda: Once(SIGHTS))
    unchanged: Unchanged = field(default_factory=Unchanged)
    limits: Limits = field(default_factory=lambda: Limits(time.monotonic))
    probes: Probes = field(default_factory=lambda: Probes(time.monotonic))

    @cached_property
    def unpooled(self) -> Database:
        """The database without a pool, for who asks whether it is there."""
        return self.database.unpooled()

    @cached_property
    def changes(self) -> Changes:
        """What is written to the database, numbered."""
        return Changes(self.database.engine)

    @cached_property
    def secret(self) -> bytes:
        """The secret of `hash.key`."""
        return hash_key(self.settings.data_dir)

    @cached_property
    def owned(self) -> Mapping[Charge, str]:
        """Who answers for areas, markets and brands by the taxonomy."""
        return load_owners(self.settings.taxonomy)


# not to be run in a thread of its own, as plain functions are: it waits for nothing
async def _of_app(request: Request) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


Given = Annotated[Service, Depends(_of_app)]
"""A route's parameter that holds the service."""
