"""The yearly term: a log-linear model with harmonics, once there is a year of history.

Every topic's counts are regressed on a level, a trend and the first harmonics of the year, as in Noufaily et al. 2013
(Statistics in Medicine 32:1206), whose down-weighting of past rises and gap before the window are taken over. Unlike
there, all history counts, and the trend and the harmonics of a topic are shrunk to none by a normal prior whose
variances are those found across topics (empirical Bayes: Morris 1983, JASA 78:47). So a topic with little to go on
keeps to a level, and where no topic has a season, none is seen. All topics are fitted at once.

What the service judges by is `models.detect.season`, within EB7's walk; this model is what that is held against on long
weekly series (`benchmarks/detection.py --parts noufaily`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.detect.eb7 import anscombe
from models.detect.held import Forecast, Held, History, Windows
from models.detect.panel import Flags, Floats, Panel, Scores

LEVEL_VARIANCE = 100.0
"""The prior variance of a topic's log level: as good as none."""

FIRST_VARIANCE = 0.1
"""The prior variance of the other coefficients before any is known, with the weight of `FIRST_TOPICS` topics."""

FIRST_TOPICS = 5.0

STEPS = 12
"""Newton's steps; the weights of past rises and the prior's variances are renewed on the way."""

SCATTER_PRIOR = 20.0
"""How many days of its own a topic needs for its variance ratio to count as much as the others' together."""


class Fit(NamedTuple):
    """Coefficients (topics, terms), their covariance (topics, terms, terms), and the variance ratios (topics,)."""

    beta: Floats
    covariance: Floats
    phi: Floats


