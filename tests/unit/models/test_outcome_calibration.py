"""Whether intervals hold and nothing is praised that did nothing, on fixes as `benchmarks/outcomes.py` makes them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats

from benchmarks.outcomes import EFFECTS, KINDS, LOOKS, SIZES, Judged, judge, told_of

SEEDS = (1, 2)
COVERAGE, FALSE_WORKED = 0.85, 0.05
CHANCE = 0.001
"""How likely a check may fail although what it checks is just right."""


def judged(kind: str, days: range, effect: float) -> Iterator[Judged]:
    for seed in SEEDS:
        for when in ("random", "peak"):
            yield from judge(kind, when, seed, -0.4, days, (effect,))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_and_what_did_nothing_is_not_praised(kind: str) -> None:
    nothing = list(judged(kind, LOOKS, 0.0))
    least = stats.binom.ppf(CHANCE, len(nothing) // len(SIZES), COVERAGE)
    for effect in (0.0, EFFECTS[-1]):
        cases = nothing if effect == 0 else list(judged(kind, LOOKS[-1:], effect))
        held = np.array([each.found.low <= 1 + effect <= each.found.high for each in cases])
        sizes = np.array([each.size for each in cases])
        assert {size: held[sizes == size].sum() >= least for size in SIZES} == dict.fromkeys(SIZES, True)
    praised = [told_of(each)[1] for each in nothing]
    assert sum(praised) <= stats.binom.ppf(1 - CHANCE, len(nothing), FALSE_WORKED)
