"""Who answers for what, by the taxonomy and by what people decided since."""

from __future__ import annotations

from sqlalchemy import Connection

from feedback.owners import Owners
from feedback.store.owners import known_owners
from jobs.context import Context


def owners_of(context: Context, connection: Connection) -> Owners:
    """Everybody's charges: a person's decision goes before the taxonomy's."""
    return known_owners(connection, context.parts.owned, context.settings.default_owner)