@dataclass(frozen=True, slots=True)
class Yearly:
    """The settings, in days or whatever the panel's buckets are; `year` is how many of those a year has.

    The baseline is all that is more than `gap` before the window; a day in it whose standardised residual is above
    `outlier` weighs its inverse square. Nothing is judged before the baseline holds a year. The model is fitted anew
    every `refit` days. `volume_prior` is that of EB7; infinity leaves out what everything else counted.
    """

    window: int = 7
    year: float = 365.25
    harmonics: int = 2
    gap: int = 56
    outlier: float = 2.58
    refit: int = 7
    volume_prior: float = 44.0
    name: str = "yearly"

    def judge(self, panel: Panel, days: int = 1) -> Scores:
        """Scores of the last `days` days, each about the window that ends with the day."""
        history = History.of(panel, days)
        return self.held(history, days).scores(self.window)

    def held(self, history: History, days: int) -> Held:
        """The last `days` windows of the one replicate beside what the model says of each.

        The volume is in the model's own rate, so that what is held against the window needs no more of it.
        """
        end = len(history.counts)
        relative = self._relative(history)
        known_from = history.start + round(self.year) + self.gap + self.window + self.refit
        parts: list[Floats] = []
        fit, fitted = None, -1
        for day in range(end - days, end):
            if day < known_from:
                parts.append(np.ones((3, history.counts.shape[2])))
                continue
            if day // self.refit != fitted or fit is None:
                fitted = day // self.refit
                fit = self._fit(history, relative, fitted * self.refit)
            parts.append(self._ahead(fit, relative, history.open_days[:, 0], day))
        rate, doubt, phi = (part[:, None, :] for part in np.stack(parts, axis=1))
        known = np.broadcast_to(np.arange(end - days, end)[:, None, None] >= known_from, rate.shape)
        nothing = np.zeros_like(rate)
        return Held(Forecast(rate, doubt, phi, nothing, nothing, known), _bare(history, self.window, days), 1.0)

    def _relative(self, history: History) -> Floats:
        """Each day's volume of others by what it is over all days before, (days, topics)."""
        others = history.others[:, 0]
        if np.isinf(self.volume_prior):
            return np.ones_like(others)
        open_days = np.maximum(np.cumsum(history.open_days[:, 0], axis=0), 1.0)
        usual = np.cumsum(others, axis=0) / open_days
        prior = self.volume_prior / 7
        return np.asarray((others + prior) / (usual + prior))

    def _design(self, days: Floats, origin: int) -> Floats:
        """(days, terms): level, trend in years from `origin`, and the harmonics."""
        angles = 2 * np.pi * np.outer(days / self.year, np.arange(1, self.harmonics + 1))
        trend = (days - origin)[:, None] / self.year
        return np.hstack([np.ones_like(trend), trend, np.cos(angles), np.sin(angles)])

    def _fit(self, history: History, relative: Floats, day: int) -> Fit:
        """The model as of the window that ends with `day`."""
        end = self._end(day)
        usable = (history.open_days[:end, 0] > 0) & ~np.broadcast_to(
            history.excluded[:, 0], history.counts[:, 0].shape
        )[:end]
        usable[: history.start] = False
        design = self._design(np.arange(end, dtype=np.float64), end)
        return _regression(design, history.counts[:end, 0], relative[:end], usable, self.outlier)

    def _end(self, day: int) -> int:
        """The first day after the baseline of the window that ends with `day`."""
        return day - self.window - self.gap + 1

    def _ahead(self, fit: Fit, relative: Floats, open_days: Floats, day: int) -> Floats:
        """Complaints a day in the window that ends with `day`, their squared relative error and variance ratio."""
        days = np.arange(day - self.window + 1, day + 1)
        design = self._design(days.astype(np.float64), self._end(day // self.refit * self.refit))
        mean = np.exp(design @ fit.beta.T) * relative[days] * open_days[days]
        total = np.maximum(mean.sum(axis=0), 1e-9)
        slope = (mean.T @ design) / total[:, None]
        doubt = np.einsum("tk,tkl,tl->t", slope, fit.covariance, slope)
        return np.stack([total / np.maximum(open_days[days].sum(axis=0), 1e-9), doubt, fit.phi])


def _bare(history: History, window: int, days: int) -> Windows:
    """The windows without the volume of everything else."""
    windows = Windows.of(history, window).last(days)
    return windows._replace(others=np.zeros_like(windows.counts))


def _regression(design: Floats, counts: Floats, relative: Floats, usable: Flags, outlier: float) -> Fit:
    """A quasi-Poisson regression of each topic's counts (days, topics) by Newton's method, shrunk across topics."""
    days, terms = design.shape
    squares = (design[:, :, None] * design[:, None, :]).reshape(days, -1).T
    level = (counts * usable).sum(axis=0) + 0.5
    beta = np.zeros((counts.shape[1], terms))
    beta[:, 0] = np.log(level / ((relative * usable).sum(axis=0) + 0.5))
    phi, weights, variance = np.full(len(beta), 1.5), usable.astype(np.float64), np.full(terms, FIRST_VARIANCE)
    variance[0] = LEVEL_VARIANCE
    for step in range(STEPS):
        mean = np.exp(np.clip(design @ beta.T, -20, 20)) * relative
        slope = ((weights * (counts - mean) / phi).T @ design) - beta / variance
        curvature = (squares @ (weights * mean / phi)).T.reshape(-1, terms, terms) + np.diag(1 / variance)
        covariance = np.linalg.inv(curvature)
        beta = beta + np.clip(np.einsum("tkl,tl->tk", covariance, slope), -1, 1)
        if step % 3 == 2:
            mean = np.maximum(np.exp(np.clip(design @ beta.T, -20, 20)) * relative, 1e-6)
            residual = anscombe(counts, mean, phi)
            weights = np.where(residual > outlier, 1 / np.maximum(residual, 1) ** 2, 1.0) * usable
            phi = _scatter(counts, mean, weights, terms)
            variance = _across(beta, covariance)
    return Fit(beta, covariance, phi)


def _scatter(counts: Floats, mean: Floats, weights: Floats, terms: int) -> Floats:
    """Each topic's variance ratio by Pearson's statistic, shrunk to that of all; at least 1, (topics,)."""
    # a mean far below one says hardly anything about dispersion
    counted = (weights / (1 + 0.5 / mean)).sum(axis=0)
    squared = (weights / (1 + 0.5 / mean) * (counts - mean) ** 2 / mean).sum(axis=0)
    freedom = np.maximum(counted - terms, 0.0)
    pooled = (squared.sum() + SCATTER_PRIOR) / (freedom.sum() + SCATTER_PRIOR)
    return np.asarray(np.maximum((squared + SCATTER_PRIOR * pooled) / (freedom + SCATTER_PRIOR), 1.0))


def _across(beta: Floats, covariance: Floats) -> Floats:
    """The prior's variances, by one step of expectation and maximisation, (terms,)."""
    found = (beta**2 + np.diagonal(covariance, axis1=1, axis2=2)).sum(axis=0)
    variance = (found + FIRST_TOPICS * FIRST_VARIANCE) / (len(beta) + FIRST_TOPICS)
    variance[0] = LEVEL_VARIANCE
    return np.asarray(variance)
