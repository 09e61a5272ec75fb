"""Who is told, and how. Addresses and secrets stay in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from feedback.domain import Severity
from feedback.notify.escalation import Quiet, Step
from feedback.notify.message import Message
from feedback.notify.outbox import Result

ANYBODY = "default"
"""Whose steps, quiet hours and language hold for owners that have none of their own."""


EVERYBODY = "everybody"
"""Who hears of every alert, and gets the digest over all topics."""


class Channel(Protocol):
    """A way to reach somebody. `key` names it without telling the address; `quotes` may be put in if set. `language` is
    that of who reads there, empty for its owner's."""

    @property
    def key(self) -> str: ...

    @property
    def quotes(self) -> bool: ...

    @property
    def digests(self) -> bool: ...

    @property
    def outcomes(self) -> bool: ...

    @property
    def language(self) -> str: ...

    def send(self, message: Message, now: datetime, seconds: float) -> Result:
        """Try once, within so many seconds in all; never raises for what the receiver does."""


@dataclass(frozen=True, slots=True)
class Channels:
    """Who is told how: the owners named in the file, `default` for the others, and `everybody` of everything.

    `steps` says by owner who is next if nobody takes an alert on, `quiet` when an owner is not to be disturbed,
    `languages` what they read; what is said of ANYBODY holds for the rest.
    """

    owners: Mapping[str, Sequence[Channel]]
    default: Sequence[Channel] = ()
    everybody: Sequence[Channel] = ()
    steps: Mapping[str, Sequence[Step]] = field(default_factory=dict)
    quiet: Mapping[str, Quiet] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)

    def own(self, owner: str) -> Sequence[Channel]:
        """Those of an owner alone."""
        return self.owners.get(owner, self.default)

    def reaching(self, owners: Iterable[str]) -> list[tuple[Channel, str]]:
        """All that hear of an alert of these owners, each channel once, with the owner on whose behalf it does.

        Those of everybody do on that of the first, who answers for it.
        """
        told = list(owners)
        found: dict[str, tuple[Channel, str]] = {}
        for owner in told:
            for each in self.own(owner):
                found.setdefault(each.key, (each, owner))
        return [*found.values(), *((each, told[0]) for each in self.everybody)]

    def steps_of(self, owner: str) -> Sequence[Step]:
        """Who is next, in their order, if an owner's alert is not taken on."""
        return self.steps.get(owner, self.steps.get(ANYBODY, ()))

    def quiet_of(self, owner: str) -> Quiet | None:
        """When an owner is not to be disturbed."""
        return self.quiet.get(owner, self.quiet.get(ANYBODY))

    def language(self, owner: str, channel: Channel | None = None) -> str | None:
        """What an owner reads, or whoever reads that channel of theirs; None where the file does not say.

        A channel of everybody is read by the same people on whosever behalf it hears of something.
        """
        own, reader = channel.language if channel else "", EVERYBODY if channel in self.everybody else owner
        return own or self.languages.get(reader, self.languages.get(ANYBODY))

    def not_before(self, owner: str, channel: Channel, moment: datetime, severity: Severity | None = None) -> datetime:
        """When what is told to an owner by a channel at `moment` may go out; at once where it is grave enough.

        Channels of everybody are never quiet.
        """
        quiet = None if channel in self.everybody else self.quiet_of(owner)
        return quiet.over(moment) if quiet and not quiet.yields_to(severity) else moment

    @property
    def by_key(self) -> Mapping[str, Channel]:
        every = (self.default, self.everybody, *self.owners.values())
        return {each.key: each for channels in every for each in channels}
