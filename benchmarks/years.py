"""What the time of the year brings: two and a half years with seasons and without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.budgets import false_openings
from benchmarks.calibration import CALIBRATION, RATE, found, over_margins, spread, thresholds
from benchmarks.counts import WEEKDAYS, Series, scattered, wandering, weekly_sums
from models.detect.combined import Combined
from models.detect.eb7 import EB7
from models.detect.held import History
from models.detect.panel import Floats

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
    log += drift * wandering(rng, rate.shape, 0.97) - drift**2 / 2
    if kind.endswith("trends"):
        log += rng.uniform(-0.7, 0.7, topics)[:, None] * (day / 365.25 - 1)
    null = scattered(rng, rate * np.exp(log), phi)
    onset = YEARLY_DAYS - 28 + rng.integers(0, 7, topics)
    return null, null + scattered(rng, rate * np.exp(log) * (day >= onset[:, None]), phi), onset


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
    margins, threshold = thresholds([_late_scores(detector, each, each, 364)[0] for each in calm])
    rows = []
    for seed in seeds:
        null, risen, onset = year_panel(kind, topics, seed)
        scores, off = _late_scores(detector, risen, null, 28)
        opened = false_openings(null, detector, seed, [1.0], FROM, 112, weeks)
        rows.append([found(over_margins(scores, margins), onset - YEARLY_DAYS + 28, threshold, 14), *opened, off])
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
    return np.asarray(weekly_sums(counts)[:, -days:].T)
