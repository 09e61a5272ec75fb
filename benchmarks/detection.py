"""How soon rises are found, beside the customary rules, and whether false alarms keep to their budget.

    python benchmarks/detection.py                                 # short histories, the budget, speed: ten minutes
    python benchmarks/detection.py --parts short --seeds 41 42 --methods EB7 combined
    python benchmarks/detection.py --parts noufaily --series 8     # with R's farringtonFlexible where R is installed

`short`: daily histories of 10, 26 and 60 weeks in which every topic rises alone in turn. `creep`: the same, with a rise
that takes twelve weeks to become x3; 26 and 60 weeks. `noufaily`: the 42 weekly
scenarios of Noufaily et al. 2013 (Statistics in Medicine 32:1206). Each method's threshold is set on calm panels of
other seeds, so that one topic-week in a hundred has an alarm. Standard errors are over seeds. R's farringtonFlexible is
not among the short histories: it compares with the same weeks of years before, five as a rule. With one year (b = 1) it
refuses 10 and 26 weeks and judges the last of 60 by the seven a year before, which says nothing of what is usual now.
Two rows say what can be had at all: `oracle` knows each topic's true rate and scatter, all but its drift, and takes the
tail of seven days;
`omniscient` knows every day's true mean, drift included, the scatter and how topics rise, and weighs each onset of the
last two weeks by its likelihood (Shiryaev 1963, Theory of Probability and its Applications 8:22).
`yearly`: two and a half years with seasons and without.
`budget`: false alerts a week that come out when so many are asked for, by the rules of production; a panel a seed.
`fdr`: what the bound on q costs. `speed`: CPU seconds and memory.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

from models.detect.budget import Threshold, among_topics, evaluate, highest, openings, simulated
from models.detect.combined import BUDGET_SHARES, Combined
from models.detect.eb7 import EB7, Stages
from models.detect.fdr import FALSE_DISCOVERIES, NO_BOUND, q_values
from models.detect.held import History
from models.detect.negative_binomial import upper_tail
from models.detect.panel import Floats, Panel
from models.detect.yearly import Yearly

KINDS = ("step2", "step3", "ramp3", "new")
WEEKS = (10, 26, 60)
JUDGED = 35
CREEP, CREEP_JUDGED = 84, 98
RATE = 0.01
CALIBRATION = 50_000
"""Added to a seed for the panels that set the thresholds."""

WEEKDAYS = np.array([1.25, 1.15, 1.1, 1.05, 1.0, 0.8, 0.65])
WEEKDAYS /= WEEKDAYS.mean()

Series = NDArray[np.int64]


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
    wander = _wander(rng, (topics, days), 0.97)
    quiet = rate[:, None] * pattern
    mean = quiet * np.exp(drift[:, None] * wander - drift[:, None] ** 2 / 2)
    null = _scattered(rng, mean * _past_rises(rng, topics, weeks, days), phi)
    onset = 7 * weeks + rng.integers(0, 7, topics)
    since = time_axis - onset[:, None]
    extra = {"step2": since >= 0, "step3": 2 * (since >= 0), "ramp3": 2 * np.clip((since + 1) / 21, 0, 1)}
    counts = {"null": null, **{kind: null + _scattered(rng, mean * part, phi) for kind, part in extra.items()}}
    fresh = np.exp(rng.uniform(np.log(0.3), np.log(5), topics))[:, None] * pattern * (since >= 0)
    counts["new"] = _scattered(rng, fresh, phi)
    counts["creep"] = null + _scattered(rng, mean * 2 * np.clip((since + 1) / CREEP, 0, 1), phi)
    others = (null.sum(axis=0) - null).astype(np.float64)
    return Short(counts, others, onset - 7 * weeks, mean, quiet, phi, drift)


def _volume(rng: np.random.Generator, days: Series, today: int) -> Floats:
    """Two and a half times as much in a year, noise that lasts for days, a shock now and then, weekdays."""
    noise = _wander(rng, (1, len(days)), 0.9)[0] * 0.07
    shocks = np.where(rng.random(len(days)) < 0.01, np.log(1.6), 0)
    return np.asarray(np.exp(np.log(2.5) * (days - today) / 365 + noise + shocks) * WEEKDAYS[days % 7])


def _wander(rng: np.random.Generator, size: tuple[int, int], correlation: float) -> Floats:
    """A unit AR(1) along the second axis."""
    steps = rng.normal(size=size)
    for day in range(1, size[1]):
        steps[:, day] = correlation * steps[:, day - 1] + np.sqrt(1 - correlation**2) * steps[:, day]
    return steps


def _past_rises(rng: np.random.Generator, topics: int, weeks: int, days: int) -> Floats:
    factor = np.ones((topics, days))
    for topic in np.flatnonzero(rng.random(topics) < 0.2):
        start = rng.integers(7, max(8, 7 * weeks - 28))
        factor[topic, start : start + 14] = 3
    return factor


def _scattered(rng: np.random.Generator, mean: Floats, phi: Floats) -> Series:
    """Counts whose variance is phi times their mean."""
    extra = np.maximum(phi - 1, 1e-6)[:, None]
    return np.asarray(rng.poisson(rng.gamma(np.maximum(mean, 1e-12) / extra, extra)))


@cache
def scored(panel: Short, kind: str, judged: int = JUDGED) -> dict[str, Floats]:
    """What the detectors of the combination say of the last days, each (topics, judged)."""
    series = np.ascontiguousarray(panel.counts[kind].T[:, None, :], dtype=np.float64)
    history = History(series, panel.others.T[:, None, :], np.zeros(series.shape, bool), np.ones((len(series), 1, 1)))
    return {name: -np.log10(each.p()[:, 0].T) for name, each in Combined().held(history, judged).items()}


def part(name: str) -> Callable[[Short, str], Floats]:
    """The scores of one detector of the combination."""
    return lambda panel, kind: scored(panel, kind)[name]


def oracle(panel: Short, kind: str) -> Floats:
    """The tail of the seven days given the topic's true mean, scatter and how far it drifts."""
    quiet = np.full_like(panel.quiet, 0.02) if kind == "new" else panel.quiet
    mean = _trailing(quiet, 7)
    excess = panel.phi[:, None] - 1 + 0.9 * panel.drift[:, None] ** 2 * mean
    p = upper_tail(_trailing(panel.counts[kind], 7).astype(np.float64), mean, mean / np.maximum(excess, 1e-6))
    return np.asarray(-np.log10(p))


