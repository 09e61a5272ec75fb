"""What judging by segment finds that the whole drowns, and what it costs.

    python benchmarks/segments.py [--seeds 1 2 …] [--budget 1] [--shares 0.1 0.25 0.5] [--topics 40]
    python benchmarks/segments.py --creep            # rises that take four or twelve weeks
    python benchmarks/segments.py --speed

Each seed draws a database of 40 topics with 90 complaints a day on average, from five markets (40 to 8 %), in their
languages (one in ten writes English), about two brands and through four channels; topics differ in where they come
from, and their counts scatter more than Poisson's. 26 weeks are history. In forks of the next four weeks two topics at
a time rise: everywhere, in one market, in one brand or through one channel, by the lift in that part alone. Found is
what is rising within 14 days of the onset and was not before; false is what opens in 26 calm weeks.

Side by side on the same databases, each at a budget of one false alarm a week by its own simulated threshold and the
service's bound on false discoveries: the whole alone; whole and segments with different parts of the budget for the
segments; and the segments alone. Both are judged once a day here. "Named": of the rises in a part that were found, how
many name that part (a market or its language) first.

`--creep`: rises in one market or brand that grow to their lift over so many days, and those that are there at once,
found within four to twelve weeks: by the whole alone, and with the segments at a quarter of the budget, by EB7 and the
ramp detector together and by EB7's part of that alone.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

from feedback.domain import Segment
from models.detect.budget import Threshold, threshold_for
from models.detect.combined import Combined, tails
from models.detect.eb7 import EB7, Stages
from models.detect.fdr import q_values
from models.detect.panel import Flags, Floats, Panel
from models.detect.rises import find_rises
from models.detect.segments import SegmentPanel, find_segment_rises, segment_threshold

HISTORY, CALM, FORK = 182, 182, 28
WITHIN = 14
CALM_DAYS = 4
MARKETS = {"DE": 0.4, "PL": 0.25, "NO": 0.15, "FI": 0.12, "GB": 0.08}
BRANDS = {"one": 0.6, "two": 0.4}
CHANNELS = {"e-mail": 0.5, "live chat": 0.3, "contact form": 0.15, "phone": 0.05}
ENGLISH = 0.1
PARTS = {"market": MARKETS, "brand": BRANDS, "channel": CHANNELS}
CREEPS: tuple[tuple[str, float, int], ...] = (
    ("market", 5.0, 1),
    ("market", 5.0, 28),
    ("market", 5.0, 84),
    ("market", 10.0, 84),
    ("brand", 3.0, 84),
)
WEEKS = (2, 4, 6, 9, 12)
RISES: tuple[tuple[str, float], ...] = (
    ("everywhere", 2.0),
    ("everywhere", 3.0),
    ("market", 3.0),
    ("market", 5.0),
    ("market", 10.0),
    ("brand", 3.0),
    ("channel", 5.0),
)

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Daily counts: `whole` (topics, days), `parts` (topics, values, days) by attribute; `rates` (topics,) a day."""

    whole: Ints
    parts: dict[str, Ints]
    shares: dict[str, Floats]
    rates: Floats

    @classmethod
    def drawn(cls, topics: int, days: int, rng: np.random.Generator) -> World:
        rates = rng.gamma(0.7, 1.0, topics) + 0.03
        rates *= 90 / rates.sum()
        weekday = np.array([1.2, 1.1, 1.05, 1.0, 1.0, 0.85, 0.8])[np.arange(days) % 7]
        drift = np.exp(0.1 * rng.standard_normal((topics, 1)) * np.linspace(-1, 1, days))
        mean = rates[:, None] * weekday * drift
        whole = rng.poisson(rng.gamma(mean / 0.5, 0.5))
        shares = {name: rng.dirichlet(12 * np.array(list(values.values())), topics) for name, values in PARTS.items()}
        parts = {name: _split(whole, each, rng) for name, each in shares.items()}
        return cls(whole, parts | {"language": _languages(parts["market"], rng)}, shares, rates)

    def risen(
        self, topic: int, kind: str, lift: float, start: int, rng: np.random.Generator, over: int = 1
    ) -> tuple[World, str]:
        """With more complaints about the topic from a day on, `over` so many days ever more, in one part of them, and
        which part that is."""
        grown = np.clip(np.arange(1, self.whole.shape[1] - start + 1) / over, 0, 1)
        more = np.zeros(self.whole.shape[1], np.int64)
        if kind == "everywhere":
            more[start:] = rng.poisson((lift - 1) * self.rates[topic] * grown)
            return self._with(topic, more, None, rng), ""
        values = list(PARTS[kind])
        value = int(rng.choice(len(values), p=self.shares[kind][topic]))
        more[start:] = rng.poisson((lift - 1) * self.rates[topic] * self.shares[kind][topic, value] * grown)
        return self._with(topic, more, (kind, value), rng), values[value]

    def _with(self, topic: int, more: Ints, only: tuple[str, int] | None, rng: np.random.Generator) -> World:
        whole, parts = self.whole.copy(), {name: each.copy() for name, each in self.parts.items()}
        whole[topic] += more
        for name in PARTS:
            shares = self.shares[name][topic : topic + 1]
            if only and only[0] == name:
                shares = np.eye(shares.shape[1])[only[1] : only[1] + 1]
            extra = _split(more[None], shares, rng)
            parts[name][topic] += extra[0]
            if name == "market":
                parts["language"][topic] += _languages(extra, rng)[0]
        return replace(self, whole=whole, parts=parts)

    def until(self, day: int) -> SegmentPanel:
        counts = np.concatenate([each[:, :, :day].transpose(1, 0, 2) for each in self.parts.values()])
        return SegmentPanel(Panel.of(self.whole[:, :day]), counts, counts.sum(axis=1))


