"""Train a topic model version when one is due, assign the whole history under it, and put it in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Row

from feedback.domain import PinnedTopic, TopicKind, derived_id
from feedback.series import bucket_of
from feedback.store import alerts, complaints, counts, topics
from feedback.store.embeddings import decode_vectors
from feedback.store.topics import LineageEntry, StoredTopic, StoredVersion
from jobs.assign import assign_pending
from jobs.context import Context
from jobs.published import Published, artefact_dir, published
from models.artifacts import TopicModel, save
from models.centre import Floats
from models.encoder import Encoder
from models.train import PinnedVectors, Sample, Trained, TrainParams, train

YOUNG = timedelta(days=28)
"""A provisional topic is kept so long even if no cluster comes back for it: its alert may only be beginning."""

KEPT_VERSIONS = 1
"""Archived versions whose assignments stay, to go back to."""


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Train and publish if the version in force is too old, or there is none and enough history for a first one."""
    current = published(context)
    why = due(context, current, now)
    if why is None:
        return {"trained": False}
    return {"trained": True, "why": why, **retrain(context, current, now)}


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
    age = now - current.version.trained_at
    return f"the last training is {age.days} days old" if age.days >= settings.retrain_every_days else None


def _changed(context: Context, current: Published) -> str | None:
    """Which setting the version in force was not trained with: until it is, new complaints get no topic or no day."""
    if current.version.encoder_version != context.parts.encoder.version:
        return "the encoder"
    pinned = {each.id for each in current.topics if each.kind is TopicKind.PINNED}
    if pinned != {each.id for each in context.parts.pinned}:
        return "the taxonomy"
    with context.database.read() as connection:
        days = counts.buckets(connection, current.version.id)
    zone = context.settings.zone
    return "the time zone" if any(bucket_of(day, zone) != day for day in days) else None


def retrain(context: Context, current: Published | None, now: datetime) -> Mapping[str, Any]:
    """Train on what was received before `now` and publish; the metrics. Killed at any point, it can run again."""
    version_id = derived_id("topic model version", now)
    trained = _train(context, current, version_id, now)
    directory = artefact_dir(context, version_id)
    save(trained.model, directory)
    version = StoredVersion(
        version_id, "candidate", now, None, str(directory), trained.model.encoder_version, trained.metrics
    )
    with context.write() as connection:
        topics.load_taxonomy_topics(connection, context.parts.pinned, now)
        topics.store_version(connection, version, _topics(trained.model, now), _lineage(trained))
    assign_pending(context, version, trained.model, now)
    with context.write() as connection:
        counts.recount(connection, version_id)
        topics.publish_version(connection, version_id, now)
        topics.prune_versions(connection, KEPT_VERSIONS)
    return trained.metrics


def _train(context: Context, current: Published | None, version_id: UUID, now: datetime) -> Trained:
    encoder = context.parts.encoder
    with context.database.read() as connection:
        rows = topics.embedded_complaints(connection, encoder.version, now)
        texts = topics.texts_of(connection, [row.id for row in rows])
        held = {each.topic_id for each in alerts.latest_alerts(connection).values() if each.is_open}
    held |= {each.id for each in current.topics if now - each.born_at < YOUNG and each.centroid} if current else set()
    settings = context.settings
    params = TrainParams(limit=settings.training_limit, resolution=settings.topic_resolution)
    sample = _sample(rows, [texts[row.id] for row in rows], encoder.dimensions)
    same_encoder = current is not None and current.version.encoder_version == encoder.version
    previous = current.model if current and same_encoder else None
    with context.progress.task("Training topics", 100) as advance:
        return train(
            sample,
            _pinned(context),
            previous,
            params,
            version_id,
            encoder_version=encoder.version,
            held=held,
            progress=lambda _step, done: advance(int(100 * done)),
        )


def _sample(rows: Sequence[Row[Any]], texts: Sequence[str], dimensions: int) -> Sample:
    vectors = decode_vectors([row.vector for row in rows]).reshape(-1, dimensions)
    window = (rows[0].received_at.isoformat(), rows[-1].received_at.isoformat()) if rows else None
    weeks = [int(row.received_at.timestamp() // (7 * 86_400)) for row in rows]
    return Sample(vectors, texts, [row.language for row in rows], weeks, window)


def _pinned(context: Context) -> list[PinnedVectors]:
    """The taxonomy's phrases as vectors; a process encodes them once."""
    encoder = context.parts.encoder
    kept: dict[str, list[PinnedVectors]] = context.memory.setdefault("pinned", {})
    if encoder.version not in kept:
        kept[encoder.version] = [
            PinnedVectors(each.id, each.name, _phrases(each, encoder)) for each in context.parts.pinned
        ]
    return kept[encoder.version]


def _phrases(topic: PinnedTopic, encoder: Encoder) -> dict[str, Floats]:
    """Vectors of a topic's phrases by language; as float16 and back, like all that is compared with them."""
    return {
        language: encoder.encode(list(phrases)).astype(np.float16).astype(np.float32)
        for language, phrases in topic.phrases.items()
        if phrases
    }


def _topics(model: TopicModel, now: datetime) -> list[StoredTopic]:
    """The model's topics, one entry an id: where a topic stands on several rows, the first has its words."""
    entries = zip(model.topic_ids, model.kinds, model.names, model.words, model.sizes, strict=True)
    found: dict[UUID, StoredTopic] = {}
    for topic_id, kind, name, words, size in entries:
        if topic_id in found:
            found[topic_id] = replace(found[topic_id], size=found[topic_id].size + size)
        else:
            found[topic_id] = StoredTopic(topic_id, TopicKind(kind), name, None, None, now, words, size)
    return list(found.values())


def _lineage(trained: Trained) -> list[LineageEntry]:
    return [LineageEntry(line.fate, line.old, line.new, line.score) for line in trained.lineage]