ABSENT = 1e-3
"""Complaints a day of a topic that is not there yet, for who knows."""


def omniscient(panel: Short, kind: str) -> Floats:
    """The mixture of likelihood ratios over the kinds of rise and the onsets of the last 14 days, given all."""
    span = 14
    mean = np.maximum(panel.mean if kind != "new" else np.full_like(panel.mean, ABSENT), ABSENT)[:, -JUDGED - span :]
    counts = panel.counts[kind][:, -JUDGED - span :]
    size = mean / np.maximum(panel.phi - 1, 1e-6)[:, None]
    calm = nbinom.logpmf(counts, size, size / (size + mean))

    def over_calm(risen: Floats) -> Floats:
        grown = size * risen / mean
        return np.asarray(nbinom.logpmf(counts, grown, grown / (grown + risen)) - calm)

    steps = [over_calm(mean * lift) for lift in (2, 3)] + [over_calm(mean + rate) for rate in (0.5, 1.5, 4)]
    slopes = [over_calm(mean * (1 + 2 * (day + 1) / 21)) for day in range(span)]
    score = np.zeros((len(counts), JUDGED))
    for since in range(1, span + 1):
        days = [slice(span + 1 - since + day, span + 1 - since + day + JUDGED) for day in range(since)]
        ratios = [sum(each[:, day] for day in days) for each in steps]
        ratios.append(sum(slope[:, day] for slope, day in zip(slopes, days, strict=False)))
        weights = (0.3, 0.3, 0.05, 0.05, 0.05, 0.25)
        score += sum(weight * np.exp(np.minimum(ratio, 700)) for weight, ratio in zip(weights, ratios, strict=True))
    return np.asarray(np.log10(score))


def ears(days: int, lag: int) -> Callable[[Short, str], Floats]:
    """EARS C1 (no lag) and C2: the day against mean and deviation of the seven days that end `lag` days before."""

    def scores(panel: Short, kind: str) -> Floats:
        return _standardised(panel.counts[kind], days, lag)[:, -JUDGED:]

    return scores


def ears_c3(panel: Short, kind: str) -> Floats:
    """EARS C3: the excesses of C2 over one, over three days."""
    excess = np.maximum(_standardised(panel.counts[kind], 7, 2) - 1, 0)
    return _trailing(excess, 3)


