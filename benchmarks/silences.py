"""False alerts while one of two sources is down, and after it is back: with what is known of it, and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.budgets import above, calm_panel
from benchmarks.calibration import spread
from benchmarks.counts import Series
from models.detect.budget import evaluate, openings, simulated
from models.detect.combined import Combined
from models.detect.heard import heard
from models.detect.held import History
from models.detect.panel import Counts, Heard, Panel
from models.detect.silence import silences

BEFORE, AFTER = 182, 21
LASTING = (1, 3, 7, 14, 28, 56)
BUDGET = 1.0


def sources_down(topics: int, seeds: Sequence[int]) -> None:
    """Alerts opened a week, judged as each day is over, from the day on which the source falls silent until three weeks
    after it is back. How much of a topic comes through it is drawn anew for each: all, nothing and anything between."""
    print(
        f"\nOne of two sources is down: false alerts a week until it is back for three, {topics} topics, {BUDGET:g} asked"
    )
    print(f"{'days':6}" + "".join(f"{name:>16}" for name in ("both there", "down, untold", "down, known")))
    for days in LASTING:
        rows = np.array([_opened(topics, days, seed) for seed in seeds])
        print(f"{days:<6}" + "".join(f"  {spread(column)}" for column in rows.T), flush=True)


def _opened(topics: int, days: int, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    counts = calm_panel("drifting", topics, BEFORE + days + AFTER, seed)
    through = rng.binomial(counts, rng.beta(0.5, 0.5, topics)[:, None])
    silent = through.copy()
    silent[:, BEFORE : BEFORE + days] = 0
    others = counts - through
    whole, down = Panel.of(counts), Panel.of(others + silent)
    threshold = simulated(Panel.of(counts[:, :BEFORE]), evaluations_per_day=1).threshold(BUDGET)

    def a_week(panel: Panel) -> float:
        scores = evaluate(History.of(panel), Combined(), 1, np.random.default_rng(seed), days + AFTER)
        return float(openings(above(scores, threshold), 0.0, 1, settling=0)[0]) * 7 / (days + AFTER)

    return [a_week(each) for each in (whole, down, replace(down, heard=_heard([others, silent])))]


def _heard(sources: Sequence[Series]) -> Heard | None:
    """From the counts of each source, as the service has it from its database."""
    by_source, everything = np.stack([each.sum(axis=0) for each in sources]), sum(sources, np.zeros_like(sources[0]))
    found = silences(by_source, by_source.shape[1])
    through = [_in_order(sources[each.source][:, each.usual]) for each in found]
    of = [_in_order(everything[:, each.usual]) for each in found]
    return heard(found, through, of, by_source.shape[1]) if found else None


def _in_order(counts: Series) -> Counts:
    by_topic = counts.sum(axis=1)
    return np.array([by_topic.sum(), *by_topic])
