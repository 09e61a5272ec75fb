"""Who may do what: five roles, each with its rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Right(StrEnum):
    """What a route or a page can ask for."""

    READ = "read"
    SEND = "send"
    RESPOND = "respond"
    """Acknowledge, mute, resolve and judge alerts, record fixes."""
    ANALYSE = "analyse"
    """Edit topics, publish models and roll them back."""
    ADMINISTER = "administer"
    """Make accounts and keys, read the audit log and the settings."""


class Role(StrEnum):
    READER = "reader"
    SENDER = "sender"
    OWNER = "owner"
    ANALYST = "analyst"
    ADMINISTRATOR = "administrator"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.READER: frozenset({Right.READ}),
    Role.SENDER: frozenset({Right.SEND}),
    Role.OWNER: frozenset({Right.READ, Right.RESPOND}),
    Role.ANALYST: frozenset({Right.READ, Right.RESPOND, Right.ANALYSE}),
    Role.ADMINISTRATOR: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a person who has signed in, or a key.

    `owner` is the owner whose topics, markets and brands somebody of the role owner sees; None sees all. A person has
    an account and perhaps a language, a key neither; a key may be bound to the `sources` that it sends complaints of.
    """

    name: str
    role: Role
    owner: str | None = None
    account_id: UUID | None = None
    language: str | None = None
    sources: tuple[str, ...] = ()

    def may(self, right: Right) -> bool:
        """Whether the role has this right."""
        return right in RIGHTS[self.role]
