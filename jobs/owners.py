"""Who answers for what, from Python: say it, take it back, list it, and list what nobody answers for.

    from jobs.console import open_context
    from jobs.owners import set_owner, unowned

A topic's own owner is said with `jobs.curate.own`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from feedback.domain import Author
from feedback.errors import FeedbackError
from feedback.owners import Charge, Owned, Owners, Ownership
from feedback.store.alerts import alert_rows
from feedback.store.owners import add_ownership, end_ownership, ownerships
from feedback.store.topics import StoredTopic, published_version, topics_of
from jobs.context import Context
from jobs.ownership import owners_of


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answers for a topic, an area, a market or a brand, and by whose decision: a person's, the taxonomy's or, of a
    topic, its own owner, its area's, or nobody's, where the default owner stands in."""

    owner: str
    attribute: Owned | Literal["topic"]
    value: str
    since: datetime | None
    who: str


@dataclass(frozen=True, slots=True)
class Unowned:
    """A topic that nobody answers for, with how many complaints it has, and whether there is an alert about it."""

    id: UUID
    name: str
    area: str | None
    size: int
    alerted: bool


def set_owner(context: Context, attribute: Owned | str, value: str, owner: str, by: Author) -> Ownership:
    """Say who answers for an area, a market or a brand from now on, in place of whoever did.

    An area's owner answers for its topics that have none; a market's or brand's is told of alerts that are about it.
    FeedbackError where there is no such attribute, or a name is empty.
    """
    charge, name = _charge(attribute, value), owner.strip()
    if not charge.value or not name:
        raise FeedbackError("Both the value and the owner need a name.")
    with context.write() as connection:
        return add_ownership(connection, charge, name, by.at, by.who, by.why)


def remove_owner(context: Context, attribute: Owned | str, value: str, by: Author) -> None:
    """Take back who answers for an area, a market or a brand; what the taxonomy says holds again.

    FeedbackError where nobody was set.
    """
    charge = _charge(attribute, value)
    with context.write() as connection:
        if not end_ownership(connection, charge, by.at, by.who):
            raise FeedbackError(
                f"Nobody was set for the {charge.attribute} {charge.value!r}; `feedback owners` shows who is."
            )


def answering(context: Context) -> list[Answering]:
    """Who answers for each topic, area, market and brand, by owner."""
    with context.database.read() as connection:
        found = [*_topics(context, connection), *_charges(context, connection)]
    return sorted(found, key=lambda each: (each.owner, str(each.attribute), each.value))


def unowned(context: Context) -> list[Unowned]:
    """The topics that nobody answers for, those with an open alert first, the largest first; their alerts go to the
    default owner."""
    with context.database.read() as connection:
        known, members = owners_of(context, connection), _members(connection)
        alerted = {row.topic_id for row in alert_rows(connection, only_open=True)}
    found = [
        Unowned(each.id, each.name, each.area, each.size, each.id in alerted)
        for each in members
        if not known.of_topic(each.owner, each.area).is_owned
    ]
    return sorted(found, key=lambda each: (not each.alerted, -each.size, each.name))


def _charge(attribute: Owned | str, value: str) -> Charge:
    try:
        return Charge(Owned(attribute), value.strip())
    except ValueError:
        raise FeedbackError(f"An owner is set for one of {', '.join(Owned)}; not for {attribute!r}.") from None


def _topics(context: Context, connection: Connection) -> list[Answering]:
    known = owners_of(context, connection)
    return [
        Answering(known.of_topic(each.owner, each.area).owner, "topic", each.name, None, _by(each, known))
        for each in _members(connection)
    ]


def _by(topic: StoredTopic, known: Owners) -> str:
    if topic.owner:
        return "its own"
    return "its area" if known.of_topic(topic.owner, topic.area).is_owned else "default"


def _charges(context: Context, connection: Connection) -> list[Answering]:
    decided = ownerships(connection)
    taken = {each.charge.key for each in decided}
    written = [each for each in context.parts.owned.items() if each[0].key not in taken]
    return [
        *(Answering(each.owner, each.charge.attribute, each.charge.value, each.at, each.who) for each in decided),
        *(Answering(owner, charge.attribute, charge.value, None, "taxonomy") for charge, owner in written),
    ]


def _members(connection: Connection) -> list[StoredTopic]:
    version = published_version(connection)
    return topics_of(connection, version.id) if version else []
