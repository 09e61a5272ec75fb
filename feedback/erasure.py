"""What may be taken in of a customer whose data were erased: nothing from before the erasure, all that is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from feedback.domain import Complaint, RejectedRecord

Place = tuple[str, int | None]
"""A file's name and line, or "api"."""

REASON = "erased_customer"
DETAIL = "It comes from a customer whose data were erased since; nothing of it is kept."


def refuse_erased(
    results: Sequence[Complaint | RejectedRecord], places: Sequence[Place], erased: Mapping[str, datetime]
) -> list[Complaint | RejectedRecord]:
    """The results, with an empty rejected record in place of what was received up to the erasure of its customer.

    `erased` says when, by customer hash. A rejected record of such a customer is emptied whenever it came: who cannot
    tell its date cannot tell that it is new.
    """
    return [
        _emptied(each, place) if _is_refused(each, erased) else each
        for each, place in zip(results, places, strict=True)
    ]


def _is_refused(each: Complaint | RejectedRecord, erased: Mapping[str, datetime]) -> bool:
    if isinstance(each, RejectedRecord):
        return each.record.get("customer_hash") in erased
    until = erased.get(each.customer_hash or "")
    return until is not None and each.received_at <= until


def _emptied(each: Complaint | RejectedRecord, place: Place) -> RejectedRecord:
    return RejectedRecord(each.source, *place, REASON, DETAIL, {})
