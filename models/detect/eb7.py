"""EB7: a Gamma-Poisson empirical Bayes detector over a seven-day window.

A topic's count in the window is compared with what its own discounted past and the volume of everything else predict.
The parts come from the literature: the down-weighting of past rises and the gap before the window from Farrington
et al. 1996 (JRSS A 159:547) and Noufaily et al. 2013 (Statistics in Medicine 32:1206), the gamma prior across units
from Clayton and Kaldor 1987 (Biometrics 43:671), the negative binomial tail as the score from both.

The filter walks over the days once and knows at each day only what came before it, so scores never look ahead. It
carries a leading axis of *replicates*: independent databases of the same shape, judged at the price of one.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np

from models.detect.baseline import Baseline, Memory
from models.detect.dispersion import Dispersion
from models.detect.negative_binomial import quantile, upper_tail
from models.detect.panel import Flags, Floats, Panel, Scores

DAILY_VOLUME = 6.0
"""Complaints of others added to both days that are compared, so that the chance in a handful moves nothing."""

LEAST_MEAN = 1e-9
"""Keeps the tail defined where nothing at all is expected."""

STAGE, STAGES = 7, 4
"""Days between two stages, and how many are kept. An alert that opens changes what is known of its week, so the last
stage is often void and one before it serves."""


class History(NamedTuple):
    """The input of the filter, days first so that a day lies together in memory.

    `counts` and `others` (the day's volume without the topic itself) are (days, replicates, topics), `excluded`
    broadcasts to them, `open_days` is (days,): 1 for a day with data, 0 for a gap, between for a part of a day.
    """

    counts: Floats
    others: Floats
    excluded: Flags
    open_days: Floats

    @classmethod
    def of(cls, panel: Panel) -> History:
        counts = np.ascontiguousarray(panel.counts.T[:, None, :], dtype=np.float64)
        others = panel.total.astype(np.float64)[:, None, None] - counts
        return cls(counts, others, np.ascontiguousarray(panel.excluded.T[:, None, :]), _open_days(panel))

    @property
    def start(self) -> int:
        """The first day that holds anything at all; the number of days if none does."""
        busy = (self.counts.sum(axis=(1, 2)) + self.others.sum(axis=(1, 2))) > 0
        return int(np.argmax(busy)) if busy.any() else len(busy)

    def begins_like(self, other: History, days: int) -> bool:
        """Whether both hold the same on their first `days` days."""
        return len(self.counts) >= days and all(
            mine.shape[1:] == its.shape[1:] and np.array_equal(mine[:days], its[:days])
            for mine, its in zip(self, other, strict=True)
        )


class Windows(NamedTuple):
    """What counts in each window: topics and others (days, replicates, topics), days with data (days, 1, 1)."""

    counts: Floats
    others: Floats
    open_days: Floats


class Forecast(NamedTuple):
    """What the past says about each window, arrays (days, replicates, topics).

    `rate` is complaints a day at the baseline's volume, `doubt` the squared relative error of the rate, `volume` the
    others' complaints a day in the baseline. A count of mean m scatters with the variance
    `phi` m + (`kappa` + `doubt`) m². `known` is false where there is too little history to judge.
    """

    rate: Floats
    doubt: Floats
    phi: Floats
    kappa: Floats
    volume: Floats
    known: Flags

    def variance_ratio(self, mean: Floats) -> Floats:
        """Variance over mean of a count of this mean."""
        return np.asarray(self.phi + (self.kappa + self.doubt) * mean)

    def size(self, mean: Floats) -> Floats:
        """The negative binomial's size at this mean."""
        return np.clip(mean / np.maximum(self.variance_ratio(mean) - 1, 1e-12), 1e-9, 1e9)


@dataclass(frozen=True, slots=True)
class EB7:
    """The settings of the detector, in days unless said otherwise.

    The baseline ends `gap` days before the window and halves in weight every `half_life` days. A window whose
    standardised residual is above `outlier` weighs its inverse square in later baselines. Topics are judged once the
    database holds `warm_up` days before the window. A rise that has lasted for `patience` days is the new level: it
    enters the baseline, and what was before it keeps the share `memory`.

    `volume_prior` (complaints) is how many complaints of others it takes to believe half of a change in volume.

    With `stages`, a judgement goes on from where an earlier one of the same past was; the result is the same.
    """

    window: int = 7
    gap: int = 7
    half_life: float = 56.0
    outlier: float = 2.58
    warm_up: int = 14
    patience: int = 42
    memory: float = 0.25
    volume_prior: float = 44.0
    name: str = "EB7"
    stages: Stages | None = field(default=None, repr=False, compare=False)

    def judge(self, panel: Panel, days: int = 1) -> Scores:
        """Scores of the last `days` days, each about the window that ends with the day.

        Raises ValueError when `days` is not between 1 and the panel's.
        """
        if not 1 <= days <= panel.days:
            raise ValueError(f"asked to judge {days} days of a panel of {panel.days}")
        history = History.of(panel)
        forecast = self.forecast(history, days)
        windows = Windows(*(part[-days:] for part in self.windows(history)))
        known = forecast.known & (windows.open_days > 0)
        mean = self.expected(forecast, windows)
        size, blank = forecast.size(mean), np.where(known, 0.0, np.nan)
        return Scores(
            observed=_by_topic(windows.counts).astype(np.int64),
            expected=_by_topic(mean + blank),
            low=_by_topic(quantile(0.05, mean, size) + blank),
            high=_by_topic(quantile(0.95, mean, size) + blank),
            p=_by_topic(np.where(known, self.tail(forecast, windows, mean), 1.0)),
        )

    def forecast(self, history: History, days: int) -> Forecast:
        """What is known before each of the last `days` windows."""
        end = len(history.counts)
        walk = (self.stages and self.stages.walk(self, history, end - days)) or _Walk(self, history)
        steps = []
        while walk.day < end:
            if self.stages is not None and walk.day % STAGE == 0 and walk.day >= end - STAGE * STAGES:
                self.stages.keep(walk)
            steps.append(walk.step())
        return Forecast(*(np.stack(part) for part in zip(*steps[-days:], strict=True)))

    def windows(self, history: History) -> Windows:
        """The sums over the window that ends with each day."""
        return Windows(
            self._trailing(history.counts),
            self._trailing(history.others),
            self._trailing(history.open_days)[:, None, None],
        )

    def _trailing(self, values: Floats) -> Floats:
        sums = np.cumsum(values, axis=0)
        sums[self.window :] -= sums[: -self.window].copy()
        return sums

    def expected(self, forecast: Forecast, windows: Windows) -> Floats:
        """The mean of each window's counts, given what everything else counted.

        The relative volume is itself shrunk to one, so that the chance in a handful of other complaints moves
        nothing, while with hundreds a week it is simply the ratio of volumes.
        """
        prior, days = self.volume_prior, windows.open_days
        relative = (windows.others + prior) / (forecast.volume * days + prior)
        return np.maximum(forecast.rate * days * relative, LEAST_MEAN)

    def tail(self, forecast: Forecast, windows: Windows, mean: Floats) -> Floats:
        """P(count ≥ observed), 1 where there is too little history."""
        p = upper_tail(windows.counts, mean, forecast.size(mean))
        return np.where(forecast.known, p, 1.0)


def _open_days(panel: Panel) -> Floats:
    """1 a day with data, 0 a gap; the last day by its share of the recent volume while it is still filling."""
    days = np.where(panel.gaps, 0.0, 1.0)
    if not panel.complete and panel.days > 1:
        recent = panel.total[-29:-1][~panel.gaps[-29:-1]]
        usual = float(recent.mean()) if recent.size else 0.0
        days[-1] *= min(1.0, float(panel.total[-1]) / usual) if usual > 0 else 1.0
    return days


def _by_topic(values: Floats) -> Floats:
    """(days, 1, topics) to (topics, days)."""
    return np.ascontiguousarray(values[:, 0, :].T)


class Stages:
    """Where walks over the days have been, so that the next judgement of the same past need not begin at its start.

    A service judges four times a day, and of a year of days only the last weeks are new or have changed.
    """

    def __init__(self) -> None:
        self._kept: tuple[_Walk, ...] = ()

    def keep(self, walk: _Walk) -> None:
        """Remember this stage in place of the earliest."""
        earlier = [each for each in self._kept if each.day < walk.day]
        self._kept = (*earlier[1 - STAGES :], walk.over(walk.history))

    def walk(self, settings: EB7, history: History, last: int) -> _Walk | None:
        """The latest stage up to the day `last` that `history` has in common with an earlier one."""
        for stage in reversed(self._kept):
            if stage.serves(settings, history, last):
                return stage.over(history)
        return None


class _Walk:
    """One pass over the days: at each, the past enters, the window is predicted, then compared and weighed.

    What it carries at `day` depends on the days before alone.
    """

    def __init__(self, settings: EB7, history: History) -> None:
        shape = history.counts.shape
        self.settings = settings
        self.history = history
        self.start = history.start
        self.windows = settings.windows(history)
        self.day = 0
        self.weights = np.ones(shape)
        self.means = np.zeros(shape)
        self.doubts = np.ones(shape)
        self.baseline = Baseline(Memory(settings.half_life, settings.patience, settings.memory), shape[1:])
        self.spread = Dispersion(shape[1:], settings.window)

    def serves(self, settings: EB7, history: History, last: int) -> bool:
        """Whether a walk over `history` would stand here too, no later than at the day `last`."""
        return self.day <= last and self.settings == settings and history.begins_like(self.history, self.day)

    def over(self, history: History) -> Self:
        """A walk at the same day of a history that holds the same until then."""
        walk = type(self)(self.settings, history)
        walk.day, walk.baseline, walk.spread = self.day, copy(self.baseline), self.spread.copy()
        for mine, its in ((walk.weights, self.weights), (walk.means, self.means), (walk.doubts, self.doubts)):
            mine[: self.day] = its[: self.day]
        return walk

    def step(self) -> Forecast:
        """What is known about the window that ends with the day, before looking at it; then on to the next day."""
        day = self.day
        past = day - self.settings.window - self.settings.gap
        if past >= self.start:
            self._remember(past)
            self._learn(past)
        if day % self.settings.window == 0 and past >= self.start:
            self.baseline.fit_prior()
        rate, doubt = self.baseline.rate()
        judged = day - self.settings.window + 1 - self.start >= self.settings.warm_up
        known = np.full(rate.shape, judged)
        forecast = Forecast(rate, doubt, self.spread.phi, self.spread.kappa, self.baseline.volume, known)
        if past >= self.start:
            self._weigh(day, forecast)
        self.day += 1
        return forecast

    def _remember(self, past: int) -> None:
        history, share = self.history, float(self.history.open_days[past])
        self.baseline.add(history.counts[past], history.others[past], history.excluded[past], self.weights[past], share)

    def _learn(self, past: int) -> None:
        """Take in how far off the prediction of the window that ended on `past` was."""
        history, week = self.history, past - 7
        if week >= self.start and history.open_days[past] and history.open_days[week]:
            volume = history.others[past], history.others[week]
            share = (volume[0] + DAILY_VOLUME) / (volume[0] + volume[1] + 2 * DAILY_VOLUME)
            usable = ~(history.excluded[past] | history.excluded[week])
            self.spread.daily.add(history.counts[past], history.counts[week], share, usable)
        usable = (self.means[past] > 0) & (self.windows.open_days[past] > 0) & ~history.excluded[past]
        self.spread.add(self.windows.counts[past], self.means[past], self.doubts[past], usable)

    def _weigh(self, day: int, forecast: Forecast) -> None:
        """Keep what was predicted for the window that ends today, and weigh its days by how far off it was."""
        today = Windows(*(part[day] for part in self.windows))
        mean = self.settings.expected(forecast, today)
        self.means[day], self.doubts[day] = mean, forecast.doubt
        residual = anscombe(today.counts, mean, forecast.variance_ratio(mean))
        weight = np.where(residual > self.settings.outlier, 1 / np.maximum(residual, 1) ** 2, 1.0)
        days = self.weights[max(0, day - self.settings.window + 1) : day + 1]
        np.minimum(days, np.where(today.open_days > 0, weight, 1.0), out=days)


def anscombe(observed: Floats, mean: Floats, ratio: Floats) -> Floats:
    """Anscombe's residual of a count whose variance is `ratio` times its mean; about standard normal."""
    return np.asarray(1.5 * (np.cbrt(observed) ** 2 * mean ** (-1 / 6) - np.sqrt(mean)) / np.sqrt(ratio))
