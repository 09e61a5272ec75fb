"""API keys: shown once, kept as a hash, each with a role."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from feedback.accounts import owner_for
from feedback.domain import derived_id
from feedback.errors import StoreError
from feedback.roles import RIGHTS, Principal, Right, Role
from feedback.store.tables import api_key

PREFIX = "ft_"
NAME_LENGTH = 200
NOTED_EVERY = timedelta(minutes=1)
"""So often at most it is written that a key is used."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is known here."""

    name: str
    role: Role
    owner: str | None
    expires_at: datetime | None
    last_used_at: datetime | None
    sources: tuple[str, ...] = ()

    def principal(self) -> Principal:
        """Who asks."""
        return Principal(self.name, self.role, self.owner, sources=self.sources)

    def is_noted(self, now: datetime) -> bool:
        """Whether its use was written down a moment ago."""
        return self.last_used_at is not None and now - self.last_used_at < NOTED_EVERY


def add_key(
    connection: Connection,
    name: str,
    now: datetime,
    role: Role = Role.READER,
    owner: str | None = None,
    expires_at: datetime | None = None,
    sources: Sequence[str] = (),
) -> str:
    """Make a key called `name`; it is returned here and nowhere else. `sources` binds it to those alone.

    StoreError when the name is taken or none or the sources are none, AccountError when the owner does not fit the
    role.
    """
    if not 0 < len(name.strip()) <= NAME_LENGTH or not name.isprintable():
        raise StoreError(f"A key needs a name of 1 to {NAME_LENGTH} printable characters, such as helpdesk.")
    key = PREFIX + secrets.token_urlsafe(32)
    row = {"id": derived_id("key", name, now), "name": name, "hash": _hash(key), "created_at": now}
    rights = {
        "role": role,
        "owner": owner_for(role, owner),
        "expires_at": expires_at,
        "sources": _sources(role, sources),
    }
    try:
        with connection.begin_nested():
            connection.execute(api_key.insert().values(**row, **rights))
    except IntegrityError:
        raise StoreError(f"There is a key called {name!r} already; choose another name.") from None
    return key


# put together once: every request asks for it
_VALID = select(
    api_key.c.name, api_key.c.role, api_key.c.owner, api_key.c.expires_at, api_key.c.last_used_at, api_key.c.sources
).where(api_key.c.hash == bindparam("wanted"), api_key.c.revoked_at.is_(None))


def key_of(connection: Connection, key: str, now: datetime) -> Key | None:
    """The key, while it is valid."""
    row = connection.execute(_VALID, {"wanted": _hash(key)}).one_or_none()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return Key(row.name, Role(row.role), row.owner, row.expires_at, row.last_used_at, tuple(row.sources or ()))


def note_use(connection: Connection, name: str, now: datetime) -> None:
    """The key is in use."""
    connection.execute(update(api_key).where(api_key.c.name == name).values(last_used_at=now))


def keys(connection: Connection) -> Sequence[Row[Any]]:
    """Rows (id, name, role, owner, sources, created_at, expires_at, last_used_at, revoked_at), the oldest first."""
    dates = (api_key.c.created_at, api_key.c.expires_at, api_key.c.last_used_at, api_key.c.revoked_at)
    columns = (api_key.c.id, api_key.c.name, api_key.c.role, api_key.c.owner, api_key.c.sources, *dates)
    return list(connection.execute(select(*columns).order_by(api_key.c.created_at, api_key.c.name)))


def revoke_key(connection: Connection, name: str, now: datetime) -> None:
    """Make a key useless from now on; StoreError when there is none of that name."""
    valid = (api_key.c.name == name) & api_key.c.revoked_at.is_(None)
    if connection.execute(update(api_key).where(valid).values(revoked_at=now)).rowcount == 0:
        raise StoreError(f"There is no valid key called {name!r}; `feedback keys list` shows them.")


def _sources(role: Role, named: Sequence[str]) -> list[str] | None:
    """Without blanks around them, each once; None for all."""
    sources = list(dict.fromkeys(each.strip() for each in named))
    if sources and Right.SEND not in RIGHTS[role]:
        raise StoreError(f"A key of the role {role} sends no complaints, so it has no sources; a sender has.")
    if not all(0 < len(each) <= NAME_LENGTH and each.isprintable() for each in sources):
        raise StoreError(f"A source has a name of 1 to {NAME_LENGTH} printable characters, such as helpdesk.")
    return sources or None


def _hash(key: str) -> str:
    # a key is 256 random bits, so a plain hash cannot be searched; no salt, so that one look-up finds it
    return hashlib.sha256(key.encode()).hexdigest()
