"""How soon rises are found in short daily histories, and whether false alarms keep to their budget.

    python benchmarks/short_history.py --simulation DIR --seeds 1 2 3 --topics 200

DIR holds `short_history.py`, whose `panel(weeks, topics, seed)` draws series with rises of four kinds. Each method's
threshold is set on null panels of other seeds so that one topic-week in a hundred has an alarm; then every topic rises
alone in turn, judged daily. Standard errors are over seeds, or over panels for the budget.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detect.budget import evaluate, openings, threshold_for
from models.detect.eb7 import EB7, History, Windows
from models.detect.fdr import q_values
from models.detect.panel import Floats, Panel

KINDS = ("step2", "step3", "ramp3", "new")
WEEKS = (10, 26, 60)
JUDGED = 35
RATE = 0.01
DESIGN = (0.63, 0.46, 0.71, 0.37, 0.98)
"""What the method was expected to find within two weeks: all kinds, then each."""

Series = NDArray[np.int64]
Method = Callable[[Series, Floats], Floats]
Draw = Callable[[int, int, int], dict[str, Any]]


def eb7(counts: Series, others: Floats) -> Floats:
    """Scores of the last days (topics, JUDGED) given what everything else counted (topics, days)."""
    detector = EB7()
    series = np.ascontiguousarray(counts.T[:, None, :], dtype=np.float64)
    days = np.ones(len(series))
    history = History(series, others.T[:, None, :], np.zeros(series.shape, bool), days)
    forecast = detector.forecast(history, JUDGED)
    windows = Windows(*(part[-JUDGED:] for part in detector.windows(history)))
    p = detector.tail(forecast, windows, detector.expected(forecast, windows))
    return np.asarray(-np.log10(p[:, 0].T))


def ears_c2(counts: Series, others: Floats) -> Floats:
    """EARS C2: the day against the mean and deviation of the seven days that end three days before."""
    days = np.lib.stride_tricks.sliding_window_view(counts, 7, axis=1)[:, -JUDGED - 3 : -3]
    return np.asarray((counts[:, -JUDGED:] - days.mean(axis=2)) / np.maximum(days.std(axis=2, ddof=1), 0.2))


def z_score(counts: Series, others: Floats) -> Floats:
    """The week against the mean and deviation of the eight weeks before."""
    weeks = _weeks(counts)
    before = np.stack([weeks[:, -JUDGED - 7 * n : weeks.shape[1] - 7 * n] for n in range(1, 9)])
    return np.asarray((weeks[:, -JUDGED:] - before.mean(axis=0)) / np.maximum(before.std(axis=0, ddof=1), 0.5))


def growth(counts: Series, others: Floats) -> Floats:
    """The week over the week before."""
    weeks = _weeks(counts)
    return np.asarray((weeks[:, -JUDGED:] + 0.1) / (weeks[:, -JUDGED - 7 : -7] + 0.1))


def _weeks(counts: Series) -> Series:
    return np.asarray(np.lib.stride_tricks.sliding_window_view(counts, 7, axis=1).sum(axis=2))


METHODS: dict[str, tuple[Method, float]] = {
    "EB7": (eb7, 2.0),
    "EARS C2": (ears_c2, 3.0),
    "z-score": (z_score, 3.0),
    "+50 %": (growth, 1.5),
}
"""Each method and its customary threshold."""


def weekly_maxima(scores: Floats) -> Floats:
    return np.asarray(scores.reshape(len(scores), -1, 7).max(axis=2).ravel())


def found(scores: Floats, onset: Series, threshold: float, within: int) -> float:
    """Share of topics with a score above the threshold within so many days of the onset."""
    since = np.arange(JUDGED) - onset[:, None]
    return float(((scores > threshold) & (since >= 0) & (since < within)).any(axis=1).mean())


def study(draw: Draw, method: Method, usual: float, weeks: int, topics: int, seeds: list[int]) -> Floats:
    """A row a seed: found within 14 days by kind, within 7, false alarm rate, the same at the usual threshold."""
    nulls = [panel_scores(draw(weeks, topics, seed + 50_000), method, "null") for seed in seeds]
    threshold = float(np.quantile(np.concatenate([weekly_maxima(scores) for scores in nulls]), 1 - RATE))
    rows = []
    for seed in seeds:
        panel = draw(weeks, topics, seed)
        onset = panel["onset"] - 7 * weeks
        scores = {kind: panel_scores(panel, method, kind) for kind in ("null", *KINDS)}
        null = weekly_maxima(scores["null"])
        by_kind = [[found(scores[kind], onset, threshold, days) for kind in KINDS] for days in (14, 7)]
        rows.append([*by_kind[0], *by_kind[1], (null > threshold).mean(), (null > usual).mean()])
    return np.array(rows)


def panel_scores(panel: dict[str, Any], method: Method, kind: str) -> Floats:
    others = panel["V"] - panel["Y"]["null"]
    return method(panel["Y"][kind], np.asarray(others, dtype=np.float64))


def compare(draw: Draw, topics: int, seeds: list[int]) -> None:
    print(f"\nFound at {RATE:.0%} of null topic-weeks, {topics} topics, seeds {seeds}, {WEEKS} weeks of history")
    columns = ["all 14 d", *(f"{kind} 14 d" for kind in KINDS), "all 7 d", "false", "usual", "false then"]
    print(f"{'':10}" + "".join(f"{name:>14}" for name in columns))
    for name, (method, usual) in METHODS.items():
        rows = np.mean([study(draw, method, usual, weeks, topics, seeds) for weeks in WEEKS], axis=0)
        cells = [rows[:, :4].mean(axis=1), *rows[:, :4].T, rows[:, 4:8].mean(axis=1), rows[:, 8]]
        print(f"{name:10}" + "".join(spread(cell) for cell in cells) + f"{usual:>14}{rows[:, 9].mean():>14.3f}")
    print(f"{'design EB7':10}" + "".join(f"{value:>14}" for value in DESIGN))


def spread(values: Floats) -> str:
    """Mean and standard error over the rows."""
    error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{values.mean():>7.3f} ±{error:.3f}"


def budgets(draw: Draw, topics: int, panels: int) -> None:
    """False alerts opened on panels that the detector's own null model did not draw, judged four times a day."""
    asked = (0.5, 1.0, 3.0)
    print(f"\nAlerts opened a week on null panels of {topics} topics ({panels} panels each), by budget")
    print(f"{'':34}" + "".join(f"{budget:>16}" for budget in asked) + "   seconds a threshold")
    for weeks in WEEKS:
        for planned, label in ((4, "planned for four"), (1, "planned for one")):
            if planned == 1 and weeks != 26:
                continue
            start = time.perf_counter()
            opened = np.array(
                [achieved(draw(weeks, topics, 9000 + seed), weeks, asked, planned) for seed in range(panels)]
            )
            seconds = (time.perf_counter() - start) / panels / len(asked)
            print(f"{weeks:>3} weeks, {label:22}" + "".join(spread(row) for row in opened.T) + f"{seconds:8.2f}")


