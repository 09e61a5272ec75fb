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

Printed per cell: the share of 90 % intervals that hold the true ratio, the mean and median error of the log ratio, the
verdicts eight weeks after the fix, how often *worked* was said then or two, four or six weeks after a fix without
effect; beside it coverage, error and *worked* of the naive ratio, four weeks before against four after with a Poisson
interval (clear of one, and the reduction half of what was hoped for or more).
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

from feedback.domain import OutcomeVerdict
from models import outcome
from models.detect.panel import Floats

KINDS = ("stationary", "seasonal", "growing", "drifting", "risen")
SIZES = {"small": 3 / 7, "medium": 2.0, "large": 10.0}
EFFECTS = (0.0, -0.2, -0.4, -0.6)
WEEKDAYS = np.array([1.25, 1.15, 1.1, 1.05, 1.0, 0.8, 0.65])
WEEKDAYS /= WEEKDAYS.mean()
DAYS, FIRST, LAST = 7 * 66, 7 * 30, 7 * 56
SAME = 10
LOOKS = (2, 4, 6)
"""Weeks after the fix at which it is looked at beside the last."""


Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """Means and counts (topics, days) without any fix, and how each topic scatters."""

    mean: Floats
    counts: Counts
    phi: Floats


@dataclass(frozen=True, slots=True)
class Judged:
    """One simulated fix and what was said of it."""

    size: str
    effect: float
    found: outcome.Estimate
    verdict: OutcomeVerdict
    ever_worked: bool
    naive: tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(101, 121)))
    parser.add_argument("--expect", type=float, default=-0.4)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--moments", nargs="+", choices=("random", "peak"), default=("random", "peak"))
    options = parser.parse_args()
    began = time.process_time()
    print(HEAD)
    for kind in options.kinds:
        for when in options.moments:
            judged = [each for seed in options.seeds for each in judge(kind, when, seed, options.expect)]
            for size in SIZES:
                for effect in EFFECTS:
                    cell = [each for each in judged if (each.size, each.effect) == (size, effect)]
                    print(row(f"{kind:11}{when:8}{size:7}{effect:5.0%}", cell, options.expect), flush=True)
    print(f"{time.process_time() - began:.0f} CPU s")


HEAD = (
    f"{'series':11}{'fixed':8}{'topic':7}{'true':>5}{'n':>5}{'cover':>7}{'mean':>7}{'median':>8}"
    f"{'worked':>8}{'partly':>7}{'none':>6}{'worse':>7}{'open':>6}{'ever':>6}  | naive:"
    f"{'cover':>6}{'median':>8}{'worked':>8}"
)


def row(label: str, cell: Sequence[Judged], expect: float) -> str:
    truth = np.log1p([each.effect for each in cell])
    low, ratio, high = (np.log([getattr(each.found, name) for each in cell]) for name in ("low", "ratio", "high"))
    error, naive = ratio - truth, np.array([each.naive for each in cell])
    covered = np.mean((low <= truth) & (truth <= high))
    naive_covered = np.mean((naive[:, 1] <= np.exp(truth)) & (np.exp(truth) <= naive[:, 2]))
    naive_worked = np.mean((naive[:, 2] < 1) & (naive[:, 0] <= 1 + expect / 2))
    naive_error = np.log(np.maximum(naive[:, 0], 1e-3)) - truth
    said = Counter(each.verdict for each in cell)
    shares = [said[each] / len(cell) for each in TOLD]
    ever = np.mean([each.ever_worked for each in cell])
    return (
        f"{label}{len(cell):5}{covered:7.3f}{error.mean():+7.3f}{np.median(error):+8.3f}"
        f"{shares[0]:8.3f}{shares[1]:7.3f}{shares[2]:6.3f}{shares[3]:7.3f}{shares[4]:6.3f}{ever:6.3f}  |       "
        f"{naive_covered:6.3f}{np.median(naive_error):+8.3f}{naive_worked:8.3f}"
    )


TOLD = (
    OutcomeVerdict.WORKED,
    OutcomeVerdict.PARTLY,
    OutcomeVerdict.NO_EFFECT,
    OutcomeVerdict.WORSE,
    OutcomeVerdict.UNKNOWN,
)


def judge(kind: str, when: str, seed: int, expect: float) -> Iterator[Judged]:
    """Every topic of one panel, fixed with each effect."""
    made, phi, common = learned(kind, seed)
    rng = np.random.default_rng([seed, KINDS.index(kind), 1 + (when == "peak")])
    for topic in range(len(made.counts)):
        fix = peak(made, topic) if when == "peak" else int(rng.integers(FIRST, LAST))
        mean, before = made.mean[topic], made.counts[topic]
        if kind == "risen":
            mean, before = risen(rng, made, topic, fix - (7 if when == "peak" else 14))
        fixed = Fixed.of(made, topic, before, fix, phi[topic], common)
        for effect in EFFECTS:
            after = scattered(rng, mean * (1 + effect), made.phi[topic])
            yield fixed.judged(np.where(np.arange(DAYS) <= fix, before, after), effect, expect)


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

    def judged(self, counts: Counts, effect: float, expect: float) -> Judged:
        found = self.found(counts, outcome.WEEKS_AFTER)
        verdict = outcome.verdict_of(found, expect)
        # only where nothing was achieved does it matter how often it is looked at
        looks = LOOKS if effect == 0 else ()
        said = [outcome.verdict_of(self.found(counts, weeks), expect) for weeks in looks]
        ever = OutcomeVerdict.WORKED in (*said, verdict)
        return Judged(list(SIZES)[self.topic // SAME], effect, found, verdict, ever, naive(counts, self.fix))

    def found(self, counts: Counts, weeks: int) -> outcome.Estimate:
        end = self.fix + 1 + 7 * weeks
        past = outcome.course(counts[:end], self.others[:end], np.ones(end, bool), self.fix, self.phi)
        return outcome.estimate(past, self.known)


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
