"""EB7: a Gamma-Poisson empirical Bayes detector over a seven-day window.

A topic's count in the window is compared with what its own discounted past and the volume of everything else predict.
The parts come from the literature: the down-weighting of past rises and the gap before the window from Farrington
et al. 1996 (JRSS A 159:547) and Noufaily et al. 2013 (Statistics in Medicine 32:1206), the gamma prior across units
from Clayton and Kaldor 1987 (Biometrics 43:671), the negative binomial tail as the score from both.

The filter walks over the days once and knows at each day only what came before it, so scores never look ahead. It
carries a leading axis of *replicates*: independent databases of the same shape, judged at the price of one.
"""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np

from models.detect.baseline import Baseline, Memory
from models.detect.belief import Belief, Foretold
from models.detect.dispersion import Dispersion
from models.detect.held import LEAST_MEAN, WEEK, Forecast, Held, History, Windows, trailing
from models.detect.panel import Flags, Floats, Panel, Scores
from models.detect.season import Past, Season

DAILY_VOLUME = 6.0
"""Complaints of others added to both days that are compared, so that the chance in a handful moves nothing."""

LATER = 4
"""Windows ahead for which the time of the year is foretold too, for the ramp detector."""

STAGE, STAGES = 7, 6
"""Days between two stages, and how many are kept. An alert that opens changes what is known of its week, so the last
stage is often void and one before it serves."""


TOLD = 64
"""Days back for which forecasts are kept even where fewer are asked for: another may go on from there and ask more."""


@dataclass(frozen=True, slots=True)
class EB7:
    """The settings of the detector, in days unless said otherwise.

    The baseline ends `gap` days before the window and halves in weight every `half_life` days. A window whose
    standardised residual is above `outlier` weighs its inverse square in later baselines. Topics are judged once the
    database holds `warm_up` days before the window. A rise that has lasted for `patience` days is the new level: it
    enters the baseline, and what was before it keeps the share `memory`.

    `volume_prior` (complaints) is how many complaints of others it takes to believe half of a change in volume.

    Days that lie a `cycle` apart are alike, as the days of a week are: how they scatter is told by those.

    Once there is a `year` of history, the time of the year is expected with so many `harmonics`, see
    `models.detect.season`, and what all years say counts as far as it has foretold better than the baseline, see
    `models.detect.belief`; with an infinite year neither does.

    With `stages`, a judgement goes on from where an earlier one of the same past was; the result is the same.
    """

    window: int = 7
    gap: int = 7
    half_life: float = 56.0
    outlier: float = 3.1
    warm_up: int = 14
    patience: int = 42
    memory: float = 0.25
    volume_prior: float = 44.0
    year: float = 365.25
    harmonics: int = 2
    cycle: int = WEEK
    name: str = "EB7"
    stages: Stages | None = field(default=None, repr=False, compare=False)

    def judge(self, panel: Panel, days: int = 1) -> Scores:
        """Scores of the last `days` days, each about the window that ends with the day."""
        history = History.of(panel, days)
        return self.held(history, days).scores(self.window)

    def held(self, history: History, days: int) -> Held:
        """The last `days` windows beside what was known before each."""
        return self.held_against(self.forecast(history, days), history, days)

    def held_against(self, forecast: Forecast, history: History, days: int) -> Held:
        """The same with a forecast of the last `days` days or more."""
        return Held(forecast.for_last(days, history), Windows.of(history, self.window).last(days), self.volume_prior)

    def forecast(self, history: History, days: int) -> Forecast:
        """What is known before each of the last `days` windows."""
        return self.walked(history, days).forecast(days)

    def walked(self, history: History, days: int = 1) -> Walk:
        """The walk over all days, which tells the forecasts of the last `days`."""
        end, told = len(history.counts), max(days, TOLD, self.window + self.gap)
        stage = self.stages and self.stages.latest(self, history, told)
        walk = Walk.resumed(stage, history, told) if stage else Walk(self, history, told)
        while walk.day < end:
            if self.stages is not None and walk.day % STAGE == 0 and walk.day >= end - STAGE * STAGES:
                self.stages.keep(walk.stage())
            walk.step()
        return walk


class Stages:
    """Where walks over the days have been, so that the next judgement of the same past need not begin at its start.

    A service judges four times a day, and of years of days only the last weeks are new or have changed.
    """

    def __init__(self) -> None:
        self._kept: tuple[Stage, ...] = ()

    def keep(self, stage: Stage) -> None:
        """Remember this stage in place of the earliest."""
        earlier = [each for each in self._kept if each.day < stage.day]
        self._kept = (*earlier[1 - STAGES :], stage)

    def latest(self, settings: EB7, history: History, told: int) -> Stage | None:
        """The latest that `history` has in common with an earlier one and from which so many forecasts can be told."""
        return next((stage for stage in reversed(self._kept) if stage.serves(settings, history, told)), None)


