"""Areas' alerts: when several topics of an area rise for one reason, later ones need not be told each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from feedback.domain import Driver, Segment, Severity, derived_id
from feedback.grouping import Named, Risen, grouped, name_of
from feedback.phrases import clean, driver_name, humane, segment_words
from feedback.severity import rank_of

LEAST_TOPICS = 3
"""So many topics of an area that one thing drives make it an alert of the area."""

MUCH_HIGHER = 2.0
"""A rise so many times as high as the highest of the area's is told."""


@dataclass(frozen=True, slots=True)
class AreaAlert:
    """Topics of an area that `driver` drives.

    `members` are the alerts that made it one, `owners` who was told, `drivers` and `segments` what drove them and
    where; `ratio` is that of the highest, `severity` of the gravest.
    """

    id: UUID
    area: str
    opened_at: datetime
    driver: Driver
    members: tuple[UUID, ...]
    owners: tuple[str, ...]
    drivers: tuple[Named, ...]
    segments: tuple[Segment, ...]
    ratio: float
    severity: Severity | None

    @classmethod
    def read(cls, key: UUID, area: str, opened_at: datetime, facts: Mapping[str, Any]) -> AreaAlert:
        """As it was stored."""
        return cls(
            id=key,
            area=area,
            opened_at=opened_at,
            driver=Driver(**facts["driver"]),
            members=tuple(UUID(each) for each in facts["members"]),
            owners=tuple(facts["owners"]),
            drivers=tuple((attribute, value) for attribute, value in facts["drivers"]),
            segments=tuple(Segment(**each) for each in facts["segments"]),
            ratio=facts["ratio"],
            severity=Severity(facts["severity"]) if facts["severity"] else None,
        )

    def facts(self) -> dict[str, Any]:
        """What `read` takes, in JSON's terms."""
        return {
            "driver": asdict(self.driver),
            "members": [str(each) for each in self.members],
            "owners": list(self.owners),
            "drivers": [list(each) for each in self.drivers],
            "segments": [asdict(each) for each in self.segments],
            "ratio": self.ratio,
            "severity": self.severity and str(self.severity),
        }


def opened(
    rises: Collection[Risen], news: Collection[UUID], known: Sequence[AreaAlert], now: datetime
) -> list[AreaAlert]:
    """The alerts of areas that there are from now on, beside those `known`.

    `rises` are all that people know of or are told now; of each area's alert one at least is among the `news`.
    """
    there = {(each.area, name_of(each.driver)) for each in known}
    found: list[AreaAlert] = []
    for area in sorted({each.area for each in rises if each.area}):
        for group in grouped([each for each in rises if each.area == area]):
            is_new = any(each.alert_id in news for each in group.rises)
            if group.driver and len(group.rises) >= LEAST_TOPICS and (area, name_of(group.driver)) not in there:
                found += [_area_alert(area, group.rises, group.driver, now)] if is_new else []
    return found


def _area_alert(area: str, rises: Sequence[Risen], driver: Driver, now: datetime) -> AreaAlert:
    members = tuple(sorted(each.alert_id for each in rises))
    return AreaAlert(
        id=derived_id("area alert", area, now.isoformat(), *members),
        area=area,
        opened_at=now,
        driver=driver,
        members=members,
        owners=tuple(sorted({each.owner for each in rises})),
        drivers=tuple(sorted({name_of(driver) for each in rises for driver in each.drivers})),
        segments=tuple(sorted({each.segment for each in rises if each.segment})),
        ratio=max(each.ratio for each in rises),
        severity=max((each.severity for each in rises), key=rank_of),
    )


def holds_back(area: AreaAlert, rise: Risen) -> bool:
    """Whether an area's alert says all there is to say about a rise."""
    return rise.area == area.area and not difference(area, rise)


def difference(area: AreaAlert, rise: Risen) -> str:
    """In what a rise of the area is not the one that was told; empty where it is."""
    return next(_differences(area, rise), "")


def _differences(area: AreaAlert, rise: Risen) -> Iterator[str]:
    driver, strongest = driver_name(area.driver), next(iter(rise.drivers), None)
    if rise.owner not in area.owners:
        yield f"{clean(rise.owner)} has not heard of the area's alert"
    if strongest is None or rise.driver(name_of(area.driver)) is None:
        yield f"it is not driven by {driver}"
    elif name_of(strongest) not in area.drivers:
        yield f"it is driven by {driver_name(strongest)} more than by {driver}"
    if rise.segment and rise.segment not in area.segments and _named(rise.segment) != name_of(area.driver):
        yield f"it rises {segment_words(rise.segment)} alone"
    if rise.ratio >= MUCH_HIGHER * area.ratio:
        yield f"it is {humane(rise.ratio / area.ratio)} times as high as the highest of them"
    if rank_of(rise.severity) > rank_of(area.severity):
        yield f"its severity is {rise.severity}"


def held_words(area: AreaAlert) -> str:
    """Why a rise is held back."""
    return (
        f"The alert of the area {clean(area.area)} says the same: {len(area.members)} of its topics rise, driven by "
        f"{driver_name(area.driver)}."
    )


def _named(segment: Segment) -> Named:
    return segment.attribute.replace("_", " ").casefold(), segment.value.casefold()