def cusum(panel: Short, kind: str) -> Floats:
    """The cumulative sum of standardised errors over .5, against the mean of the 56 days that end a week before."""
    counts = panel.counts[kind]
    before = [counts[:, max(0, day - 63) : day - 7].mean(axis=1) for day in range(8, counts.shape[1])]
    mean = np.stack(before, axis=1)
    errors = (counts[:, 8:] - mean) / np.sqrt(mean + 0.1)
    total, sums = np.zeros(len(counts)), []
    for day in errors.T:
        total = np.maximum(0, total + day - 0.5)
        sums.append(total)
    return np.stack(sums, axis=1)[:, -JUDGED:]


def z_score(panel: Short, kind: str) -> Floats:
    """The week against the mean and deviation of the eight weeks before."""
    weeks = _weeks(panel.counts[kind])
    before = np.stack([weeks[:, -JUDGED - 7 * n : weeks.shape[1] - 7 * n] for n in range(1, 9)])
    return np.asarray((weeks[:, -JUDGED:] - before.mean(axis=0)) / np.maximum(before.std(axis=0, ddof=1), 0.5))


def growth(panel: Short, kind: str) -> Floats:
    """The week over the week before."""
    weeks = _weeks(panel.counts[kind])
    return np.asarray((weeks[:, -JUDGED:] + 0.1) / (weeks[:, -JUDGED - 7 : -7] + 0.1))


HOURS = 24
WAKING = 1 + np.cos(2 * np.pi * (np.arange(HOURS) - 15) / HOURS)
"""How a day's complaints spread over its hours, in proportion: most at 15, none at 3 o'clock."""


def spike_limit(panel: Short, kind: str) -> Floats:
    """Sentry's forecast for an issue: the day's fullest hour over the limit for its hours.

    The limit follows from the 168 hours before: the greater of their maximum times 5·exp(−.65 cv), from 2 to 5, and of
    their mean, hours of the same weekday twice, plus their mean times (mean + 5 deviations) / mean, from 5 to 8; ten
    times the maximum while the topic is younger than a week (`generate_issue_forecast` in getsentry/sentry,
    src/sentry/issues/escalating/escalating_issues_alg.py). There it serves issues that were archived until they
    escalate, and hours without an event do not count; here they do, and the limit is set anew every day: both to its
    favour, as else most topics had too few hours and the tenfold limit for good.
    """
    counts = panel.counts[kind]
    past = np.lib.stride_tricks.sliding_window_view(counts[:, -JUDGED - 7 : -1], 7, axis=1)
    rng = np.random.default_rng(0)
    spread_out = rng.multinomial(counts[:, -JUDGED - 7 :], WAKING / WAKING.sum())
    hours = np.lib.stride_tricks.sliding_window_view(spread_out[:, :-1], 7, axis=1)
    most = hours.max(axis=(2, 3)).astype(np.float64)
    mean, deviation = hours.mean(axis=(2, 3)), hours.std(axis=(2, 3), ddof=1)
    some = np.maximum(mean, 1e-9)
    bursty = most * np.clip(5 * np.exp(-0.65 * deviation / some), 2, 5)
    # of the seven days one is of the same weekday
    usual = (past.sum(axis=2) + past[:, :, 0]) / (8 * HOURS)
    spike = usual + mean * np.clip((mean + 5 * deviation) / some, 5, 8)
    first = np.where(counts.any(axis=1), (counts > 0).argmax(axis=1), counts.shape[1])
    age = np.arange(counts.shape[1] - JUDGED, counts.shape[1]) - first[:, None]
    limit = np.floor(np.where(age < 7, 10 * most, np.maximum(bursty, spike)))
    # without an event in a week there is no forecast, and nothing escalates
    return np.where(most > 0, spread_out[:, -JUDGED:].max(axis=2) / (limit + 1), 0.0)


def _standardised(counts: Series, days: int, lag: int) -> Floats:
    before = np.lib.stride_tricks.sliding_window_view(counts, days, axis=1)[:, : counts.shape[1] - days - lag]
    today = counts[:, days + lag :]
    return np.asarray((today - before.mean(axis=2)) / np.maximum(before.std(axis=2, ddof=1), 0.2))


def _weeks(counts: Series) -> Series:
    return np.asarray(np.lib.stride_tricks.sliding_window_view(counts, 7, axis=1).sum(axis=2))


