"""Why a detector expects what it expects: the numbers behind a score, taken out for the topics that are asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from feedback.domain import Reason
from models.detect.held import Forecast, Held, Integers, Windows
from models.detect.panel import Floats


class Judge(NamedTuple):
    """A detector of a combination, as far as a reason names it; all but the margin in buckets, of which `unit` says
    how long they are."""

    name: str
    window: int
    baseline_lag: int
    half_life: float
    margin: float
    unit: str = "day"


LIGHTER, HALF_LIVES = 0.9, 3
"""Days of the baseline's last half-lives are told as lighter that weigh less than this; before, none weighs much."""


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """The reasons of all topics: `held` is what was judged, `which` of the judges gave it (days, 1, topics).

    `weights` is what each day of the panel weighs in the baseline (days, topics), 0 where it was left out.
    """

    judges: Sequence[Judge]
    which: Integers
    held: Held
    weights: Floats | None = None

    def of(self, topic: int, day: int = -1) -> Reason:
        """Why the topic in this row scored as it did on that judged day, the last unless said otherwise."""
        judge = self.judges[int(self.which[day, 0, topic])]
        held = _cell(self.held, topic, day)
        forecast, windows, mean = held.forecast, held.windows, held.mean
        return Reason(
            detector=judge.name,
            window_days=judge.window,
            open_days=windows.open_days.item(),
            baseline_lag=judge.baseline_lag,
            half_life=judge.half_life,
            rate=forecast.rate.item(),
            doubt=forecast.doubt.item(),
            phi=forecast.phi.item(),
            kappa=forecast.kappa.item(),
            others=windows.others.item(),
            others_a_day=forecast.volume.item(),
            volume_prior=held.prior,
            relative_volume=held.relative_volume.item(),
            mean=mean.item(),
            size=forecast.size(mean).item(),
            p=held.p().item(),
            margin=judge.margin,
            unit=judge.unit,
            season=forecast.season.item(),
            lighter=self._lighter(judge, topic, day),
            prior_shape=forecast.prior_shape.item(),
            prior_mean=forecast.prior_mean.item(),
            counted=forecast.counted.item(),
            watched=forecast.watched.item(),
            years_rate=forecast.years_rate.item() if forecast.years_weight.item() else None,
            years_weight=forecast.years_weight.item(),
        )

    def _lighter(self, judge: Judge, topic: int, day: int) -> tuple[tuple[int, float], ...]:
        """The days of the baseline with less than their full weight, as days before the window's last."""
        if self.weights is None:
            return ()
        judged = len(self.which)
        last = len(self.weights) - judged + day % judged
        end = max(0, last - judge.baseline_lag + 1)
        first = max(0, end - round(HALF_LIVES * judge.half_life))
        weights = self.weights[first:end, topic]
        places = np.flatnonzero((weights > 0) & (weights < LIGHTER)).tolist()
        return tuple((last - first - place, round(float(weights[place]), 3)) for place in places)


def _cell(held: Held, topic: int, day: int) -> Held:
    """One topic's window of one day, every part of one number; all parts are (days, 1, topics)."""
    forecast = Forecast._make(part[day, 0, topic] for part in held.forecast)
    windows = Windows._make(part[day, 0, topic] for part in held.windows)
    return Held(forecast, windows, held.prior)