def _split(whole: Ints, shares: Floats, rng: np.random.Generator) -> Ints:
    """(topics, days) by (topics, values) to (topics, values, days)."""
    return np.asarray(rng.multinomial(whole, shares[:, None, :]).transpose(0, 2, 1))


def _languages(markets: Ints, rng: np.random.Generator) -> Ints:
    english = rng.binomial(markets, ENGLISH)
    languages = markets - english
    languages[:, -1] += english.sum(axis=1)
    return languages


def segments() -> list[Segment]:
    """What the rows of a segment panel stand for."""
    named = {**{name: list(values) for name, values in PARTS.items()}, "language": [f"of {each}" for each in MARKETS]}
    return [Segment(name, value) for name, values in named.items() for value in values]


class Rule(NamedTuple):
    """Which part of the budget the segments have; 0 judges the whole alone, 1 the segments alone."""

    name: str
    share: float


Limits = tuple[Threshold | None, Threshold | None]
"""The thresholds of the whole and of the segments, where they are judged."""


class Judgement(NamedTuple):
    """(topics, days): what is rising, and the segment (its place) that is named first, -1 where none."""

    rising: Flags
    named: NDArray[np.intp]


def judged(panel: SegmentPanel, whole: Threshold | None, parts: Threshold | None, days: int) -> Judgement:
    """The last days of a panel."""
    topics = panel.whole.topics
    rising, named = np.zeros((topics, days), bool), np.full((topics, days), -1)
    if whole is not None:
        rising |= find_rises(panel.whole, whole, days=days).rising
    if parts is not None:
        detector = Combined(parts.margins)
        held = detector.held(panel.history(), days)
        p = detector.highest(held, tails(held))[1]
        q = q_values(p.reshape(days, -1).T).T.reshape(p.shape)
        sure = (-np.log10(p) >= parts.score) & (q <= parts.q_bound)
        rising |= sure.any(axis=1).T
        named = p.argmin(axis=1).T
    return Judgement(rising, named)


