"""Texts that repeat another almost word for word, such as a chain message or spam."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.centre import Ints

LEAST_WORDS = 12
"""Shorter texts are alike by nature ("bonus not credited", from twenty people, is a subject): none is a copy."""

SIMILARITY = 0.8
"""Texts are copies from this Jaccard similarity of their shingles on.

Of 13,083 short questions to a bank (Banking77), many of them paraphrases of one another, 3 % of those of 12 words and
more come this near to any other; 7 % of those under 12 words do.
"""

SHINGLE = 4

BANDS, ROWS = 25, 5
"""How signatures are cut: a pair at the similarity above is missed once in 20,000, one at 0.5 is looked at every other
time. Given as they are, for the library's own search for the best ones takes longer than finding the copies."""

_PLACEHOLDER = re.compile(r"<[A-Z_]+>")
_NUMBER = re.compile(r"\d+(?:[.,:/' -]\d+)*")
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_WORD = re.compile(r"\w+")


def copies(texts: Sequence[str], similarity: float = SIMILARITY, least_words: int = LEAST_WORDS) -> Ints:
    """For each text the first row (n,) that says the same, or nearly; its own row where none before it does.

    A copy of a copy is a copy, so that the groups don't depend on the order of the texts. What differs from customer
    to customer doesn't count: numbers, what was redacted, case, punctuation. Texts of fewer than `least_words` words
    are copies of nothing.

    Candidates come from MinHash signatures in bands (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive
    Datasets, chapter 3), and are then compared by all their shingles.
    """
    first: dict[str, int] = {}
    copy_of = np.arange(len(texts))
    for row, text in enumerate(texts):
        words = plain_words(text)
        if len(words) >= least_words:
            copy_of[row] = first.setdefault(" ".join(words), row)
    rows = np.fromiter(first.values(), np.intp, len(first))
    for group in _groups([_shingles(text) for text in first], similarity):
        copy_of[rows[group]] = rows[min(group)]
    return copy_of[copy_of]


def repeated(copy_of: Ints) -> tuple[int, int]:
    """How many texts have a copy or are one, and how many they are when each is counted once."""
    sizes = np.bincount(copy_of)
    several = sizes[sizes > 1]
    return int(several.sum()), len(several)


def plain_words(text: str) -> list[str]:
    """The words in small letters without punctuation; every number and whatever was redacted is "0"."""
    told = _UNSEEN.sub("", _PLACEHOLDER.sub(" 0 ", text))
    return _WORD.findall(_NUMBER.sub("0", unicodedata.normalize("NFKC", told).casefold()))


def _shingles(text: str) -> NDArray[np.uint64]:
    """Every run of four characters, once and in order, each as a number of four times sixteen bits."""
    codes = np.frombuffer(text.ljust(SHINGLE).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(codes & np.uint64(0xFFFF), SHINGLE)
    places = np.uint64(16) * np.arange(SHINGLE, dtype=np.uint64)
    return np.unique((runs << places).sum(axis=1, dtype=np.uint64))


def _groups(shingles: Sequence[NDArray[np.uint64]], similarity: float) -> list[list[int]]:
    """The texts that are joined by a chain of near-copies, a list of places each."""
    if len(shingles) < 2:
        return []
    index = _Index.of(shingles, similarity)
    return [index.take_group(start) for start in range(len(shingles)) if start in index]


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """Texts by their signatures; `holds` is the incidence (n, v) of shingles in texts, `sizes` (n,) how many each has.

    Texts leave it as they are found, so that a flood of thousands is not compared pair by pair.
    """

    bands: Any
    signatures: Sequence[Any]
    holds: Any
    sizes: Ints
    similarity: float

    @classmethod
    def of(cls, shingles: Sequence[NDArray[np.uint64]], similarity: float) -> Self:
        from datasketch import MinHash, MinHashLSH
        from scipy.sparse import csr_array

        hashed = (_hashed(each).tolist() for each in shingles)
        signatures = MinHash.bulk(hashed, num_perm=BANDS * ROWS, hashfunc=int)
        bands = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
        for place, signature in enumerate(signatures):
            bands.insert(place, signature)
        sizes = np.array([len(each) for each in shingles])
        known, column = np.unique(np.concatenate(shingles), return_inverse=True)
        entries = np.ones(len(column), np.int32), column, np.append(0, np.cumsum(sizes))
        return cls(bands, signatures, csr_array(entries, shape=(len(sizes), len(known))), sizes, similarity)

    def __contains__(self, place: int) -> bool:
        return place in self.bands

    def take_group(self, start: int) -> list[int]:
        """Take out all texts that a chain of near-copies joins to `start`."""
        group = [start]
        self.bands.remove(start)
        for place in group:  # grows while it is gone through
            near = self._near(place)
            for each in near:
                self.bands.remove(each)
            group += near
        return group

    def _near(self, place: int) -> list[int]:
        """The texts still there whose Jaccard similarity to this one is high enough."""
        found = np.array(self.bands.query(self.signatures[place]), np.intp)
        if len(found) == 0:
            return []
        both = (self.holds[found] @ self.holds[[place]].T).toarray()[:, 0]
        either = self.sizes[found] + self.sizes[place] - both
        return [int(each) for each in found[both >= self.similarity * either]]


def _hashed(shingles: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """32 bits of each (Fibonacci hashing, Knuth, The Art of Computer Programming, 6.4)."""
    return (shingles * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
