"""Delete what is older than it may be kept; its numbers stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from feedback.store import counts, departures, past_work
from feedback.store.audit import forget_entries
from feedback.store.topics import published_version, texts_of
from jobs.context import Context
from jobs.pages import drop_old_originals, scrub_pages

BATCH = 2_000


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Delete complaints, rejected records, original files, entries of the audit log, and what the service has done and
    nothing refers to any more, where they are too old as of `now`, a batch a transaction."""
    retention = context.settings.retention
    total: Counter[str] = Counter()
    if context.settings.audit_days:
        with context.write() as connection:
            before = now - timedelta(days=context.settings.audit_days)
            total["audit entries"] += forget_entries(connection, before)
    total += _forget_past_work(context, now)
    if retention.shortest is None:
        return dict(+total)
    with context.progress.task("Deleting what is too old", None) as advance:
        while gone := _batch(context, now):
            total += gone
            advance(total["complaints"])
    with context.write() as connection:
        total["rejected records"] += departures.drop_expired_rejected(connection, retention, now)
    total["original files"] = drop_old_originals(context, now, retention.shortest)
    return dict(+total)


def _forget_past_work(context: Context, now: datetime) -> Counter[str]:
    total: Counter[str] = Counter()
    kept = context.settings.past_kept
    if kept is None:
        return total
    until = past_work.Until(now - kept, context.wall() - kept)
    for name, forget in past_work.FORGETTING.items():
        gone = BATCH
        while gone == BATCH:
            with context.write() as connection:
                gone = forget(connection, until, BATCH)
            total[name] += gone
    return total


def _batch(context: Context, now: datetime) -> Counter[str]:
    with context.database.read() as connection:
        ids = departures.expired(connection, context.settings.retention, now, BATCH)
        texts = texts_of(connection, ids)
    if not ids:
        return Counter()
    pages = scrub_pages(context, texts.values())
    with context.write() as connection:
        gone = departures.forget(connection, ids)
        if version := published_version(connection):
            counts.recount(connection, version.id)
    return gone + Counter(pages=pages)
