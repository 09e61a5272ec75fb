"""What the figures of support are read from: complaints with their times, ratings and earlier contacts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, case, func, select

from feedback.domain import SEGMENTED, Segment, Span
from feedback.kpi import AGAIN_WITHIN, RETURNED, Origin, Record, Scale, Telling, observed_scale
from feedback.store.raw import moment, seconds, undecoded, uuid
from feedback.store.tables import assignment, complaint

TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
"""How records write a truth value."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The complaints that a version has assigned, of the buckets within `span` and received before `before`; of some
    topics and segments where they are named."""

    version_id: UUID
    span: Span
    before: datetime
    topics: Collection[UUID] | None = None
    segments: Sequence[Segment] = ()


def tellings(connection: Connection, before: datetime, scales: Mapping[str, Scale]) -> dict[Origin, Telling]:
    """What each source tells through each channel, by all that was known before a moment.

    Ratings are on the scale that `scales` gives for their source, else on the one that was observed.
    """
    first, resolved = complaint.c.first_response_at, complaint.c.resolved_at
    told = (func.count(case((column < before, 1))) for column in (first, resolved))
    latest = (seconds(connection, func.max(column)) for column in (complaint.c.received_at, first, resolved))
    query = (
        select(complaint.c.source, complaint.c.channel, *told, *latest)
        .where(complaint.c.received_at < before)
        .group_by(complaint.c.source, complaint.c.channel)
    )
    known = {**_observed(connection, before), **scales}
    return {
        (source, channel): Telling(_until(latest, before), known.get(source), bool(answered), bool(solved))
        for source, channel, answered, solved, *latest in connection.execute(query)
    }


def _until(latest: Sequence[float | None], before: datetime) -> float:
    return min(before.timestamp(), max(each for each in latest if each is not None))


def _observed(connection: Connection, before: datetime) -> dict[str, Scale]:
    """The scale of each source whose ratings show one."""
    rating = complaint.c.rating
    query = (
        select(complaint.c.source, func.count(rating), func.min(rating), func.max(rating))
        .where(complaint.c.received_at < before, rating.is_not(None))
        .group_by(complaint.c.source)
    )
    found = {row[0]: observed_scale(*row[1:]) for row in connection.execute(query)}
    return {source: scale for source, scale in found.items() if scale}


def records(connection: Connection, selection: Selection) -> Iterator[Record]:
    """The selected complaints, in no order that means anything."""
    for topic, bucket, *rest, returned in connection.execute(_query(connection, selection)):
        came_back = TRUTH.get(str(returned).casefold())
        yield Record._make((uuid(topic) if topic else None, moment(bucket), *rest, came_back))


def _query(connection: Connection, selection: Selection) -> Select[Any]:
    seen = _seen(connection, selection).subquery()
    query = select(*(seen.c[name] for name in Record._fields)).where(seen.c.bucket_start >= selection.span.start)
    for segment in selection.segments:
        query = query.where(seen.c[segment.attribute] == segment.value)
    return query


def _seen(connection: Connection, selection: Selection) -> Select[Any]:
    """Also the complaints so long before that one within the span can repeat them, whatever their segment."""
    received, topic = seconds(connection, complaint.c.received_at), assignment.c.topic_id
    before = func.lag(received).over(
        partition_by=(complaint.c.customer_hash, topic), order_by=(complaint.c.received_at, complaint.c.id)
    )
    query = (
        select(
            assignment.c.bucket_start,
            undecoded(connection, topic).label("topic"),
            undecoded(connection, assignment.c.bucket_start).label("bucket"),
            *(complaint.c[name] for name in SEGMENTED),
            complaint.c.source,
            complaint.c.customer_hash.label("customer"),
            received.label("received"),
            seconds(connection, complaint.c.first_response_at).label("first_response"),
            seconds(connection, complaint.c.resolved_at).label("resolved"),
            before.label("before"),
            complaint.c.rating,
            complaint.c.escalations,
            complaint.c.attributes[RETURNED].as_string().label("returned"),
        )
        .join(complaint, complaint.c.id == assignment.c.complaint_id)
        .where(assignment.c.version_id == selection.version_id, complaint.c.received_at < selection.before)
        .where(assignment.c.bucket_start >= selection.span.start - AGAIN_WITHIN)
        .where(assignment.c.bucket_start < selection.span.end)
    )
    return query if selection.topics is None else query.where(topic.in_(selection.topics))
