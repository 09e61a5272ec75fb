"""API keys: shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.exc import IntegrityError

from feedback.domain import derived_id
from feedback.errors import StoreError
from feedback.store.tables import api_key

PREFIX = "ft_"
NAME_LENGTH = 200


def add_key(connection: Connection, name: str, now: datetime) -> str:
    """Make a key called `name`; it is returned here and nowhere else. StoreError when the name is taken or none."""
    if not 0 < len(name.strip()) <= NAME_LENGTH or not name.isprintable():
        raise StoreError(f"A key needs a name of 1 to {NAME_LENGTH} printable characters, such as helpdesk.")
    key = PREFIX + secrets.token_urlsafe(32)
    row = {"id": derived_id("key", name, now), "name": name, "hash": _hash(key), "created_at": now}
    try:
        connection.execute(api_key.insert().values(**row))
    except IntegrityError:
        raise StoreError(f"There is a key called {name!r} already; choose another name.") from None
    return key


def key_name(connection: Connection, key: str) -> str | None:
    """The name of a key that is valid, else None."""
    query = select(api_key.c.name).where(api_key.c.hash == _hash(key), api_key.c.revoked_at.is_(None))
    return connection.execute(query).scalar_one_or_none()


def keys(connection: Connection) -> Sequence[Row[Any]]:
    """Rows (name, created_at, revoked_at), the oldest first."""
    columns = (api_key.c.name, api_key.c.created_at, api_key.c.revoked_at)
    return list(connection.execute(select(*columns).order_by(api_key.c.created_at, api_key.c.name)))


def revoke_key(connection: Connection, name: str, now: datetime) -> None:
    """Make a key useless from now on; StoreError when there is none of that name."""
    valid = (api_key.c.name == name) & api_key.c.revoked_at.is_(None)
    if connection.execute(update(api_key).where(valid).values(revoked_at=now)).rowcount == 0:
        raise StoreError(f"There is no valid key called {name!r}; `feedback keys list` shows them.")


def _hash(key: str) -> str:
    # a key is 256 random bits, so a plain hash cannot be searched; no salt, so that one look-up finds it
    return hashlib.sha256(key.encode()).hexdigest()
