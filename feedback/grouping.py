"""Which rises are one: those that something drives together, and those of the same customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from feedback.domain import SEGMENTED, Driver, Segment, Severity, derived_id
from feedback.language import ENGLISH, Language
from feedback.phrases import driver_name
from feedback.severity import rank_of

Named = tuple[str, str]
"""A driver's attribute and value, written the same whether a column or a text names it."""

CERTAIN = 0.01
"""Shared customers make rises one if chance alone has so many in common so rarely, over all pairs of a run."""

LEAST_SHARED, LEAST_SHARE = 3, 0.25
"""And if they are so many, and such a share of the smaller rise."""


@dataclass(frozen=True, slots=True)
class Risen:
    """A rise as it is held against others. `drivers` come with the strongest first; `ratio` is the lower bound."""

    alert_id: UUID
    topic: str
    area: str | None
    owner: str
    drivers: Sequence[Driver]
    segment: Segment | None
    ratio: float
    p: float
    severity: Severity | None

    def driver(self, named: Named) -> Driver | None:
        """Its driver of that name, if it has one."""
        return next((each for each in self.drivers if name_of(each) == named), None)


@dataclass(frozen=True, slots=True)
class Shared:
    """So many customers stand behind both of two rises, of `of` behind the smaller; `p` is the chance of that."""

    one: UUID
    other: UUID
    customers: int
    of: int
    p: float


@dataclass(frozen=True, slots=True)
class Group:
    """Rises that are one, the gravest first; alone, one has neither `driver` nor `customers` in common with others."""

    rises: tuple[Risen, ...]
    driver: Driver | None = None
    customers: int = 0

    @property
    def id(self) -> UUID:
        """The same whenever the same alerts are grouped."""
        return derived_id("group", *sorted(each.alert_id for each in self.rises))

    def as_dict(self) -> dict[str, Any]:
        """What each alert keeps of it."""
        cause = asdict(self.driver) if self.driver else None
        alerts = [str(each.alert_id) for each in self.rises]
        return {"id": str(self.id), "driver": cause, "customers": self.customers, "alerts": alerts}


def name_of(driver: Driver) -> Named:
    return driver.attribute.replace("_", " ").casefold(), driver.value.casefold()


def grouped(rises: Sequence[Risen], shared: Sequence[Shared] = ()) -> list[Group]:
    """Each rise in one group, the gravest group first, whatever the order of `rises`.

    What drives most of them makes the first group, then what drives most of the others. What is left over is put
    together by its customers where they are `shared`, through others if need be. Of two drivers that drive as many, one
    that says what it is about goes before one that says where.
    """
    left, found = by_gravity(rises), list[Group]()
    while common := _most_common(left):
        inside = [each for each in left if each.driver(common)]
        left = [each for each in left if each not in inside]
        found.append(Group(tuple(inside), inside[0].driver(common)))
    found += _by_customers(left, [each for each in shared if _is_beyond_chance(each, len(shared))])
    return sorted(found, key=lambda each: _gravity(each.rises[0]))


def by_gravity(rises: Sequence[Risen]) -> list[Risen]:
    """The gravest first, then the surest."""
    return sorted(rises, key=_gravity)


def together_words(topics: Sequence[str], group: Mapping[str, Any], to: Language = ENGLISH) -> str:
    """A, B and C rose together, all of them with Trustly; what an alert kept of its group, said of those topics."""
    told = {"topics": to.listed(topics), "cause": cause_words(group, to)}
    if group["driver"]:
        return to.gettext("{topics} rose together; what drives all of them is {cause}.", **told)
    return to.gettext("{topics} rose together; behind them are the same people: {cause}.", **told)


def cause_words(group: Mapping[str, Any], to: Language = ENGLISH) -> str:
    """Trustly; 5 customers in common."""
    if group["driver"]:
        return driver_name(Driver(**group["driver"]), to)
    return to.ngettext("{number} customer in common", "{number} customers in common", group["customers"])


def _gravity(rise: Risen) -> tuple[int, float, str]:
    return -rank_of(rise.severity), rise.p, str(rise.alert_id)


def _most_common(rises: Sequence[Risen]) -> Named | None:
    """The driver of most rises, of two at least."""
    holders: dict[Named, list[Driver]] = {}
    for rise in rises:
        for named, driver in {name_of(each): each for each in reversed(rise.drivers)}.items():
            holders.setdefault(named, []).append(driver)
    several = {named: found for named, found in holders.items() if len(found) > 1}

    def rank(named: Named) -> tuple[int, bool, float, Named]:
        found = several[named]
        return -len(found), named[0].replace(" ", "_") in SEGMENTED, max(each.p for each in found), named

    return min(several, key=rank, default=None)


def _is_beyond_chance(each: Shared, pairs: int) -> bool:
    return each.p <= CERTAIN / pairs and each.customers >= max(LEAST_SHARED, LEAST_SHARE * each.of)


def _by_customers(rises: Sequence[Risen], links: Sequence[Shared]) -> list[Group]:
    """Rises linked by customers, through others too."""
    left, found = list(rises), list[Group]()
    while left:
        inside = {left[0].alert_id}
        while reached := {end for link in links for end in _ends(link, inside)} - inside:
            inside |= reached
        members = tuple(each for each in left if each.alert_id in inside)
        left = [each for each in left if each.alert_id not in inside]
        counts = [each.customers for each in links if {each.one, each.other} <= inside]
        found.append(Group(members, customers=max(counts, default=0)))
    return found


def _ends(link: Shared, inside: set[UUID]) -> set[UUID]:
    ends = {link.one, link.other}
    return ends if ends & inside else set()
