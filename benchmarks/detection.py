"""How soon rises are found, beside the customary rules, and whether false alarms keep to their budget.

    python benchmarks/detection.py                                 # short histories, the budget, speed: ten minutes
    python benchmarks/detection.py --parts short --seeds 41 42 --methods EB7 combined
    python benchmarks/detection.py --parts noufaily --series 8     # with R's farringtonFlexible where R is installed

`short`: daily histories of 10, 26 and 60 weeks in which every topic rises alone in turn. `creep`: the same, with a
rise that takes twelve weeks to become x3; 26 and 60 weeks. `noufaily`: the 42 weekly scenarios of Noufaily et al.
2013 (Statistics in Medicine 32:1206), their weeks drawn by day, as the service judges every day. Each method's
threshold is set on calm panels of other seeds, so that one topic-week in a hundred has an alarm; of `noufaily`, where
judging costs R seconds a series, on the panel itself without the outbreaks. Standard errors are over seeds. R's
farringtonFlexible is not among the short histories: it compares with the same weeks of years before, five as a rule.
With one year (b = 1) it refuses 10 and 26 weeks and judges the last of 60 by the seven a year before, which says
nothing of what is usual now.

Three rows say what can be had at all: `informed` expects what EB7 does, but knows how topics scatter and rise, and
takes the likelihood ratio of the last two weeks in place of the tail of one; `oracle` knows each topic's true rate and
scatter, all but its drift, and takes the tail of seven days; `omniscient` knows every day's true mean, drift included,
the scatter and how topics rise, and weighs each onset of the last two weeks by its likelihood (Shiryaev 1963, Theory
of Probability and its Applications 8:22).

`yearly`: two and a half years with seasons and without.
`budget`: false alerts a week that come out when so many are asked for, by the rules of production; a panel a seed.
`silent`: false alerts while one of two sources is down, and once it is back or has begun.
`fdr`: what the bound on q costs. `speed`: CPU seconds and memory.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.budgets import budgets, false_discoveries
from benchmarks.calibration import CALIBRATION, RATE, found, over_margins, spread, thresholds, weekly_maxima
from benchmarks.noufaily import noufaily
from benchmarks.rules import METHODS
from benchmarks.short_histories import CREEP, CREEP_JUDGED, KINDS, scored, short
from benchmarks.silences import sources_down
from benchmarks.years import yearly_term
from models.detect.combined import BUDGET_SHARES, Combined
from models.detect.eb7 import EB7, Stages
from models.detect.panel import Floats, Panel

WEEKS = (10, 26, 60)


def study(name: str, weeks: int, topics: int, seeds: Sequence[int]) -> Floats:
    """A row a seed: found within 14 days by kind, within 7, false alarm rate, the same at the usual thresholds."""
    parts, usual = METHODS[name]
    calm = [[each(short(weeks, topics, seed + CALIBRATION), "null") for each in parts] for seed in seeds]
    margins, threshold = thresholds(calm)
    rows = []
    for seed in seeds:
        panel = short(weeks, topics, seed)
        scores = {kind: over_margins([each(panel, kind) for each in parts], margins) for kind in ("null", *KINDS)}
        null = weekly_maxima(scores["null"])
        hits = [found(scores[kind], panel.onset, threshold, days) for days in (14, 7) for kind in KINDS]
        rows.append([*hits, (null > threshold).mean(), *((null >= each).mean() for each in usual)])
    return np.array(rows)


def short_histories(topics: int, seeds: Sequence[int], methods: Sequence[str]) -> None:
    print(f"\nFound at {RATE:.0%} of calm topic-weeks, {topics} topics, seeds {list(seeds)}, {WEEKS} weeks of history")
    columns = ["all 14 d", *(f"{kind} 14 d" for kind in KINDS), "all 7 d", "false"]
    print(f"{'':11}" + "".join(f"{name:>14}" for name in columns) + "   false at the usual threshold")
    for name in methods:
        rows = np.mean([study(name, weeks, topics, seeds) for weeks in WEEKS], axis=0)
        cells = [rows[:, :4].mean(axis=1), *rows[:, :4].T, rows[:, 4:8].mean(axis=1), rows[:, 8]]
        usual = zip(METHODS[name][1], rows[:, 9:].mean(axis=0), strict=True)
        print(f"{name:11}" + "".join(spread(cell) for cell in cells) + "".join(f"   {u}: {r:.3f}" for u, r in usual))


def creeping(topics: int, seeds: Sequence[int]) -> None:
    """What the ramp detector is for: found within weeks, at the same share of calm topic-weeks with an alarm."""
    within = (28, 42, 63, 84)
    print(f"\nA rise to x3 over {CREEP} days, at {RATE:.0%} of calm topic-weeks, {topics} topics, seeds {list(seeds)}")
    print(f"{'':10}" + "".join(f"{f'{days} d':>14}" for days in within))
    for name, parts in {"EB7": ["EB7"], "ramp": ["ramp"], "combined": list(BUDGET_SHARES)}.items():
        rows = np.mean([_creeping(parts, weeks, topics, seeds, within) for weeks in (26, 60)], axis=0)
        print(f"{name:10}" + "".join(spread(column) for column in rows.T))


def _creeping(parts: Sequence[str], weeks: int, topics: int, seeds: Sequence[int], within: Sequence[int]) -> Floats:
    def scores(seed: int, kind: str) -> list[Floats]:
        told = scored(short(weeks, topics, seed, CREEP_JUDGED), kind, CREEP_JUDGED)
        return [told[part] for part in parts]

    margins, threshold = thresholds([scores(seed + CALIBRATION, "null") for seed in seeds])
    rows = []
    for seed in seeds:
        onset = short(weeks, topics, seed, CREEP_JUDGED).onset
        rows.append([found(over_margins(scores(seed, "creep"), margins), onset, threshold, days) for days in within])
    return np.array(rows)


def speed() -> None:
    rng = np.random.default_rng(0)
    panel = Panel.of(rng.poisson(np.geomspace(0.02, 20, 1000)[:, None], (1000, 400)))
    print("\nCPU seconds, and the most memory the process has held")
    print(f"1,000 topics x 400 days, the last day judged: {_seconds(lambda: Combined().judge(panel)):.2f}")
    print(f"the same, every day judged:                   {_seconds(lambda: Combined().judge(panel, 400)):.2f}")
    detector = Combined(eb7=EB7(stages=Stages()))
    detector.judge(replace(panel, complete=False))
    print(f"again later that day:                         {_seconds(lambda: detector.judge(panel)):.2f}")
    print(f"1,000 topics x 20 segments, one by one:       {_seconds(lambda: _segments(panel, rng)):.2f}")
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


def _segments(panel: Panel, rng: np.random.Generator) -> None:
    """Each segment is a database of its own: its volume is what its topics are held against."""
    for _ in range(20):
        Combined().judge(Panel.of(rng.binomial(panel.counts, 0.05)))


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("short", "creep", "noufaily", "yearly", "budget", "silent", "fdr", "speed")
    parser.add_argument("--parts", nargs="+", choices=parts, default=["short", "budget", "speed"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), help="of the short histories")
    parser.add_argument("--topics", type=int, default=200, help="of the short histories")
    parser.add_argument("--series", type=int, default=4, help="series for each of Noufaily's scenarios")
    options = parser.parse_args()
    runs: dict[str, Callable[[], None]] = {
        "short": lambda: short_histories(options.topics, options.seeds, options.methods),
        "creep": lambda: creeping(options.topics, options.seeds),
        "noufaily": lambda: noufaily(options.series, options.seeds),
        "yearly": lambda: yearly_term(100, options.seeds),
        "budget": lambda: budgets(options.seeds),
        "silent": lambda: sources_down(100, options.seeds),
        "fdr": lambda: false_discoveries(100, options.seeds),
        "speed": speed,
    }
    for name in options.parts:
        runs[name]()


if __name__ == "__main__":
    main()
