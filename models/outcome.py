"""What a fix achieved: the rate ratio after it to what would have come without it, with a 90 % interval.

The method is the counterfactual of a Bayesian structural time series (Brodersen et al. 2015, Annals of Applied
Statistics 9:247), an interrupted time series held against controls. The volume of everything else that has neither
risen nor been mended gives the expected course; a topic's own level goes through the weeks as

    log rate = level + wave,   level: slow drift, and now and then a jump that stays,   wave: comes and goes by itself

with negative binomial counts, on a grid (Kitagawa 1987, JASA 82:1032, whose heavy-tailed steps the jumps are). How
strongly a topic drifts and waves is learned from all topics (the likeliest mixture, Laird 1978, JASA 73:805) and from
its own past.

Fixes follow peaks, and a chance peak falls by itself. Here a peak of counts is scatter, a wave or a jump, each as far
as the whole past makes it likely: what is held against the weeks after the fix is the shrunken level, with what of the
wave will go. Since the moment was chosen by what is in that past, conditioning on all of it accounts for the choice
(ignorable selection, Rubin 1976, Biometrika 63:581).

`benchmarks/outcomes.py`, 200 fixes a cell: the interval holds the truth in .86 to .99 of calm, seasonal, growing and
drifting series, fixed at random or after their highest week (four weeks before against four after: .55 to .98), and of
fixes that did nothing at most 4 % are said to have *worked* after eight weeks (the naive: up to 32 %). After a peak the
effect still comes out 5 to 18 % too large. A real rise of a week or two is believed only in part where a topic has few
complaints: at three a week the interval holds the truth in .4 to .6, at fourteen in .7 to .8, at seventy in .8 to .95.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from feedback.domain import OUTCOME_RULES, OutcomeRules, OutcomeVerdict
from models.detect.dispersion import DailyScatter
from models.detect.eb7 import DAILY_VOLUME
from models.detect.panel import Counts, Flags, Floats

METHOD = "Bayesian structural time series against controls (Brodersen et al. 2015), negative binomial counts"

Numbers = Counts | Floats

WEEK = 7
WEEKS_BEFORE, WEEKS_AFTER = 60, 8
"""How much of the past is looked at, and how long after a fix its effect is measured; regressions are for longer."""

STEP, BELOW, ABOVE, EFFECT = 0.05, 4.0, 3.0, 3.0
"""The grid of log rates: its step, how far it reaches around the usual rate, and the largest effect it can tell."""

LEVEL_DOUBT, EFFECT_DOUBT = 1.5, 1.5
"""Standard deviations of the log rate and of the log ratio before anything is known: vague."""

LEVEL_KINDS = ((0.01, 0.002), (0.02, 0.02))
"""Standard deviation of a week's drift, and the chance a week that the level jumps: hardly ever, or once a year."""

JUMP_NEAR, NEAR = 0.05, 4
"""The chance a week in the last weeks before a fix, and how many they are: nobody mends what is not broken."""

JUMP_SIZE = 0.7
"""The mean size of a jump's logarithm."""

WAVES = ((0.03, 0.8), (0.12, 0.8), (0.3, 0.8), (0.12, 0.3), (0.3, 0.3), (0.15, 0.96), (0.3, 0.96))
"""Standard deviation of the wave and its correlation from week to week; the last are a topic's own seasons."""

WAVE_STATES = 5
PRIOR_TOPICS = 4.0
"""How many topics' worth it is believed that all kinds of courses are as likely."""

LEAST_SPREAD, SPREAD_FLOOR = 0.01, 4e-4
"""Least excess of the variance over Poisson's, as a part of the mean and of its square."""