def _trailing(values: Series | Floats, days: int) -> Floats:
    """Sums over the days that end with each of the last days."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, days, axis=1).sum(axis=2)[:, -JUDGED:])


METHODS: dict[str, tuple[Sequence[Callable[[Short, str], Floats]], Sequence[float]]] = {
    "EB7": ([part("EB7")], [2.0]),
    "ramp": ([part("ramp")], [2.0]),
    "combined": ([part("EB7"), part("ramp")], [2.0]),
    "EARS C1": ([ears(7, 0)], [3.0]),
    "EARS C2": ([ears(7, 2)], [3.0]),
    "EARS C3": ([ears_c3], [2.0]),
    "CUSUM": ([cusum], [4.0]),
    "z-score": ([z_score], [1.5, 2.0, 3.0]),
    "+50 %": ([growth], [1.5]),
    "Sentry": ([spike_limit], [1.0]),
    "oracle": ([oracle], [2.0]),
    "omniscient": ([omniscient], [2.0]),
}
"""Each method's parts and customary thresholds."""


def weekly_maxima(scores: Floats) -> Floats:
    return np.asarray(scores.reshape(len(scores), -1, 7).max(axis=2).ravel())


def found(scores: Floats, onset: Series, threshold: float, within: int) -> float:
    """Share of topics with a score above the threshold within so many days of the onset."""
    since = np.arange(scores.shape[1]) - onset[:, None]
    return float(((scores > threshold) & (since >= 0) & (since < within)).any(axis=1).mean())


def study(name: str, weeks: int, topics: int, seeds: Sequence[int]) -> Floats:
    """A row a seed: found within 14 days by kind, within 7, false alarm rate, the same at the usual thresholds."""
    parts, usual = METHODS[name]
    calm = [[each(short(weeks, topics, seed + CALIBRATION), "null") for each in parts] for seed in seeds]
    margins, threshold = _thresholds(calm)
    rows = []
    for seed in seeds:
        panel = short(weeks, topics, seed)
        scores = {kind: _highest([each(panel, kind) for each in parts], margins) for kind in ("null", *KINDS)}
        null = weekly_maxima(scores["null"])
        hits = [found(scores[kind], panel.onset, threshold, days) for days in (14, 7) for kind in KINDS]
        rows.append([*hits, (null > threshold).mean(), *((null >= each).mean() for each in usual)])
    return np.array(rows)


def _quantile(scores: Sequence[Floats], rate: float) -> float:
    return float(np.quantile(np.concatenate([weekly_maxima(each) for each in scores]), 1 - rate))


def _highest(scores: Sequence[Floats], margins: Sequence[float]) -> Floats:
    return np.asarray(np.maximum.reduce([each - margin for each, margin in zip(scores, margins, strict=True)]))


def short_histories(topics: int, seeds: Sequence[int], methods: Sequence[str]) -> None:
    print(f"\nFound at {RATE:.0%} of calm topic-weeks, {topics} topics, seeds {list(seeds)}, {WEEKS} weeks of history")
    columns = ["all 14 d", *(f"{kind} 14 d" for kind in KINDS), "all 7 d", "false"]
    print(f"{'':11}" + "".join(f"{name:>14}" for name in columns) + "   false at the usual threshold")
    for name in methods:
        rows = np.mean([study(name, weeks, topics, seeds) for weeks in WEEKS], axis=0)
        cells = [rows[:, :4].mean(axis=1), *rows[:, :4].T, rows[:, 4:8].mean(axis=1), rows[:, 8]]
        usual = zip(METHODS[name][1], rows[:, 9:].mean(axis=0), strict=True)
        print(f"{name:11}" + "".join(spread(cell) for cell in cells) + "".join(f"   {u}: {r:.3f}" for u, r in usual))


def creeping(topics: int, seeds: Sequence[int]) -> None:
    """What the ramp detector is for: found within weeks, at the same share of calm topic-weeks with an alarm."""
    within = (28, 42, 63, 84)
    print(f"\nA rise to x3 over {CREEP} days, at {RATE:.0%} of calm topic-weeks, {topics} topics, seeds {list(seeds)}")
    print(f"{'':10}" + "".join(f"{f'{days} d':>14}" for days in within))
    for name, parts in {"EB7": ["EB7"], "ramp": ["ramp"], "combined": list(BUDGET_SHARES)}.items():
        rows = np.mean([_creeping(parts, weeks, topics, seeds, within) for weeks in (26, 60)], axis=0)
        print(f"{name:10}" + "".join(spread(column) for column in rows.T))


def _creeping(parts: Sequence[str], weeks: int, topics: int, seeds: Sequence[int], within: Sequence[int]) -> Floats:
    def scores(seed: int, kind: str) -> list[Floats]:
        told = scored(short(weeks, topics, seed, CREEP_JUDGED), kind, CREEP_JUDGED)
        return [told[part] for part in parts]

    margins, threshold = _thresholds([scores(seed + CALIBRATION, "null") for seed in seeds])
    rows = []
    for seed in seeds:
        onset = short(weeks, topics, seed, CREEP_JUDGED).onset
        rows.append([found(_highest(scores(seed, "creep"), margins), onset, threshold, days) for days in within])
    return np.array(rows)