class Stage(NamedTuple):
    """A walk as it stood before a day, with the `recent` rows of what it keeps of each day, never changed."""

    settings: EB7
    history: History
    day: int
    told: tuple[Forecast, ...]
    recent: tuple[Floats, ...]
    baseline: Baseline
    spread: Dispersion
    season: Season
    belief: Belief

    def serves(self, settings: EB7, history: History, told: int) -> bool:
        """Whether a walk over `history` would stand here too and have told as much."""
        wanted = min(told - (len(history.counts) - self.day), self.day)
        return self.settings == settings and len(self.told) >= wanted and history.begins_like(self.history, self.day)


class Walk:
    """One pass over the days: at each, the past enters, the window is predicted, then compared and weighed.

    What it carries at `day` depends on the days before alone, `told` among it: the forecasts of the last of them, of
    all of which there are many.
    """

    def __init__(self, settings: EB7, history: History, told: int) -> None:
        shape = history.counts.shape
        self.settings = settings
        self.history = history
        self.start = history.start
        self.windows = Windows.of(history, settings.window)
        self.unheard, self.unheard_within = unheard(history, settings.window)
        self.day = 0
        self.told: deque[Forecast] = deque(maxlen=told)
        self.outliers = np.ones(shape)
        self.means = np.zeros(shape)
        self.doubts = np.ones(shape)
        self.baseline = Baseline(Memory(settings.half_life, settings.patience, settings.memory), shape[1:])
        self.spread = Dispersion(shape[1:], settings.window)
        prior = settings.volume_prior / settings.window
        self.season = Season(shape[1:], settings.year, settings.harmonics, settings.half_life, prior)
        self.belief = Belief(shape[1:], settings.window, settings.year)

    def forecast(self, days: int) -> Forecast:
        """What was known before each of the last `days` windows."""
        return Forecast(*(np.stack(part) for part in zip(*list(self.told)[-days:], strict=True)))

    def weights(self) -> Floats:
        """What each day weighs in the baseline beside its share with data (days, replicates, topics); the days that
        are not in it yet, 1."""
        weights = np.ones_like(self.history.counts)
        share = np.where(self.history.open_days > 0, self.history.open_days, 1.0)
        for day, entered in enumerate(self.baseline.entered, self.start):
            weights[day] = entered.weight / share[day]
        return weights

    def stage(self) -> Stage:
        """Where it stands."""
        recent = tuple(part[self._recent(self.day)].copy() for part in self._of_days)
        learned = copy(self.baseline), self.spread.copy(), self.season.copy(), self.belief.copy()
        return Stage(self.settings, self.history, self.day, tuple(self.told), recent, *learned)

    @classmethod
    def resumed(cls, stage: Stage, history: History, told: int) -> Self:
        """A walk from there on over a history that holds the same until then."""
        walk = cls(stage.settings, history, told)
        walk.day = stage.day
        walk.told.extend(stage.told)
        walk.baseline, walk.spread = copy(stage.baseline), stage.spread.copy()
        walk.season, walk.belief = stage.season.copy(), stage.belief.copy()
        for part, recent in zip(walk._of_days, stage.recent, strict=True):
            part[walk._recent(stage.day)] = recent
        return walk

    @property
    def _of_days(self) -> tuple[Floats, ...]:
        return self.outliers, self.means, self.doubts

    def _recent(self, day: int) -> slice:
        """The days before that are not in the past yet, of which something is still to be looked up."""
        return slice(max(0, day - self.settings.window - self.settings.gap), day)

    def step(self) -> None:
        """Tell what is known about the window that ends with the day, before looking at it; then on to the next."""
        day = self.day
        past = day - self.settings.window - self.settings.gap
        if past >= self.start:
            self._remember(past)
            self._learn(past)
        if day % self.settings.window == 0 and past >= self.start:
            self.baseline.fit_prior()
        forecast = self._forecast(day)
        if past >= self.start:
            self._weigh(day, forecast)
        self.told.append(forecast)
        self.day += 1

    def _forecast(self, day: int) -> Forecast:
        """What is known about the window that ends with the day."""
        window, spread, baseline = self.settings.window, self.spread, self.baseline
        rate, doubt = baseline.rate()
        season, unsure = self.season.factor(day - window + 1, day)
        later, later_unsure = self.season.factor(day + 1, day + LATER * window)
        known = (baseline.days > 0) & (day - window + 1 - self.start >= self.settings.warm_up)
        learned = rate, doubt + unsure, spread.phi, spread.kappa, baseline.volume, known
        of_year = season, later, doubt + later_unsure, unsure
        prior = baseline.shape, baseline.mean, baseline.counts, baseline.days
        none = np.full_like(rate, np.nan), np.full_like(rate, np.nan), np.zeros_like(rate)
        forecast = Forecast(*learned, *of_year, *prior, *none)
        years = self.season.foretold(day - window + 1, day, baseline.volume)
        return self._believed(forecast, years) if years else forecast

    def _believed(self, forecast: Forecast, years: Foretold) -> Forecast:
        """With what all years say, at the baseline's time of the year, as far as that is believed."""
        years = years._replace(mean=years.mean / forecast.season)
        weight = self.belief.weight
        mean, doubt = self.belief.mixed(years, Foretold(forecast.rate, forecast.doubt))
        return forecast._replace(
            rate=mean,
            doubt=doubt,
            later_doubt=doubt + (1 - weight) * (forecast.later_doubt - forecast.doubt),
            years_rate=years.mean,
            years_doubt=years.doubt,
            years_weight=weight,
        )

    def _remember(self, past: int) -> None:
        history = self.history
        part = history.open_days[past]
        # a part of a day tells the rate of a whole one, with the weight of the part
        counts, others = (each[past] / np.where(part > 0, part, 1.0) for each in (history.counts, history.others))
        share = part * ~self.unheard[past]
        self.baseline.add(counts, others, history.excluded[past], self.outliers[past], share)
        self.season.add(past, Past(counts, others, self.baseline.entered, self.spread.daily.ratio))

    def _learn(self, past: int) -> None:
        """Take in how far off the prediction of the window that ended on `past` was."""
        history, week = self.history, past - self.settings.cycle
        if week >= self.start and (both_open := (history.open_days[past] > 0) & (history.open_days[week] > 0)).any():
            volume = history.others[past], history.others[week]
            share = (volume[0] + DAILY_VOLUME) / (volume[0] + volume[1] + 2 * DAILY_VOLUME)
            left_out = [history.excluded[day] | self.unheard[day] for day in (past, week)]
            usable = both_open & ~(left_out[0] | left_out[1])
            self.spread.daily.add(history.counts[past], history.counts[week], share, usable)
        usable = (self.means[past] > 0) & (self.windows.open_days[past] > 0) & ~history.excluded[past]
        usable = usable & ~self.unheard_within[past]
        self._compare(past, usable)
        self.spread.add(self.windows.counts[past], self.means[past], self.doubts[past], usable)

    def _compare(self, past: int, usable: Flags) -> None:
        """Take in which of the forecasts of the window that ended on `past` was the better one."""
        forecast, spread = self.told[past - self.day], self.spread
        if np.isnan(forecast.years_rate).all():
            return
        scale = self.means[past] / forecast.rate
        years = Foretold(np.maximum(forecast.years_rate * scale, LEAST_MEAN), forecast.years_doubt)
        weeks = Foretold(np.maximum(forecast.weeks_rate * scale, LEAST_MEAN), forecast.weeks_doubt)
        self.belief.add(self.windows.counts[past], years, weeks, spread.phi, spread.kappa, usable)

    def _weigh(self, day: int, forecast: Forecast) -> None:
        """Keep what was predicted for the window that ends today, and weigh its days by how far off it was."""
        today = self.windows.on(day)
        mean = Held(forecast, today, self.settings.volume_prior).mean
        self.means[day], self.doubts[day] = mean, forecast.doubt
        residual = residual_of(today.counts, mean, forecast.variance_ratio(mean))
        weight = np.where(residual > self.settings.outlier, 1 / np.maximum(residual, 1) ** 2, 1.0)
        days = self.outliers[max(0, day - self.settings.window + 1) : day + 1]
        np.minimum(days, np.where(today.open_days > 0, weight, 1.0), out=days)


def unheard(history: History, length: int) -> tuple[Flags, Flags]:
    """Of which days nothing is learned, and of which windows of so many days; as the counts."""
    of_days = np.broadcast_to(history.unheard, history.counts.shape)
    if not history.unheard.any():
        return of_days, of_days
    return of_days, trailing(of_days.astype(np.float64), length) > 0


def residual_of(observed: Floats, mean: Floats, ratio: Floats) -> Floats:
    """How far above its mean a count is whose variance is `ratio` times that; about standard normal in the upper tail.

    The lesser of two: Anscombe's (1953, Biometrika 40:1), too great where counts are scattered, as their tail is long,
    and the cube root's of a gamma (Wilson and Hilferty 1931, PNAS 17:684), too great where hardly any is expected.
    With the former alone the past of calm topics was weighed down: a quarter too little was expected of small ones.
    """
    of_poisson = 1.5 * (np.cbrt(observed) ** 2 * mean ** (-1 / 6) - np.sqrt(mean)) / np.sqrt(ratio)
    shape = 9 * mean / ratio
    of_gamma = (np.cbrt(observed / mean) - 1) * np.sqrt(shape) + 1 / np.sqrt(shape)
    return np.asarray(np.minimum(of_poisson, of_gamma))