def achieved(panel: dict[str, Any], weeks: int, asked: Iterable[float], planned: int) -> list[float]:
    counts: Series = panel["Y"]["null"]
    history = Panel.of(counts[:, : 7 * weeks])
    scores = evaluate(History.of(Panel.of(counts)), EB7(), 4, np.random.default_rng(1), JUDGED)
    thresholds = [threshold_for(history, budget, evaluations_per_day=planned).score for budget in asked]
    return [float(openings(scores, threshold, 4)[0]) / (JUDGED / 7 - 1) for threshold in thresholds]


def false_discoveries(draw: Draw, topics: int, panels: int, weeks: int = 26) -> None:
    """What a bound on q costs beside the threshold: the share found within 14 days, judged daily."""
    print(f"\nFound within 14 days with the threshold of a budget, {topics} topics, {weeks} weeks, {panels} panels")
    for budget in (1.0, 3.0):
        rows = np.array([_with_and_without(draw(weeks, topics, 7000 + s), weeks, budget) for s in range(panels)])
        names = ("threshold alone", "and q ≤ .2", "and q ≤ .1", "and q ≤ .05")
        print(f"budget {budget}: " + ", ".join(f"{n} {spread(r)}" for n, r in zip(names, rows.T, strict=True)))


def _with_and_without(panel: dict[str, Any], weeks: int, budget: float) -> list[float]:
    threshold = threshold_for(Panel.of(panel["Y"]["null"][:, : 7 * weeks]), budget).score
    null = 10 ** -panel_scores(panel, eb7, "null")
    onset = panel["onset"] - 7 * weeks
    shares = np.zeros((len(KINDS), 4))
    for row, kind in enumerate(KINDS):
        scores = panel_scores(panel, eb7, kind)
        q = np.array([_q_alone(null, 10 ** -scores[topic], topic) for topic in range(len(scores))])
        for column, bound in enumerate((1.0, 0.2, 0.1, 0.05)):
            shares[row, column] = found(np.where(q <= bound, scores, 0), onset, threshold, 14)
    return list(shares.mean(axis=0))


def _q_alone(null: Floats, p: Floats, topic: int) -> Floats:
    """The topic's q values when it alone rises among the null topics."""
    among = null.copy()
    among[topic] = p
    return np.asarray(q_values(among)[topic])


def load(directory: Path) -> Draw:
    spec = importlib.util.spec_from_file_location("short_history_panels", directory / "short_history.py")
    if spec is None or spec.loader is None or not (directory / "short_history.py").exists():
        sys.exit(f"There is no short_history.py in {directory}; --simulation names the directory that holds it.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    draw: Draw = module.panel
    return draw


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulation", type=Path, required=True, help="directory that holds short_history.py")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--topics", type=int, default=200)
    parser.add_argument("--panels", type=int, default=6, help="panels for the budget, 0 leaves it out")
    options = parser.parse_args()
    draw = load(options.simulation)
    compare(draw, options.topics, options.seeds)
    if options.panels:
        budgets(draw, 100, options.panels)
        false_discoveries(draw, 100, options.panels)


if __name__ == "__main__":
    main()