def _thresholds(calm: Sequence[Sequence[Floats]]) -> tuple[list[float], float]:
    """The margins of a method's parts over the first, and its threshold, from its parts' scores on calm panels."""
    parts = list(zip(*calm, strict=True))
    shares = [1.0] if len(parts) == 1 else list(BUDGET_SHARES.values())
    own = [_quantile(scores, share * RATE) for scores, share in zip(parts, shares, strict=True)]
    margins = [each - own[0] for each in own]
    return margins, _quantile([_highest(scores, margins) for scores in calm], RATE)


def spread(values: Floats) -> str:
    """Mean and standard error over the rows."""
    error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{values.mean():>7.3f} ±{error:.3f}"


NOUFAILY = (
    (0.1, 1.5, 0.0025, 0.6, 0.6),
    (-2, 2, 0.005, 0.1, 0.3),
    (1.5, 1, 0.003, 0.2, -0.4),
    (0.5, 5, 0.002, 0.5, 0.5),
    (2.5, 3, 0.001, 1, 0.1),
    (3.75, 1.1, 0.001, 0.1, -0.1),
    (5, 1.2, 0.0001, 0.05, 0.01),
)
"""θ, φ, β, γ1 and γ2 of each set; with and without the trend β, with no, one and two harmonics."""

LONG, CURRENT = 624, 49
"""Weeks of a series, and how many of them, the last, are judged."""


def outbreak_panel(series: int, seed: int) -> tuple[Series, Series]:
    """Counts without the current outbreak and its cases, (42 x series, weeks); past outbreaks are in the counts."""
    rng = np.random.default_rng(seed)
    drawn = [
        _outbreak_series(rng, each, trend, harmonics)
        for each in NOUFAILY
        for trend in (0, 1)
        for harmonics in (0, 1, 2)
        for _ in range(series)
    ]
    return np.array([base for base, _ in drawn]), np.array([cases for _, cases in drawn])


def _outbreak_series(
    rng: np.random.Generator, scenario: tuple[float, ...], trend: int, harmonics: int
) -> tuple[Series, Series]:
    theta, phi, beta, g1, g2 = scenario
    week = np.arange(1, LONG + 1)
    angles = [2 * np.pi * j * week / 52 for j in range(1, harmonics + 1)]
    season = sum((g1 * np.cos(a) + g2 * np.sin(a) for a in angles), np.zeros(LONG))
    mean = np.exp(theta + beta * trend * week + season)
    counts = rng.poisson(mean) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi)
    deviation = np.sqrt(phi * mean)
    past = np.zeros(LONG, np.int64)
    for start in rng.choice(np.arange(312, 575), 4, replace=False):
        past += _cases(rng, deviation, int(start), int(rng.choice([2, 3, 5, 10])), 0)
    past[LONG - CURRENT :] = 0
    current = _cases(rng, deviation, int(rng.integers(LONG - CURRENT, LONG)), int(rng.integers(2, 11)), 1)
    return counts + past, current


def _cases(rng: np.random.Generator, deviation: Floats, start: int, size: int, least: int) -> Series:
    while True:
        weeks = start + np.floor(rng.lognormal(0, 0.5, rng.poisson(size * deviation[start]))).astype(int)
        cases = np.bincount(weeks[weeks < LONG], minlength=LONG)
        if cases.sum() >= least:
            return cases


def yearly(window: int) -> Callable[[Series], Floats]:
    detector = Yearly(window=window, year=52, gap=8, refit=4, volume_prior=float("inf"))
    return lambda counts: detector.judge(Panel.of(counts), CURRENT).score


def eb_weekly(year: float) -> Callable[[Series], Floats]:
    """EB7 with a window of a week and half a year's memory, without the volume of others."""
    detector = EB7(window=1, gap=8, half_life=26, volume_prior=1e12, year=year)
    return lambda counts: detector.judge(Panel.of(counts), CURRENT).score


WEEKLY: dict[str, list[Callable[[Series], Floats]]] = {
    "EB, no year": [eb_weekly(float("inf"))],
    "EB": [eb_weekly(52)],
    "yearly": [yearly(1)],
    "yearly 1, 2": [yearly(1), yearly(2)],
}
"""The methods beside R's; the last looks at one week and at two."""

