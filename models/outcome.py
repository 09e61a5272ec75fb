"""What a fix achieved: the rate ratio after it to what would have come without it, with a 90 % interval.

The method is the counterfactual of a Bayesian structural time series (Brodersen et al. 2015, Annals of Applied
Statistics 9:247), an interrupted time series held against controls. The volume of everything else that has neither
risen nor been mended gives the expected course; a topic's own level goes through the weeks as

    log rate = level + wave,   level: slow drift, and now and then a jump that stays,   wave: comes and goes by itself

with negative binomial counts, on a grid (Kitagawa 1987, JASA 82:1032, whose heavy-tailed steps the jumps are). How
strongly a topic drifts and waves is learned from all topics (the likeliest mixture, Laird 1978, JASA 73:805) and from
its own past.

Fixes follow peaks, and a chance peak falls by itself. A peak of counts is scatter, a wave or a jump, each as far as the
whole past makes it likely: what is held against the weeks after the fix is the shrunken level, with what of the wave
will go. Since the moment was chosen by what is in that past, conditioning on all of it accounts for the choice
(ignorable selection, Rubin 1976, Biometrika 63:581).

Whether a rise that is a week or two old is chance or will stay, the past often cannot tell, and the answer then is that
of the prior. So there are two, as Spiegelhalter, Freedman & Parmar (1994, JRSS A 157:357) have it for trials: to the
doubter topics rise before a fix as rarely as ever, to the believer a fix is a sign of a rise, which stays. The interval
holds what both hold possible; the ratio, the expectation and the certainty are those nearest to no change of all that
lies between them. Where the past is clear they agree; where it is not, there is not enough data yet.

The service looks every day and tells the owner of the first *worked*. So one has to be the surer the earlier it is
(group sequential boundary of the power family, Wang & Tsiatis 1987, Biometrics 43:193, on the certainty).

`python benchmarks/outcomes.py --seeds 301 ... 310`: 100 fixes a cell, hoped for 40 % fewer, judged every day until the
estimate ends after eight weeks. *Calm* is the range over stationary, seasonal, growing and drifting series, fixed at
random or after their highest week of half a year; *risen* over a real rise one or two weeks old. Coverage and error are
over all effects; the naive is four weeks before against four after.

    series, a week     coverage   naive     mean error    ever *worked*   naive     *worked* in 4 weeks, ever
                                            of log ratio  at no effect              at -40 %     at -60 %
    calm, random  3    .92-.99    .80-.97   -.12 to +.05  0-.03           .01-.07   .07, .20     .19, .48
                 14    .91-.99    .62-.94   -.06 to +.04  0-.02           .02-.19   .38, .66     .84, .93
                 70    .91-.98    .51-.85   -.02 to +.03  0-.02           .01-.11   .91, .95     1.0, 1.0
    calm, peak    3    .90-.97    .64-.93   -.18 to -.01  0-.03           .09-.33   .07, .25     .26, .62
                 14    .88-.98    .58-.97   -.09 to -.02  0-.01           .07-.37   .52, .80     .91, .98
                 70    .82-.99    .47-.91   -.09 to .00   0-.05           .00-.26   .95, 1.0     1.0, 1.0
    risen         3    .88-.97    .30-.75   +.15 to +.74  0-.01           .00-.02   .00, .01     .02, .03
                 14    .86-.95    .05-.48   +.04 to +.63  0               0         .04, .06     .16, .21
                 70    .87-.95    .00-.08   -.05 to +.05  0               0         .66, .74     .90, .94

The least coverage, .82 and .84, is that of large topics mended at the peak of a year of their own. A fresh rise of up
to fourteen a week mostly stays *not enough data yet* where the fix helped, and the ratio then leans to no change; of
such fixes of -40 % one in twenty to one in four is once called *no effect*.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
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

RISE_NEAR, NEAR = 0.4, 4
"""The chance a week that the topic rose in the last weeks before a fix, to who takes the fix for a sign of a rise, and
how many they are."""

BOUNDARY = 0.125
"""How much surer one has to be at first: the power of time that takes the boundary from one as strict every day (0,
Pocock 1977) to one that hardly lets a first look decide (a half, O'Brien & Fleming 1979)."""

JUMP_SIZE = 0.7
"""The mean size of a jump's logarithm."""

WAVES = ((0.03, 0.8), (0.12, 0.8), (0.3, 0.8), (0.12, 0.3), (0.3, 0.3), (0.15, 0.96), (0.3, 0.96))
"""Standard deviation of the wave and its correlation from week to week; the last are a topic's own seasons."""

LEAST_SHARE = 1e-3
"""Kinds of courses that are less likely than this are left out once the past is known: they only cost time."""

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
    `low` and `high` are the ends of what the doubter and the believer hold possible, the others what is nearest to no
    change between both. `over_peak` is the rate after over that of the highest of the last weeks before, taken at face
    value."""

    days: int
    known_days: int
    observed: int
    expected: float
    ratio: float
    low: float
    high: float
    certainty: float
    over_peak: float


UNSEEN = Estimate(0, 0, 0, 0.0, 1.0, math.exp(-EFFECT), math.exp(EFFECT), 0.5, 1.0)
"""What is known of a change after which no day has data: nothing."""


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
    end = min(end_of(fix), len(counts))
    edges = range(start, fix, WEEK), range(fix + 1, end, WEEK)
    before, after = (
        _weeks(counts[:end], controls[:end], usable[:end], np.array(side, np.int64), usual, prior) for side in edges
    )
    return Course(before, after, phi, int(usable[start:fix].sum()), int(usable[fix + 1 : end].sum()))


def end_of(fix: int) -> int:
    """The day after the last by which a fix on the day `fix` is judged."""
    return fix + 1 + WEEK * WEEKS_AFTER


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
    near = slice(max(fix - WEEK * WEEKS_AFTER, 0), end_of(fix))
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

NORMAL = NormalDist()

GRID = np.arange(-round(BELOW / STEP), round(ABOVE / STEP) + 1) * STEP
EFFECTS = np.arange(-round(EFFECT / STEP), round(EFFECT / STEP) + 1) * STEP


def _level_steps(drift: float, chance: float, *, only_up: bool = False) -> Floats:
    """(grid, grid): from a week's level to the next; three points have the drift's variance."""
    change = np.subtract.outer(np.arange(len(GRID)), np.arange(len(GRID))).T
    near = (drift / STEP) ** 2 / 2
    slow = np.where(change == 0, 1 - 2 * near, np.where(np.abs(change) == 1, near, 0.0))
    jump = np.exp(-np.abs(change) * STEP / JUMP_SIZE)
    if only_up:
        jump = np.where(change >= 0, jump, 0.0)
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
LEVELS_RISING = np.stack([_level_steps(each.drift, RISE_NEAR, only_up=True) for each in KINDS])
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


def _believed(past: Course) -> list[tuple[Floats, Floats]]:
    """What the doubter and the believer think on the eve of the fix, each (kinds, grid, wave states), with the log
    likelihood of the past (kinds,)."""
    far = max(len(past.before.counts) - NEAR, 0)
    known = _forward(past, LEVELS, slice(far), _unknowing())
    return [_forward(past, steps, slice(far, None), known) for steps in (LEVELS, LEVELS_RISING)]


def _unknowing() -> tuple[Floats, Floats]:
    level = np.exp(-0.5 * (GRID / LEVEL_DOUBT) ** 2)
    return np.tile((level / level.sum())[:, None] * REST, (len(KINDS), 1, 1)), np.zeros(len(KINDS))


def _forward(past: Course, steps: Floats, weeks: slice, known: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """What is believed after some weeks before the fix, from what was `known` before them."""
    belief, fit = known
    for count, exposure in zip(past.before.counts[weeks], past.before.exposure[weeks], strict=True):
        belief = np.matmul(np.matmul(steps.transpose(0, 2, 1), belief), STEPS)
        if exposure > 0:
            belief = belief * _likelihood(float(count), float(exposure), past.rate, past.phi)
            weight = belief.sum(axis=(1, 2))
            fit = fit + np.log(weight)
            belief = belief / weight[:, None, None]
    return belief, fit


def _backward(pasts: Sequence[Course], kinds: Counts) -> Floats:
    """(kinds, grid, looks, wave states): how likely the weeks after are from each state on the eve, up to a factor."""
    shape = len(kinds), len(GRID), len(pasts), WAVE_STATES
    told = np.ones(shape)
    likelihood = lru_cache(maxsize=None)(_likelihood)
    for week in reversed(range(max(len(each.after.counts) for each in pasts))):
        for look, past in enumerate(pasts):
            if week < len(past.after.counts) and past.after.exposure[week] > 0:
                numbers = float(past.after.counts[week]), float(past.after.exposure[week])
                told[:, :, look] *= likelihood(*numbers, past.rate, past.phi)[kinds]
        # a jump between the eve and the first week cannot be told from the effect: it is taken for it
        steps = (LEVELS if week else LEVELS_STILL)[kinds]
        told = np.matmul(steps, told.reshape(len(kinds), len(GRID), -1))
        told = np.matmul(told.reshape(len(kinds), -1, WAVE_STATES), STEPS[kinds].transpose(0, 2, 1)).reshape(shape)
        told /= told.max(axis=(0, 1)).max(axis=1)[:, None]
    return told


def learn(pasts: list[Course]) -> Floats:
    """(kinds,): how common each kind of course is among topics, by the weeks before the change of each."""
    weights = np.full(len(KINDS), 1 / len(KINDS))
    if not pasts:
        return weights
    fits = np.stack([_forward(each, LEVELS, slice(None), _unknowing())[1] for each in pasts])
    odds = np.exp(fits - fits.max(axis=1, keepdims=True))
    for _ in range(50):
        shares = weights * odds
        shares /= shares.sum(axis=1, keepdims=True)
        weights = shares.sum(axis=0) + PRIOR_TOPICS / len(KINDS)
        weights /= weights.sum()
    return np.asarray(weights)


@dataclass(frozen=True, slots=True, eq=False)
class Eve:
    """What the doubter and the believer think on the eve of the fix, (2, kinds, grid, wave states), each summing to 1.
    `kinds` are those of `KINDS` that at least one of both thinks possible; `to_come` (2, weeks) is the mean rate after
    it, in units of the usual one, had the level stayed and the wave gone as waves go."""

    kinds: Counts
    beliefs: Floats
    to_come: Floats


def eve(past: Course, common: Floats) -> Eve:
    """From the weeks before the fix; `common` (kinds,) is what `learn` found."""
    beliefs = np.stack([_weighed(belief, common, fit) for belief, fit in _believed(past)])
    kinds = np.flatnonzero((beliefs.sum(axis=(2, 3)) >= LEAST_SHARE).any(axis=0))
    possible = beliefs[:, kinds]
    possible = possible / possible.sum(axis=(1, 2, 3), keepdims=True)
    return Eve(kinds, possible, _to_come(possible, kinds))


def _weighed(belief: Floats, common: Floats, fit: Floats) -> Floats:
    share = common * np.exp(fit - fit.max())
    return np.asarray(belief * (share / share.sum())[:, None, None])


def estimate(past: Course, known: Eve) -> Estimate:
    """The effect of the change, from what was known on its eve. ValueError when no day after it has data."""
    return estimates([past], known)[0]


def estimates(pasts: Sequence[Course], known: Eve) -> list[Estimate]:
    """The same at several looks at one fix, `pasts`, that have the weeks before it in common."""
    if any(each.days == 0 for each in pasts):
        raise ValueError("no day after the fix has data")
    told = _backward(pasts, known.kinds)
    effects = np.stack([_effects(each, told) for each in known.beliefs], axis=1)
    return [_estimate(*each, known) for each in zip(pasts, effects, strict=True)]


def _estimate(past: Course, effects: Floats, known: Eve) -> Estimate:
    """From the posterior of the effect to the doubter and the believer (2, effects)."""
    cumulated = np.cumsum(effects, axis=1) - effects / 2
    low, middle, high = (np.exp([np.interp(level, each, EFFECTS) for each in cumulated]) for level in (0.05, 0.5, 0.95))
    sure = [float(np.interp(0.0, EFFECTS, each)) for each in cumulated]
    observed = int(past.after.counts.sum())
    return Estimate(
        days=past.days,
        known_days=past.known_days,
        observed=observed,
        expected=_between(observed, past.rate * known.to_come[:, : len(past.after.exposure)] @ past.after.exposure),
        ratio=_between(1.0, middle),
        low=float(low.min()),
        high=float(high.max()),
        certainty=_between(0.5, sure),
        over_peak=_over_peak(past),
    )


def _between(no_change: float, believed: Sequence[float] | Floats) -> float:
    """Of all that lies between what the one and the other believes, the nearest to no change."""
    return float(np.clip(no_change, min(believed), max(believed)))


def _over_peak(past: Course) -> float:
    last = [(n, days) for n, days in zip(past.before.counts, past.before.exposure, strict=True) if days > 0][-NEAR:]
    highest = max((float(count / days) for count, days in last), default=past.rate)
    return float(past.after.counts.sum() / past.after.exposure.sum()) / max(highest, past.rate)


def _effects(belief: Floats, told: Floats) -> Floats:
    """(looks, effects): the posterior of the log ratio. An effect moves the level from its place to another."""
    size, looks, reach = len(GRID), told.shape[2], len(EFFECTS) // 2
    joint = belief.transpose(1, 0, 2).reshape(size, -1) @ told.transpose(0, 3, 2, 1).reshape(-1, looks * size)
    wide = np.pad(joint.reshape(size, looks, size), ((0, 0), (0, 0), (reach, reach)))
    fit = sum(row[:, place : place + len(EFFECTS)] for place, row in enumerate(wide))
    fit = fit * np.exp(-0.5 * (EFFECTS / EFFECT_DOUBT) ** 2)
    return np.asarray(fit / fit.sum(axis=1, keepdims=True))


def _to_come(beliefs: Floats, kinds: Counts) -> Floats:
    waves = np.array([KINDS[each].wave for each in kinds])[:, None, None] * HEIGHTS[:, None]
    kept = np.array([KINDS[each].correlation for each in kinds])[:, None, None] ** np.arange(1, WEEKS_AFTER + 1)
    return np.asarray(np.einsum("bkgs,g,ksw->bw", beliefs, np.exp(GRID), np.exp(waves * kept), optimize=True))


def certain_after(days: int, rules: OutcomeRules = OUTCOME_RULES) -> float:
    """How sure one has to be so many days after a fix, who looks every day: the boundary of Wang & Tsiatis (1987)."""
    part = min(max(days, 1) / (WEEK * WEEKS_AFTER), 1.0)
    return NORMAL.cdf(NORMAL.inv_cdf(rules.certain) * part**-BOUNDARY)


def verdict_of(found: Estimate, expect: float, rules: OutcomeRules = OUTCOME_RULES) -> OutcomeVerdict:
    """The verdict on a fix that was hoped to change complaints by `expect`, such as -0.4: see `OutcomeRules`."""
    certain = certain_after(found.days, rules)
    if found.days < rules.least_days or found.known_days < rules.least_known or found.expected < rules.least_expected:
        return OutcomeVerdict.UNKNOWN
    if found.certainty >= certain:
        enough = found.low <= 1 + expect and found.ratio <= 1 + expect / 2
        return OutcomeVerdict.WORKED if enough else OutcomeVerdict.PARTLY
    # a rise that was young when it was mended is believed only in part: what is less than it is not worse
    if found.certainty <= 1 - certain and found.over_peak > 1:
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
