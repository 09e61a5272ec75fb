"""Links of messages that were followed: each counts once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from feedback.links import USED, LinkError
from feedback.store.database import insert_new
from feedback.store.tables import used_link


def refuse_used(connection: Connection, fingerprint: str) -> None:
    """LinkError when a link was used."""
    query = select(used_link.c.at).where(used_link.c.hash == fingerprint)
    used = connection.execute(query).scalar_one_or_none()
    if used:
        raise LinkError(USED, used)


def use(connection: Connection, fingerprint: str, at: datetime) -> None:
    """Mark a link as used; LinkError when it was before."""
    if not insert_new(connection, used_link, [{"hash": fingerprint, "at": at}]):
        refuse_used(connection, fingerprint)
