"""Takes the language out of embeddings, so that a topic gathers its complaints whatever they are written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]

EVIDENCE = 10.0
"""So many texts of a language count as much as what was believed about it before: its parallel phrases, or nothing.

For multilingual E5 the variance within a language is 7 times that between languages (MASSIVE, five languages)."""


@dataclass(frozen=True, slots=True, eq=False)
class ParallelPhrases:
    """Phrases that say the same thing in several languages.

    `vectors` (p, d) from the encoder; `languages` and `groups` name each row's language and meaning: rows with the
    same group are translations of one another.
    """

    vectors: Floats
    languages: Sequence[str]
    groups: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class LanguageOffsets:
    """Where each language lies: `vectors` (L, d) are the language's offsets from the common `mean` (d,).

    Multilingual encoders keep a strong language component; subtracting it makes neighbours of texts that mean the
    same. They belong to a topic model version: live texts are centred with the offsets the topics were found with.
    """

    languages: tuple[str, ...]
    vectors: Floats
    mean: Floats

    @classmethod
    def fit(cls, vectors: Floats, languages: Sequence[str], parallel: ParallelPhrases | None = None) -> Self:
        """Learn from a sample (n, d) with its n languages, and parallel phrases where there are any.

        A language's own mean also holds what its market happens to complain about; parallel phrases don't, but they
        aren't complaints. They are mixed half and half once a language has many texts, and the fewer it has, the more
        the phrases count. Without phrases, a rare language's offset is shrunk towards none.
        """
        prior_languages, prior, centre = _from_phrases(parallel, vectors.shape[1])
        known = tuple(sorted({*languages, *prior_languages}))
        offsets = np.zeros((len(known), vectors.shape[1]))
        for language, offset in zip(prior_languages, prior, strict=True):
            offsets[known.index(language)] = offset
        counts, sums = _sums(vectors, _codes(languages, known), len(known))
        mean = _common_mean(counts, sums, offsets, centre)
        weights = counts / (counts + EVIDENCE) * np.where(np.isin(known, prior_languages), 0.5, 1.0)
        own = sums / np.maximum(counts, 1)[:, None] - mean
        mixed = weights[:, None] * own + (1 - weights)[:, None] * offsets
        return cls(known, mixed.astype(np.float32), mean.astype(np.float32))

    def apply(self, vectors: Floats, languages: Sequence[str]) -> Floats:
        """Unit rows (n, d) with the language taken out; a language never seen gets the common mean."""
        codes = _codes(languages, self.languages)
        places = np.vstack([self.vectors, np.zeros((1, self.vectors.shape[1]), np.float32)]) + self.mean
        return unit_rows(np.asarray(vectors, np.float32) - places[codes])

    def places(self) -> tuple[Mapping[str, Floats], Floats]:
        """What `apply` takes off a vector (d,) before it scales it: by language, and of a language never seen."""
        return dict(zip(self.languages, self.vectors + self.mean, strict=True)), self.mean


def unit_rows(vectors: NDArray[Any]) -> Floats:
    """The rows (n, d) scaled to length one; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _codes(languages: Sequence[str], known: Sequence[str]) -> Ints:
    """Each language's place in `known`; -1, the last row, for others."""
    places = {language: place for place, language in enumerate(known)}
    return np.fromiter((places.get(language, -1) for language in languages), np.intp, len(languages))


def _sums(vectors: Floats, codes: Ints, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts (size,) and sums (size, d) of the rows by code."""
    sums = np.zeros((size, vectors.shape[1]))
    for code in range(size):
        sums[code] = vectors[codes == code].sum(axis=0, dtype=np.float64)
    return np.bincount(codes, minlength=size).astype(np.float64), sums


def _from_phrases(
    parallel: ParallelPhrases | None, width: int
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64] | None]:
    """Languages, their offsets (l, d) from the mean of each meaning, and the mean over all meanings (d,)."""
    if parallel is None or len(parallel.groups) == 0:
        return (), np.zeros((0, width)), None
    vectors = np.asarray(parallel.vectors, np.float64)
    groups = np.unique(np.asarray(parallel.groups), return_inverse=True)[1]
    counts, sums = _sums(parallel.vectors, groups, int(groups.max()) + 1)
    means = sums / counts[:, None]
    translated = (counts > 1)[groups]
    languages = np.asarray(parallel.languages)
    known = tuple(str(language) for language in np.unique(languages[translated]))
    apart = vectors - means[groups]
    offsets = [apart[translated & (languages == language)].mean(axis=0) for language in known]
    return known, np.array(offsets).reshape(len(known), width), means.mean(axis=0)


def _common_mean(
    counts: NDArray[np.float64],
    sums: NDArray[np.float64],
    offsets: NDArray[np.float64],
    centre: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """The mean of the texts with what is believed of their languages taken out; few texts lean on the phrases."""
    total = counts.sum()
    without = (sums - counts[:, None] * offsets).sum(axis=0)
    if centre is not None:
        without, total = without + EVIDENCE * centre, total + EVIDENCE
    return np.asarray(without / max(total, 1.0))
