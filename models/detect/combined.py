"""Several detectors as one: a topic is rising when any of them says so, each at a threshold of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from models.detect.eb7 import EB7, Walk
from models.detect.held import Held, History, Integers, TimeOfYear
from models.detect.negative_binomial import SMALLEST_P
from models.detect.panel import Floats, Panel, Scores
from models.detect.ramp import Ramp
from models.detect.reasons import Judge, Reasons

BUDGET_SHARES: Mapping[str, float] = MappingProxyType({"EB7": 0.9, "ramp": 0.1})
"""Each detector's part of the false alarms. A creeping rise takes weeks to show, so a tenth costs sharp ones little.

A second window for sharp rises brings nothing: with the same false alarms, 3, 4, 10 or 14 days beside the seven
changed the share found within two weeks by -.004 to +.002 and lost up to .03 of that within one.
"""


@dataclass(frozen=True, slots=True)
class Combined:
    """EB7 and the ramp detector over one pass through the days.

    `margins` is by how much a detector's score has to exceed EB7's to be worth as much, as
    `models.detect.budget.threshold_for` finds it; a detector that is not named has the margin zero. The numbers given
    out are those of the detector whose score lies highest above its margin, and p is that score's. With a `season`, the
    time of the year brings what that says.
    """

    margins: Mapping[str, float] = field(default_factory=dict)
    eb7: EB7 = field(default_factory=EB7)
    ramp: Ramp = field(default_factory=Ramp)
    season: TimeOfYear | None = None
    name: str = "EB7 and ramp"

    def judge(self, panel: Panel, days: int = 1) -> Scores:
        """Scores of the last `days` days."""
        return self.explained(panel, days)[0]

    def explained(self, panel: Panel, days: int = 1) -> tuple[Scores, Reasons]:
        """The same with what they follow from."""
        walk = self.walked(History.of(panel, days), days)
        held = self.held_of(walk, days)
        return self.told(held, *self.highest(held, tails(held)), walk.weights()[:, 0])

    def held(self, history: History, days: int) -> dict[str, Held]:
        """What each detector holds against each other, by its name."""
        return self.held_of(self.walked(history, days), days)

    def walked(self, history: History, days: int) -> Walk:
        """The one pass, which tells what both need of the last `days`."""
        return self.eb7.walked(history, days + self.ramp.lag)

    def held_of(self, walk: Walk, days: int) -> dict[str, Held]:
        """As `held`, of the last `days` of a walk."""
        history = walk.history
        forecast = walk.forecast(min(days + self.ramp.lag, len(history.counts)))
        if self.season:
            forecast = self.season.lent(forecast)
        return {
            self.eb7.name: self.eb7.held_against(forecast, history, days),
            self.ramp.name: self.ramp.held_against(forecast, history, days),
        }

    def highest(self, held: Mapping[str, Held], p: Mapping[str, Floats]) -> tuple[Integers, Floats]:
        """Which detector's score lies highest above its margin, by its place, and the p of that; as the windows.

        `p` is what `tails` says of them.
        """
        scores = {name: -np.log10(p[name]) - self.margin(name) for name in held}
        # where nothing is known, below all that is
        above = np.stack([np.where(each.known, scores[name], -np.inf) for name, each in held.items()])
        return above.argmax(axis=0), np.clip(10 ** -above.max(axis=0), SMALLEST_P, 1.0)

    def told(
        self, held: Mapping[str, Held], which: Integers, p: Floats | None, weights: Floats
    ) -> tuple[Scores, Reasons]:
        """The scores of one replicate by those detectors, and what they follow from; without `p`, it is theirs."""
        judges = self._judges()
        chosen = Held.chosen(tuple(held.values()), which)
        windows = np.array([each.window for each in judges])[which]
        return chosen.scores(windows, p), Reasons(judges, which, chosen, weights)

    def margin(self, name: str) -> float:
        return self.margins.get(name, 0.0)

    def _judges(self) -> tuple[Judge, ...]:
        """The detectors in the order of `held`."""
        eb7, ramp = self.eb7, self.ramp
        lag = eb7.window + eb7.gap
        return (
            Judge(eb7.name, eb7.window, lag, eb7.half_life, self.margin(eb7.name)),
            Judge(ramp.name, ramp.window, lag + ramp.lag, eb7.half_life, self.margin(ramp.name)),
        )


def tails(held: Mapping[str, Held]) -> dict[str, Floats]:
    """The p of each detector's windows by its name, without any margin; as the windows, 1 where nothing is known."""
    return {name: np.clip(each.p(), SMALLEST_P, 1.0) for name, each in held.items()}