def opened(rising: Flags) -> int:
    """Alerts opened: one stays open until so many calm days have passed."""
    since = np.full(len(rising), 10**6)
    count = 0
    for today in rising.T:
        count += int((today & (since > CALM_DAYS)).sum())
        since = np.where(today, 0, since + 1)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    parser.add_argument("--budget", type=float, default=1.0, help="false alarms a week")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.1, 0.25, 0.5], help="the segments' parts of it")
    parser.add_argument("--topics", type=int, default=40)
    parser.add_argument("--creep", action="store_true", help="rises that grow slowly, in place of sudden ones")
    parser.add_argument("--speed", action="store_true", help="only how long 1,000 topics in 20 segments take")
    parser.add_argument("--forks", type=int, default=6, help="of each kind and lift, two rises each")
    options = parser.parse_args()
    if options.speed:
        speed()
        return
    if options.creep:
        creep(options)
        return
    rules = [Rule("whole alone", 0.0), *(Rule(f"segments {each:g}", each) for each in options.shares)]
    rules.append(Rule("segments alone", 1.0))
    rows: dict[str, list[list[float]]] = {rule.name: [] for rule in rules}
    for seed in options.seeds:
        for rule, row in zip(rules, _seed(seed, rules, options), strict=True):
            rows[rule.name].append(row)
        print(f"seed {seed} done", flush=True)
    _print(rows)


def creep(options: argparse.Namespace) -> None:
    """What the ramp detector finds in segments: a table of shares found by kind and weeks since the onset."""
    rows: dict[str, list[list[float]]] = {"whole alone": [], "EB7 in segments": [], "both in segments": []}
    for seed in options.seeds:
        rng = np.random.default_rng(seed)
        world = World.drawn(options.topics, HISTORY + CALM, rng)
        known = world.until(HISTORY)
        quarter = _thresholds(known, Rule("", 0.25), options.budget)
        limits = [_thresholds(known, Rule("", 0.0), options.budget), (quarter[0], _without_ramp(quarter[1])), quarter]
        calm = world.until(HISTORY + CALM)
        table = [[opened(judged(calm, *each, CALM).rising) / (CALM / 7)] for each in limits]
        for kind, lift, over in CREEPS:
            tries = [_creeping(world, kind, lift, over, limits, rng) for _ in range(options.forks)]
            for cells, found in zip(table, np.mean(tries, axis=0), strict=True):
                cells.extend(found.tolist())
        for each, cells in zip(rows.values(), table, strict=True):
            each.append(cells)
        print(f"seed {seed} done", flush=True)
    for name, values in rows.items():
        means, errors = np.mean(values, axis=0), np.std(values, axis=0, ddof=1) / len(values) ** 0.5
        print(f"\n{name}: {means[0]:.2f} ± {errors[0]:.2f} false a week; found within {WEEKS} weeks")
        for place, (kind, lift, over) in enumerate(CREEPS):
            at = slice(1 + place * len(WEEKS), 1 + (place + 1) * len(WEEKS))
            shown = [f"{mean:.2f} ± {error:.2f}" for mean, error in zip(means[at], errors[at], strict=True)]
            print(f"  {kind} x{lift:g} over {over} days".ljust(28) + "   ".join(shown))


def _without_ramp(parts: Threshold | None) -> Threshold | None:
    return parts and replace(parts, margins={**parts.margins, "ramp": np.inf})


def _creeping(
    world: World, kind: str, lift: float, over: int, limits: Sequence[Limits], rng: np.random.Generator
) -> Floats:
    """The share of two topics found within each of the `WEEKS`, (limits, weeks)."""
    topics = rng.choice(np.flatnonzero(world.rates > 0.3), 2, replace=False).tolist()
    fork = world
    for topic in topics:
        fork, _ = fork.risen(topic, kind, lift, HISTORY, rng, over)
    days = 7 * WEEKS[-1]
    panel = fork.until(HISTORY + days)
    found = np.zeros((len(limits), len(WEEKS)))
    for place, limit in enumerate(limits):
        rising = judged(panel, *limit, days + 1).rising[topics]
        calm_before = ~rising[:, 0]
        for rank, weeks in enumerate(WEEKS):
            found[place, rank] = (rising[:, 1 : 1 + 7 * weeks].any(axis=1) & calm_before).mean()
    return found