VOLUME_PRIOR = 44.0
"""Complaints of controls it takes to believe half of a change in volume, as in `models.detect.eb7`."""


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """Counts and exposure (weeks,), oldest first; exposure is in usual days, 0 where a week has no data."""

    counts: Floats
    exposure: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A topic's weeks before a change and after it, the variance ratio `phi` of its counts, and the days with data."""

    before: Weeks
    after: Weeks
    phi: float
    known_days: int
    days: int

    @property
    def rate(self) -> float:
        """Complaints on a usual day before."""
        return float((self.before.counts.sum() + 0.5) / (self.before.exposure.sum() + 0.5))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate ratio with its 90 % interval. `observed` came in the `days` after with data, `expected` would have
    without the fix; `certainty` is how sure it is that there are fewer, from 0 to 1. `known_days` are those before.
    `over_peak` is the rate after over that of the highest of the last weeks before, taken at face value."""

    days: int
    known_days: int
    observed: int
    expected: float
    ratio: float
    low: float
    high: float
    certainty: float
    over_peak: float


def course(counts: Numbers, controls: Floats, usable: Flags, fix: int, phi: float, *, weighed: bool = True) -> Course:
    """The weeks around a fix, from daily numbers (days,) of the topic and its controls.

    Weeks are counted from the day of the fix, `fix`, which belongs to neither side. `controls` are complaints, or with
    `weighed` false an exposure that is believed as it is. Days that are not `usable` are gaps. ValueError when the fix
    is not on one of the days or a count is negative.
    """
    if not 0 <= fix < len(counts):
        raise ValueError(f"the fix is on day {fix}, but there are days 0 to {len(counts) - 1}")
    if (counts < 0).any():
        raise ValueError("counts holds a negative count")
    known = usable[:fix]
    usual = float(controls[:fix][known].mean()) if known.any() else 0.0
    prior = VOLUME_PRIOR if weighed else 1e-9
    start = max(fix - WEEK * WEEKS_BEFORE, fix % WEEK)
    end = min(fix + 1 + WEEK * WEEKS_AFTER, len(counts))
    edges = range(start, fix, WEEK), range(fix + 1, end, WEEK)
    before, after = (
        _weeks(counts[:end], controls[:end], usable[:end], np.array(side, np.int64), usual, prior) for side in edges
    )
    return Course(before, after, phi, int(usable[start:fix].sum()), int(usable[fix + 1 : end].sum()))


def _weeks(counts: Numbers, controls: Floats, usable: Flags, starts: Counts, usual: float, prior: float) -> Weeks:
    if not len(starts):
        return Weeks(np.zeros(0), np.zeros(0))
    stop = min(int(starts[-1]) + WEEK, len(counts))
    sums = [np.add.reduceat((part * usable)[:stop], starts) for part in (counts, controls, np.ones(len(counts)))]
    observed, volume, days = sums
    return Weeks(observed, days * (volume + prior) / (usual * days + prior))


def controls_of(counts: Counts, total: Counts, excluded: Flags, row: int, mended: Flags, fix: int) -> Floats:
    """The complaints of the controls a day (days,): everything but the topic and those that have risen around the fix
    or were mended themselves (topics,). Where hardly anything is left, everything but the topic.

    `counts` and `excluded` are (topics, days), `total` (days,).
    """
    others = np.maximum(total - counts[row], 0).astype(np.float64)
    near = slice(max(fix - WEEK * WEEKS_AFTER, 0), fix + 1 + WEEK * WEEKS_AFTER)
    moved = excluded[:, near].any(axis=1) | mended
    moved[row] = False
    calm = np.maximum(others - counts[moved].sum(axis=0), 0)
    return np.asarray(calm if calm[near].sum() >= LEAST_CALM * others[near].sum() else others)


LEAST_CALM = 0.25
"""The share of the others that has to be left for the controls to be those that did not move."""


def scatter_of(counts: Counts, total: Counts, usable: Flags, until: int) -> Floats:
    """Each topic's variance ratio from day to day (topics,) in the days before `until`, shrunk to that of all."""
    scatter = DailyScatter((1, len(counts)))
    others = np.maximum(total - counts, 0) + DAILY_VOLUME
    for day in range(WEEK, until):
        if usable[day] and usable[day - WEEK]:
            today, before = (counts[:, each].astype(np.float64) for each in (day, day - WEEK))
            share = others[:, day] / (others[:, day] + others[:, day - WEEK])
            # no topic's own rises are left out: they last for days, and hardly show from one week to the next
            scatter.add(today[None], before[None], share[None], np.ones((1, len(counts)), bool))
    return np.asarray(scatter.ratio[0])


class _Kind(NamedTuple):
    """One way in which topics run: arrays over the grid."""

    drift: float
    jump: float
    wave: float
    correlation: float


KINDS = tuple(_Kind(*level, *wave) for level in LEVEL_KINDS for wave in WAVES)

GRID = np.arange(-round(BELOW / STEP), round(ABOVE / STEP) + 1) * STEP
EFFECTS = np.arange(-round(EFFECT / STEP), round(EFFECT / STEP) + 1) * STEP


def _level_steps(drift: float, chance: float) -> Floats:
    """(grid, grid): from a week's level to the next; three points have the drift's variance."""
    apart = np.abs(np.subtract.outer(np.arange(len(GRID)), np.arange(len(GRID))))
    near = (drift / STEP) ** 2 / 2
    slow = np.where(apart == 0, 1 - 2 * near, np.where(apart == 1, near, 0.0))
    jump = np.exp(-apart * STEP / JUMP_SIZE)
    jump /= jump.sum(axis=1, keepdims=True)
    steps = (1 - chance) * slow + chance * jump
    return np.asarray(steps / steps.sum(axis=1, keepdims=True))