R_SCRIPT = """
suppressMessages(library(surveillance))
files <- commandArgs(TRUE)
base <- as.matrix(read.csv(files[1], header = FALSE)); risen <- as.matrix(read.csv(files[2], header = FALSE))
live <- as.matrix(read.csv(files[3], header = FALSE))
scores <- function(y, weeks) {
  s <- sts(observed = matrix(y), start = c(2000, 1), frequency = 52)
  control <- list(range = weeks, b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, trend = TRUE,
    pThresholdTrend = 1, thresholdMethod = "nbPlugin", alpha = 0.01, weightsThreshold = 2.58, limit54 = c(0, 4),
    powertrans = "2/3", fitFun = "algo.farrington.fitGLM.flexible", populationOffset = FALSE, glmWarnings = FALSE)
  p <- suppressWarnings(farringtonFlexible(s, control))@control$pvalue
  p[is.na(p)] <- 1
  -log10(pmax(as.vector(p), 1e-300))
}
weeks <- (ncol(base) - 48):ncol(base)
rows <- t(sapply(seq_len(nrow(base)), function(i) {
  during <- live[i, 1]:live[i, 2]
  now <- rep(0, 49); now[during - weeks[1] + 1] <- scores(risen[i, ], during)
  c(scores(base[i, ], weeks), now)
}))
write.table(rows, files[4], sep = ",", row.names = FALSE, col.names = FALSE)
"""


def farrington(base: Series, cases: Series) -> tuple[Floats, Floats] | None:
    """Scores of R's farringtonFlexible without and with the outbreak, the latter in its weeks; None without R."""
    if shutil.which("Rscript") is None:
        return None
    first, last = _live(cases)
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory) / name for name in ("base", "risen", "live", "scores")]
        weeks = np.stack([first, last], axis=1) + LONG - CURRENT + 1
        for path, table in zip(files, (base, base + cases, weeks), strict=False):
            np.savetxt(path, table, fmt="%d", delimiter=",")
        ran = subprocess.run(["Rscript", "-e", R_SCRIPT, *map(str, files)], check=False, capture_output=True, text=True)
        if ran.returncode:
            print(f"R failed: {ran.stderr.strip().splitlines()[-1]}")
            return None
        scores = np.loadtxt(files[3], delimiter=",")
    return scores[:, :CURRENT], scores[:, CURRENT:]


def _live(cases: Series) -> tuple[Series, Series]:
    """The first and the last judged week with cases of the outbreak."""
    some = cases[:, -CURRENT:] > 0
    return some.argmax(axis=1), CURRENT - 1 - some[:, ::-1].argmax(axis=1)


def noufaily(series: int, seeds: Sequence[int]) -> None:
    print(
        f"\nNoufaily's 42 scenarios, {series} series each, seeds {list(seeds)}: outbreaks found at {RATE:.0%} of weeks"
    )
    rows: dict[str, list[list[float]]] = {}
    for seed in seeds:
        base, cases = outbreak_panel(series, seed)
        other, _ = outbreak_panel(series, seed + CALIBRATION)
        for name, methods in WEEKLY.items():
            calm, null, risen = (_each(methods, counts) for counts in (other, base, base + cases))
            margins = [float(np.quantile(each, 1 - RATE)) for each in calm]
            below = (_highest(calm, margins), _highest(null, margins), _highest(risen, margins))
            shares = _outbreaks(*below, cases, 2.0 - margins[0])
            rows.setdefault(name, []).append(shares)
        theirs = farrington(base, cases)
        if theirs is not None:
            # judging costs R seconds a series: its threshold is set on the panel itself, to its favour
            rows.setdefault("farrington", []).append(_outbreaks(theirs[0], *theirs, cases, 2.0))
    print(f"{'':12}" + "".join(f"{name:>15}" for name in ("found", "false", "found, p<.01", "false, p<.01")))
    for name, cells in rows.items():
        print(f"{name:12}" + "".join(f"  {spread(column)}" for column in np.array(cells).T))
    if "farrington" not in rows:
        print("farrington   R with the package surveillance is not installed (Debian: r-base-core r-cran-surveillance)")


def _each(methods: Sequence[Callable[[Series], Floats]], counts: Series) -> list[Floats]:
    return [method(counts) for method in methods]


def _outbreaks(calm: Floats, null: Floats, risen: Floats, cases: Series, usual: float) -> list[float]:
    """Share of outbreaks found while they last and of calm weeks with an alarm, at equal rates and as customary."""
    first, last = _live(cases)
    week = np.arange(CURRENT)
    live = (week >= first[:, None]) & (week <= last[:, None])
    cells = []
    for threshold in (float(np.quantile(calm, 1 - RATE)), usual):
        cells += [((risen > threshold) & live).any(axis=1).mean(), (null > threshold).mean()]
    return cells


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
        mean *= np.exp(drift * _wander(rng, (topics, days), 0.97) - drift**2 / 2)
    return _scattered(rng, mean, phi)


