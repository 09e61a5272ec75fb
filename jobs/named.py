"""What the texts of complaints name, and their other words; read once and remembered by the process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from sqlalchemy import Connection

from feedback.drivers import LEAST_BASELINE, Named, Told
from feedback.store.facets import Facets
from feedback.store.topics import texts_of
from jobs.context import Context
from models.centre import Ints
from models.copies import LEAST_WORDS, plain_words
from models.topics import lemmatise

TEXTS = 2_000
"""So many texts of a window, and of what is usual, are read at most."""

REMEMBERED = 20_000
"""Texts; some 30 MB."""

WORD = "word"
"""The attribute of a text's words."""

Key = tuple[str, str, bool]
"""A text's language and hash, and whether its words are wanted."""


@dataclass(frozen=True, slots=True)
class Read:
    """`wording` is the same for long texts that differ in nothing but numbers and what was redacted."""

    named: Named
    wording: bytes | None


def told(
    context: Context,
    connection: Connection,
    window: Sequence[Facets],
    copy_of: Ints,
    baseline: Sequence[Facets],
    sample: Sequence[Facets],
) -> Told:
    """What the texts of a rise and of its baseline name, each of several copies once; `copy_of` is of the window.

    A topic with hardly any past is held against `sample`, complaints of all topics, and by names alone: its words are
    its subject.
    """
    words = len(baseline) >= LEAST_BASELINE
    past = _read_rows(context, connection, baseline, sampled(baseline), words=words)
    words = words and sum(each is not None for each in past) >= LEAST_BASELINE
    originals = np.flatnonzero(copy_of == np.arange(len(copy_of))).tolist()
    chosen = [originals[place] for place in sampled([window[row] for row in originals])]
    now = _read_rows(context, connection, window, chosen, words=words)
    everything = () if words else _read_rows(context, connection, sample, range(len(sample)), words=False)
    return Told(now, past, [each for each in everything if each is not None])


def sampled(complaints: Sequence[Facets]) -> list[int]:
    """The rows of those to read: by their ids, so that it is much the same ones from one run to the next."""
    ranked = sorted(range(len(complaints)), key=lambda row: complaints[row].complaint_id)
    return sorted(ranked[:TEXTS])


def _read_rows(
    context: Context, connection: Connection, complaints: Sequence[Facets], rows: Sequence[int], *, words: bool
) -> list[Named | None]:
    """What each of the complaints' texts names; None for those not among `rows` and for a wording that came before."""
    named: list[Named | None] = [None] * len(complaints)
    seen: set[bytes] = set()
    found = read_texts(context, connection, [complaints[row] for row in rows], words=words)
    for row, read in zip(rows, found, strict=True):
        if read is not None and read.wording not in seen:
            named[row] = read.named
            seen |= {read.wording} if read.wording else set()
    return named


def read_texts(
    context: Context, connection: Connection, complaints: Sequence[Facets], *, words: bool
) -> list[Read | None]:
    """What each complaint's text names, with its words as lemmas if wanted; None where the text was deleted since."""
    kept: dict[Key, Read] = context.memory.setdefault("named", {})
    found = {_key(each, words): kept.get(_key(each, words)) for each in complaints}
    unread = {_key(each, words): each for each in complaints if found[_key(each, words)] is None}
    texts = texts_of(connection, [each.complaint_id for each in unread.values()])
    fresh = _read(
        context, {key: texts[each.complaint_id] for key, each in unread.items() if each.complaint_id in texts}
    )
    kept.update(fresh)
    found.update(fresh)
    for oldest in list(kept)[: max(len(kept) - REMEMBERED, 0)]:
        del kept[oldest]
    return [found[_key(each, words)] for each in complaints]


def _key(each: Facets, words: bool) -> Key:
    return each.language, each.text_hash, words


def _read(context: Context, texts: Mapping[Key, str]) -> dict[Key, Read]:
    readings = dict(zip(texts, context.parts.finder.read(list(texts.values())), strict=True))
    words = _words({key: reading.rest for key, reading in readings.items() if key[2]})
    return {
        key: Read({**reading.named, WORD: words[key]} if key in words else reading.named, _wording(texts[key]))
        for key, reading in readings.items()
    }


def _words(texts: Mapping[Key, str]) -> dict[Key, tuple[str, ...]]:
    """Each text's lemmas, once each, without stop words."""
    found: dict[Key, tuple[str, ...]] = {}
    for language in sorted({key[0] for key in texts}):
        keys = [key for key in texts if key[0] == language]
        lemmas = lemmatise([texts[key] for key in keys], language)
        found.update((key, tuple(dict.fromkeys(each))) for key, each in zip(keys, lemmas, strict=True))
    return found


def _wording(text: str) -> bytes | None:
    words = plain_words(text)
    return blake2b(" ".join(words).encode(), digest_size=8).digest() if len(words) >= LEAST_WORDS else None