def _wave_steps(correlation: float) -> Floats:
    """(states, states): Rouwenhorst's chain (1995), which has the autoregression's mean, variance and correlation."""
    stay = (1 + correlation) / 2
    chain = np.array([[stay, 1 - stay], [1 - stay, stay]])
    for _ in range(WAVE_STATES - 2):
        wide = np.zeros((len(chain) + 1,) * 2)
        wide[:-1, :-1] += stay * chain
        wide[:-1, 1:] += (1 - stay) * chain
        wide[1:, :-1] += (1 - stay) * chain
        wide[1:, 1:] += stay * chain
        wide[1:-1] /= 2
        chain = wide
    return chain


LEVELS = np.stack([_level_steps(each.drift, each.jump) for each in KINDS])
LEVELS_NEAR = np.stack([_level_steps(each.drift, JUMP_NEAR) for each in KINDS])
LEVELS_STILL = np.stack([_level_steps(each.drift, 0.0) for each in KINDS])
STEPS = np.stack([_wave_steps(each.correlation) for each in KINDS])
REST = special.comb(WAVE_STATES - 1, np.arange(WAVE_STATES)) / 2.0 ** (WAVE_STATES - 1)
HEIGHTS = np.linspace(-1, 1, WAVE_STATES) * math.sqrt(WAVE_STATES - 1)
LOG_RATES = GRID[None, :, None] + (np.array([each.wave for each in KINDS])[:, None] * HEIGHTS)[:, None, :]
"""(kinds, grid, wave states): the log rate in units of the usual rate."""

FINE = np.arange(GRID[0] - 1.0, GRID[-1] + 1.0, STEP / 2)
"""Log rates at which likelihoods are worked out; those of the states lie between two of them."""

PLACE = np.floor((LOG_RATES - FINE[0]) / (STEP / 2)).astype(np.intp)
PART = (LOG_RATES - FINE[PLACE]) / (STEP / 2)


def _likelihood(count: float, exposure: float, usual: float, phi: float) -> Floats:
    """(kinds, grid, wave states): how likely a week's count is, up to a factor."""
    mean = usual * exposure * np.exp(FINE)
    spread = max(phi - 1, LEAST_SPREAD) + SPREAD_FLOOR * mean
    size = mean / spread
    fit = special.gammaln(count + size) - special.gammaln(size) - (count + size) * np.log1p(spread)
    fit += count * np.log(spread) if count else 0.0
    fit -= fit.max()
    return np.asarray(np.exp(fit[PLACE] + PART * (fit[PLACE + 1] - fit[PLACE])))


def _forward(past: Course, near: int = NEAR) -> tuple[Floats, Floats]:
    """(kinds, grid, wave states): what is believed on the eve of the fix; (kinds,): the log likelihood of the past."""
    level = np.exp(-0.5 * (GRID / LEVEL_DOUBT) ** 2)
    belief = np.tile((level / level.sum())[:, None] * REST, (len(KINDS), 1, 1))
    fit = np.zeros(len(KINDS))
    far = len(past.before.counts) - near
    for week, (count, exposure) in enumerate(zip(past.before.counts, past.before.exposure, strict=True)):
        belief = np.matmul(np.matmul(LEVELS if week < far else LEVELS_NEAR, belief), STEPS)
        if exposure > 0:
            belief = belief * _likelihood(float(count), float(exposure), past.rate, past.phi)
            weight = belief.sum(axis=(1, 2))
            fit += np.log(weight)
            belief = belief / weight[:, None, None]
    return belief, fit


def _backward(past: Course) -> Floats:
    """(kinds, grid, wave states): how likely the weeks after are from each state on the eve, up to a factor."""
    told = np.ones(LOG_RATES.shape)
    for week in reversed(range(len(past.after.counts))):
        if past.after.exposure[week] > 0:
            numbers = float(past.after.counts[week]), float(past.after.exposure[week])
            told = told * _likelihood(*numbers, past.rate, past.phi)
        # a jump between the eve and the first week cannot be told from the effect: it is taken for it
        told = np.matmul(np.matmul(LEVELS if week else LEVELS_STILL, told), STEPS.transpose(0, 2, 1))
        told = told / told.max()
    return told


def learn(pasts: list[Course]) -> Floats:
    """(kinds,): how common each kind of course is among topics, by the weeks before the change of each."""
    weights = np.full(len(KINDS), 1 / len(KINDS))
    if not pasts:
        return weights
    fits = np.stack([_forward(each, near=0)[1] for each in pasts])
    odds = np.exp(fits - fits.max(axis=1, keepdims=True))
    for _ in range(50):
        shares = weights * odds
        shares /= shares.sum(axis=1, keepdims=True)
        weights = shares.sum(axis=0) + PRIOR_TOPICS / len(KINDS)
        weights /= weights.sum()
    return np.asarray(weights)


