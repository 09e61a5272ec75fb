"""Topics, topic model versions, and which complaint belongs to which topic under which version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, and_, delete, func, null, select, update

from feedback.domain import Fate, PinnedTopic, Segment, Severity, Span, TopicKind
from feedback.edits import LABELS, Curation, EditKind
from feedback.store.database import insert_new, parts, put
from feedback.store.edits import curation
from feedback.store.raw import undecoded
from feedback.store.segments import in_any
from feedback.store.tables import (
    assignment,
    bucket_count,
    complaint,
    embedding,
    lineage,
    stale_bucket,
    topic,
    topic_in_version,
    topic_model_version,
)

Words = Mapping[str, Sequence[str]]
"""A topic's words by language, the most telling first."""


@dataclass(frozen=True, slots=True)
class StoredVersion:
    id: UUID
    status: str
    trained_at: datetime
    published_at: datetime | None
    artefact: str
    encoder_version: str
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredTopic:
    """A topic as one version holds it.

    `centroid` (float32 bytes) is that of a topic born since the training; several, one after the other, where more of
    it was found later.
    """

    id: UUID
    kind: TopicKind
    name: str
    owner: str | None
    area: str | None
    born_at: datetime
    words: Words
    size: int
    centroid: bytes | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class LineageEntry:
    fate: Fate
    before_id: UUID | None
    after_id: UUID | None
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Assigned:
    complaint_id: UUID
    topic_id: UUID | None
    similarity: float
    bucket_start: datetime


VERSION = tuple(topic_model_version.c[each.name] for each in fields(StoredVersion))


def published_version(connection: Connection) -> StoredVersion | None:
    """The version in force, if one has been trained."""
    query = select(*VERSION).where(topic_model_version.c.status == "published")
    row = connection.execute(query).one_or_none()
    return StoredVersion(**row._asdict()) if row else None


def version_of(connection: Connection, version_id: UUID) -> StoredVersion | None:
    row = connection.execute(select(*VERSION).where(topic_model_version.c.id == version_id)).one_or_none()
    return StoredVersion(**row._asdict()) if row else None


def version_before(connection: Connection) -> StoredVersion | None:
    """The version that was in force before the one that is."""
    earlier = [each for each in versions(connection) if each.status == "archived" and each.published_at]
    return max(earlier, key=lambda each: (each.published_at, each.trained_at), default=None)


def versions(connection: Connection) -> list[StoredVersion]:
    """Every version there is, the last trained first."""
    query = select(*VERSION).order_by(topic_model_version.c.trained_at.desc(), topic_model_version.c.id)
    return [StoredVersion(**row._asdict()) for row in connection.execute(query)]


def store_version(
    connection: Connection,
    version: StoredVersion,
    topics: Sequence[StoredTopic],
    entries: Sequence[LineageEntry],
) -> None:
    """Keep a candidate with its topics and lineage; one of the same id is replaced, assignments and all."""
    connection.execute(delete(topic_model_version).where(topic_model_version.c.id == version.id))
    connection.execute(topic_model_version.insert().values(**_fields(version)))
    add_topics(connection, version.id, topics)
    rows = [
        {"version_id": version.id, "position": position, **_fields(each), "fate": str(each.fate)}
        for position, each in enumerate(entries)
    ]
    if rows:
        connection.execute(lineage.insert(), rows)


def publish_version(connection: Connection, version_id: UUID, now: datetime) -> None:
    """Make a candidate the version in force; the one before is archived. In the caller's transaction: atomic."""
    table = topic_model_version
    in_force = table.c.status == "published"
    connection.execute(update(table).where(in_force).values(status="archived"))
    values = {"status": "published", "published_at": now, "hindsight": null()}
    connection.execute(update(table).where(table.c.id == version_id).values(**values))


def last_judged(connection: Connection) -> datetime | None:
    """As of when the series of any version were last judged."""
    found: datetime | None = connection.execute(select(func.max(topic_model_version.c.judged_at))).scalar_one()
    return found


def store_judged(connection: Connection, version_id: UUID, now: datetime) -> None:
    mine = topic_model_version.c.id == version_id
    connection.execute(update(topic_model_version).where(mine).values(judged_at=now))


