"""Lets two topic model versions judge the same complaints, and gathers what an analyst should see of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, Row

from feedback.comparison import (
    ComparedQuote,
    ComparedTopic,
    ComparedVersion,
    ComparisonReport,
    DoubtfulPair,
    DoubtfulTopic,
    candidate_page,
    comparison_page,
    render_html,
)
from feedback.domain import Fate, TopicKind
from feedback.errors import FeedbackError
from feedback.store import topics
from feedback.store.embeddings import decode_vectors
from feedback.store.samples import latest_embedded
from feedback.store.topics import LineageEntry, StoredTopic, StoredVersion
from jobs.context import Context
from jobs.pages import beside_erasures
from jobs.published import Published, Rule, read_rule
from models.centre import Ints
from models.compare import Change, Comparison, Judged, Quality, compare, landing
from models.topics import Words

SAMPLE = 20_000
"""At most so many of the latest complaints are judged by both versions."""


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A version with the rule it assigns by, its topics as stored, and what it makes of the taxonomy's phrases."""

    version: StoredVersion
    rule: Rule
    stored: Mapping[UUID, StoredTopic]

    @property
    def shown(self) -> list[UUID]:
        """The topics that people see under this version, once each."""
        model = self.rule.model
        rows = zip(model.topic_ids, model.kinds, strict=True)
        return list(dict.fromkeys(id_ for id_, kind in rows if kind is not TopicKind.RETIRED))

    def judged(self, rows: Sequence[Row[Any]], blobs: Sequence[bytes], places: Mapping[UUID, int]) -> Judged:
        """What the version makes of complaints with these vectors; `places` numbers the topics."""
        model, languages = self.rule.model, [row.language for row in rows]
        vectors = decode_vectors(blobs).reshape(len(rows), model.centroids.shape[1])
        found = model.topics_at(model.assign(vectors, languages)[0])
        chosen = [self.rule.places.get(row.id, topic) for row, topic in zip(rows, found, strict=True)]
        mine = set(self.shown)
        return Judged(
            labels=_labels(chosen, places),
            topics=np.array([topic in mine for topic in places], np.bool_),
            vectors=model.offsets.apply(vectors, languages),
        )

    def name(self, topic_id: UUID) -> str | None:
        if topic_id in self.stored:
            return self.stored[topic_id].name
        known = dict(zip(self.rule.model.topic_ids, self.rule.model.names, strict=True))
        return known.get(topic_id)

    def words(self, topic_id: UUID, found: Words) -> Mapping[str, Sequence[str]]:
        """The words that people see, else those just `found`."""
        stored = self.stored.get(topic_id)
        return (stored.words if stored else None) or found


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """The complaints both judge, and the topics of both in the order of their numbers."""

    rows: Sequence[Row[Any]]
    ids: Sequence[UUID]
    names: Sequence[str]
    compared: Comparison
    one: Judged
    two: Judged


def choose(context: Context, one: StoredVersion | None, two: StoredVersion | None) -> tuple[StoredVersion, ...]:
    """The versions to compare: the one in force and the newest candidate where none is given."""
    with context.database.read() as connection:
        known = topics.versions(connection)
    before = one or next((each for each in known if each.status == "published"), None)
    after = two or next((each for each in known if each.status == "candidate"), None)
    if before is None:
        raise FeedbackError("No version is in force yet: `feedback run retrain` trains and publishes the first.")
    if after is None:
        raise FeedbackError("There is no candidate: `feedback retrain` trains one, or name two versions.")
    if before.id == after.id:
        raise FeedbackError(f"{str(before.id)[:8]} is one version; name another to compare it with.")
    return before, after


def report_path(context: Context, before: StoredVersion, after: StoredVersion) -> Path:
    """Where the report on two versions goes unless somebody says otherwise."""
    return comparison_page(context.settings.data_dir, before.id, after.id)


def report_candidate(
    context: Context, current: Published | None, candidate: StoredVersion, now: datetime
) -> Path | None:
    """Write what a candidate changes of the version in force beside its files; None when it replaces nothing."""
    if current is None:
        return None
    before, path = current.version, candidate_page(context.settings.data_dir, candidate.id)
    return beside_erasures(context, lambda: write_report(compare_versions(context, before, candidate, now), path))


