"""A rise that creeps: the last four weeks against what was known four weeks ago.

A rise that grows by a few per cent a week enters its own baseline before any single week stands out. Here the
expectation is one that ended before the rise began, carried forward by the volume of everything else, and the window
is as long as the rise is slow: the moving sum of Bauer and Hackl 1978 (Technometrics 20:431) with EB7's prediction in
place of a known mean. Against a cumulative sum it has the merit that it forgets: an old rise is out after four weeks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.detect.eb7 import EB7
from models.detect.held import Forecast, Held, History, Windows
from models.detect.panel import Panel, Scores


@dataclass(frozen=True, slots=True)
class Ramp:
    """The settings of the detector in days: the sum over `window` is held against the forecast of `lag` days before.

    Days that were alerted are taken out of the window, as if there were no data: what is observed is on the others.
    """

    window: int = 28
    lag: int = 28
    name: str = "ramp"
    eb7: EB7 = field(default_factory=EB7)

    def judge(self, panel: Panel, days: int = 1) -> Scores:
        """Scores of the last `days` days, each about the window that ends with the day."""
        history = History.of(panel, days)
        return self.held(history, days).scores(self.window)

    def held(self, history: History, days: int) -> Held:
        """The last `days` windows beside what was known `lag` days before."""
        wanted = min(days + self.lag, len(history.counts))
        return self.held_against(self.eb7.forecast(history, wanted), history, days)

    def held_against(self, forecast: Forecast, history: History, days: int) -> Held:
        """The same with EB7's forecast of the last `days` days and as many of `lag` days before as there are."""
        early = min(days, max(0, days + self.lag - len(forecast.rate)))
        late = Forecast._make(part[: days - early] for part in forecast).ahead()
        windows = _untold(history, self.window).last(days)
        return Held(_preceded(late, forecast, early).for_last(days, history), windows, self.eb7.volume_prior)


def _untold(history: History, length: int) -> Windows:
    """The windows without the days that were alerted: a spike would keep its alert alive for as long as a window."""
    if not history.excluded.any():
        return Windows.of(history, length)
    return Windows.of(history._replace(open_days=history.open_days * ~history.excluded), length)


def _preceded(late: Forecast, whole: Forecast, days: int) -> Forecast:
    """With `days` days before it on which nothing was known."""
    if not days:
        return late
    before = Forecast._make(np.repeat(part[:1], days, axis=0) for part in whole)
    before = before._replace(known=np.zeros_like(before.known))
    return Forecast._make(np.concatenate(parts) for parts in zip(before, late, strict=True))
