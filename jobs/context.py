"""What every job is given: the settings, the database, the parts that are costly to load, and a fenced pen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection

from feedback.domain import PinnedTopic
from feedback.errors import Stopped
from feedback.settings import Settings, hash_key
from feedback.store.database import Database
from feedback.store.erasures import hold_off
from feedback.store.runs import Claim, hold

if TYPE_CHECKING:
    from feedback.entities.finder import Finder
    from feedback.intake.pipeline import Intake
    from feedback.intake.redact import Redactor
    from feedback.notify.channels import Channels
    from feedback.owners import Charge
    from models.encoder import Encoder

Advance = Callable[[int], None]
"""Tell how many of the announced items are done."""


class Progress(Protocol):
    """Shows how far something long has come."""

    def task(self, label: str, total: int | None) -> Any:
        """A context manager that gives an `Advance`."""


class Parts:
    """What is costly to load, loaded at first use and shared by all runs of a process."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress

    @cached_property
    def encoder(self) -> Encoder:
        from models.encoder import load_encoder

        settings = self._settings
        with self._progress.task("Loading the encoder", 100) as advance:
            return load_encoder(settings.encoder, settings.data_dir, advance, settings.threads or None)

    @cached_property
    def pinned(self) -> tuple[PinnedTopic, ...]:
        from feedback.taxonomy import load_taxonomy

        return load_taxonomy(self._settings.taxonomy)

    @cached_property
    def owned(self) -> Mapping[Charge, str]:
        """Who answers for areas, markets and brands by the taxonomy."""
        from feedback.taxonomy import load_owners

        return load_owners(self._settings.taxonomy)

    @cached_property
    def finder(self) -> Finder:
        from feedback.entities.book import load_book
        from feedback.entities.finder import Finder

        return Finder(load_book(self._settings.entities))

    @cached_property
    def channels(self) -> Channels | None:
        """Who is told, None for nobody."""
        from feedback.notify.channels_file import load_channels

        return load_channels(self._settings.channels, zone=self._settings.zone)

    @cached_property
    def redactor(self) -> Redactor:
        """For what is not stored; the intake has its own, which it uses at the same time."""
        from feedback.intake.redact import Redactor

        return Redactor(self._settings.redact)

    @cached_property
    def intake(self) -> Intake:
        from feedback.intake.pipeline import Intake, IntakeOptions

        settings = self._settings
        key = hash_key(settings.data_dir)
        return Intake(IntakeOptions(key, settings.languages, settings.time_zone, settings.redact))


@dataclass(frozen=True, slots=True)
class Context:
    """`wall` tells the time on the wall, for leases and durations; what a job does depends on its `now` alone.

    `telling` says whether what happens is news: what a replay finds is not, and goes into no outbox.
    """

    settings: Settings
    database: Database
    parts: Parts
    progress: Progress
    wall: Callable[[], datetime]
    holder: str
    claim: Claim | None = None
    stopping: Callable[[], bool] = lambda: False
    memory: dict[str, Any] = field(default_factory=dict)
    telling: bool = True

    def holding(self, claim: Claim) -> Context:
        """The context of one run, whose writes are refused once another worker has taken it over."""
        return replace(self, claim=claim)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction. ClaimLostError, and nothing written, when the run is another's now; Stopped when asked."""
        if self.stopping():
            raise Stopped
        with self.database.write() as connection:
            hold_off(connection)
            if self.claim:
                hold(connection, self.claim, self.wall())
            yield connection


Job = Callable[[Context, datetime], Mapping[str, Any]]
"""A job does what is undone as of a moment, seeing nothing later, and says what it did, in JSON's terms."""
