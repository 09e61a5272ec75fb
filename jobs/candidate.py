"""Train a candidate: a topic model version that changes nothing for anyone until it is published."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from feedback.domain import Fate, TopicKind, derived_id
from feedback.store import alerts, topics
from feedback.store.embeddings import decode_vectors
from feedback.store.topics import LineageEntry, StoredTopic, StoredVersion
from jobs.context import Context
from jobs.embed import run as embed
from jobs.pinned import confusions, pinned_vectors
from jobs.published import Published, artefact_dir
from models.areas import areas_of
from models.artifacts import TopicModel, save
from models.train import Sample, Trained, TrainParams, train

log = logging.getLogger(__name__)

YOUNG = timedelta(days=28)
"""A provisional topic is kept so long even if no cluster comes back for it: its alert may only be beginning."""


def train_candidate(context: Context, current: Published | None, now: datetime) -> StoredVersion:
    """Train on what was received before `now` and keep the candidate with its lineage. It can be made again."""
    embed(context, now)
    for sentence in confusions(context):
        log.warning("%s", sentence, extra={"event": "taxonomy_unclear"})
    version_id = derived_id("topic model version", now)
    trained = _train(context, current, version_id, now)
    directory = artefact_dir(context, version_id)
    save(trained.model, directory)
    version = StoredVersion(
        version_id, "candidate", now, None, str(directory), trained.model.encoder_version, trained.metrics
    )
    with context.write() as connection:
        topics.load_taxonomy_topics(connection, context.parts.pinned, now)
        known = {key: row.area for key, row in topics.topic_names(connection).items() if row.area}
        members = listed(trained.model, now, areas_of(trained.model, known))
        topics.store_version(connection, version, members, _lineage(trained))
    return version


def _train(context: Context, current: Published | None, version_id: UUID, now: datetime) -> Trained:
    encoder = context.parts.encoder
    with context.database.read() as connection:
        rows = topics.embedded_complaints(connection, encoder.version, now)
        texts = topics.texts_of(connection, [row.id for row in rows])
        held = {each.topic_id for each in alerts.latest_alerts(connection).values() if each.is_open}
    if current:
        held |= {each.id for each in current.topics if now - each.born_at < YOUNG and each.centroid}
        held |= current.rule.curation.named
    settings = context.settings
    params = TrainParams(limit=settings.training_limit, resolution=settings.topic_resolution or None)
    sample = _sample(rows, [texts[row.id] for row in rows], encoder.dimensions)
    same_encoder = current is not None and current.version.encoder_version == encoder.version
    previous = current.rule.trained if current and same_encoder else None
    with context.progress.task("Training topics", 100) as advance:
        return train(
            sample,
            pinned_vectors(context),
            previous,
            params,
            version_id,
            encoder_version=encoder.version,
            held=held,
            shaped=current.rule.curation.shaped if current else (),
            progress=lambda _step, done: advance(int(100 * done)),
        )


def _sample(rows: Sequence[Row[Any]], texts: Sequence[str], dimensions: int) -> Sample:
    vectors = decode_vectors([row.vector for row in rows]).reshape(-1, dimensions)
    window = (rows[0].received_at.isoformat(), rows[-1].received_at.isoformat()) if rows else None
    weeks = [int(row.received_at.timestamp() // (7 * 86_400)) for row in rows]
    return Sample(vectors, texts, [row.language for row in rows], weeks, window)


def listed(model: TopicModel, now: datetime, areas: Mapping[UUID, str]) -> list[StoredTopic]:
    """The model's topics, one entry an id: where a topic stands on several rows, the first has its words."""
    entries = zip(model.topic_ids, model.kinds, model.names, model.words, model.sizes, strict=True)
    found: dict[UUID, StoredTopic] = {}
    for topic_id, kind, name, words, size in entries:
        if topic_id in found:
            found[topic_id] = replace(found[topic_id], size=found[topic_id].size + size)
        else:
            found[topic_id] = StoredTopic(topic_id, TopicKind(kind), name, None, areas.get(topic_id), now, words, size)
    return list(found.values())


def _lineage(trained: Trained) -> list[LineageEntry]:
    known = [LineageEntry(line.fate, line.old, line.new, line.score) for line in trained.lineage]
    return known + [LineageEntry(Fate.DOUBTFUL, old, new, score) for new, old, score in trained.doubtful]
