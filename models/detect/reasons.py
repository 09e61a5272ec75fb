"""Why a detector expects what it expects: the numbers behind a score, taken out for the topics that are asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from feedback.domain import Reason
from models.detect.held import Forecast, Held, Integers, Windows


class Judge(NamedTuple):
    """A detector of a combination, as far as a reason names it; all but the margin in buckets, of which `unit` says
    how long they are."""

    name: str
    window: int
    baseline_lag: int
    half_life: float
    margin: float
    unit: str = "day"


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """The reasons of all topics: `held` is what was judged, `which` of the judges gave it (days, 1, topics)."""

    judges: Sequence[Judge]
    which: Integers
    held: Held

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
        )


def _cell(held: Held, topic: int, day: int) -> Held:
    """One topic's window of one day, every part of one number; all parts are (days, 1, topics)."""
    forecast = Forecast._make(part[day, 0, topic] for part in held.forecast)
    windows = Windows._make(part[day, 0, topic] for part in held.windows)
    return Held(forecast, windows, held.prior)
