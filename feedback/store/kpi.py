"""What the figures of support are read from: complaints with their times, ratings and earlier contacts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, case, func, or_, select

from feedback.domain import SEGMENTED, Segment, Span
from feedback.kpi import AGAIN_WITHIN, RETURNED, Origin, Record, Scale, Telling, observed_scale
from feedback.store.raw import moment, seconds, undecoded, uuid
from feedback.store.segments import in_any
from feedback.store.tables import assignment, complaint

TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
"""How records write a truth value."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The complaints that a version has assigned, of the buckets within `span` and received before `before`; of some
    topics and segments where they are named. Where `places` are, complaints about others than the topics `own` have to
    be of one of them."""

    version_id: UUID
    span: Span
    before: datetime
    topics: Collection[UUID] | None = None
    segments: Sequence[Segment] = ()
    own: Collection[UUID] = ()
    places: Sequence[Segment] = ()


def tellings(connection: Connection, before: datetime, scales: Mapping[str, Scale]) -> dict[Origin, Telling]:
    """What each source tells through each channel, by all that was known before a moment.

    Ratings are on the scale that `scales` gives for their source, else on the one that was observed.
    """
    times, rating = (complaint.c.first_response_at, complaint.c.resolved_at), complaint.c.rating
    query = (
        select(complaint.c.source, complaint.c.channel, func.count(rating), func.min(rating), func.max(rating))
        .add_columns(*(func.count(case((column < before, 1))) for column in times))
        .add_columns(*(seconds(connection, func.max(column)) for column in (complaint.c.received_at, *times)))
        .where(complaint.c.received_at < before)
        .group_by(complaint.c.source, complaint.c.channel)
    )
    rows = connection.execute(query).all()
    known = {**_observed([(row[0], *row[2:5]) for row in rows]), **scales}
    return {
        (row[0], row[1]): Telling(_until(row[7:], before), known.get(row[0]), bool(row[5]), bool(row[6]))
        for row in rows
    }


def _until(latest: Sequence[float | None], before: datetime) -> float:
    return min(before.timestamp(), max(each for each in latest if each is not None))


def _observed(rows: Sequence[tuple[str, int, float | None, float | None]]) -> dict[str, Scale]:
    """The scale of each source whose ratings show one, from (source, ratings, lowest, highest) by channel."""
    found = {}
    for source in {row[0] for row in rows}:
        number = sum(row[1] for row in rows if row[0] == source)
        ends = [end for row in rows if row[0] == source for end in row[2:] if end is not None]
        if scale := observed_scale(number, min(ends, default=None), max(ends, default=None)):
            found[source] = scale
    return found


def records(connection: Connection, selection: Selection) -> Iterator[Record]:
    """The selected complaints, a day after the other; within a day in an order of their own, so that what is added up
    of them is the same to the last digit wherever it is."""
    wanted = [(Record._fields.index(each.attribute), each.value) for each in selection.segments]
    last: dict[int, float] = {}
    query = _seen(connection, selection).execution_options(stream_results=True, yield_per=10_000)
    for topic, start, *rest, returned in connection.execute(query):
        bucket, again = moment(start), _again(last, topic, *rest[6:8])
        if bucket >= selection.span.start:
            came_back = None if returned is None else TRUTH.get(str(returned).casefold())
            record = Record._make((uuid(topic) if topic else None, bucket, *rest, came_back, again))
            if all(record[place] == value for place, value in wanted):
                yield record


def _again(last: dict[int, float], topic: object, customer: str | None, received: float) -> bool:
    """Whether the customer wrote about the topic not long before, or on the same day, and note when it was."""
    if customer is None or topic is None:
        return False
    contact = hash((customer, topic))
    before = last.get(contact)
    last[contact] = received if before is None else max(before, received)
    return before is not None and received - before <= AGAIN_WITHIN.total_seconds()


def _seen(connection: Connection, selection: Selection) -> Select[Any]:
    """Also the complaints so long before that one within the span can repeat them, and those of other segments."""
    topic, bucket = (undecoded(connection, assignment.c[name]) for name in ("topic_id", "bucket_start"))
    times = (complaint.c.received_at, complaint.c.first_response_at, complaint.c.resolved_at)
    query = (
        select(topic, bucket, *(complaint.c[name] for name in SEGMENTED), complaint.c.source, complaint.c.customer_hash)
        .add_columns(*(seconds(connection, each) for each in times))
        .add_columns(complaint.c.rating, complaint.c.escalations, complaint.c.attributes[RETURNED].as_string())
        .join(complaint, complaint.c.id == assignment.c.complaint_id)
        .where(assignment.c.version_id == selection.version_id, complaint.c.received_at < selection.before)
        .where(assignment.c.bucket_start >= selection.span.start - AGAIN_WITHIN)
        .where(assignment.c.bucket_start < selection.span.end)
        .order_by(assignment.c.bucket_start, assignment.c.complaint_id)
    )
    if selection.places:
        query = query.where(or_(assignment.c.topic_id.in_(selection.own), in_any(selection.places)))
    return query if selection.topics is None else query.where(assignment.c.topic_id.in_(selection.topics))
