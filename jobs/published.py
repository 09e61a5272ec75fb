"""The topic model in force, with the topics born since it was trained and what people decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from feedback.edits import Curation, Part
from feedback.store import edits, topics
from feedback.store.embeddings import decode_vectors
from feedback.store.topics import StoredTopic, StoredVersion
from jobs.context import Context
from models.artifacts import TopicModel, load
from models.curate import PartVectors, curated, with_parts


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """How complaints are assigned: `model` as people decided, and `places`, the topics they chose for complaints.

    `trained` is the model with births and split topics, before merging: what the next training goes on from.
    """

    model: TopicModel
    trained: TopicModel
    curation: Curation

    @property
    def places(self) -> Mapping[UUID, UUID]:
        return self.curation.places


@dataclass(frozen=True, slots=True)
class Published:
    """The version in force; `topics` are those that people see."""

    version: StoredVersion
    topics: tuple[StoredTopic, ...]
    rule: Rule

    @property
    def model(self) -> TopicModel:
        return self.rule.model


def published(context: Context) -> Published | None:
    """The version in force, None before the first training. ArtefactError when its files are gone or damaged."""
    with context.database.read() as connection:
        version = topics.published_version(connection)
        if version is None:
            return None
        # births add topics, people edit them: all else stays until another version is published
        key = (version.id, topics.births_state(connection, version.id), edits.edits_state(connection))
        kept: dict[object, Published] = context.memory.setdefault("published", {})
        # threads of the API share it: what one finds, another may clear
        found = kept.get(key)
        if found is None:
            members = tuple(topics.topics_of(connection, version.id))
            found = Published(version, members, rule_of(context, connection, version))
            kept.clear()
            kept[key] = found
        return found


def rule_of(context: Context, connection: Connection, version: StoredVersion) -> Rule:
    """How a version assigns, as of what is stored. ArtefactError when its files are gone or damaged."""
    key = (version.id, topics.births_state(connection, version.id), edits.edits_state(connection))
    kept: dict[object, Rule] = context.memory.setdefault("rules", {})
    found = kept.get(key)
    if found is None:
        found = read_rule(context, connection, version)
        kept.clear()
        kept[key] = found
    return found


def read_rule(context: Context, connection: Connection, version: StoredVersion) -> Rule:
    """How a version assigns by what this transaction sees, be it committed or not."""
    decided = edits.curation(connection)
    trained = with_births(load(artefact_dir(context, version.id)), topics.centroids_of(connection, version.id))
    trained = with_parts(trained, [_vectors(connection, version, part) for part in decided.parts])
    return Rule(curated(trained, decided.homes, decided.pinned, decided.retired), trained, decided)


def artefact_dir(context: Context, version_id: UUID) -> Path:
    """Where the files of a version are kept."""
    return context.settings.data_dir / "topic_models" / str(version_id)


def with_births(model: TopicModel, members: Sequence[StoredTopic]) -> TopicModel:
    """The model with those of `members` that have centroids of their own, being born after its training."""
    for each in members:
        words = {language: tuple(words) for language, words in each.words.items()}
        for centroid in np.frombuffer(each.centroid or b"", np.float32).reshape(-1, model.centroids.shape[1]):
            model = model.with_topic(each.id, each.kind, centroid, each.name, words, each.size)
    return model


def _vectors(connection: Connection, version: StoredVersion, part: Part) -> PartVectors:
    rows = topics.vectors_of(connection, version.encoder_version, part.examples)
    languages = [row.language for row in rows]
    return PartVectors(part.id, part.of, part.name, decode_vectors([row.vector for row in rows]), languages)