def write_report(report: ComparisonReport, path: Path) -> Path:
    """Write the page; FeedbackError when it cannot be written there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_html(report), "utf-8")
    except OSError as error:
        raise FeedbackError(f"The report cannot be written to {path}: {error.strerror}.") from error
    return path


def compare_versions(context: Context, before: StoredVersion, after: StoredVersion, now: datetime) -> ComparisonReport:
    """Compare two versions on the latest complaints received before `now`, as people's decisions have them now."""
    with context.progress.task("Comparing", 100) as advance:
        with context.database.read() as connection:
            one, two = (_view(context, connection, each) for each in (before, after))
            rows = latest_embedded(connection, (before.encoder_version, after.encoder_version), now, SAMPLE)
            entries = topics.lineage_of(connection, after.id)
        advance(10)
        ids = _ids(one, two)
        examples = [_examples(context, view, ids) for view in (one, two)]
        advance(20)
        sample = _judged(rows, one, two, ids)
    return _report(context, one, two, sample, entries, examples, now)


def _view(context: Context, connection: Connection, version: StoredVersion) -> _View:
    stored = {each.id: each for each in topics.all_topics_of(connection, version.id)}
    return _View(version, read_rule(context, connection, version), stored)


def _ids(one: _View, two: _View) -> list[UUID]:
    """The topics of both, and those to which people moved complaints by hand."""
    by_hand = [home for home in two.rule.places.values() if home not in two.rule.curation.hidden]
    return list(dict.fromkeys([*one.shown, *two.shown, *by_hand]))


def _labels(found: Iterable[UUID | None], places: Mapping[UUID, int]) -> Ints:
    return np.array([places.get(topic, -1) if topic else -1 for topic in found], np.intp)


def _judged(rows: Sequence[Row[Any]], one: _View, two: _View, ids: Sequence[UUID]) -> _Sample:
    places = {topic: place for place, topic in enumerate(ids)}
    before = one.judged(rows, [row.one for row in rows], places)
    after = two.judged(rows, [row.two for row in rows], places)
    names = [two.name(topic) or one.name(topic) or str(topic)[:8] for topic in ids]
    compared = compare(before, after, [row.text for row in rows], [row.language for row in rows])
    return _Sample(rows, ids, names, compared, before, after)


def _examples(context: Context, view: _View, ids: Sequence[UUID]) -> list[float | None]:
    """The share of each pinned topic's phrases that land in it; None for others, and under another encoder."""
    if view.version.encoder_version != context.parts.encoder.version:
        return [None] * len(ids)
    homes = view.rule.curation.homes
    wanted = [
        (homes.get(topic.id, topic.id), language, phrase)
        for topic in context.parts.pinned
        for language, phrases in topic.phrases.items()
        for phrase in phrases
    ]
    if not wanted:
        return [None] * len(ids)
    vectors = _encoded(context, [phrase for _, _, phrase in wanted])
    model = view.rule.model
    found = model.topics_at(model.assign(vectors, [language for _, language, _ in wanted])[0])
    places = {topic: place for place, topic in enumerate(ids)}
    return landing(_labels(found, places), _labels([topic for topic, _, _ in wanted], places), len(ids))


