"""How soon a sharp outage is seen by the hourly path, and whether its false alarms keep to their budget.

    python benchmarks/outage.py [--seeds 1 2 …] [--topics 60] [--budget 1]

Simulated hours of 46 weeks: rates of .01 to 20 a day, day and night, weekdays, slow drift; `smooth` counts are Poisson,
`clumpy` ones come in clumps of three hours that make their variance up to three times their mean. From the 21st week on
every hour is judged as the service does, against a bar set by the twenty weeks before. An outage lasts six hours from
14:00 and multiplies one topic's complaints (or the rate of an ordinary hour, if that is more); it strikes topics of two
and more a day, one at a time. Beside it the same detector at the threshold that its tail alone would ask for
(Bonferroni over topics and hours). Standard errors are over seeds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.outage import COMPARED_WEEKS, WEEK
from models.detect.outage import APART, BUDGET_SHARE, DAY, Outage, bar
from models.detect.panel import Floats, Panel

WEEKS = 46
LIFTS = (5, 20)
STRUCK, LASTS = 28, 6
"""The week an outage strikes in, and its hours."""

CLUMP = 3
WEEKDAYS = np.array([1.25, 1.15, 1.1, 1.05, 1.0, 0.8, 0.65])

Series = NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    parser.add_argument("--topics", type=int, default=60)
    parser.add_argument("--budget", type=float, default=1.0, help="false alarms a week that the operator accepts")
    options = parser.parse_args()
    asked = BUDGET_SHARE * options.budget
    columns = ["alerts a week", *(f"x{lift} in {hours} h" for lift in LIFTS for hours in (1, 3, 6))]
    print(f"{options.topics} topics, {asked:g} false alerts a week asked for, seeds {options.seeds}")
    print(f"{'':24}" + "".join(f"{column:>16}" for column in columns))
    for temper in ("smooth", "clumpy"):
        start = time.process_time()
        rows = [judged(temper, options.topics, seed, asked) for seed in options.seeds]
        for place, name in enumerate(("bar of past hours", "tail alone")):
            cells = np.array([row[place] for row in rows])
            print(f"{temper + ', ' + name:24}" + "".join(f"{spread(column):>16}" for column in cells.T), flush=True)
        print(f"{'':24}{time.process_time() - start:.0f} CPU s")


def judged(temper: str, topics: int, seed: int, asked: float) -> tuple[list[float], list[float]]:
    """Alerts a week and shares found, at the bar and at the tail's own threshold."""
    rng = np.random.default_rng(seed)
    mean, counts = hours(temper, topics, rng)
    past = Outage().past(Panel.of(counts), (WEEKS - 1) * WEEK)
    nominal = -np.log10(asked / (WEEK * topics))
    bars = np.full(past.shape[1], nominal)
    moving = np.array([_bar_at(past, hour, asked) for hour in range(COMPARED_WEEKS * WEEK, past.shape[1])])
    calm = past[:, COMPARED_WEEKS * WEEK :]
    scores = struck(mean, counts, rng)
    at = (STRUCK - 1 - COMPARED_WEEKS) * WEEK + 14
    return (
        [opened(calm, moving), *found(scores, moving[at : at + LASTS])],
        [opened(calm, bars[COMPARED_WEEKS * WEEK :]), *found(scores, np.full(LASTS, nominal))],
    )


def _bar_at(past: Floats, hour: int, asked: float) -> float:
    return bar(past[:, hour - COMPARED_WEEKS * WEEK : hour - DAY], asked * COMPARED_WEEKS)


def hours(temper: str, topics: int, rng: np.random.Generator) -> tuple[Floats, Series]:
    """Mean and counts (topics, hours)."""
    hour = np.arange(WEEKS * WEEK)
    rhythm = (1 + 0.8 * np.sin(2 * np.pi * (hour % DAY - 9) / DAY)) * WEEKDAYS[hour // DAY % 7] / WEEKDAYS.mean()
    rare = rng.random(topics) < 0.15
    rate = np.exp(rng.uniform(np.log(np.where(rare, 0.01, 0.2)), np.log(np.where(rare, 0.2, 20)))) / DAY
    drift = np.exp(rng.uniform(0, 0.2, (topics, 1)) * _wander(rng, (topics, WEEKS * 7)))
    mean = rate[:, None] * np.repeat(drift, DAY, axis=1) * rhythm
    if temper == "smooth":
        return mean, rng.poisson(mean)
    extra = np.maximum(rng.choice([1, 1.3, 2, 3], topics) - 1, 1e-3)[:, None]
    clumps = mean.reshape(topics, -1, CLUMP).sum(axis=2)
    return mean, rng.poisson(mean * np.repeat(rng.gamma(clumps / extra, extra) / clumps, CLUMP, axis=1))


def _wander(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    steps = rng.normal(size=size)
    for day in range(1, size[1]):
        steps[:, day] = 0.97 * steps[:, day - 1] + np.sqrt(1 - 0.97**2) * steps[:, day]
    return steps


def struck(mean: Floats, counts: Series, rng: np.random.Generator) -> dict[int, Floats]:
    """By lift, the scores (topics struck, hours of the outage) of each topic that is struck alone."""
    start = STRUCK * WEEK + 14
    span = slice(start, start + LASTS)
    topics = np.flatnonzero(mean.mean(axis=1) * DAY >= 2)[:8]
    found: dict[int, list[Floats]] = {lift: [] for lift in LIFTS}
    for lift in LIFTS:
        for topic in topics:
            risen = counts[:, : start + LASTS].copy()
            risen[topic, span] += rng.poisson((lift - 1) * np.maximum(mean[topic, span], mean[topic].mean()))
            found[lift].append(Outage().past(Panel.of(risen), LASTS)[topic])
    return {lift: np.array(each) for lift, each in found.items()}


def found(scores: dict[int, Floats], threshold: Floats) -> list[float]:
    """The share seen by the end of the first, third and sixth hour, by lift."""
    above = [each > threshold for each in scores.values()]
    return [float(each[:, :within].any(axis=1).mean()) for each in above for within in (1, 3, 6)]


def opened(scores: Floats, threshold: Floats) -> float:
    """Alerts a week: hours above the threshold after four days without any in the topic."""
    number, weeks = 0, scores.shape[1] / WEEK
    for row in scores > threshold:
        above = np.flatnonzero(row)
        number += min(len(above), 1) + int((np.diff(above) > APART).sum())
    return float(number / weeks)


def spread(values: Sequence[float] | Floats) -> str:
    """Mean and standard error."""
    error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{np.mean(values):.3f} ±{error:.3f}"


if __name__ == "__main__":
    main()
