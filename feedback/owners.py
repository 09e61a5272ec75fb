"""Who answers for what: topics have owners of their own, areas, markets and brands may have some too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from feedback.domain import Segment

NOBODY = ""
"""A topic's owner once its owner was said to be wrong and no other was named: neither its area nor a market or brand
gives it back to who may just have refused it."""


class Owned(StrEnum):
    """What can have an owner beside a topic."""

    AREA = "area"
    MARKET = "market"
    BRAND = "brand"


@dataclass(frozen=True, slots=True, order=True)
class Charge:
    """Something that has an owner, such as the market DE or the area Bonuses."""

    attribute: Owned
    value: str

    @property
    def key(self) -> tuple[str, str]:
        """Equal for what is the same but for its capitals."""
        return _key(self.attribute, self.value)


@dataclass(frozen=True, slots=True)
class Ownership:
    """Since when who answers for a charge, by whose decision; `ended_at` once it was taken back."""

    id: int
    charge: Charge
    owner: str
    at: datetime
    who: str
    why: str
    ended_at: datetime | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who is told of an alert: the `owner` who answers for it, and `others`, whose market or brand it is in.

    `is_owned` is false where nobody answers for it and the default owner stands in.
    """

    owner: str
    others: tuple[str, ...] = ()
    is_owned: bool = True

    @property
    def everyone(self) -> tuple[str, ...]:
        return (self.owner, *self.others)


@dataclass(frozen=True, slots=True)
class Owners:
    """Everybody's charges, the `default` owner of what nobody owns, and each owner's `places`: markets and brands."""

    charges: Mapping[tuple[str, str], str]
    default: str
    places: Mapping[str, tuple[Segment, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, owned: Mapping[Charge, str], default: str) -> Owners:
        places: dict[str, tuple[Segment, ...]] = {}
        for charge, owner in sorted(owned.items()):
            if charge.attribute is not Owned.AREA:
                places[owner] = (*places.get(owner, ()), Segment(str(charge.attribute), charge.value))
        return cls({charge.key: owner for charge, owner in owned.items()}, default, places)

    def owner(self, attribute: str, value: str | None) -> str | None:
        """Who answers for the value of an attribute, if anybody."""
        return self.charges.get(_key(attribute, value)) if value else None

    def of_topic(self, owner: str | None, area: str | None) -> Responsible:
        """Who answers for a topic: its own owner, else its area's, else the default owner; who answers for NOBODY's
        too."""
        found = self.owner(Owned.AREA, area) if owner is None else owner
        return Responsible(found or self.default, is_owned=bool(found))

    def of_alert(
        self, owner: str | None, area: str | None, segment: Segment | None, where: Iterable[Segment] = ()
    ) -> Responsible:
        """Who is told of an alert about a topic of that `owner` and `area`.

        One about a `segment` of a topic that nobody owns is its market's or brand's. The owners of the markets and
        brands `where` it has risen hear of it too.
        """
        mine = self.of_topic(owner, area)
        there = dict.fromkeys(filter(None, (self.owner(each.attribute, each.value) for each in where)))
        local = self.owner(segment.attribute, segment.value) if segment else None
        if local:
            there = dict.fromkeys([local, *there])
            mine = Responsible(local) if not mine.is_owned and owner != NOBODY else mine
        return Responsible(mine.owner, tuple(each for each in there if each != mine.owner), mine.is_owned)


def _key(attribute: str, value: str) -> tuple[str, str]:
    return str(attribute), value.casefold()