TEMPERS = ("seasonal", "half seasonal", "none", "none, trends")
YEARLY_DAYS, FROM = 913, 392
"""Two years and a half, and the first day judged: the first year is what seasons are learned from."""


def year_panel(kind: str, topics: int, seed: int) -> tuple[Series, Series, Series]:
    """Calm counts, the same with a rise to x2 in every topic, each (topics, days), and the days of the onsets.

    Seasons multiply by exp(±.3 to .6) once a year and by up to .4 of that exponent twice, their phases at random.
    Under them lie weekdays, drift and scatter as in the short histories; trends are e-folds of up to .7 a year, each
    topic's own.
    """
    rng = np.random.default_rng(seed)
    day = np.arange(YEARLY_DAYS)
    rate = np.exp(rng.uniform(np.log(0.05), np.log(15), topics))[:, None] * WEEKDAYS[day % 7]
    phi, drift = rng.choice([1, 1.3, 2, 3], topics), rng.uniform(0, 0.2, topics)[:, None]
    share = {"seasonal": 1.0, "half seasonal": 0.5}.get(kind, 0.0)
    amplitude = rng.uniform(0.3, 0.6, topics) * (rng.random(topics) < share)
    log = _cycle(rng, amplitude, day / 365.25) + _cycle(rng, amplitude * rng.uniform(0, 0.4, topics), day / 365.25 * 2)
    log += drift * _wander(rng, rate.shape, 0.97) - drift**2 / 2
    if kind.endswith("trends"):
        log += rng.uniform(-0.7, 0.7, topics)[:, None] * (day / 365.25 - 1)
    null = _scattered(rng, rate * np.exp(log), phi)
    onset = YEARLY_DAYS - 28 + rng.integers(0, 7, topics)
    return null, null + _scattered(rng, rate * np.exp(log) * (day >= onset[:, None]), phi), onset


def _cycle(rng: np.random.Generator, amplitude: Floats, years: Floats) -> Floats:
    return np.asarray(amplitude[:, None] * np.cos(2 * np.pi * (years - rng.random(len(amplitude))[:, None])))


def yearly_term(topics: int, seeds: Sequence[int], weeks: int = 72) -> None:
    """What expecting the time of the year is worth: EB7 and ramp with it and without."""
    print(
        f"\nTwo years and a half, {topics} topics, seeds {list(seeds)}: x2 found within 14 days at {RATE:.0%} of calm"
    )
    print(
        "topic-weeks; false alerts a week where one was asked for, from the second year on; relative error of the mean"
    )
    print(f"{'':24}" + "".join(f"{name:>16}" for name in ("x2 14 d", "false a week", "error")))
    for kind in TEMPERS:
        for name, year in (("without", float("inf")), ("with", 365.25)):
            rows = _yearly_rows(kind, topics, seeds, Combined(eb7=EB7(year=year)), weeks)
            print(f"{kind:16}{name:8}" + "".join(f"  {spread(column)}" for column in rows.T))


def _yearly_rows(kind: str, topics: int, seeds: Sequence[int], detector: Combined, weeks: int) -> Floats:
    calm = [year_panel(kind, topics, seed + CALIBRATION)[0] for seed in seeds]
    margins, threshold = _thresholds([_late_scores(detector, each, each, 364)[0] for each in calm])
    rows = []
    for seed in seeds:
        null, risen, onset = year_panel(kind, topics, seed)
        scores, off = _late_scores(detector, risen, null, 28)
        opened = _opened(null, detector, seed, [1.0], FROM, 112, weeks)
        rows.append([found(_highest(scores, margins), onset - YEARLY_DAYS + 28, threshold, 14), *opened, off])
    return np.array(rows)


def _late_scores(detector: Combined, counts: Series, calm: Series, days: int) -> tuple[list[Floats], float]:
    """Each detector's scores of the last days (topics, days), every topic alone among the calm ones; and how far what
    busy topics brought was from what was expected, relative, root mean square."""
    series = np.ascontiguousarray(counts.T[:, None, :], dtype=np.float64)
    others = np.ascontiguousarray((calm.sum(axis=0) - calm).T[:, None, :], dtype=np.float64)
    history = History(series, others, np.zeros(series.shape, bool), np.ones((len(series), 1, 1)))
    held = detector.held(history, days)
    mean, seen = held["EB7"].mean[:, 0], _trailed(calm, days)
    busy = mean > 40
    return [-np.log10(each.p()[:, 0].T) for each in held.values()], float(np.std((seen / mean)[busy]))


