"""False alerts while one of two sources is down and once it is back or has begun: with what is known of it, and not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.budgets import above, calm_panel
from benchmarks.calibration import spread
from benchmarks.counts import Series
from models.detect.budget import Threshold, evaluate, openings, simulated
from models.detect.combined import Combined
from models.detect.heard import heard
from models.detect.held import History
from models.detect.panel import Counts, Floats, Heard, Panel
from models.detect.silence import silences

BEFORE, AFTER = 182, 21
LASTING = (1, 3, 7, 14, 28, 56)
BEGUN = 28
BUDGET = 1.0


def sources_down(topics: int, seeds: Sequence[int]) -> None:
    """Alerts opened a week, judged as each day is over, from the day on which the source falls silent until three weeks
    after it is back; and in the four weeks after one has begun. How much of a topic comes through it is drawn anew for
    each: all, nothing and anything between."""
    print(f"\nFalse alerts a week while one of two sources is down and for three weeks then, {BUDGET:g} asked")
    print(f"{'days':6}" + "".join(f"{name:>16}" for name in ("both there", "down, untold", "down, known")))
    for days in (*LASTING, 0):
        rows = np.array([_opened(topics, days, seed) for seed in seeds])
        print(f"{days or 'begins':<6}" + "".join(f"  {spread(column)}" for column in rows.T), flush=True)


def _opened(topics: int, days: int, seed: int) -> list[float]:
    """Both there, down and untold, down and known; a source that has not begun has been down since the beginning."""
    rng = np.random.default_rng(seed)
    judged = days + AFTER if days else BEGUN
    counts = calm_panel("drifting", topics, BEFORE + judged, seed)
    through = rng.binomial(counts, rng.beta(0.5, 0.5, topics)[:, None])
    silent = through.copy()
    silent[:, BEFORE if days else 0 : BEFORE + days] = 0
    others = counts - through
    whole, down = Panel.of(counts), Panel.of(others + silent)
    before = Panel.of((counts if days else others)[:, :BEFORE])
    threshold = simulated(before, evaluations_per_day=1).threshold(BUDGET)
    days_judged = range(BEFORE, BEFORE + judged)
    known = [_judged(_until([others, silent], day)) for day in days_judged]
    untold = [_scores(each, judged) for each in (whole, down)]
    return [_a_week(each, threshold) for each in (*untold, _joined(known))]


def _judged(sources: Sequence[Series]) -> Mapping[str, Floats]:
    """The last day's scores, with no more known than on that day."""
    return _scores(replace(Panel.of(np.add(*sources)), heard=_heard(sources)), 1)


def _until(sources: Sequence[Series], day: int) -> list[Series]:
    return [each[:, : day + 1] for each in sources]


def _scores(panel: Panel, days: int) -> Mapping[str, Floats]:
    return evaluate(History.of(panel), Combined(), 1, np.random.default_rng(0), days)


def _joined(days: Sequence[Mapping[str, Floats]]) -> Mapping[str, Floats]:
    return {name: np.concatenate([each[name] for each in days]) for name in days[0]}


def _a_week(scores: Mapping[str, Floats], threshold: Threshold) -> float:
    high = above(scores, threshold)
    return float(openings(high, 0.0, 1, settling=0)[0]) * 7 / len(high)


def _heard(sources: Sequence[Series]) -> Heard | None:
    """From the counts of each source, as the service has it from its database."""
    by_source = np.stack([each.sum(axis=0) for each in sources])
    found = silences(by_source, by_source.shape[1])
    through = [_in_order(sources[each.source][:, each.usual]) for each in found]
    of = [_in_order(np.sum([sources[other][:, each.usual] for other in each.beside], axis=0)) for each in found]
    return heard(found, through, of, by_source.shape[1]) if found else None


def _in_order(counts: Series) -> Counts:
    by_topic = counts.sum(axis=1)
    return np.array([by_topic.sum(), *by_topic])