def hindsight_of(connection: Connection, version_id: UUID) -> Mapping[str, Any] | None:
    """What a version saw rising when it was published; None before that was looked into."""
    query = select(topic_model_version.c.hindsight).where(topic_model_version.c.id == version_id)
    found: Mapping[str, Any] | None = connection.execute(query).scalar_one()
    return found


def store_hindsight(connection: Connection, version_id: UUID, seen: Mapping[str, Any]) -> None:
    mine = topic_model_version.c.id == version_id
    connection.execute(update(topic_model_version).where(mine).values(hindsight=dict(seen)))


def add_topics(connection: Connection, version_id: UUID, topics: Sequence[StoredTopic]) -> None:
    """Put topics into a version. A topic that exists keeps its birth, name, owner and area."""
    if not topics:
        return
    fresh = [
        {
            "id": each.id,
            "kind": str(each.kind),
            "name": each.name,
            "owner": each.owner,
            "area": each.area,
            "born_at": each.born_at,
        }
        for each in topics
    ]
    insert_new(connection, topic, fresh)
    for each in topics:
        if each.area:
            without = (topic.c.id == each.id) & topic.c.area.is_(None)
            connection.execute(update(topic).where(without).values(area=each.area))
        if each.kind is not TopicKind.PROVISIONAL:
            connection.execute(update(topic).where(topic.c.id == each.id).values(kind=str(each.kind)))
    members = [
        {
            "version_id": version_id,
            "topic_id": each.id,
            "words": {language: list(words) for language, words in each.words.items()},
            "size": each.size,
            "centroid": each.centroid,
        }
        for each in topics
    ]
    put(connection, topic_in_version, members)


def load_taxonomy_topics(connection: Connection, pinned: Sequence[PinnedTopic], now: datetime) -> None:
    """Make the topic table say what the taxonomy says of its topics."""
    for each in pinned:
        said = {"owner": each.owner, "area": each.area, "severity": each.severity and str(each.severity)}
        values = {"kind": str(TopicKind.PINNED), "name": each.name, **said}
        found = connection.execute(update(topic).where(topic.c.id == each.id).values(**values))
        if found.rowcount == 0:
            connection.execute(topic.insert().values(id=each.id, born_at=now, **values))
    apply_labels(connection, curation(connection))


COLUMNS = {kind: str(kind) for kind in LABELS} | {EditKind.RENAME: "name"}
"""What a label is called in the table of topics."""


def apply_labels(connection: Connection, decided: Curation) -> None:
    """Make the topic table say what people said of topics."""
    for kind, values in decided.labels.items():
        for topic_id, value in values.items():
            connection.execute(update(topic).where(topic.c.id == topic_id).values({COLUMNS[kind]: value}))


def topics_of(connection: Connection, version_id: UUID) -> list[StoredTopic]:
    """The topics of a version that people see, in their order of birth and name; not those merged, split, retired."""
    decided = curation(connection)
    seen = (each for each in all_topics_of(connection, version_id) if each.id not in decided.hidden)
    return [replace(each, kind=TopicKind.PINNED) if each.id in decided.pinned else each for each in seen]


def all_topics_of(connection: Connection, version_id: UUID) -> list[StoredTopic]:
    """The topics of a version, also those that people merged, split or retired."""
    return [_topic(row) for row in connection.execute(_members(version_id))]


def births_state(connection: Connection, version_id: UUID) -> tuple[int, int]:
    """Changes with each topic that joins a version, and each that grows by another centroid."""
    sizes = func.coalesce(func.sum(func.length(topic_in_version.c.centroid)), 0)
    row = connection.execute(select(func.count(), sizes).where(topic_in_version.c.version_id == version_id)).one()
    return int(row[0]), int(row[1])


def born_since(connection: Connection, since: datetime) -> set[UUID]:
    """The topics that were born by themselves, not by a training, from then on."""
    query = (
        select(topic.c.id)
        .join(topic_in_version, topic_in_version.c.topic_id == topic.c.id)
        .where(topic.c.born_at >= since, topic_in_version.c.centroid.is_not(None))
    )
    return set(connection.execute(query).scalars())


