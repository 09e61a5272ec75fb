from __future__ import annotations

import numpy as np
import pytest

from models.evaluate import agreement, coverage, language_mixing


def test_agreement_counts_the_unassigned() -> None:
    truth = ["a"] * 4 + ["b"] * 4
    perfect = agreement(np.array([1] * 4 + [0] * 4), truth)
    partly = agreement(np.array([1] * 4 + [0, 0, -1, -1]), truth)
    assert (perfect.ari, perfect.nmi, perfect.coverage) == pytest.approx((1, 1, 1))
    assert partly.ari < 1
    assert partly.coverage == 0.75
    assert coverage(np.empty(0, np.intp)) == 0


def test_language_mixing_is_the_share_of_the_main_language() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, -1])
    assert language_mixing(labels, ["de", "de", "de", "fi", "pl", "pl", "en"]) == pytest.approx((0.75 + 1) / 2)
    assert language_mixing(np.full(3, -1), ["de"] * 3) == 1
