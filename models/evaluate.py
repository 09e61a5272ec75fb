"""How good a set of topics is: against known labels, and across languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.centre import Ints


@dataclass(frozen=True, slots=True)
class Agreement:
    """How clusters agree with known labels; the unassigned count as one group, so nothing is left out.

    `ari` is the adjusted Rand index (Hubert and Arabie 1985), `nmi` the normalised mutual information, `coverage`
    the share of texts in a cluster.
    """

    ari: float
    nmi: float
    coverage: float


def agreement(labels: Ints, truth: Sequence[str] | Ints) -> Agreement:
    """Compare labels (n,), -1 for none, with the truth (n,)."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    return Agreement(
        ari=float(adjusted_rand_score(truth, labels)),
        nmi=float(normalized_mutual_info_score(truth, labels)),
        coverage=coverage(labels),
    )


def coverage(labels: Ints) -> float:
    """The share of texts that have a topic."""
    return float(np.mean(labels >= 0)) if len(labels) else 0.0


def language_mixing(labels: Ints, languages: Sequence[str]) -> float:
    """The mean over topics of the share of a topic's commonest language: 1/L is perfectly mixed, 1 is split."""
    codes = np.unique(np.asarray(languages), return_inverse=True)[1]
    names = np.unique(labels[labels >= 0])
    shares = [np.bincount(codes[labels == name]).max() / np.sum(labels == name) for name in names]
    return float(np.mean(shares)) if shares else 1.0
