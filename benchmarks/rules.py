"""The customary rules, and two that know the truth, each as scores of a short history."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import nbinom

from benchmarks.counts import Series, weekly_sums
from benchmarks.informed import informed
from benchmarks.short_histories import JUDGED, Short, part
from models.detect.negative_binomial import upper_tail
from models.detect.panel import Floats


def oracle(panel: Short, kind: str) -> Floats:
    """The tail of the seven days given the topic's true mean, scatter and how far it drifts."""
    quiet = np.full_like(panel.quiet, 0.02) if kind == "new" else panel.quiet
    mean = _judged_weeks(quiet)
    excess = panel.phi[:, None] - 1 + 0.9 * panel.drift[:, None] ** 2 * mean
    p = upper_tail(_judged_weeks(panel.counts[kind]), mean, mean / np.maximum(excess, 1e-6))
    return np.asarray(-np.log10(p))


def _judged_weeks(values: Series | Floats) -> Floats:
    return trailing(values, 7)[:, -JUDGED:].astype(np.float64)


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
        return standardised(panel.counts[kind], days, lag)[:, -JUDGED:]

    return scores


def ears_c3(panel: Short, kind: str) -> Floats:
    """EARS C3: the excesses of C2 over one, over three days."""
    return trailing(np.maximum(standardised(panel.counts[kind], 7, 2) - 1, 0), 3)[:, -JUDGED:]


def cusum(panel: Short, kind: str) -> Floats:
    """The cumulative sum of standardised errors over .5, against the mean of the 56 days that end a week before."""
    return accumulated(panel.counts[kind], 56, 7)[:, -JUDGED:]


def z_score(panel: Short, kind: str) -> Floats:
    """The week against the mean and deviation of the eight weeks before."""
    weeks = weekly_sums(panel.counts[kind])
    before = np.stack([weeks[:, -JUDGED - 7 * n : weeks.shape[1] - 7 * n] for n in range(1, 9)])
    return np.asarray((weeks[:, -JUDGED:] - before.mean(axis=0)) / np.maximum(before.std(axis=0, ddof=1), 0.5))


def growth(panel: Short, kind: str) -> Floats:
    """The week over the week before."""
    weeks = weekly_sums(panel.counts[kind])
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


def standardised(counts: Series, length: int, lag: int) -> Floats:
    """Each count against mean and deviation of so many before it that end `lag` before."""
    before = np.lib.stride_tricks.sliding_window_view(counts, length, axis=1)[:, : counts.shape[1] - length - lag]
    today = counts[:, length + lag :]
    return np.asarray((today - before.mean(axis=2)) / np.maximum(before.std(axis=2, ddof=1), 0.2))


def accumulated(counts: Series, length: int, lag: int) -> Floats:
    """The cumulative sum of standardised errors over .5, against the mean of so many counts that end `lag` before."""
    first = lag + 1
    before = [counts[:, max(0, end - length) : end].mean(axis=1) for end in range(1, counts.shape[1] - lag)]
    mean = np.stack(before, axis=1)
    errors = (counts[:, first:] - mean) / np.sqrt(mean + 0.1)
    total, sums = np.zeros(len(counts)), []
    for now in errors.T:
        total = np.maximum(0, total + now - 0.5)
        sums.append(total)
    return np.stack(sums, axis=1)


def trailing(values: Series | Floats, length: int) -> Floats:
    """Sums over so many values that end with each."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, length, axis=1).sum(axis=2))


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
    "informed": ([informed], [2.0]),
    "oracle": ([oracle], [2.0]),
    "omniscient": ([omniscient], [2.0]),
}
"""Each method's parts and customary thresholds."""
