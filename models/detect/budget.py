"""The score above which a rise is an alert, from the false alarms a week the operator will bear.

Panels in which nothing rises are drawn from what the operator's own series look like, the same detector judges them
as often as it does in production and by the same rules, and the threshold is where the alerts it opens meet the budget.
The false discovery rate within a run is bounded as well, as strictly as the budget allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from models.detect.combined import BUDGET_SHARES, Combined
from models.detect.fdr import FALSE_DISCOVERIES, NO_BOUND, q_values
from models.detect.held import Held, History
from models.detect.negative_binomial import SMALLEST_P
from models.detect.null import Null
from models.detect.panel import Flags, Floats, Panel

JUDGED = 56
"""Days judged in one replicate."""

SETTLING = 7
"""Days judged before those, not counted: an alert open when counting starts is no opening."""

CALM_DAYS = 4
"""Days from the first calm complete window to the one that resolves the alert; then a rise opens one again."""

LEAST, MOST = 1.3, 30.0
"""No threshold lies outside. With few topics a budget is a ceiling: a tail of one in twenty is no alert."""

BOUNDS = (FALSE_DISCOVERIES, 0.2, 0.3, 0.5, NO_BOUND)
ROOM = 1.5
"""The bounds on q there are, and how many times the budget one must let through for the threshold to set it."""

ENOUGH = 40
"""Openings to see in the simulation before a threshold is read off directly; beyond, the tail is extrapolated."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which score a topic is rising, and where that comes from.

    Its Benjamini-Hochberg value among the topics of the run must not exceed `q_bound` either. `margins` is how much
    more a detector's score must be than EB7's, by name, see `models.detect.combined`. `budget` is the false alarms a
    week asked for, `achieved` how many the simulation had with this `score` and bound, give or take `standard_error`.
    `simulated_weeks` and `evaluations_per_day` say how much was simulated; `parameters` holds the fitted numbers behind
    it.
    """

    score: float
    budget: float
    achieved: float
    standard_error: float
    simulated_weeks: int
    evaluations_per_day: int
    seed: int
    q_bound: float = NO_BOUND
    margins: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """Panels in which nothing rises, judged: the scores of each detector (evaluations, replicates, topics).

    They are of `share` of the topics, which stand for all.
    """

    scores: Mapping[str, Floats]
    evaluations_per_day: int
    seed: int
    parameters: Mapping[str, float]
    share: float = 1.0

    def threshold(self, budget: float) -> Threshold:
        """The score and the bound on q with which all topics together open `budget` false alerts a week.

        Each detector first gets a threshold for its share of the budget; how far these lie apart are the margins. Then
        the combination gets a bound that leaves room for the budget, and a threshold with the bound in force. Raises
        ValueError when the budget is not above zero.
        """
        if budget <= 0:
            raise ValueError(f"a budget of {budget} false alarms a week cannot be met")
        wanted = budget * self.share * self._weeks
        margins = _margins(self.scores, wanted, self.evaluations_per_day)
        scores = highest(self.scores, margins)
        q = among_topics(scores, self.share)
        bound = bound_for(q, wanted, self.evaluations_per_day)
        passing = np.where(q <= bound, scores, 0.0)
        # far out in the tail, which is extrapolated, the score asks for more than any bound
        score = meeting(passing if wanted >= ENOUGH else scores, wanted, self.evaluations_per_day)
        opened = openings(passing, score, self.evaluations_per_day) * 7 / JUDGED / self.share
        return Threshold(
            score=score,
            budget=budget,
            achieved=float(opened.mean()),
            standard_error=float(opened.std(ddof=1)) / len(opened) ** 0.5,
            simulated_weeks=self._weeks,
            evaluations_per_day=self.evaluations_per_day,
            seed=self.seed,
            q_bound=bound,
            margins=margins,
            parameters=self.parameters,
        )

    @property
    def _weeks(self) -> int:
        replicates: int = next(iter(self.scores.values())).shape[1]
        return replicates * JUDGED // 7


def replicates_of(weeks: int) -> int:
    """How many replicates hold so many weeks; two at least, for a standard error."""
    return max(2, round(weeks * 7 / JUDGED))


def simulated(
    panel: Panel,
    seed: int = 0,
    *,
    weeks: int = 150,
    evaluations_per_day: int = 4,
    detector: Combined | None = None,
) -> Simulation:
    """Calm panels in the likeness of this one, judged as it is.

    `weeks` is how many are simulated, in replicates of eight. The last of the `evaluations_per_day` sees the complete
    day, the others an even part of it. Raises ValueError when the panel is empty.
    """
    if panel.topics == 0 or panel.days == 0:
        raise ValueError("there is nothing to simulate: the panel has no topics or no days")
    detector = detector or Combined()
    rng = np.random.default_rng(seed)
    null = Null.fitted(panel, detector.eb7, SETTLING + JUDGED)
    scores = evaluate(null.draw(replicates_of(weeks), rng), detector, evaluations_per_day, rng)
    return Simulation(scores, evaluations_per_day, seed, null.parameters())


def threshold_for(
    panel: Panel, budget: float = 1.0, seed: int = 0, *, weeks: int = 150, evaluations_per_day: int = 4
) -> Threshold:
    """The threshold with which all topics of the panel together open `budget` false alerts a week; see `Simulation`.

    Raises ValueError when the budget is not above zero or the panel is empty.
    """
    return simulated(panel, seed, weeks=weeks, evaluations_per_day=evaluations_per_day).threshold(budget)


def among_topics(scores: Floats, share: float = 1.0) -> Floats:
    """The Benjamini-Hochberg value of each score among those of its evaluation; topics along the last axis.

    The topics are `share` of those there are.
    """
    p = np.clip(10**-scores, SMALLEST_P, 1.0)
    return np.moveaxis(q_values(np.moveaxis(p, -1, 0), share), 0, -1)


def bound_for(q: Floats, wanted: float, evaluations_per_day: int) -> float:
    """The strictest of `BOUNDS` that alone, with no threshold, opens clearly more than the `wanted` alerts.

    What a bound alone lets through does not grow with the number of topics: at a tenth it is some .6 alerts a week.
    Were it held to, a greater budget would bring nothing.
    """
    for bound in BOUNDS[:-1]:
        if openings(-q, -bound, evaluations_per_day).sum() >= ROOM * wanted:
            return bound
    return BOUNDS[-1]


def _margins(scores: Mapping[str, Floats], wanted: float, evaluations_per_day: int) -> dict[str, float]:
    """How far each detector's threshold for its share of the alerts is above that of the first."""
    own = {name: meeting(part, wanted * BUDGET_SHARES[name], evaluations_per_day) for name, part in scores.items()}
    first = next(iter(own.values()))
    return {name: each - first for name, each in own.items()}