def _trailed(counts: Series, days: int) -> Series:
    return np.asarray(_weeks(counts)[:, -days:].T)


ASKED = (0.5, 1.0, 3.0)
"""Budgets: false alarms a week."""


def budgets(seeds: Sequence[int], topics: int = 100, every: int = 56, weeks: int = 104) -> None:
    """False alerts opened in two years by the rules of production (score and bound on q, judged four times a day), the
    threshold set anew every eight weeks. The hourly path and segments have their own benchmarks."""
    print(f"\nFalse alerts a week over {weeks} weeks and {topics} topics, a panel each of the seeds {list(seeds)}")
    print(f"{'asked':16}" + "".join(f"{budget:>16}{'/ asked':>9}" for budget in ASKED))
    for kind in CALM:
        calm = {seed: calm_panel(kind, topics, BEFORE + 7 * weeks, seed) for seed in seeds}
        opened = [_opened(each, Combined(), seed, ASKED, BEFORE, every, weeks) for seed, each in calm.items()]
        columns = zip(ASKED, np.array(opened).T, strict=True)
        cells = [f"  {spread(each)}{each.mean() / asked:>9.2f}" for asked, each in columns]
        print(f"{kind:16}" + "".join(cells), flush=True)


def _opened(
    counts: Series, detector: Combined, seed: int, asked: Sequence[float], first: int, every: int, weeks: int
) -> list[float]:
    """Alerts opened a week from day `first` on, by what was asked for."""
    days = 7 * weeks
    history = History.of(Panel.of(counts[:, : first + days]))
    scores = evaluate(history, detector, 4, np.random.default_rng(seed), days)
    above: dict[float, list[Floats]] = {budget: [] for budget in asked}
    for start in range(0, days, every):
        simulation = simulated(Panel.of(counts[:, : first + start]), detector=detector)
        block = {name: each[4 * start : 4 * (start + every)] for name, each in scores.items()}
        for budget in asked:
            above[budget].append(_above(block, simulation.threshold(budget)))
    return [float(openings(np.concatenate(each), 0.0, 4, settling=0)[0]) / weeks for each in above.values()]


def _above(scores: Mapping[str, Floats], threshold: Threshold) -> Floats:
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


def speed() -> None:
    rng = np.random.default_rng(0)
    panel = Panel.of(rng.poisson(np.geomspace(0.02, 20, 1000)[:, None], (1000, 400)))
    print("\nCPU seconds, and the most memory the process has held")
    print(f"1,000 topics x 400 days, the last day judged: {_seconds(lambda: Combined().judge(panel)):.2f}")
    print(f"the same, every day judged:                   {_seconds(lambda: Combined().judge(panel, 400)):.2f}")
    detector = Combined(eb7=EB7(stages=Stages()))
    detector.judge(replace(panel, complete=False))
    print(f"again later that day:                         {_seconds(lambda: detector.judge(panel)):.2f}")
    print(f"1,000 topics x 20 segments, one by one:       {_seconds(lambda: _segments(panel, rng)):.2f}")
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


def _segments(panel: Panel, rng: np.random.Generator) -> None:
    """Each segment is a database of its own: its volume is what its topics are held against."""
    for _ in range(20):
        Combined().judge(Panel.of(rng.binomial(panel.counts, 0.05)))


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("short", "creep", "noufaily", "yearly", "budget", "fdr", "speed")
    parser.add_argument("--parts", nargs="+", choices=parts, default=["short", "budget", "speed"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), help="of the short histories")
    parser.add_argument("--topics", type=int, default=200, help="of the short histories")
    parser.add_argument("--series", type=int, default=4, help="series for each of Noufaily's scenarios")
    options = parser.parse_args()
    runs: dict[str, Callable[[], None]] = {
        "short": lambda: short_histories(options.topics, options.seeds, options.methods),
        "creep": lambda: creeping(options.topics, options.seeds),
        "noufaily": lambda: noufaily(options.series, options.seeds),
        "yearly": lambda: yearly_term(100, options.seeds),
        "budget": lambda: budgets(options.seeds),
        "fdr": lambda: false_discoveries(100, options.seeds),
        "speed": speed,
    }
    for name in options.parts:
        runs[name]()


if __name__ == "__main__":
    main()