def speed() -> None:
    """A daily run over as many topics and segments as the service is made for: seconds, and the peak memory."""
    rng = np.random.default_rng(0)
    rates = rng.gamma(0.5, 0.2, (20, 1000, 1))
    counts = rng.poisson(rates, (20, 1000, 402))
    whole = counts[:4].sum(axis=0)  # four or five attributes sort the same complaints
    limit = threshold_for(Panel.of(whole[:100, :200]), 1.0)
    stages, eb7 = Stages(), Stages()
    print("1,000 topics, 400 days as a whole and 224 of them in 20 segments")
    for label, end in (("the first run", 400), ("the next day", 401)):
        start = time.perf_counter()
        find_rises(Panel.of(whole[:, :end]), limit, eb7=EB7(stages=eb7))
        after = time.perf_counter()
        part = counts[..., 176:end]
        panel = SegmentPanel(Panel.of(whole[:, 176:end]), part, part.sum(axis=1))
        find_segment_rises(panel, limit, EB7(stages=stages))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        print(f"{label:16} whole {after - start:5.2f} s, segments {time.perf_counter() - after:5.2f} s, {peak:.0f} MB")
    start = time.perf_counter()
    segment_threshold(panel, 0.25)
    print(f"a threshold for the segments, once a fortnight: {time.perf_counter() - start:.1f} s")


def _seed(seed: int, rules: Sequence[Rule], options: argparse.Namespace) -> list[list[float]]:
    """For each rule: false alerts a week, then found and named of each kind."""
    rng = np.random.default_rng(seed)
    world = World.drawn(options.topics, HISTORY + CALM, rng)
    known = world.until(HISTORY)
    limits = [_thresholds(known, rule, options.budget) for rule in rules]
    calm = world.until(HISTORY + CALM)
    table = [[opened(judged(calm, *each, CALM).rising) / (CALM / 7)] for each in limits]
    for kind, lift in RISES:
        tries: list[list[tuple[bool, bool]]] = [[] for _ in rules]
        for _ in range(options.forks):
            _fork(world, kind, lift, limits, rng, tries)
        for row, seen in zip(table, tries, strict=True):
            found = [right for hit, right in seen if hit]
            row += [float(np.mean([hit for hit, _ in seen])), float(np.mean(found)) if found else float("nan")]
    return table


def _thresholds(panel: SegmentPanel, rule: Rule, budget: float) -> Limits:
    whole = threshold_for(panel.whole, budget * (1 - rule.share), evaluations_per_day=1) if rule.share < 1 else None
    return whole, segment_threshold(panel, budget * rule.share) if rule.share else None


def _fork(
    world: World,
    kind: str,
    lift: float,
    limits: Sequence[Limits],
    rng: np.random.Generator,
    tries: list[list[tuple[bool, bool]]],
) -> None:
    """Two topics rise on a day of the four weeks after the history."""
    start = HISTORY + int(rng.integers(0, FORK - WITHIN))
    # a topic with hardly any complaints has nothing to multiply
    topics = rng.choice(np.flatnonzero(world.rates > 0.3), 2, replace=False)
    fork, where = world, []
    for topic in topics.tolist():
        fork, value = fork.risen(topic, kind, lift, start, rng)
        where.append(value)
    panel, names = fork.until(start + WITHIN), segments()
    for limit, seen in zip(limits, tries, strict=True):
        judgement = judged(panel, *limit, WITHIN + 1)
        for topic, value in zip(topics.tolist(), where, strict=True):
            days = np.flatnonzero(judgement.rising[topic, 1:])
            hit = bool(len(days)) and not judgement.rising[topic, 0]
            place = int(judgement.named[topic, 1 + days[0]]) if hit else -1
            right = place >= 0 and names[place].value in (value, f"of {value}")
            seen.append((hit, right))


def _print(rows: dict[str, list[list[float]]]) -> None:
    heads = ["false a week", *(f"{kind} x{lift:g}" for kind, lift in RISES)]
    print(f"\n{'':16}" + "".join(f"{head:>21}" for head in heads))
    for name, values in rows.items():
        table = np.array(values)
        means = np.nanmean(table, axis=0)
        errors = table.std(axis=0, ddof=1) / len(table) ** 0.5 if len(table) > 1 else np.zeros(table.shape[1])
        cells = [f"{means[0]:.2f} ± {errors[0]:.2f}"]
        for place in range(1, table.shape[1], 2):
            named = "" if np.isnan(means[place + 1]) or means[place + 1] == 0 else f" ({means[place + 1]:.2f})"
            cells.append(f"{means[place]:.2f} ± {errors[place]:.2f}{named}")
        print(f"{name:16}" + "".join(f"{cell:>21}" for cell in cells))


if __name__ == "__main__":
    main()
