"""Do what somebody asked for: train, compare, publish, roll back, change a topic, take rejected records in again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from feedback.comparison import measures
from feedback.domain import Author
from feedback.edits import Edit
from feedback.errors import ClaimLostError, FeedbackError, Stopped
from feedback.ingest import retry_rejected
from feedback.requests import Request, RequestKind
from feedback.store import topics
from feedback.store.edits import edits
from feedback.store.requests import REFUSED, request_at
from feedback.store.topics import StoredVersion
from jobs import curate
from jobs.candidate import train_candidate
from jobs.compare import choose, compare_versions, report_candidate, report_path, write_report
from jobs.context import Context
from jobs.publish import publish
from jobs.published import published

Result = Mapping[str, Any]

COMPARED = ("topic_id", "fate", "name", "size_before", "size_after", "stayed", "doubtful")
"""What a comparison's result says of each topic."""


def run(context: Context, now: datetime) -> Result:
    """Do what was asked for at `now`. What cannot be done is refused, with the reason as the result."""
    with context.database.read() as connection:
        asked = request_at(connection, now)
    if asked is None:
        return {}
    try:
        return DOING[asked.kind](context, asked)
    except (ClaimLostError, Stopped):
        raise
    except FeedbackError as error:
        return {REFUSED: str(error)}


def _retrain(context: Context, asked: Request) -> Result:
    current = published(context)
    version = train_candidate(context, current, asked.at)
    report_candidate(context, current, version, asked.at)
    return {"version": str(version.id)}


def _compare(context: Context, asked: Request) -> Result:
    named = [_version(context, asked.detail[name]) if asked.detail.get(name) else None for name in ("before", "after")]
    before, after = choose(context, *named)
    report = compare_versions(context, before, after, asked.at)
    write_report(report, report_path(context, before, after))
    # without the quotes: they stand in the page alone, from where they go with their complaints
    told = [asdict(each) for each in measures(report)]
    fates = [{name: _plain(getattr(each, name)) for name in COMPARED} for each in report.topics]
    return {"before": str(before.id), "after": str(after.id), "measures": told, "topics": fates}


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | None) else str(value)


def _publish(context: Context, asked: Request) -> Result:
    version = _version(context, asked.detail["version"])
    if version.status != "published":
        publish(context, version, asked.at)
    return {"version": str(version.id)}


def _retry(context: Context, asked: Request) -> Result:
    return asdict(retry_rejected(context.database, context.parts.intake, asked.at))


def _edit(change: Callable[[Context, Request, Author], Edit], context: Context, asked: Request) -> Result:
    made = _made_before(context, asked) or change(context, asked, Author(asked.who, asked.why, asked.at))
    return {"edit": made.id}


def _made_before(context: Context, asked: Request) -> Edit | None:
    """What a run wrote that was killed before it could say so."""
    with context.database.read() as connection:
        return next((each for each in edits(connection) if asked.at in (each.at, each.undone_at)), None)


def _version(context: Context, named: str) -> StoredVersion:
    with context.database.read() as connection:
        found = topics.version_of(connection, UUID(named))
    if found is None:
        raise FeedbackError(f"There is no version {named}.")
    return found


def _merge(context: Context, asked: Request, by: Author) -> Edit:
    return curate.merge(context, UUID(asked.detail["topic"]), UUID(asked.detail["into"]), by)


def _split(context: Context, asked: Request, by: Author) -> Edit:
    return curate.split(context, UUID(asked.detail["topic"]), asked.detail["parts"], by)


def _move(context: Context, asked: Request, by: Author) -> Edit:
    chosen = [UUID(each) for each in asked.detail["complaints"]]
    return curate.move(context, chosen, UUID(asked.detail["topic"]), by)


def _pin(context: Context, asked: Request, by: Author) -> Edit:
    return curate.pin(context, UUID(asked.detail["topic"]), by)


def _retire(context: Context, asked: Request, by: Author) -> Edit:
    return curate.retire(context, UUID(asked.detail["topic"]), by)


def _undo(context: Context, asked: Request, by: Author) -> Edit:
    return curate.undo(context, asked.detail["edit"], by)


DOING: Mapping[RequestKind, Callable[[Context, Request], Result]] = {
    RequestKind.RETRAIN: _retrain,
    RequestKind.COMPARE: _compare,
    RequestKind.PUBLISH: _publish,
    RequestKind.ROLL_BACK: _publish,
    RequestKind.RETRY_REJECTED: _retry,
    RequestKind.MERGE: partial(_edit, _merge),
    RequestKind.SPLIT: partial(_edit, _split),
    RequestKind.MOVE: partial(_edit, _move),
    RequestKind.PIN: partial(_edit, _pin),
    RequestKind.RETIRE: partial(_edit, _retire),
    RequestKind.UNDO: partial(_edit, _undo),
}
