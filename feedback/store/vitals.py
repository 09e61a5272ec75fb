"""The service's vital signs, each read by an index or from few rows: a monitor asks for them all the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, and_, exists, func, select

from feedback.domain import Span
from feedback.notify.outbox import NoticeState
from feedback.store import requests, runs
from feedback.store.alerts import OPEN_STATES
from feedback.store.complaints import count_rejected, sources
from feedback.store.kept_counts import UNASSIGNED
from feedback.store.runs import Success
from feedback.store.tables import alert, assignment, bucket_count, complaint, embedding, notice, run
from feedback.store.topics import StoredVersion, published_version

WEEK = timedelta(days=7)

RECENT_RUNS = 50


@dataclass(frozen=True, slots=True)
class Vitals:
    """`waiting` complaints by what they wait for, `unembedded_since` when the one came in that waits longest for its
    vector, `requests` that nothing has come of yet, `rejected` records that have not become complaints, `heard` when
    each source last sent one, `unassigned` the share of the last seven days, None without any, `embedded` the encoder's
    texts a second, None if none were embedded of late."""

    jobs: list[Success]
    failed_runs: int
    waiting: dict[str, int]
    unembedded_since: datetime | None
    requests: int
    rejected: int
    notices: dict[str, int]
    heard: dict[str, datetime]
    alerts: dict[str, int]
    unassigned: float | None
    embedded: float | None


def vitals(connection: Connection, now: datetime) -> Vitals:
    """How the service does as of `now`."""
    version = published_version(connection)
    unassigned = _unassigned(connection, version)
    unembedded, since = _unembedded(connection, version, unassigned)
    return Vitals(
        jobs=runs.successes(connection),
        failed_runs=len(runs.undone(connection)),
        waiting={"embed": unembedded, "assign": unassigned},
        unembedded_since=since,
        requests=len(requests.waiting(connection)),
        rejected=count_rejected(connection),
        notices={
            str(state): _count(connection, select(notice.c.id).where(notice.c.state == str(state)))
            for state in (NoticeState.PENDING, NoticeState.DEAD)
        },
        heard={source: _last_of(connection, source) for source in sources(connection)},
        alerts=_open_alerts(connection),
        unassigned=_unassigned_share(connection, version, Span(now - WEEK, now)) if version else None,
        embedded=_texts_a_second(connection),
    )


def _count(connection: Connection, query: Select[tuple[object]]) -> int:
    return connection.execute(query.with_only_columns(func.count(), maintain_column_froms=True)).scalar_one()


def _unassigned(connection: Connection, version: StoredVersion | None) -> int:
    """Complaints that the version has not judged: none is judged that is not there. Before the first version, all."""
    there = _count(connection, select(complaint.c.id))
    if version is None:
        return there
    judged = _count(connection, select(assignment.c.complaint_id).where(assignment.c.version_id == version.id))
    return max(0, there - judged)


def _unembedded(connection: Connection, version: StoredVersion | None, unassigned: int) -> tuple[int, datetime | None]:
    """How many complaints have no vector, and since when the first of them waits. What has none is not judged either:
    the search goes back from the latest complaint, and no further than the first that is not judged."""
    waits = select(complaint.c.text_hash, func.coalesce(complaint.c.updated_at, complaint.c.ingested_at).label("since"))
    if version:
        judged = and_(assignment.c.version_id == version.id, assignment.c.complaint_id == complaint.c.id)
        waits = waits.where(~exists().where(judged)).order_by(complaint.c.received_at.desc()).limit(unassigned)
    each = waits.subquery()
    same = embedding.c.text_hash == each.c.text_hash
    encoded = and_(same, embedding.c.encoder_version == version.encoder_version) if version else same
    query = select(func.count(), func.min(each.c.since)).select_from(each).where(~exists().where(encoded))
    number, since = connection.execute(query).one()
    return number, since


def _last_of(connection: Connection, source: str) -> datetime:
    last: datetime = connection.execute(
        select(func.max(complaint.c.received_at)).where(complaint.c.source == source)
    ).scalar_one()
    return last


def _open_alerts(connection: Connection) -> dict[str, int]:
    """By severity; "unknown" where an earlier release kept none."""
    severity = func.coalesce(alert.c.evidence["severity"]["level"].as_string(), "unknown").label("severity")
    found = select(severity).where(alert.c.state.in_(OPEN_STATES)).subquery()
    rows = connection.execute(select(found.c.severity, func.count()).group_by(found.c.severity))
    return {row[0]: row[1] for row in rows}


def _unassigned_share(connection: Connection, version: StoredVersion, span: Span) -> float | None:
    query = (
        select(bucket_count.c.topic_id, func.sum(bucket_count.c.complaints))
        .where(bucket_count.c.version_id == version.id)
        .where(bucket_count.c.bucket_start >= span.start, bucket_count.c.bucket_start < span.end)
        .group_by(bucket_count.c.topic_id)
    )
    found = {row[0]: int(row[1]) for row in connection.execute(query)}
    return found.get(UNASSIGNED, 0) / sum(found.values()) if found else None


def _texts_a_second(connection: Connection) -> float | None:
    """Over the latest runs that embedded anything, the time to load the encoder included."""
    query = (
        select(run.c.result, run.c.seconds)
        .where(run.c.job == "embed", run.c.status == "succeeded")
        .order_by(run.c.window_start.desc())
        .limit(RECENT_RUNS)
    )
    done = [(row.result["embedded"], row.seconds) for row in connection.execute(query) if row.result.get("embedded")]
    seconds = sum(each for _, each in done)
    return sum(number for number, _ in done) / seconds if seconds else None
