"""Say which topic a text belongs to, and which complaints are like it, without storing or logging it.

It is redacted before it is encoded, as complaints are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np

from feedback.api.service import Judge, Search
from feedback.domain import Span
from feedback.intake.language import known_language, language_of
from feedback.judging import Alike, Placed, Text
from feedback.store import nearest, topics
from feedback.store.embeddings import decode_vectors
from feedback.store.raw import moment, uuid
from jobs.context import Context
from jobs.published import Published, published
from models.centre import Floats

BATCH = 5_000
"""So many vectors are held against a text at a time: 4 MB."""


def judges(context: Context) -> Judge:
    """What the API asks for."""
    return Judge(partial(classify, context), partial(like_text, context), partial(like, context))


def classify(context: Context, texts: Sequence[Text]) -> list[Placed] | None:
    """Each text's topic under the version in force; None before there is one."""
    current = published(context)
    if current is None:
        return None
    vectors, languages = _encoded(context, texts)
    places, cosines = current.model.assign(vectors, languages)
    found = zip(current.model.topics_at(places), cosines.tolist(), languages, strict=True)
    return [Placed(*each) for each in found]


def like_text(context: Context, text: Text) -> Search | None:
    """A search of the complaints most like a text, the nearest first; None before there is a version."""
    current = published(context)
    return None if current is None else partial(_nearest, context, current, *_encoded(context, [text]))


def like(context: Context, complaint_id: UUID, now: datetime, days: int, limit: int) -> list[Alike] | None:
    """The complaints most like another, itself left out; none where it has no vector yet."""
    current = published(context)
    if current is None:
        return None
    with context.database.read() as connection:
        rows = topics.vectors_of(connection, current.version.encoder_version, [complaint_id])
    if not rows:
        return []
    vector, language = decode_vectors([rows[0].vector]), [rows[0].language]
    found = _nearest(context, current, vector, language, now, days, limit + 1)
    return [each for each in found if each.complaint_id != complaint_id][:limit]


def _encoded(context: Context, texts: Sequence[Text]) -> tuple[Floats, list[str]]:
    redacted = [context.parts.redactor.redact(each.text) for each in texts]
    known = context.settings.languages
    languages = [
        known_language(each.language) or language_of(text, each.market, known)
        for each, text in zip(texts, redacted, strict=True)
    ]
    return context.parts.encoder.encode(redacted), languages


def _nearest(
    context: Context, current: Published, vector: Floats, language: list[str], now: datetime, days: int, limit: int
) -> list[Alike]:
    middle, span = current.model.offsets.apply(vector, language)[0], Span(now - timedelta(days=days), now)
    with context.database.read() as connection:
        if nearest.is_there(connection):
            places, elsewhere = current.model.offsets.places()
            encoder = current.version.encoder_version
            found = nearest.nearest(connection, encoder, span, middle, places, elsewhere, limit)
            return [Alike(row.id, row.similarity, row.received_at) for row in found]
    return _looked_through(context, current, middle, span, limit)


def _looked_through(context: Context, current: Published, middle: Floats, span: Span, limit: int) -> list[Alike]:
    """Every vector of the time is looked at, some at a time: what is found is exact, and the memory small."""
    best: list[Alike] = []
    for ids, received, languages, vectors in _vectors(context, current, span):
        cosines = current.model.offsets.apply(vectors, languages) @ middle
        for row in np.argsort(-cosines, kind="stable")[:limit].tolist():
            best.append(Alike(uuid(ids[row]), float(cosines[row]), moment(received[row])))
        best = sorted(best, key=lambda each: (-each.similarity, str(each.complaint_id)))[:limit]
    return best


def _vectors(
    context: Context, current: Published, span: Span
) -> Iterator[tuple[list[Any], list[Any], list[str], Floats]]:
    """Ids, times, languages and vectors of the complaints within `span`, some at a time, as the store gives them."""
    after: tuple[datetime, UUID] | None = (span.start, UUID(int=0))
    while after:
        with context.database.read() as connection:
            rows = topics.vectors_after(connection, current.version.encoder_version, span.end, BATCH, after)
        if rows:
            ids, received, languages, blobs = (list(column) for column in zip(*rows, strict=True))
            yield ids, received, languages, decode_vectors(blobs)
        after = (moment(received[-1]), uuid(ids[-1])) if len(rows) == BATCH else None