def highest(scores: Mapping[str, Floats], margins: Mapping[str, float]) -> Floats:
    """The scores of the combination: the highest over its margin."""
    return np.asarray(np.maximum.reduce([part - margins.get(name, 0.0) for name, part in scores.items()]))


def evaluate(
    history: History,
    detector: Combined,
    evaluations_per_day: int,
    rng: np.random.Generator,
    days: int = SETTLING + JUDGED,
) -> dict[str, Floats]:
    """Each detector's scores of the last `days` days as each was judged while it filled.

    Arrays are (days x evaluations, replicates, topics). The last evaluation of a day sees all of it, the others an
    even part.
    """
    held = detector.held(history, days)
    today, others = history.counts[-days:], history.others[-days:]
    scores = {name: np.empty((days, evaluations_per_day, *today.shape[1:])) for name in held}
    part = np.zeros_like(today)
    for step in range(evaluations_per_day):
        part += rng.binomial((today - part).astype(np.int64), 1 / (evaluations_per_day - step))
        share = 1 - (step + 1) / evaluations_per_day
        for name, each in held.items():
            scores[name][:, step] = _score(each.without(today - part, share * others, share))
    return {name: each.reshape(-1, *today.shape[1:]) for name, each in scores.items()}


def _score(held: Held) -> Floats:
    return np.asarray(-np.log10(held.p()))


def openings(scores: Floats, threshold: float, evaluations_per_day: int, settling: int = SETTLING) -> Floats:
    """How many alerts each replicate opens after the first `settling` days, (replicates,).

    A topic's alert stays open until `CALM_DAYS` after its first calm complete window, so an episode counts once.
    """
    columns = scores.max(axis=0) >= threshold
    opened = np.zeros(scores.shape[1:])
    if columns.any():
        opens = _opens(scores[:, columns] >= threshold, evaluations_per_day)
        opened[columns] = opens[settling * evaluations_per_day :].sum(axis=0)
    return np.asarray(opened.sum(axis=1))


def _opens(above: Flags, evaluations_per_day: int) -> Flags:
    """Whether the evaluation opens an alert; evaluations along the first axis, the last of a day complete."""
    step = np.arange(len(above))[:, None]
    never = -(10**6)
    latest = np.maximum.accumulate(np.where(above, step, never), axis=0)
    before = np.vstack([np.full((1, above.shape[1]), never), latest[:-1]])
    first_calm = ((before + 1) // evaluations_per_day + 1) * evaluations_per_day - 1
    return np.asarray(above & (step > first_calm + CALM_DAYS * evaluations_per_day))


def meeting(scores: Floats, wanted: float, evaluations_per_day: int) -> float:
    """The score at which all replicates together open `wanted` alerts."""
    if wanted >= ENOUGH:
        return _crossing(scores, wanted, evaluations_per_day)
    near, far = (_crossing(scores, count, evaluations_per_day) for count in (4 * ENOUGH, ENOUGH))
    slope = (far - near) / np.log(4)
    return float(np.clip(far + slope * np.log(ENOUGH / wanted), LEAST, MOST))


def _crossing(scores: Floats, wanted: float, evaluations_per_day: int) -> float:
    low, high = LEAST, MOST
    for _ in range(14):
        middle = (low + high) / 2
        if openings(scores, middle, evaluations_per_day).sum() > wanted:
            low = middle
        else:
            high = middle
    return high if low > LEAST else LEAST
