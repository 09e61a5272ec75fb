"""Put a topic model version in force: the whole history is assigned and counted under it, then readers switch over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import numpy as np

from feedback.errors import FeedbackError
from feedback.store import alerts, counts, topics
from feedback.store.embeddings import decode_vectors
from feedback.store.kept_counts import mark_kept
from feedback.store.topics import StoredTopic, StoredVersion
from jobs.assign import assign_pending, moved
from jobs.candidate import listed
from jobs.context import Context
from jobs.published import Published, Rule, published, rule_of
from models.centre import unit_rows

KEPT_VERSIONS = 1
"""Archived versions whose assignments stay, to go back to at once."""


def publish(context: Context, version: StoredVersion, now: datetime) -> None:
    """Make `version` the one in force. Killed at any point, it can run again; readers see the old one to the end.

    Alerts stay as they are: a topic with an open alert that the version does not know, or one born since it was
    trained, is carried over with its complaints.
    """
    current = published(context)
    _carry_over(context, current, version, now)
    _assign(context, version, now)
    with context.write() as connection:
        mark_kept(connection, version.id)
        counts.recount(connection, version.id)
        topics.publish_version(connection, version.id, now)
        topics.prune_versions(connection, KEPT_VERSIONS)


def rollback(context: Context, now: datetime) -> StoredVersion:
    """Put the version that was in force before in force again. FeedbackError when there is none."""
    with context.database.read() as connection:
        version = topics.version_before(connection)
    if version is None:
        raise FeedbackError("No version was in force before this one; `feedback models list` shows all there are.")
    publish(context, version, now)
    return version


def _assign(context: Context, version: StoredVersion, now: datetime) -> None:
    """Assign the whole history; what was assigned before may have been so by other decisions of people."""
    with context.database.read() as connection:
        rule = rule_of(context, connection, version)
        judged, _ = topics.count_assigned(connection, version.id)
        waiting = topics.count_embedded(connection, version.encoder_version, now) - judged
    if judged:
        with context.write() as connection:
            for changed in moved(context, connection, version, rule, now):
                topics.assign(connection, version.id, changed)
    with context.progress.task("Assigning", waiting) as advance:
        assign_pending(context, version, rule, now, advance)


def _carry_over(context: Context, current: Published | None, version: StoredVersion, now: datetime) -> None:
    """Make the version hold every topic that must not go, and list all that it assigns to."""
    with context.database.read() as connection:
        rule = rule_of(context, connection, version)
    carried = _carried(context, current, version, rule) if current else []
    with context.write() as connection:
        topics.add_topics(connection, version.id, carried)
        known = {each.id for each in topics.all_topics_of(connection, version.id)}
        unlisted = [each for each in listed(rule.model, now, {}) if each.id not in known]
        topics.add_topics(connection, version.id, unlisted)


def _carried(context: Context, current: Published, version: StoredVersion, rule: Rule) -> list[StoredTopic]:
    """The topics in force that the version must take over, with their centroid in its space."""
    wanted = _wanted(context, current, version) - set(rule.trained.topic_ids)
    found = (_recentred(context, current, version, rule, each) for each in current.topics if each.id in wanted)
    return [each for each in found if each]


def _wanted(context: Context, current: Published, version: StoredVersion) -> set[UUID]:
    with context.database.read() as connection:
        alerted = {each.topic_id for each in alerts.latest_alerts(connection).values() if each.is_open}
    born = {each.id for each in current.topics if each.centroid and each.born_at > version.trained_at}
    return alerted | born | current.rule.curation.shaped | current.rule.curation.named


def _recentred(
    context: Context, current: Published, version: StoredVersion, rule: Rule, topic: StoredTopic
) -> StoredTopic | None:
    """The topic with its centroid where its complaints lie in the version's space; None if it has none."""
    with context.database.read() as connection:
        rows = topics.vectors_of_topic(connection, current.version.id, topic.id, version.encoder_version)
    if not rows:
        return None
    vectors = rule.model.offsets.apply(decode_vectors([row.vector for row in rows]), [row.language for row in rows])
    centroid = unit_rows(vectors.mean(axis=0, keepdims=True))[0]
    return replace(topic, centroid=centroid.astype(np.float32).tobytes())
