"""Words of topics that a single customer has used, and where topics have them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from feedback.errors import ArtefactError
from feedback.store import departures, topics
from jobs.context import Context
from jobs.published import artefact_dir
from models.artifacts import TopicModel, load, save
from models.topics import lemmatise

NAMELESS = "Unnamed"
"""What a topic is called of whose words none is left."""

_WORD = re.compile(r"[^\W\d_]+")


def drop_words_of(context: Context, customer_hash: str, texts: Mapping[UUID, tuple[str, str]]) -> int:
    """Take the words that no other customer's complaint has out of all topics, models and drivers; how many.

    `texts` are (language, text) of complaints that are still there. Names that people gave stay, but for what they
    took over.
    """
    with context.database.read() as connection:
        versions = topics.versions(connection)
        known = topics.all_words(connection)
        own = {
            word
            for word, forms in _forms(texts.values(), known).items()
            if not departures.others_write(connection, customer_hash, forms)
        }
    if not own:
        return 0
    for version in versions:
        _clean_model(context, version.id, own)
    with context.database.write() as connection:
        _clean_topics(connection, own)
        departures.drop_drivers(connection, own)
        departures.rename_in_records(connection, lambda name: _renamed(name, own))
    return len(own)


def _forms(texts: Collection[tuple[str, str]], known: Collection[str]) -> dict[str, set[str]]:
    """How the texts write each of the known words."""
    found: dict[str, set[str]] = {}
    for language, text in texts:
        written = list(dict.fromkeys(_WORD.findall(text)))
        for form, lemmas in zip(written, lemmatise(written, language), strict=True):
            for lemma in lemmas:
                if lemma in known:
                    found.setdefault(lemma, {lemma}).add(form)
    return found


def _clean_topics(connection: Connection, own: Collection[str]) -> None:
    for version_id, topic_id, words, size in topics.words_by_version(connection):
        if (left := _without(words, own)) != words:
            topics.redescribe(connection, version_id, topic_id, left, size)
    for topic_id, row in topics.topic_names(connection).items():
        if (name := _renamed(row.name, own)) != row.name:
            topics.rename(connection, topic_id, name)


def _clean_model(context: Context, version_id: UUID, own: Collection[str]) -> None:
    folder = artefact_dir(context, version_id)
    try:
        model = load(folder)
    except ArtefactError:
        return  # gone or damaged: whoever uses it is told
    cleaned = _cleaned(model, own)
    if (cleaned.names, cleaned.words) != (model.names, model.words):
        save(cleaned, folder)


def _cleaned(model: TopicModel, own: Collection[str]) -> TopicModel:
    names = tuple(_renamed(name, own) for name in model.names)
    return replace(model, names=names, words=tuple(_without(words, own) for words in model.words))


def _without(words: Mapping[str, Sequence[str]], own: Collection[str]) -> dict[str, tuple[str, ...]]:
    return {language: tuple(word for word in each if word not in own) for language, each in words.items()}


def _renamed(name: str, own: Collection[str]) -> str:
    """The name without its words that are gone, where it is a list of words."""
    parts: Sequence[str] = name.split(", ")
    left = [part for part in parts if part.casefold() not in own]
    return name if len(left) == len(parts) else ", ".join(left) or NAMELESS
