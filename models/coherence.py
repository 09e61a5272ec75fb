"""Whether the words of a topic belong together: how much oftener they meet in one text than chance would have it."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from models.topics import Words, lemmatise

FOLDS = 5
"""One text in so many is held out."""

TOP = 5
"""So many of a topic's words in each language are judged; further ones are too rare to meet in a few hundred texts."""

Postings = Mapping[str, set[int]]
"""The texts in which each word occurs."""


def held_out(texts: Sequence[str], folds: int = FOLDS) -> NDArray[np.bool_]:
    """Which texts (n,) to judge by: one in `folds`, by the text itself, so that copies are on the same side."""
    return np.array([zlib.crc32(text.encode("utf-8", "replace")) % folds == 0 for text in texts], np.bool_)


def coherence(
    words: Mapping[int, Words], texts: Sequence[str], languages: Sequence[str], top: int = TOP
) -> dict[int, float]:
    """The mean NPMI of the pairs of each topic's `top` words, from -1 (never together) over 0 (chance) to 1 (always).

    Normalised pointwise mutual information (Bouma 2009), as a measure of topics after Röder, Both and Hinneburg
    (2015), with whole texts as windows. `texts` must not be those that `words` were found in. Pairs are of one
    language and are judged by its texts; a word that none of them has says nothing. A topic without pairs is left out.
    """
    names = np.asarray(languages)
    found: dict[int, list[float]] = {}
    for language in sorted({each for by_language in words.values() for each in by_language} & set(languages)):
        rows = np.flatnonzero(names == language).tolist()
        postings = _postings(lemmatise([texts[row] for row in rows], language))
        for topic, by_language in words.items():
            scores = _pairs(by_language.get(language, ())[:top], postings, len(rows))
            found.setdefault(topic, []).extend(scores)
    return {topic: float(np.mean(scores)) for topic, scores in found.items() if scores}


def _postings(tokens: Sequence[Sequence[str]]) -> Postings:
    postings: dict[str, set[int]] = {}
    for text, words in enumerate(tokens):
        for word in words:
            postings.setdefault(word, set()).add(text)
    return postings


def _pairs(words: Sequence[str], postings: Postings, size: int) -> list[float]:
    known = [postings[word] for word in words if word in postings]
    return [npmi(len(one), len(two), len(one & two), size) for one, two in combinations(known, 2)]


def npmi(one: int, two: int, both: int, size: int) -> float:
    """The NPMI of two words that `one` and `two` of `size` texts have, and `both` have together."""
    if both == 0:
        return -1.0
    if both == size:
        return 1.0
    return math.log(both * size / (one * two)) / -math.log(both / size)
