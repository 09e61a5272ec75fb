"""Whether the measured effect of a fix is right, on fixes whose effect is known.

    python benchmarks/outcomes.py [--seeds 101 102 ...] [--expect -0.4] [--kinds stationary growing ...]

Each seed is a panel of 30 topics (ten each of three, fourteen and seventy complaints a week) over 66 weeks for each
kind of series. Every topic is fixed once at a random moment, and once right after its highest week of half a year,
measured against the volume; from then on its rate is that without the fix times 1, .8, .6 or .4, its counts drawn anew.

stationary   weekdays and Poisson scatter, common noise in the volume
seasonal     a common year of +-30 %, and a year of its own of +-20 %
growing      the volume grows 2.5 times a year, and the topic 1.4 times beyond that
drifting     scatter of 1.3 to 3 times Poisson's, and waves of up to 20 % (AR, .97 a day)
risen        as drifting; two weeks before the fix (one where it follows a peak) the topic has really risen, 2.5 times,
             and would stay there

Fixes are judged as the service does it: every day, from the first on which a verdict is possible to eight weeks after
the fix, where the estimate ends, and the owner is told of the first *worked*. Printed per cell:

cover        the share of 90 % intervals that hold the true ratio eight weeks after the fix, and how wide they are (the
             median log of their ends' ratio)
mean, median error of the log ratio
8 weeks      the verdicts then
worked       how often it was said within four weeks, and ever: with a true effect of 0 % this is the false alarm
denied       how often *no effect* or *worse* was ever said
naive        coverage, error and *worked* of four weeks before against four weeks after with a Poisson interval (clear
             of one, and the reduction half of what was hoped for or more), looked at once

`--every 7` looks once a week, in a seventh of the time.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from feedback.domain import OUTCOME_RULES, OutcomeVerdict
from models import outcome
from models.detect.panel import Floats

KINDS = ("stationary", "seasonal", "growing", "drifting", "risen")
SIZES = {"small": 3 / 7, "medium": 2.0, "large": 10.0}
EFFECTS = (0.0, -0.2, -0.4, -0.6)
WEEKDAYS = np.array([1.25, 1.15, 1.1, 1.05, 1.0, 0.8, 0.65])
WEEKDAYS /= WEEKDAYS.mean()
DAYS, FIRST, LAST = 7 * 66, 7 * 30, 7 * 56
SAME = 10
LOOKS = range(OUTCOME_RULES.least_days, 7 * outcome.WEEKS_AFTER + 1)
"""Days after the fix on which a verdict is possible."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """Means and counts (topics, days) without any fix, and how each topic scatters."""

    mean: Floats
    counts: Counts
    phi: Floats


@dataclass(frozen=True, slots=True)
class Judged:
    """One simulated fix: what was found at last, and what was said on which day after it."""

    size: str
    effect: float
    found: outcome.Estimate
    verdicts: tuple[OutcomeVerdict, ...]
    days: tuple[int, ...]
    naive: tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(301, 321)))
    parser.add_argument("--expect", type=float, default=-0.4)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--moments", nargs="+", choices=("random", "peak"), default=("random", "peak"))
    parser.add_argument("--every", type=int, default=1, help="days from one look to the next")
    options = parser.parse_args()
    days = LOOKS[:: -options.every][::-1]
    began = time.process_time()
    print(HEAD)
    for kind in options.kinds:
        for when in options.moments:
            judged = [each for seed in options.seeds for each in judge(kind, when, seed, options.expect, days)]
            for size in SIZES:
                for effect in EFFECTS:
                    cell = [each for each in judged if (each.size, each.effect) == (size, effect)]
                    print(row(f"{kind:11}{when:8}{size:7}{effect:5.0%}", cell, options.expect), flush=True)
    print(f"{time.process_time() - began:.0f} CPU s")


HEAD = (
    f"{'':36}{'estimate after 8 weeks':>30}  {'verdict after 8 weeks':>33}  {'worked':>12}        | naive\n"
    f"{'series':11}{'fixed':8}{'topic':7}{'true':>5}{'n':>5}{'cover':>7}{'wide':>6}{'mean':>8}{'median':>8}"
    f"{'worked':>8}{'partly':>7}{'none':>6}{'worse':>7}{'open':>6}{'4 wks':>7}{'ever':>6}{'denied':>8}"
    f" |{'cover':>6}{'median':>8}{'worked':>8}"
)


def row(label: str, cell: Sequence[Judged], expect: float) -> str:
    truth = np.log1p([each.effect for each in cell])
    low, ratio, high = (np.log([getattr(each.found, name) for each in cell]) for name in ("low", "ratio", "high"))
    error, covered = ratio - truth, np.mean((low <= truth) & (truth <= high))
    said = Counter(each.verdicts[-1] for each in cell)
    shares = [said[each] / len(cell) for each in TOLD]
    soon, ever, denied = np.mean([told_of(each) for each in cell], axis=0)
    return (
        f"{label}{len(cell):5}{covered:7.3f}{np.median(high - low):6.2f}{error.mean():+8.3f}{np.median(error):+8.3f}"
        f"{shares[0]:8.3f}{shares[1]:7.3f}{shares[2]:6.3f}{shares[3]:7.3f}{shares[4]:6.3f}"
        f"{soon:7.3f}{ever:6.3f}{denied:8.3f} |{naive_row(cell, truth, expect)}"
    )


def told_of(judged: Judged) -> tuple[bool, bool, bool]:
    """Whether *worked* was said within four weeks, and ever; and whether the fix was ever denied an effect."""
    worked = [day for day, said in zip(judged.days, judged.verdicts, strict=True) if said is OutcomeVerdict.WORKED]
    denied = {OutcomeVerdict.NO_EFFECT, OutcomeVerdict.WORSE} & set(judged.verdicts)
    return bool(worked) and worked[0] <= 28, bool(worked), bool(denied)


def naive_row(cell: Sequence[Judged], truth: Floats, expect: float) -> str:
    found = np.array([each.naive for each in cell])
    covered = np.mean((found[:, 1] <= np.exp(truth)) & (np.exp(truth) <= found[:, 2]))
    worked = np.mean((found[:, 2] < 1) & (found[:, 0] <= 1 + expect / 2))
    error = np.log(np.maximum(found[:, 0], 1e-3)) - truth
    return f"{covered:6.3f}{np.median(error):+8.3f}{worked:8.3f}"


TOLD = (
    OutcomeVerdict.WORKED,
    OutcomeVerdict.PARTLY,
    OutcomeVerdict.NO_EFFECT,
    OutcomeVerdict.WORSE,
    OutcomeVerdict.UNKNOWN,
)


def judge(
    kind: str, when: str, seed: int, expect: float, days: Sequence[int], effects: Sequence[float] = EFFECTS
) -> Iterator[Judged]:
    """Every topic of one panel, fixed with each effect, looked at on `days` after the fix."""
    made, phi, common = learned(kind, seed)
    rng = np.random.default_rng([seed, KINDS.index(kind), 1 + (when == "peak")])
    for topic in range(len(made.counts)):
        fix = peak(made, topic) if when == "peak" else int(rng.integers(FIRST, LAST))
        mean, before = made.mean[topic], made.counts[topic]
        if kind == "risen":
            mean, before = risen(rng, made, topic, fix - (7 if when == "peak" else 14))
        fixed = Fixed.of(made, topic, before, fix, phi[topic], common)
        for effect in effects:
            after = scattered(rng, mean * (1 + effect), made.phi[topic])
            yield fixed.judged(np.where(np.arange(DAYS) <= fix, before, after), effect, expect, days)


@cache
def learned(kind: str, seed: int) -> tuple[Made, Floats, Floats]:
    """A panel, each topic's scatter, and what all topics say of how topics run, before the first can be fixed."""
    made = make(kind, np.random.default_rng([seed, KINDS.index(kind)]))
    usable = np.ones(DAYS, bool)
    total = made.counts.sum(axis=0)
    phi = outcome.scatter_of(made.counts, total, usable, FIRST)
    each = zip(made.counts, phi, strict=True)
    return made, phi, outcome.learn([outcome.course(mine, total - mine, usable, FIRST, own) for mine, own in each])


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """A topic with the day of its fix and what was known on its eve."""

    topic: int
    fix: int
    phi: float
    others: Floats
    known: outcome.Eve

    @classmethod
    def of(cls, made: Made, topic: int, before: Counts, fix: int, phi: float, common: Floats) -> Fixed:
        others = (made.counts.sum(axis=0) - made.counts[topic]).astype(np.float64)
        past = outcome.course(before, others, np.ones(DAYS, bool), fix, phi)
        return cls(topic, fix, phi, others, outcome.eve(past, common))

    def judged(self, counts: Counts, effect: float, expect: float, days: Sequence[int]) -> Judged:
        found = outcome.estimates([self.course(counts, day) for day in days], self.known)
        said = tuple(outcome.verdict_of(each, expect) for each in found)
        size = list(SIZES)[self.topic // SAME]
        return Judged(size, effect, found[-1], said, tuple(days), naive(counts, self.fix))

    def course(self, counts: Counts, day: int) -> outcome.Course:
        """As of so many days after the fix."""
        end = self.fix + 1 + day
        return outcome.course(counts[:end], self.others[:end], np.ones(end, bool), self.fix, self.phi)


def naive(counts: Counts, fix: int) -> tuple[float, float, float]:
    """Four weeks after over four weeks before, with the exact interval of two Poisson rates."""
    before, after = int(counts[fix - 28 : fix].sum()), int(counts[fix + 1 : fix + 29].sum())
    low = stats.beta.ppf(0.05, after, before + 1) if after else 0.0
    high = stats.beta.ppf(0.95, after + 1, before) if before else 1.0
    return after / max(before, 0.5), low / (1 - low), high / max(1 - high, 1e-9)


def make(kind: str, rng: np.random.Generator) -> Made:
    topics = SAME * len(SIZES)
    rate = np.repeat(list(SIZES.values()), SAME)[:, None]
    days = np.arange(DAYS)
    volume = np.exp(0.07 * wander(rng, (1, DAYS), 0.9)) * WEEKDAYS[days % 7]
    own = np.ones((topics, DAYS))
    if kind == "seasonal":
        volume = volume * (1 + 0.3 * np.sin(2 * np.pi * days / 365 + rng.uniform(0, 2 * np.pi)))
        own = 1 + 0.2 * np.sin(2 * np.pi * days / 365 + rng.uniform(0, 2 * np.pi, (topics, 1)))
    if kind == "growing":
        volume = volume * 2.5 ** ((days - LAST) / 365)
        own = own * 1.4 ** (rng.uniform(-1, 1, (topics, 1)) * (days - LAST) / 365)
    rough = kind in ("drifting", "risen")
    phi = rng.choice([1.3, 2.0, 3.0], topics) if rough else np.ones(topics)
    drift = rng.uniform(0, 0.2, (topics, 1)) if rough else np.zeros((topics, 1))
    mean = rate * volume * own * np.exp(drift * wander(rng, (topics, DAYS), 0.97) - drift**2 / 2)
    return Made(mean, scattered(rng, mean, phi[:, None]), phi)


def wander(rng: np.random.Generator, size: tuple[int, int], correlation: float) -> Floats:
    """A unit AR(1) along the days."""
    steps = rng.normal(size=size)
    for day in range(1, size[1]):
        steps[:, day] = correlation * steps[:, day - 1] + np.sqrt(1 - correlation**2) * steps[:, day]
    return steps


def scattered(rng: np.random.Generator, mean: Floats, phi: Floats | float) -> Counts:
    """Negative binomial with variance phi times the mean."""
    excess = np.broadcast_to(np.maximum(np.asarray(phi) - 1, 1e-9), mean.shape)
    spread = np.where(excess > 1e-6, rng.gamma(np.maximum(mean / np.maximum(excess, 1e-6), 1e-12)) * excess, mean)
    return np.asarray(rng.poisson(spread))


def peak(made: Made, topic: int) -> int:
    """The day after the highest week of half a year, measured against the volume."""
    others = made.counts.sum(axis=0) - made.counts[topic]
    weeks = [slice(end - 7, end) for end in range(LAST - 182, LAST)]
    heights = [made.counts[topic, week].sum() / max(others[week].sum(), 1) for week in weeks]
    return LAST - 182 + int(np.argmax(heights))


def risen(rng: np.random.Generator, made: Made, topic: int, onset: int) -> tuple[Floats, Counts]:
    """The topic with a real rise that stays."""
    since = np.arange(DAYS) >= onset
    mean = made.mean[topic] * np.where(since, 2.5, 1.0)
    return mean, np.where(since, scattered(rng, mean, made.phi[topic]), made.counts[topic])


if __name__ == "__main__":
    main()
