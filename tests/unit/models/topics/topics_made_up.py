"""Made-up complaints: unit vectors around directions that stand for subjects, with a language component on top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.centre import Floats, Ints, unit_rows

WIDTH = 48


@dataclass(frozen=True, slots=True, eq=False)
class MadeUp:
    """`centred` (n, d) as after centring, `raw` as an encoder with a strong language component would give them."""

    centred: Floats
    raw: Floats
    subjects: Ints
    languages: list[str]
    directions: Floats


def made_up(
    subjects: int = 6,
    each: int = 60,
    languages: tuple[str, ...] = ("de", "en", "fi"),
    noise: float = 0.5,
    seed: int = 0,
) -> MadeUp:
    picks = np.random.default_rng(seed)
    directions = unit_rows(np.linalg.qr(picks.normal(size=(WIDTH, WIDTH)))[0][:subjects])
    truth = np.repeat(np.arange(subjects), each)
    spread = unit_rows(picks.normal(size=(len(truth), WIDTH)))
    centred = unit_rows(directions[truth] + noise * spread)
    places = 1.5 * unit_rows(picks.normal(size=(len(languages), WIDTH)))
    codes = np.arange(len(truth)) % len(languages)
    raw = unit_rows(centred + places[codes] + 2)
    return MadeUp(centred, raw, truth, [languages[code] for code in codes], directions)