def centroids_of(connection: Connection, version_id: UUID) -> list[StoredTopic]:
    """The topics of a version that have a centroid in the database, being born after its training."""
    return [
        _topic(row) for row in connection.execute(_members(version_id).where(topic_in_version.c.centroid.is_not(None)))
    ]


def topic_names(connection: Connection) -> dict[UUID, Row[Any]]:
    """Every topic there ever was, by id."""
    return {row.id: row for row in connection.execute(select(topic))}


def severity_of_topic(connection: Connection, topic_id: UUID) -> Severity | None:
    """How grave people say a topic is, if they do."""
    found = connection.execute(select(topic.c.severity).where(topic.c.id == topic_id)).scalar_one_or_none()
    return Severity(found) if found else None


def lineage_of(connection: Connection, version_id: UUID) -> list[LineageEntry]:
    query = select(lineage).where(lineage.c.version_id == version_id).order_by(lineage.c.position)
    return [
        LineageEntry(Fate(row.fate), row.before_id, row.after_id, row.similarity) for row in connection.execute(query)
    ]


def vectors_to_assign(
    connection: Connection,
    version: StoredVersion,
    before: datetime,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> Sequence[Row[Any]]:
    """Rows (id, received_at, language, vector) of embedded complaints that `version` hasn't assigned, oldest first.

    Only those that come later in this order than `after`, the received_at and id of another.
    """
    mine = (assignment.c.complaint_id == complaint.c.id) & (assignment.c.version_id == version.id)
    # not NOT EXISTS: PostgreSQL, which takes a new version to have no rows yet, would go through all of them each time
    done = select(assignment.c.version_id).where(mine).scalar_subquery()
    query = _with_vector(version.encoder_version, before).where(done.is_(None))
    return connection.execute(_page(query, limit, after)).all()


def embedded_complaints(connection: Connection, encoder_version: str, before: datetime) -> Sequence[Row[Any]]:
    """Rows (id, received_at, language, vector) of all embedded complaints received before `before`, oldest first."""
    query = _with_vector(encoder_version, before).order_by(complaint.c.received_at, complaint.c.id)
    return connection.execute(query).all()


def vectors_after(
    connection: Connection, encoder_version: str, before: datetime, limit: int, after: tuple[datetime, UUID]
) -> Sequence[Row[Any]]:
    """Rows (id, received_at, language, vector) of embedded complaints received before `before`, oldest first: those
    that come later in this order than `after`, the received_at and id of another. Ids and times are as the driver gives
    them: `feedback.store.raw` reads those few that are wanted."""
    raw = (undecoded(connection, complaint.c[name]) for name in ("id", "received_at"))
    query = _with_vector(encoder_version, before).with_only_columns(*raw, complaint.c.language, embedding.c.vector)
    return connection.execute(_page(query, limit, after)).all()


def latest_complaints(connection: Connection, encoder_version: str, span: Span, limit: int) -> Sequence[Row[Any]]:
    """Rows (id, received_at, language, vector, text_hash, customer_hash) of the embedded complaints received within
    `span`, at most so many, the latest; oldest first."""
    query = (
        _with_vector(encoder_version, span.end)
        .add_columns(complaint.c.text_hash, complaint.c.customer_hash)
        .where(complaint.c.received_at >= span.start)
        .order_by(complaint.c.received_at.desc(), complaint.c.id.desc())
        .limit(limit)
    )
    return connection.execute(query).all()[::-1]


def vectors_of(connection: Connection, encoder_version: str, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Rows (id, received_at, language, vector) of those of the complaints that have a vector, in order of id."""
    query = _with_vector(encoder_version).where(complaint.c.id.in_(ids)).order_by(complaint.c.id)
    return connection.execute(query).all()


def vectors_of_topic(
    connection: Connection, version_id: UUID, topic_id: UUID, encoder_version: str
) -> Sequence[Row[Any]]:
    """Rows (id, received_at, language, vector, similarity) of a topic's complaints, oldest first."""
    mine = (assignment.c.version_id == version_id) & (assignment.c.topic_id == topic_id)
    query = (
        _with_vector(encoder_version)
        .add_columns(assignment.c.similarity)
        .join(assignment, assignment.c.complaint_id == complaint.c.id)
        .where(mine)
    )
    return connection.execute(query.order_by(complaint.c.received_at, complaint.c.id)).all()


def count_embedded(connection: Connection, encoder_version: str, before: datetime) -> int:
    """How many complaints received before `before` have a vector."""
    found = _with_vector(encoder_version, before).with_only_columns(func.count())
    return int(connection.execute(found).scalar_one())


def assign(connection: Connection, version_id: UUID, assigned: Sequence[Assigned]) -> None:
    """Write assignments (a later one replaces an earlier) and mark their buckets to be counted."""
    put(connection, assignment, [{"version_id": version_id, **_fields(each)} for each in assigned])
    buckets = sorted({each.bucket_start for each in assigned})
    if buckets:
        connection.execute(
            stale_bucket.insert(), [{"version_id": version_id, "bucket_start": each} for each in buckets]
        )


def assigned_vectors(
    connection: Connection,
    version: StoredVersion,
    before: datetime,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> Sequence[Row[Any]]:
    """Rows (id, received_at, language, vector, topic_id) of complaints that `version` has assigned, oldest first.

    Only those that come later in this order than `after`, the received_at and id of another.
    """
    query = (
        _with_vector(version.encoder_version, before)
        .add_columns(assignment.c.topic_id)
        .join(assignment, assignment.c.complaint_id == complaint.c.id)
        .where(assignment.c.version_id == version.id)
    )
    return connection.execute(_page(query, limit, after)).all()


def latest_assigned(connection: Connection, version_id: UUID, limit: int) -> list[Row[Any]]:
    """Rows (id, text, language, topic_id) of the latest complaints that a version has assigned, the latest first."""
    query = (
        select(complaint.c.id, complaint.c.text, complaint.c.language, assignment.c.topic_id)
        .join(assignment, assignment.c.complaint_id == complaint.c.id)
        .where(assignment.c.version_id == version_id)
        .order_by(complaint.c.received_at.desc(), complaint.c.id)
        .limit(limit)
    )
    return list(connection.execute(query))


def quotes_of(
    connection: Connection,
    version_id: UUID,
    topic_id: UUID,
    limit: int = 5,
    language: str | None = None,
    places: Sequence[Segment] = (),
) -> list[Row[Any]]:
    """Rows (id, text, language, received_at) of complaints nearest the topic's centre, its languages by turns, or only
    those in one language; of any of `places` alone where some are named."""
    turn = func.row_number().over(partition_by=complaint.c.language, order_by=assignment.c.similarity.desc())
    columns = (complaint.c.id, complaint.c.text, complaint.c.language, complaint.c.received_at)
    ranked = (
        select(*columns, turn.label("turn"), assignment.c.similarity)
        .join(assignment, assignment.c.complaint_id == complaint.c.id)
        .where(assignment.c.version_id == version_id, assignment.c.topic_id == topic_id)
        .where(*(() if language is None else (complaint.c.language == language,)))
        .where(*([in_any(places)] if places else []))
        .subquery()
    )
    chosen = select(ranked.c.id, ranked.c.text, ranked.c.language, ranked.c.received_at)
    return list(
        connection.execute(chosen.order_by(ranked.c.turn, ranked.c.similarity.desc(), ranked.c.id).limit(limit))
    )


def topics_assigned(connection: Connection, version_id: UUID, ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """The topic of each of the complaints that a version has assigned, None for none."""
    query = select(assignment.c.complaint_id, assignment.c.topic_id).where(assignment.c.version_id == version_id)
    return {row[0]: row[1] for row in connection.execute(query.where(assignment.c.complaint_id.in_(ids)))}


def sizes_of(connection: Connection, version_id: UUID, places: Sequence[Segment] = ()) -> dict[UUID, int]:
    """How many complaints each topic has that has any; of any of `places` alone where some are named."""
    mine = (assignment.c.version_id == version_id) & assignment.c.topic_id.is_not(None)
    query = select(assignment.c.topic_id, func.count()).where(mine).group_by(assignment.c.topic_id)
    if places:
        query = query.join(complaint, complaint.c.id == assignment.c.complaint_id).where(in_any(places))
    return {row[0]: row[1] for row in connection.execute(query)}


def redescribe(connection: Connection, version_id: UUID, topic_id: UUID, words: Words, size: int) -> None:
    """Give a topic of a version other words and another size."""
    member = topic_in_version
    mine = (member.c.version_id == version_id) & (member.c.topic_id == topic_id)
    shown = {language: list(each) for language, each in words.items()}
    connection.execute(update(member).where(mine).values(words=shown, size=size))


def words_by_version(connection: Connection) -> list[tuple[UUID, UUID, Words, int]]:
    """(version, topic, words, size) of all topics of all versions."""
    member = topic_in_version
    rows = connection.execute(select(member.c.version_id, member.c.topic_id, member.c.words, member.c.size))
    return [
        (row.version_id, row.topic_id, {language: tuple(words) for language, words in row.words.items()}, row.size)
        for row in rows
    ]


def all_words(connection: Connection) -> set[str]:
    """The words of all topics that any version has or had."""
    found = words_by_version(connection)
    return {word for _, _, words, _ in found for each in words.values() for word in each}


def rename(connection: Connection, topic_id: UUID, name: str) -> None:
    """Call a topic otherwise, without its being anybody's decision."""
    connection.execute(update(topic).where(topic.c.id == topic_id).values(name=name))


def prune_versions(connection: Connection, keep: int) -> None:
    """Drop the assignments and counts of archived versions, all but the latest `keep` of them."""
    table = topic_model_version
    archived = select(table.c.id).where(table.c.status == "archived").order_by(table.c.trained_at.desc())
    for version_id in list(connection.execute(archived.offset(keep)).scalars()):
        for rows in (assignment, bucket_count, stale_bucket):
            connection.execute(delete(rows).where(rows.c.version_id == version_id))


def count_assigned(connection: Connection, version_id: UUID) -> tuple[int, int]:
    """(all, unassigned) complaints that a version has judged."""
    query = select(func.count(), func.count(assignment.c.topic_id)).where(assignment.c.version_id == version_id)
    judged, with_topic = connection.execute(query).one()
    return judged, judged - with_topic


def texts_of(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    found: dict[UUID, str] = {}
    for part in parts(ids, 10_000):
        query = select(complaint.c.id, complaint.c.text).where(complaint.c.id.in_(part))
        found.update((row.id, row.text) for row in connection.execute(query))
    return found


def _with_vector(encoder_version: str, before: datetime | None = None) -> Select[Any]:
    same = and_(embedding.c.text_hash == complaint.c.text_hash, embedding.c.encoder_version == encoder_version)
    columns = (complaint.c.id, complaint.c.received_at, complaint.c.language, embedding.c.vector)
    query = select(*columns).join(embedding, same)
    return query.where(complaint.c.received_at < before) if before else query


def _page(query: Select[Any], limit: int, after: tuple[datetime, UUID] | None) -> Select[Any]:
    if after:
        # the first condition is implied by the second, and lets the index be used
        query = query.where(complaint.c.received_at >= after[0])
        query = query.where((complaint.c.received_at > after[0]) | (complaint.c.id > after[1]))
    return query.order_by(complaint.c.received_at, complaint.c.id).limit(limit)


def _members(version_id: UUID) -> Select[Any]:
    member = topic_in_version
    return (
        select(topic, member.c.words, member.c.size, member.c.centroid)
        .join(member, member.c.topic_id == topic.c.id)
        .where(member.c.version_id == version_id)
        .order_by(topic.c.born_at, topic.c.name, topic.c.id)
    )


def _topic(row: Row[Any]) -> StoredTopic:
    severity = Severity(row.severity) if row.severity else None
    return StoredTopic(**{**row._asdict(), "kind": TopicKind(row.kind), "severity": severity})


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).__slots__}
