"""Who answers for what, by the taxonomy and by what people decided since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row

from feedback.alerts import kept_count
from feedback.domain import Segment
from feedback.owners import Owners, Responsible
from feedback.store.owners import ownerships
from jobs.context import Context


def owners_of(context: Context, connection: Connection) -> Owners:
    """Everybody's charges: a person's decision goes before the taxonomy's."""
    decided = {each.charge: each.owner for each in ownerships(connection)}
    return Owners.of({**context.parts.owned, **decided}, context.settings.default_owner)


def responsible_for(owners: Owners, row: Row[Any]) -> Responsible:
    """Who is told of an alert, given as `feedback.store.alerts.alert_row` does."""
    evidence: Mapping[str, Any] = row.evidence
    segment = Segment(**evidence["segment"]) if evidence.get("segment") else None
    return owners.of_alert(row.owner, row.area, segment, _where(evidence))


def _where(evidence: Mapping[str, Any]) -> Iterable[Segment]:
    return [kept_count(each).segment for each in evidence.get("where", ())]
