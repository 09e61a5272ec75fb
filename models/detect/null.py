"""Databases in which nothing rises, drawn in the likeness of the operator's own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.detect.eb7 import EB7
from models.detect.held import LEAST_MEAN, History
from models.detect.panel import LEAST_HEARD, Floats, Panel

HISTORY = 182
"""Days simulated before the judged ones: three half-lives and more, as nothing older weighs anything."""

LEAST_HISTORY = 28
"""Days simulated before the judged ones even where the panel is younger, so that they are judged at all."""

DRIFT = 0.97
"""Day-to-day correlation of a topic's slow drift."""


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """What the panels are drawn from.

    `shape` and `scale` are each topic's gamma posterior of complaints a day, `phi` and `drift` its variance ratio
    from day to day and the standard deviation of its slow drift, each (topics,). `relative` is the volume of each day
    by the topic's baseline volume and `others` the volume itself, each (days, topics).
    """

    shape: Floats
    scale: Floats
    phi: Floats
    drift: Floats
    relative: Floats
    others: Floats

    @classmethod
    def fitted(cls, panel: Panel, detector: EB7, judged: int) -> Null:
        """The null of the panel's own rates, dispersions and volumes, continued for `judged` days."""
        walk = detector.walked(History.of(panel))
        forecast = walk.forecast(1)
        rate, doubt, phi, kappa, volume = (part[0, 0] for part in forecast[:5])
        # the time of the year is what it is for the weeks that the threshold holds
        rate = rate * forecast.season[0, 0]
        # windows' errors are winsorised, and rare topics' more than others: their φ is too low, and κ makes up for it
        daily = np.maximum(phi, walk.spread.daily.ratio[0])
        kappa = np.maximum(kappa - (daily - phi) / np.maximum(rate * detector.window, LEAST_MEAN), 0.0)
        others = _continued(panel, judged)
        prior = detector.volume_prior / detector.window
        return cls(
            shape=1 / doubt,
            scale=rate * doubt,
            phi=daily,
            drift=np.sqrt(np.log1p(kappa) / _drift_error(detector, len(others))),
            relative=(others + prior) / (volume + prior),
            others=others,
        )

    def draw(self, replicates: int, rng: np.random.Generator) -> History:
        """Panels of counts (days, replicates, topics)."""
        days, topics = self.others.shape
        size = (days, replicates, topics)
        rate = rng.gamma(self.shape, self.scale, size[1:])
        drift = np.exp(self.drift * _wander(rng, size) - self.drift**2 / 2)
        mean = np.maximum(rate * self.relative[:, None, :] * drift, 1e-9)
        extra = np.maximum(self.phi - 1, 1e-3)
        counts = rng.poisson(rng.gamma(mean / extra, extra)).astype(np.float64)
        none = np.broadcast_to(np.zeros((1, 1, 1), bool), size)
        return History(counts, self.others[:, None, :], none, np.ones((days, 1, 1)))

    def parameters(self) -> dict[str, float]:
        """The numbers to store with a threshold."""
        return {
            "topics": float(len(self.shape)),
            "days": float(len(self.others)),
            "complaints_a_day": float((self.shape * self.scale).sum()),
            "median_phi": float(np.median(self.phi)),
            "median_drift": float(np.median(self.drift)),
        }


def _continued(panel: Panel, judged: int) -> Floats:
    """Others' volume on the complete days with data, its last four weeks repeated after them, (days, topics); on days
    on which a source was silent what it would have been without."""
    whole = ~panel.gaps & (np.arange(panel.days) < panel.days - (not panel.complete))
    if panel.heard is not None:
        whole &= panel.heard.everything >= LEAST_HEARD
        total = np.rint(panel.heard.whole(panel.total.astype(np.float64))).astype(np.int64)
        panel = replace(panel, total=total, heard=None)
    days = np.flatnonzero(whole & (np.cumsum(panel.total) > 0))[-HISTORY:]
    others = History.of(panel).others[days, 0]
    if not len(others):
        others = np.zeros((1, panel.topics))
    cycle = others[-(min(28, len(others) // 7 * 7) or len(others)) :]
    wanted = max(len(others), LEAST_HISTORY) + judged
    again = np.resize(np.arange(len(cycle)), wanted - len(others))
    return np.concatenate([others, cycle[again]])


def _drift_error(detector: EB7, days: int) -> float:
    """Variance of a unit drift's mean over the window less its mean over the baseline."""
    back = np.arange(days)
    window = (back < detector.window) / detector.window
    baseline = np.where(back >= detector.window + detector.gap, 0.5 ** (back / detector.half_life), 0.0)
    contrast = window - baseline / baseline.sum()
    return float(contrast @ DRIFT ** np.abs(back[:, None] - back) @ contrast)


def _wander(rng: np.random.Generator, size: tuple[int, ...]) -> Floats:
    """A unit AR(1) along the first axis."""
    steps = rng.standard_normal(size)
    fresh = np.sqrt(1 - DRIFT**2)
    for day in range(1, size[0]):
        steps[day] = DRIFT * steps[day - 1] + fresh * steps[day]
    return steps