def _encoded(context: Context, phrases: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Vectors of phrases, as float16 and back like those of complaints; a process encodes them once."""
    encoder = context.parts.encoder
    kept: dict[object, Any] = context.memory.setdefault("phrases", {})
    key = (encoder.version, tuple(phrases))
    if key not in kept:
        kept[key] = encoder.encode(list(phrases)).astype(np.float16).astype(np.float32)
    found: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = kept[key]
    return found


def _report(
    context: Context,
    one: _View,
    two: _View,
    sample: _Sample,
    entries: Sequence[LineageEntry],
    examples: Sequence[Sequence[float | None]],
    now: datetime,
) -> ComparisonReport:
    compared, rows = sample.compared, sample.rows
    pairs = _pairs(entries, one, two, sample)
    doubtful = {topic.topic_id for pair in pairs for topic in (pair.old, pair.new)}
    found = [_topic(place, one, two, sample, examples, doubtful) for place in range(len(sample.ids))]
    return ComparisonReport(
        before=_version(one, compared.before, examples[0]),
        after=_version(two, compared.after, examples[1]),
        made_at=now,
        zone=context.settings.zone,
        complaints=compared.texts,
        first=rows[0].received_at if rows else None,
        last=rows[-1].received_at if rows else None,
        kept=compared.kept,
        gained=compared.gained,
        lost=compared.lost,
        ari=compared.ari,
        topics=_numbered(found),
        doubtful=pairs,
    )


def _numbered(found: Sequence[ComparedTopic]) -> list[ComparedTopic]:
    """What is worth a look first: doubtful topics, other fates than kept, large moves, then by size."""
    ranked = sorted(
        found,
        key=lambda each: (
            not each.doubtful,
            each.fate is Fate.KEPT,
            not each.changed,
            -max(each.size_before, each.size_after),
            each.name,
            each.topic_id,
        ),
    )
    return [replace(each, number=number) for number, each in enumerate(ranked, 1)]


def _version(view: _View, quality: Quality, examples: Sequence[float | None]) -> ComparedVersion:
    known = [share for share in examples if share is not None]
    version = view.version
    return ComparedVersion(
        version_id=version.id,
        status=version.status,
        trained_at=version.trained_at,
        topics=quality.topics,
        coverage=quality.coverage,
        coherence=quality.coherence,
        language_mixing=quality.language_mixing,
        examples=float(np.mean(known)) if known else None,
    )


def _topic(
    place: int,
    one: _View,
    two: _View,
    sample: _Sample,
    examples: Sequence[Sequence[float | None]],
    doubtful: set[UUID],
) -> ComparedTopic:
    compared, topic_id = sample.compared, sample.ids[place]
    change = compared.changes[place]
    return ComparedTopic(
        topic_id=topic_id,
        number=0,
        name=sample.names[place],
        kind=_kind(topic_id, one, two),
        fate=change.fate,
        had=bool(sample.one.topics[place]),
        has=bool(sample.two.topics[place]),
        doubtful=topic_id in doubtful,
        other=None if change.other is None else sample.names[change.other],
        size_before=change.before,
        size_after=change.after,
        stayed=change.stayed,
        came=_named(change.came, sample),
        went=_named(change.went, sample),
        words_before=_words(one, place, sample, compared.before),
        words_after=_words(two, place, sample, compared.after),
        quotes_came=_quotes(compared.came.get(place, ()), sample, sample.one.labels),
        quotes_went=_quotes(compared.went.get(place, ()), sample, sample.two.labels),
        coherence=(compared.before.by_topic.get(place), compared.after.by_topic.get(place)),
        examples=(examples[0][place], examples[1][place]),
        place=_place(place, change, sample),
    )


def _kind(topic_id: UUID, one: _View, two: _View) -> TopicKind:
    for model in (two.rule.model, one.rule.model):
        if topic_id in model.topic_ids:
            return model.kinds[model.topic_ids.index(topic_id)]
    return TopicKind.DISCOVERED


def _words(view: _View, place: int, sample: _Sample, quality: Quality) -> Mapping[str, Sequence[str]] | None:
    topic_id = sample.ids[place]
    return view.words(topic_id, quality.words.get(place, {})) if topic_id in view.rule.model.topic_ids else None


def _named(pairs: Sequence[tuple[int, int]], sample: _Sample) -> list[tuple[str | None, int]]:
    return [(None if topic < 0 else sample.names[topic], count) for topic, count in pairs]


def _quotes(rows: Sequence[int], sample: _Sample, elsewhere: Ints | None = None) -> list[ComparedQuote]:
    """The complaints of these rows, each with its topic by the labels of the other version."""
    there = [-1 if elsewhere is None else int(elsewhere[row]) for row in rows]
    return [
        ComparedQuote(sample.rows[row].text, sample.rows[row].language, None if topic < 0 else sample.names[topic])
        for row, topic in zip(rows, there, strict=True)
    ]


def _place(place: int, change: Change, sample: _Sample) -> tuple[float, float] | None:
    x, y = sample.compared.places[place].tolist()
    return (x, y) if (change.before or change.after) and np.isfinite([x, y]).all() else None


def _pairs(entries: Sequence[LineageEntry], one: _View, two: _View, sample: _Sample) -> list[DoubtfulPair]:
    """What the training left to an analyst, where both topics still are what they were."""
    found = []
    for each in entries:
        old, new = each.before_id, each.after_id
        if each.fate is Fate.DOUBTFUL and old in one.shown and new in two.shown and old != new:
            found.append(
                DoubtfulPair(
                    old=_doubtful(one, sample.ids.index(old), sample, before=True, there=old in two.shown),
                    new=_doubtful(two, sample.ids.index(new), sample, before=False, there=True),
                    score=each.similarity or 0.0,
                )
            )
    return sorted(found, key=lambda pair: -pair.score)


def _doubtful(view: _View, place: int, sample: _Sample, *, before: bool, there: bool) -> DoubtfulTopic:
    compared = sample.compared
    change, quality = compared.changes[place], compared.before if before else compared.after
    quotes = (compared.typical_before if before else compared.typical_after).get(place, ())
    return DoubtfulTopic(
        topic_id=sample.ids[place],
        name=view.name(sample.ids[place]) or sample.names[place],
        size=change.before if before else change.after,
        words=view.words(sample.ids[place], quality.words.get(place, {})),
        quotes=_quotes(quotes, sample),
        there=there,
    )
