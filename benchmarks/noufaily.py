"""The 42 weekly scenarios of Noufaily et al. 2013 (Stat. Med. 32:1206), beside R's farringtonFlexible.

The counts of a week are drawn day by day, so that the service can judge them every day, as it does; of that, weeks are
the sums. Weekly methods see those.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from benchmarks.calibration import RATE, over_margins, spread
from benchmarks.counts import Series
from benchmarks.rules import accumulated, standardised, trailing
from jobs.panel import HISTORY
from models.detect.combined import BUDGET_SHARES, Combined
from models.detect.eb7 import EB7
from models.detect.held import History
from models.detect.held import trailing as trailed
from models.detect.negative_binomial import size_of, upper_tail
from models.detect.panel import Floats, Panel
from models.detect.ramp import Ramp

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
AT_ONCE = 49
"""Days that the service judges from one view of the past, which in production moves on every four weeks."""


class Outbreaks(NamedTuple):
    """Counts of each day without the current outbreak and its `cases`, past ones are in; their mean without any
    (42 x series, days), and the variance ratios (42 x series,)."""

    base: Series
    cases: Series
    mean: Floats
    phi: Floats

    @property
    def risen(self) -> Self:
        return self._replace(base=self.base + self.cases)


def outbreaks(series: int, seed: int) -> Outbreaks:
    rng = np.random.default_rng(seed)
    drawn = [
        _outbreak_series(rng, each, trend, harmonics)
        for each in NOUFAILY
        for trend in (0, 1)
        for harmonics in (0, 1, 2)
        for _ in range(series)
    ]
    return Outbreaks(*(np.array(part) for part in zip(*drawn, strict=True)))


def _outbreak_series(
    rng: np.random.Generator, scenario: tuple[float, ...], trend: int, harmonics: int
) -> tuple[Series, Series, Floats, float]:
    theta, phi, beta, g1, g2 = scenario
    week = np.arange(1, LONG + 1)
    angles = [2 * np.pi * j * week / 52 for j in range(1, harmonics + 1)]
    season = sum((g1 * np.cos(a) + g2 * np.sin(a) for a in angles), np.zeros(LONG))
    mean = np.repeat(np.exp(theta + beta * trend * week + season) / 7, 7)
    # the sum of seven days with the variance ratio φ has it too
    counts = rng.poisson(mean) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi)
    deviation = np.sqrt(phi * weekly(mean))
    past = np.zeros(7 * LONG, np.int64)
    for start in rng.choice(np.arange(312, 575), 4, replace=False):
        past += _cases(rng, deviation, int(start), int(rng.choice([2, 3, 5, 10])), 0)
    past[7 * (LONG - CURRENT) :] = 0
    current = _cases(rng, deviation, int(rng.integers(LONG - CURRENT, LONG)), int(rng.integers(2, 11)), 1)
    return counts + past, current, mean, phi


def _cases(rng: np.random.Generator, deviation: Floats, start: int, size: int, least: int) -> Series:
    while True:
        days = np.floor(7 * (start + rng.lognormal(0, 0.5, rng.poisson(size * deviation[start])))).astype(int)
        cases = np.bincount(days[days < 7 * LONG], minlength=7 * LONG)
        if cases.sum() >= least:
            return cases


def weekly(days: Any) -> Any:
    """The sums of weeks, along the last axis."""
    return days.reshape(*days.shape[:-1], -1, 7).sum(axis=-1)


def by_day(history: int = HISTORY.days) -> Callable[[Outbreaks], list[Floats]]:
    """The detectors of the service as they are, the highest score of each week, with so many days of history before
    each seven weeks; held against no volume, as nothing that is drawn here is in proportion to anything."""
    ends = range(7 * (LONG - CURRENT) + AT_ONCE, 7 * LONG + 1, AT_ONCE)

    def scores(drawn: Outbreaks) -> list[Floats]:
        parts = [_daily_scores(drawn.base[:, end - AT_ONCE - history : end]) for end in ends]
        return [_highest(np.hstack(each)) for each in zip(*parts, strict=True)]

    return scores


def _daily_scores(counts: Series) -> list[Floats]:
    panel = replace(Panel.of(counts), exposure=np.ones(counts.shape[1]))
    return [held.scores(1).score for held in Combined().held(History.of(panel), AT_ONCE).values()]


def _highest(scores: Floats) -> Floats:
    """The highest score of each of the last weeks."""
    return np.asarray(scores[:, -7 * CURRENT :].reshape(len(scores), CURRENT, 7).max(axis=2))


def of_weeks(*rules: Callable[[Series], Floats]) -> Callable[[Outbreaks], list[Floats]]:
    """The scores of rules that see the sums of weeks."""
    return lambda drawn: [rule(weekly(drawn.base)) for rule in rules]


def in_weeks(which: str, window: int = 1) -> Callable[[Series], Floats]:
    """A detector of the service with its own settings, a week for seven days, held against no volume."""
    eb7 = EB7(window, 1, 8, warm_up=2, patience=6, year=52, volume_prior=1e12, cycle=1)
    detector = Combined(eb7=eb7, ramp=Ramp(window=4, lag=4))
    return lambda counts: detector.held(History.of(Panel.of(counts), CURRENT), CURRENT)[which].scores(1).score


def oracle(drawn: Outbreaks) -> list[Floats]:
    return [_tail(weekly(drawn.base), weekly(drawn.mean), drawn.phi, 1)[:, -CURRENT:]]


def oracle_by_day(drawn: Outbreaks) -> list[Floats]:
    return [_highest(_tail(drawn.base, drawn.mean, drawn.phi, 7))]


def _tail(counts: Series, mean: Floats, phi: Floats, window: int) -> Floats:
    """The score of so many buckets for who knows the mean and the scatter."""
    seen, usual = (trailed(part.astype(np.float64).T, window).T for part in (counts, mean))
    return np.asarray(-np.log10(upper_tail(seen, usual, size_of(usual, phi[:, None]))))


def ears(length: int, lag: int) -> Callable[[Series], Floats]:
    return lambda counts: standardised(counts, length, lag)[:, -CURRENT:]


def ears_c3(counts: Series) -> Floats:
    return trailing(np.maximum(standardised(counts, 7, 2) - 1, 0), 3)[:, -CURRENT:]


def cusum(counts: Series) -> Floats:
    return accumulated(counts, 52, 1)[:, -CURRENT:]


def z_score(counts: Series) -> Floats:
    before = np.lib.stride_tricks.sliding_window_view(counts, 8, axis=1)[:, -CURRENT - 1 : -1]
    return np.asarray((counts[:, -CURRENT:] - before.mean(axis=2)) / np.maximum(before.std(axis=2, ddof=1), 0.5))


def growth(counts: Series) -> Floats:
    return np.asarray((counts[:, -CURRENT:] + 0.1) / (counts[:, -CURRENT - 1 : -1] + 0.1))


METHODS: dict[str, Callable[[Outbreaks], list[Floats]]] = {
    "service": by_day(),
    "2 years": by_day(730),
    "1 year": by_day(365),
    "by week": of_weeks(in_weeks("EB7"), in_weeks("ramp")),
    "weeks 1, 2": of_weeks(in_weeks("EB7"), in_weeks("EB7", 2)),
    "oracle": oracle,
    "oracle, day": oracle_by_day,
    "EARS C1": of_weeks(ears(7, 0)),
    "EARS C2": of_weeks(ears(7, 2)),
    "EARS C3": of_weeks(ears_c3),
    "CUSUM": of_weeks(cusum),
    "z-score": of_weeks(z_score),
    "+50 %": of_weeks(growth),
}
"""The methods beside R's. `service` judges every day, as it does, with the history that it looks at; then the same with
less, at the end of each week, and there with two windows that have half of the false alarms each. `oracle` takes the
tail of a week, knowing its true mean and scatter; and in the next row of seven days on every day. Sentry's limit is one
for the hours of a day, which are not drawn."""
SHARES = dict.fromkeys(("service", "2 years", "1 year", "by week"), tuple(BUDGET_SHARES.values()))
CUSTOMARY = {"EARS C1": 3.0, "EARS C2": 3.0, "EARS C3": 2.0, "CUSUM": 4.0, "z-score": 2.0, "+50 %": 1.5}
"""The rules' usual thresholds; of all others p below .01."""

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
        drawn = outbreaks(series, seed)
        cases = weekly(drawn.cases)
        for name, method in METHODS.items():
            null, risen = method(drawn), method(drawn.risen)
            shares = SHARES.get(name, (1 / len(null),) * len(null))
            margins = [float(np.quantile(each, 1 - RATE * part)) for each, part in zip(null, shares, strict=True)]
            usual = CUSTOMARY.get(name, 2.0) - margins[0]
            found = _outbreaks(over_margins(null, margins), over_margins(risen, margins), cases, usual)
            rows.setdefault(name, []).append(found)
        theirs = farrington(weekly(drawn.base), cases)
        if theirs is not None:
            rows.setdefault("farrington", []).append(_outbreaks(*theirs, cases, 2.0))
    print(f"{'':12}" + "".join(f"{name:>15}" for name in ("found", "false", "found, usual", "false, usual")))
    for name, cells in rows.items():
        print(f"{name:12}" + "".join(f"  {spread(column)}" for column in np.array(cells).T))
    if "farrington" in rows:
        over = np.array(rows["service"])[:, 0] - np.array(rows["farrington"])[:, 0]
        print(f"service over farrington, seed by seed: {spread(over).strip()}")
    else:
        print("farrington   R with the package surveillance is not installed (Debian: r-base-core r-cran-surveillance)")


def _outbreaks(null: Floats, risen: Floats, cases: Series, usual: float) -> list[float]:
    """Share of outbreaks found while they last and of calm weeks with an alarm, at the one rate and as customary."""
    first, last = _live(cases)
    week = np.arange(CURRENT)
    live = (week >= first[:, None]) & (week <= last[:, None])
    cells = []
    for threshold in (float(np.quantile(null, 1 - RATE)), usual):
        cells += [((risen > threshold) & live).any(axis=1).mean(), (null > threshold).mean()]
    return cells