@dataclass(frozen=True, slots=True, eq=False)
class Eve:
    """What is believed on the eve of the fix: (kinds, grid, wave states), and how likely each kind is (kinds,)."""

    belief: Floats
    share: Floats


def eve(past: Course, common: Floats) -> Eve:
    """From the weeks before the fix; `common` (kinds,) is what `learn` found."""
    belief, fit = _forward(past)
    share = common * np.exp(fit - fit.max())
    return Eve(belief, share / share.sum())


def estimate(past: Course, known: Eve) -> Estimate:
    """The effect of the change, from what was known on its eve. ValueError when no day after it has data."""
    if past.days == 0:
        raise ValueError("no day after the fix has data")
    posterior = _effect(known.belief * known.share[:, None, None], _backward(past))
    cumulated = np.cumsum(posterior) - posterior / 2
    low, middle, high = (math.exp(float(np.interp(level, cumulated, EFFECTS))) for level in (0.05, 0.5, 0.95))
    return Estimate(
        days=past.days,
        known_days=past.known_days,
        observed=int(past.after.counts.sum()),
        expected=_expected(past, known),
        ratio=middle,
        low=low,
        high=high,
        certainty=float(np.interp(0.0, EFFECTS, cumulated)),
        over_peak=_over_peak(past),
    )


def _over_peak(past: Course) -> float:
    last = [(n, days) for n, days in zip(past.before.counts, past.before.exposure, strict=True) if days > 0][-NEAR:]
    highest = max((float(count / days) for count, days in last), default=past.rate)
    return float(past.after.counts.sum() / past.after.exposure.sum()) / max(highest, past.rate)


def _effect(belief: Floats, told: Floats) -> Floats:
    """(effects,): the posterior of the log ratio. An effect moves the level from its place to another on the grid."""
    joint = np.matmul(belief, told.transpose(0, 2, 1)).sum(axis=0)
    fit = np.array([np.trace(joint, offset) for offset in range(-(len(EFFECTS) // 2), len(EFFECTS) // 2 + 1)])
    fit = fit * np.exp(-0.5 * (EFFECTS / EFFECT_DOUBT) ** 2)
    return np.asarray(fit / fit.sum())


def _expected(past: Course, known: Eve) -> float:
    """Complaints after the fix had the level stayed and the wave gone as waves go."""
    levels = np.einsum("k,kgs,g->ks", known.share, known.belief, np.exp(GRID))
    waves = np.array([each.wave for each in KINDS])[:, None] * HEIGHTS
    kept = np.array([each.correlation for each in KINDS])[:, None]
    weeks = enumerate(past.after.exposure, 1)
    return past.rate * float(sum(float((levels * np.exp(waves * kept**week)).sum()) * days for week, days in weeks))


def verdict_of(found: Estimate, expect: float, rules: OutcomeRules = OUTCOME_RULES) -> OutcomeVerdict:
    """The verdict on a fix that was hoped to change complaints by `expect`, such as -0.4: see `OutcomeRules`."""
    if found.days < rules.least_days or found.known_days < rules.least_known or found.expected < rules.least_expected:
        return OutcomeVerdict.UNKNOWN
    if found.certainty >= rules.certain:
        enough = found.low <= 1 + expect and found.ratio <= 1 + expect / 2
        return OutcomeVerdict.WORKED if enough else OutcomeVerdict.PARTLY
    # a rise that was young when it was mended is believed only in part: what is less than it is not worse
    if found.certainty <= 1 - rules.certain and found.over_peak > 1:
        return OutcomeVerdict.WORSE
    ruled_out = min(found.low, found.over_peak) > 1 + expect
    return OutcomeVerdict.NO_EFFECT if ruled_out else OutcomeVerdict.UNKNOWN


def is_back(
    counts: Numbers,
    controls: Floats,
    usable: Flags,
    fix: int,
    common: Floats,
    phi: float,
    achieved: float,
    *,
    weighed: bool = True,
    rules: OutcomeRules = OUTCOME_RULES,
) -> bool:
    """Whether the last `recent_days` lie above those since the fix beyond chance, and half of what the fix brought
    is lost again (on the log scale); `achieved` is its ratio. Arguments as those of `course`."""
    since = slice(fix + 1, None)
    change = len(counts) - (fix + 1) - rules.recent_days - 1
    if change < rules.recent_days or not usable[-rules.recent_days :].any():
        return False
    recent = course(counts[since], controls[since], usable[since], change, phi, weighed=weighed)
    found = estimate(recent, eve(recent, common))
    return found.low > 1 and found.ratio * math.sqrt(achieved) >= 1
