"""People who may sign in, and the sessions that they get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from feedback.errors import FeedbackError
from feedback.roles import Principal, Role

NAME_LENGTH = 200
HALF_LIFE = timedelta(minutes=10)
"""So long a session waits for its second factor."""


class AccountError(FeedbackError):
    """This account cannot be as it was asked for."""


@dataclass(frozen=True, slots=True)
class Account:
    """`password` is its argon2id hash, None for who signs in through the provider alone; `second_factor` is the sealed
    secret of the one-time codes and `last_step` the time step of the last one used."""

    id: UUID
    name: str
    role: Role
    created_at: datetime
    owner: str | None = None
    password: str | None = None
    second_factor: str | None = None
    last_step: int | None = None
    subject: str | None = None
    language: str | None = None
    disabled_at: datetime | None = None

    def principal(self) -> Principal:
        """Who asks, once signed in."""
        return Principal(self.name, self.role, self.owner, self.id, self.language)


@dataclass(frozen=True, slots=True)
class Session:
    """A session and whose it is. It is not `complete` while the second factor is still asked for."""

    hash: str
    account: Account
    complete: bool
    begun_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long sessions last: `idle` since they were last used, and `longest` in all."""

    idle: timedelta
    longest: timedelta


def is_over(session: Session, now: datetime, lasting: Lasting) -> bool:
    """Whether a session has timed out, or its account was disabled."""
    longest = lasting.longest if session.complete else min(HALF_LIFE, lasting.longest)
    timed_out = now - session.begun_at >= longest or now - session.seen_at >= lasting.idle
    return timed_out or session.account.disabled_at is not None


def account_name(text: str) -> str:
    """A name as it is kept: without blanks around it, in small letters. AccountError for what is no name."""
    name = text.strip().casefold()
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise AccountError(f"An account needs a name of 1 to {NAME_LENGTH} printable characters, such as anna.")
    return name


def owner_for(role: Role, owner: str | None) -> str | None:
    """Whose topics somebody of this role sees. AccountError where an owner is missing, or named for another role."""
    named = (owner or "").strip()
    if role is Role.OWNER and not named:
        raise AccountError("The role owner needs the name of an owner: whose topics, markets and brands are seen.")
    if role is not Role.OWNER and named:
        raise AccountError(f"An owner goes with the role owner alone; the role {role} sees everything it may see.")
    return named or None
