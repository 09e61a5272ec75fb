"""Short daily histories in which every topic rises alone in turn, and what the service's detectors make of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.counts import WEEKDAYS, Series, scattered, wandering
from models.detect.combined import Combined
from models.detect.held import History
from models.detect.panel import Floats

KINDS = ("step2", "step3", "ramp3", "new")
JUDGED = 35
CREEP, CREEP_JUDGED = 84, 98


@dataclass(frozen=True, slots=True, eq=False)
class Short:
    """Counts (topics, days) by kind of rise, `null` among them; the truth behind them; others' volume (topics, days).

    `mean` is each topic's true mean of a calm day, `quiet` the same without its drift.
    """

    counts: dict[str, Series]
    others: Floats
    onset: Series
    mean: Floats
    quiet: Floats
    phi: Floats
    drift: Floats


@cache
def short(weeks: int, topics: int, seed: int, judged: int = JUDGED) -> Short:
    """Rates of .01 to 20 a day, weekdays, growing volume with shocks, drift, and two weeks of x3 in a fifth's past."""
    rng = np.random.default_rng(seed)
    days = 7 * weeks + judged
    time_axis = np.arange(days)
    rare = rng.random(topics) < 0.15
    low, high = np.where(rare, 0.01, 0.2), np.where(rare, 0.2, 20)
    rate = np.exp(rng.uniform(np.log(low), np.log(high)))
    phi, drift = rng.choice([1, 1.3, 2, 3], topics), rng.uniform(0, 0.2, topics)
    volume = _volume(rng, time_axis, 7 * weeks)
    own = np.exp(rng.normal(0, 0.15, (topics, 7)))
    pattern = (own / own.mean(axis=1, keepdims=True))[:, time_axis % 7] * volume
    wander = wandering(rng, (topics, days), 0.97)
    quiet = rate[:, None] * pattern
    mean = quiet * np.exp(drift[:, None] * wander - drift[:, None] ** 2 / 2)
    null = scattered(rng, mean * _past_rises(rng, topics, weeks, days), phi)
    onset = 7 * weeks + rng.integers(0, 7, topics)
    since = time_axis - onset[:, None]
    extra = {"step2": since >= 0, "step3": 2 * (since >= 0), "ramp3": 2 * np.clip((since + 1) / 21, 0, 1)}
    counts = {"null": null, **{kind: null + scattered(rng, mean * part, phi) for kind, part in extra.items()}}
    fresh = np.exp(rng.uniform(np.log(0.3), np.log(5), topics))[:, None] * pattern * (since >= 0)
    counts["new"] = scattered(rng, fresh, phi)
    counts["creep"] = null + scattered(rng, mean * 2 * np.clip((since + 1) / CREEP, 0, 1), phi)
    others = (null.sum(axis=0) - null).astype(np.float64)
    return Short(counts, others, onset - 7 * weeks, mean, quiet, phi, drift)


def _volume(rng: np.random.Generator, days: Series, today: int) -> Floats:
    """Two and a half times as much in a year, noise that lasts for days, a shock now and then, weekdays."""
    noise = wandering(rng, (1, len(days)), 0.9)[0] * 0.07
    shocks = np.where(rng.random(len(days)) < 0.01, np.log(1.6), 0)
    return np.asarray(np.exp(np.log(2.5) * (days - today) / 365 + noise + shocks) * WEEKDAYS[days % 7])


def _past_rises(rng: np.random.Generator, topics: int, weeks: int, days: int) -> Floats:
    factor = np.ones((topics, days))
    for topic in np.flatnonzero(rng.random(topics) < 0.2):
        start = rng.integers(7, max(8, 7 * weeks - 28))
        factor[topic, start : start + 14] = 3
    return factor


@cache
def scored(panel: Short, kind: str, judged: int = JUDGED) -> dict[str, Floats]:
    """What the detectors of the combination say of the last days, each (topics, judged)."""
    series = np.ascontiguousarray(panel.counts[kind].T[:, None, :], dtype=np.float64)
    history = History(series, panel.others.T[:, None, :], np.zeros(series.shape, bool), np.ones((len(series), 1, 1)))
    return {name: -np.log10(each.p()[:, 0].T) for name, each in Combined().held(history, judged).items()}


def part(name: str) -> Callable[[Short, str], Floats]:
    """The scores of one detector of the combination."""
    return lambda panel, kind: scored(panel, kind)[name]
