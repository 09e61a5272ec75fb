"""The topic model in force, with the topics born since it was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np

from feedback.store import topics
from feedback.store.topics import StoredTopic, StoredVersion
from jobs.context import Context
from models.artifacts import TopicModel, load


@dataclass(frozen=True, slots=True)
class Published:
    version: StoredVersion
    topics: tuple[StoredTopic, ...]
    model: TopicModel


def published(context: Context) -> Published | None:
    """The version in force, None before the first training. ArtefactError when its files are gone or damaged."""
    with context.database.read() as connection:
        version = topics.published_version(connection)
        if version is None:
            return None
        members = tuple(topics.topics_of(connection, version.id))
    key = (version.id, tuple(each.id for each in members if each.centroid))
    kept: dict[tuple[UUID, tuple[UUID, ...]], TopicModel] = context.memory.setdefault("published", {})
    if key not in kept:
        kept.clear()
        kept[key] = with_births(load(artefact_dir(context, version.id)), members)
    return Published(version, members, kept[key])


def artefact_dir(context: Context, version_id: UUID) -> Path:
    """Where the files of a version are kept."""
    return context.settings.data_dir / "topic_models" / str(version_id)


def with_births(model: TopicModel, members: Sequence[StoredTopic]) -> TopicModel:
    """The model with those of `members` that have a centroid of their own, being born after its training."""
    for each in members:
        if each.centroid:
            centroid = np.frombuffer(each.centroid, np.float32)
            words = {language: tuple(words) for language, words in each.words.items()}
            model = model.with_topic(each.id, each.kind, centroid, each.name, words, each.size)
    return model
