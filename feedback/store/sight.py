"""What somebody sees: everything, or the topics, markets and brands of one owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from feedback.owners import Charge, Owners
from feedback.roles import Principal
from feedback.store.owners import known_owners, responsible_for


@dataclass(frozen=True, slots=True)
class Sight:
    """What `owner` sees of what `owners` answer for; everything where no owner is named."""

    owner: str | None
    owners: Owners

    @property
    def whole(self) -> bool:
        """Whether nothing is hidden."""
        return self.owner is None

    def topic(self, owner: str | None, area: str | None) -> bool:
        """Whether a topic of that owner and area is seen."""
        return self.whole or self.owners.of_topic(owner, area).owner == self.owner

    def alert(self, row: Row[Any]) -> bool:
        """Whether an alert is seen, given as `feedback.store.alerts.alert_row` does: one's own, and those that rise in
        one's market or brand."""
        return self.whole or self.owner in responsible_for(self.owners, row).everyone


def sight_of(connection: Connection, principal: Principal, owned: Mapping[Charge, str], default: str) -> Sight:
    """What `principal` sees, where `owned` is the taxonomy's part of who answers for what."""
    return Sight(principal.owner, known_owners(connection, owned, default))
