"""What somebody sees: everything, or the topics, markets and brands of one owner.

Of a topic that is their own they see all; of another one what is of their markets and brands, if anything is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from feedback.domain import Segment, Span
from feedback.owners import Charge, Owned, Owners
from feedback.roles import Principal
from feedback.store.counts import complaints_a_day
from feedback.store.owners import known_owners, responsible_for
from feedback.store.segments import in_any
from feedback.store.tables import complaint
from feedback.store.topics import StoredTopic, StoredVersion, published_version, sizes_of, topics_of

OF_ALL = ("drivers", "copies")
"""What an alert keeps of all the complaints that were judged …"""
OF_OTHERS = ("complaint_ids", "group", "support")
"""… and of those that may be of others, whatever was judged."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What `owner` sees of what `owners` answer for; everything where no owner is named."""

    owner: str | None
    owners: Owners

    @property
    def whole(self) -> bool:
        """Whether nothing is hidden."""
        return self.owner is None

    @property
    def places(self) -> tuple[Segment, ...]:
        """The markets and brands that are the owner's, whatever the topic."""
        return () if self.owner is None else self.owners.places.get(self.owner, ())

    def is_there(self, market: str | None, brand: str | None) -> bool:
        """Whether a complaint of that market and brand is of one's places."""
        return self.owner in (self.owners.owner(Owned.MARKET, market), self.owners.owner(Owned.BRAND, brand))

    def covers(self, segment: Segment) -> bool:
        """Whether a segment is a market or brand of one's own."""
        return self.whole or self.owners.owner(segment.attribute, segment.value) == self.owner

    def topic(self, owner: str | None, area: str | None) -> bool:
        """Whether all of a topic of that owner and area is seen."""
        return self.whole or self.owners.of_topic(owner, area).owner == self.owner

    def alert(self, row: Row[Any]) -> bool:
        """Whether an alert is seen, given as `feedback.store.alerts.alert_row` does: one's own, and those that rise in
        one's market or brand."""
        return self.whole or self.owner in responsible_for(self.owners, row).everyone

    def part(self, row: Row[Any]) -> tuple[Segment, ...]:
        """The places of which alone an alert's complaints are seen, given likewise; none where all are."""
        return () if self.topic(row.owner, row.area) else self.places

    def evidence(self, row: Row[Any]) -> Mapping[str, Any]:
        """What is seen of what an alert keeps, given likewise: how far it rose, and of the rest what is of one's places
        alone."""
        kept: Mapping[str, Any] = row.evidence
        if not self.part(row):
            return kept
        here = kept.get("segment") and self.covers(Segment(**kept["segment"]))
        hidden = OF_OTHERS if here else (*OF_OTHERS, *OF_ALL)
        shown = {name: value for name, value in kept.items() if name not in hidden}
        return {**shown, "where": [each for each in kept.get("where", ()) if self.covers(Segment(**each["segment"]))]}


@dataclass(frozen=True, slots=True)
class Seen:
    """The topics of the version in force that somebody sees: those in `own` with all that is about them, the others
    with what is of their places, which is what `size` counts then."""

    sight: Sight
    version: StoredVersion | None
    topics: Mapping[UUID, StoredTopic]
    own: frozenset[UUID]

    def places(self, topic_id: UUID) -> tuple[Segment, ...]:
        """The places of which alone the topic's complaints are seen; none where all are."""
        return () if topic_id in self.own else self.sight.places


def seen_topics(connection: Connection, sight: Sight) -> Seen:
    """What `sight` sees of the version in force."""
    version = published_version(connection)
    members = topics_of(connection, version.id) if version else []
    own = {each.id: each for each in members if sight.topic(each.owner, each.area)}
    topics = own
    if version and sight.places and not sight.whole:
        sizes = sizes_of(connection, version.id, sight.places)
        there = (each for each in members if each.id not in own and each.id in sizes)
        topics = own | {each.id: replace(each, size=sizes[each.id]) for each in there}
    return Seen(sight, version, topics, frozenset(own))


def seen_complaints(connection: Connection, sight: Sight, row: Row[Any]) -> list[str] | None:
    """Those of the complaints kept with an alert, given as `feedback.store.alerts.alert_row` does, that are seen; None
    where an earlier release kept none."""
    kept: list[str] | None = row.evidence.get("complaint_ids")
    return kept and seen_among(connection, sight, row, kept)


def seen_among(connection: Connection, sight: Sight, row: Row[Any], ids: Sequence[str]) -> list[str]:
    """Those of some complaints behind an alert that are seen."""
    places = sight.part(row)
    if not places or not ids:
        return list(ids)
    there = select(complaint.c.id).where(complaint.c.id.in_([UUID(each) for each in ids]), in_any(places))
    found = {str(each) for each in connection.execute(there).scalars()}
    return [each for each in ids if each in found]


def seen_counts(
    connection: Connection, seen: Seen, span: Span, segments: Sequence[Segment] = ()
) -> list[tuple[datetime, UUID, int]]:
    """(bucket start, topic, complaints) within `span` of what is seen, and UNASSIGNED for who sees everything; of the
    complaints in all of `segments`."""
    if seen.version is None:
        return []
    rows = complaints_a_day(connection, seen.version.id, span, segments)
    if seen.sight.whole:
        return rows
    mine = [row for row in rows if row[1] in seen.own]
    if seen.own == seen.topics.keys():
        return mine
    there = complaints_a_day(connection, seen.version.id, span, segments, seen.sight.places)
    return mine + [row for row in there if row[1] in seen.topics and row[1] not in seen.own]


def sight_of(connection: Connection, principal: Principal, owned: Mapping[Charge, str], default: str) -> Sight:
    """What `principal` sees, where `owned` is the taxonomy's part of who answers for what."""
    return Sight(principal.owner, known_owners(connection, owned, default))
