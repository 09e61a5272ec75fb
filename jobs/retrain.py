"""Train a candidate when one is due, and publish it where the settings allow that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from feedback.domain import TopicKind
from feedback.series import bucket_of
from feedback.store import complaints, counts, topics
from feedback.store.topics import StoredVersion
from jobs.candidate import train_candidate
from jobs.compare import report_candidate
from jobs.context import Context
from jobs.publish import publish
from jobs.published import Published, published

AGE = "the last training is"


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Train if the last version is too old, or there is none and enough history for a first one.

    It is published where the settings allow that; else a report for the analyst who decides lies beside it.
    """
    current = published(context)
    why = due(context, current, now)
    if why is None:
        return {"trained": False}
    version = train_candidate(context, current, now)
    against = objections(context, current, version, why)
    if against:
        report_candidate(context, current, version, now)
    else:
        publish(context, version, now)
    return {"trained": True, "why": why, "published": not against, "against": against, **version.metrics}


def due(context: Context, current: Published | None, now: datetime) -> str | None:
    """Why a training is due as of `now`, or None."""
    settings = context.settings
    with context.database.read() as connection:
        _, first, _ = complaints.count_complaints(connection)
    warm = first + timedelta(days=settings.warm_up_days) if first else None
    if current is None:
        if context.parts.pinned:
            return "first version, of the taxonomy alone" if first and first < now else None
        return "first version" if warm and warm <= now else None
    if warm and current.version.trained_at < warm <= now:
        return "the warm-up is over"
    if changed := _changed(context, current):
        return f"{changed} has changed"
    with context.database.read() as connection:
        last = max(each.trained_at for each in topics.versions(connection))
    age = now - last
    return f"{AGE} {age.days} days old" if age.days >= settings.retrain_every_days else None


def _changed(context: Context, current: Published) -> str | None:
    """Which setting the version in force was not trained with: until it is, new complaints get no topic or no day."""
    if current.version.encoder_version != context.parts.encoder.version:
        return "the encoder"
    trained = current.rule.trained
    pinned = {id_ for id_, kind in zip(trained.topic_ids, trained.kinds, strict=True) if kind is TopicKind.PINNED}
    if pinned != {each.id for each in context.parts.pinned}:
        return "the taxonomy"
    with context.database.read() as connection:
        days = counts.buckets(connection, current.version.id)
    zone = context.settings.zone
    return "the time zone" if any(bucket_of(day, zone) != day for day in days) else None


def objections(context: Context, current: Published | None, version: StoredVersion, why: str) -> list[str]:
    """What speaks against publishing a candidate without an analyst; nothing if it may be.

    What replaces nothing that works, or follows a setting that somebody changed, is published in any case.
    """
    settings = context.settings
    if current is None or not why.startswith(AGE):
        return []
    if not settings.publish_automatically:
        return ["publish_automatically is off"]
    found = []
    kept = 1 - version.metrics.get("moved", 0.0)
    if kept < settings.publish_least_kept:
        found.append(f"{kept:.0%} of complaints would keep their topic, fewer than publish_least_kept")
    lost = current.version.metrics.get("coverage", 0.0) - version.metrics["coverage"]
    if lost > settings.publish_most_lost:
        found.append(f"coverage would fall by {lost:.0%}, more than publish_most_lost")
    if gone := _pinned_lost(context, version):
        found.append(f"no complaint would go to {', '.join(gone)} any more")
    return found


def _pinned_lost(context: Context, version: StoredVersion) -> list[str]:
    """Pinned topics that had complaints before and have none in the candidate's sample."""
    with context.database.read() as connection:
        sizes = {each.id: each.size for each in topics.all_topics_of(connection, version.id)}
        before = topics.published_version(connection)
        had = {each.id: each for each in topics.topics_of(connection, before.id)} if before else {}
    return [
        each.name for each in had.values() if each.kind is TopicKind.PINNED and each.size and not sizes.get(each.id)
    ]
