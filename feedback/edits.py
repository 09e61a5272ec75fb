"""What people decided about topics, and what it comes to: pure, so that every part sees the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class EditKind(StrEnum):
    RENAME = "rename"
    OWNER = "owner"
    AREA = "area"
    SEVERITY = "severity"
    MERGE = "merge"
    SPLIT = "split"
    MOVE = "move"
    PIN = "pin"
    RETIRE = "retire"


LABELS = (EditKind.RENAME, EditKind.OWNER, EditKind.AREA, EditKind.SEVERITY)
"""Edits that say something about a topic, and nothing about which complaints it holds."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One decision, with who and why. Undone, it stays on record and no longer counts.

    `detail` by kind: *rename*, *owner*, *area*, *severity* hold `value` and `before`; *merge* holds `into`, the topic
    that takes the complaints; *split* holds `parts`, each with an `id`, a `name` and `examples` (complaint ids);
    *move* holds `complaints` (ids), which belong to the topic from now on; *pin* and *retire* hold nothing.
    """

    id: int
    kind: EditKind
    topic_id: UUID
    detail: Mapping[str, Any]
    at: datetime
    who: str
    why: str
    undone_at: datetime | None = None
    undone_by: str | None = None
    undone_why: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A topic that was split off another, known by complaints that show what it is about."""

    id: UUID
    name: str
    of: UUID
    examples: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Curation:
    """What all edits in force come to.

    `labels` are the values that people gave a topic, by kind of edit. `homes` sends a merged topic to the one that
    holds its complaints, and the parts of a split that was undone back to where they came from. `parts` are those of
    split topics. `places` are complaints whose topic people chose.
    """

    labels: Mapping[EditKind, Mapping[UUID, str]] = field(default_factory=dict)
    homes: Mapping[UUID, UUID] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    places: Mapping[UUID, UUID] = field(default_factory=dict)
    pinned: frozenset[UUID] = frozenset()
    retired: frozenset[UUID] = frozenset()

    def home(self, topic_id: UUID) -> UUID:
        """The topic that holds the complaints of `topic_id`: itself unless it was merged."""
        return self.homes.get(topic_id, topic_id)

    @property
    def split(self) -> frozenset[UUID]:
        """Topics that were split into parts, and have no complaints of their own."""
        return frozenset(part.of for part in self.parts)

    @property
    def hidden(self) -> frozenset[UUID]:
        """Topics that nobody sees any more."""
        return frozenset(self.homes) | self.retired | self.split

    @property
    def shaped(self) -> frozenset[UUID]:
        """Topics of which people decided what they hold: no training may change that."""
        merged = frozenset(self.homes) | frozenset(self.homes.values())
        parts = frozenset(part.id for part in self.parts)
        return merged | parts | self.pinned | self.retired | frozenset(self.places.values())

    @property
    def named(self) -> frozenset[UUID]:
        """Topics that people gave a name, an owner, an area or a severity: no training may lose them."""
        return frozenset(topic for values in self.labels.values() for topic in values)


def fold(edits: Iterable[Edit]) -> Curation:
    """What `edits`, in any order, come to; those undone count for nothing but the way back of a split's parts."""
    ordered = sorted(edits, key=lambda each: each.id)
    active = [each for each in ordered if each.undone_at is None]
    by_kind = {kind: [each for each in active if each.kind is kind] for kind in EditKind}
    return Curation(
        labels={kind: {each.topic_id: each.detail["value"] for each in by_kind[kind]} for kind in LABELS},
        homes=_homes(by_kind[EditKind.MERGE], _parts(_undone_splits(ordered))),
        parts=_parts(by_kind[EditKind.SPLIT]),
        places={
            UUID(complaint): each.topic_id for each in by_kind[EditKind.MOVE] for complaint in each.detail["complaints"]
        },
        pinned=frozenset(each.topic_id for each in by_kind[EditKind.PIN]),
        retired=frozenset(each.topic_id for each in by_kind[EditKind.RETIRE]),
    )


def _undone_splits(edits: Sequence[Edit]) -> list[Edit]:
    return [each for each in edits if each.kind is EditKind.SPLIT and each.undone_at is not None]


def _parts(splits: Iterable[Edit]) -> tuple[Part, ...]:
    return tuple(
        Part(UUID(part["id"]), part["name"], split.topic_id, tuple(UUID(each) for each in part["examples"]))
        for split in splits
        for part in split.detail["parts"]
    )


def _homes(merges: Sequence[Edit], left_over: Sequence[Part]) -> dict[UUID, UUID]:
    """Where each merged topic's complaints end up, through merges of merges; parts of an undone split go back."""
    step = {part.id: part.of for part in left_over} | {each.topic_id: UUID(each.detail["into"]) for each in merges}
    return {start: _end(start, step) for start in step}


def _end(start: UUID, step: Mapping[UUID, UUID]) -> UUID:
    place, seen = start, {start}
    while place in step and step[place] not in seen:
        place = step[place]
        seen.add(place)
    return place
