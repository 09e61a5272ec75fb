"""Which complaints are of a market or brand."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_

from feedback.domain import Segment
from feedback.store.tables import complaint


def in_any(segments: Sequence[Segment]) -> ColumnElement[bool]:
    """Whether a complaint is in one of `segments`, however its capitals are written."""
    return or_(*(func.lower(complaint.c[each.attribute]) == func.lower(each.value) for each in segments))
