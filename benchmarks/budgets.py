"""False alerts a week that come out when so many are asked for, by the rules of production; what the q bound costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.calibration import found, spread
from benchmarks.counts import Series, scattered, wandering
from benchmarks.short_histories import KINDS, Short, scored, short
from models.detect.budget import Threshold, among_topics, evaluate, highest, openings, simulated
from models.detect.combined import Combined
from models.detect.fdr import FALSE_DISCOVERIES, NO_BOUND, q_values
from models.detect.held import History
from models.detect.panel import Floats, Panel

BEFORE = 182
CALM = ("stationary", "growing", "weekday-heavy", "drifting")


def calm_panel(kind: str, topics: int, days: int, seed: int) -> Series:
    """Counts in which nothing rises, of one temper."""
    rng = np.random.default_rng(seed)
    day = np.arange(days)
    mean = np.exp(rng.uniform(np.log(0.05), np.log(15), topics))[:, None] * np.ones(days)
    phi = rng.choice([1, 1.3, 2, 3], topics)
    if kind == "growing":
        mean *= 2.5 ** ((day - days) / 365)
    if kind == "weekday-heavy":
        mean *= np.array([2.2, 1.5, 1.1, 0.9, 0.7, 0.4, 0.2])[day % 7]
    if kind == "drifting":
        drift = rng.uniform(0, 0.2, topics)[:, None]
        mean *= np.exp(drift * wandering(rng, (topics, days), 0.97) - drift**2 / 2)
    return scattered(rng, mean, phi)


ASKED = (0.5, 1.0, 3.0)
"""Budgets: false alarms a week."""


def budgets(seeds: Sequence[int], topics: int = 100, every: int = 56, weeks: int = 104) -> None:
    """False alerts opened in two years by the rules of production (score and bound on q, judged four times a day), the
    threshold set anew every eight weeks. The hourly path and segments have their own benchmarks."""
    print(f"\nFalse alerts a week over {weeks} weeks and {topics} topics, a panel each of the seeds {list(seeds)}")
    print(f"{'asked':16}" + "".join(f"{budget:>16}{'/ asked':>9}" for budget in ASKED))
    for kind in CALM:
        calm = {seed: calm_panel(kind, topics, BEFORE + 7 * weeks, seed) for seed in seeds}
        opened = [false_openings(each, Combined(), seed, ASKED, BEFORE, every, weeks) for seed, each in calm.items()]
        columns = zip(ASKED, np.array(opened).T, strict=True)
        cells = [f"  {spread(each)}{each.mean() / asked:>9.2f}" for asked, each in columns]
        print(f"{kind:16}" + "".join(cells), flush=True)


def false_openings(
    counts: Series, detector: Combined, seed: int, asked: Sequence[float], first: int, every: int, weeks: int
) -> list[float]:
    """Alerts opened a week from day `first` on, by what was asked for."""
    days = 7 * weeks
    history = History.of(Panel.of(counts[:, : first + days]))
    scores = evaluate(history, detector, 4, np.random.default_rng(seed), days)
    highs: dict[float, list[Floats]] = {budget: [] for budget in asked}
    for start in range(0, days, every):
        simulation = simulated(Panel.of(counts[:, : first + start]), detector=detector)
        block = {name: each[4 * start : 4 * (start + every)] for name, each in scores.items()}
        for budget in asked:
            highs[budget].append(above(block, simulation.threshold(budget)))
    return [float(openings(np.concatenate(each), 0.0, 4, settling=0)[0]) / weeks for each in highs.values()]


def above(scores: Mapping[str, Floats], threshold: Threshold) -> Floats:
    """How far each combined score is above the threshold; below it where q is over its bound."""
    combined = highest(scores, threshold.margins)
    return np.where(among_topics(combined) <= threshold.q_bound, combined - threshold.score, -np.inf)


def false_discoveries(topics: int, seeds: Sequence[int], weeks: int = 26) -> None:
    """What the bound on q costs the combination, each threshold set with its bound in force, judged daily: the share
    found within 14 days by budget, without a bound, with the one that the budget leaves room for, and with a tenth."""
    print(f"\nFound within 14 days by budget, {topics} topics, {weeks} weeks of history, seeds {list(seeds)}")
    print(f"{'budget':8}" + "".join(f"{name:>16}" for name in ("no bound", "its bound", "q ≤ 0.1")) + "   its bound is")
    for budget in ASKED:
        found = [_with_and_without(short(weeks, topics, seed), weeks, budget) for seed in seeds]
        cells, bounds = np.array([each for each, _ in found]), sorted({bound for _, bound in found})
        print(f"{budget:<8}" + "".join(f"  {spread(column)}" for column in cells.T) + f"   {bounds}", flush=True)


def _with_and_without(panel: Short, weeks: int, budget: float) -> tuple[list[float], float]:
    """The shares found, and the bound on q that the budget leaves room for."""
    threshold = simulated(Panel.of(panel.counts["null"][:, : 7 * weeks])).threshold(budget)
    null = 10 ** -_combination(panel, "null", threshold)
    bounds = (NO_BOUND, threshold.q_bound, FALSE_DISCOVERIES)
    shares = np.zeros((len(KINDS), len(bounds)))
    for row, kind in enumerate(KINDS):
        scores = _combination(panel, kind, threshold)
        q = np.array([_q_alone(null, 10 ** -scores[topic], topic) for topic in range(len(scores))])
        for column, bound in enumerate(bounds):
            shares[row, column] = found(np.where(q <= bound, scores, -1), panel.onset, threshold.score, 14)
    return list(shares.mean(axis=0)), threshold.q_bound


def _combination(panel: Short, kind: str, threshold: Threshold) -> Floats:
    return np.maximum(highest(scored(panel, kind), threshold.margins), 0.0)


def _q_alone(null: Floats, p: Floats, topic: int) -> Floats:
    """The topic's q values when it alone rises among the null topics."""
    among = null.copy()
    among[topic] = p
    return np.asarray(q_values(among)[topic])
