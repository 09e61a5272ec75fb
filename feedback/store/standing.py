"""What somebody who sees an alert may do about it: whoever answers for it all, whoever answers for a place where it
rises what concerns nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from feedback.domain import Segment, Verdict
from feedback.owners import Owners
from feedback.store.owners import responsible_for
from feedback.store.sight import Sight


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody answers for an alert's `topic`, and for the `alert` itself: one about a market or brand of a
    topic that nobody owns is its owner's, the topic is not."""

    sight: Sight
    topic: bool
    alert: bool

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What they may say that it was. All but *real* silences or ends it for everybody, or gives the topic away."""
        if self.topic:
            return tuple(Verdict)
        return tuple(each for each in Verdict if each is not Verdict.WRONG_OWNER) if self.alert else (Verdict.REAL,)

    def may_mute(self, segment: Segment | None) -> bool:
        """Whether they may mute the topic there, None being everywhere, and end such a mute."""
        return self.topic or (segment is not None and self.sight.covers(segment))


def standing(sight: Sight, row: Row[Any]) -> Standing:
    """The standing of who sees that much, before an alert given as `feedback.store.alerts.alert_row` does."""
    topic = sight.topic(row.owner, row.area)
    return Standing(sight, topic, topic or responsible_for(sight.owners, row).owner == sight.owner)


def may_say(owners: Owners, owner: str, row: Row[Any]) -> tuple[Verdict, ...]:
    """What a message to an owner lets them say of an alert: of those who do not answer for it, only the owners of the
    places where it rises are told less than all."""
    elsewhere = owner not in responsible_for(owners, row).others
    return tuple(Verdict) if elsewhere else standing(Sight(owner, owners), row).verdicts
