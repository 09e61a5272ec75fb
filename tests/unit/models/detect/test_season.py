"""What the time of the year changes in what EB7 expects, and when it changes nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.detect import Panel, Scores
from models.detect.combined import Combined
from models.detect.eb7 import EB7
from models.detect.panel import Floats
from tests.unit.models.detect.panels import course

YEAR = 365.25
PARTS = ("window", "observed", "expected", "low", "high", "p")
WITHOUT = EB7(year=float("inf"))


def seasonal(days: int, topics: int = 24, amplitude: float = 0.5, seed: int = 7) -> tuple[Panel, Floats]:
    """Topics that culminate all over the year, among as much that does not, with the true means (topics, days)."""
    rng = np.random.default_rng(seed)
    rates = np.geomspace(0.3, 12, topics)
    mean = np.stack([rate * course(days, YEAR, amplitude, n / topics) for n, rate in enumerate(rates)])
    counts = rng.poisson(mean)
    return Panel.of(counts, counts.sum(axis=0) + rng.poisson(200, days)), mean


def off(scores: Scores, mean: Floats) -> float:
    """By how much the busier half of the topics are expected wrongly, relative, root mean square."""
    days = scores.expected.shape[1]
    window, half = int(scores.window[0, 0]), len(mean) // 2
    true = np.lib.stride_tricks.sliding_window_view(mean, window, axis=1).sum(axis=2)[:, -days:]
    return float(np.sqrt((np.log(scores.expected / true)[half:] ** 2).mean()))


@pytest.mark.parametrize("detector", [EB7(), Combined()], ids=lambda each: each.name)
def test_less_than_a_year_of_history_is_judged_as_if_there_were_no_seasons(detector: EB7 | Combined) -> None:
    panel, _ = seasonal(377)
    plain = WITHOUT if isinstance(detector, EB7) else Combined(eb7=WITHOUT)
    one, other = detector.judge(panel, 377), plain.judge(panel, 377)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


def test_what_comes_every_year_is_expected_in_the_second() -> None:
    panel, mean = seasonal(700)
    assert off(EB7().judge(panel, 180), mean) < 0.5 * off(WITHOUT.judge(panel, 180), mean)


def test_with_its_season_known_a_topic_s_range_is_narrower() -> None:
    panel, _ = seasonal(800)
    widths = [(scores.high - scores.low)[12:].mean() for scores in (EB7().judge(panel, 60), WITHOUT.judge(panel, 60))]
    assert widths[0] < 0.8 * widths[1]


def test_a_rise_at_a_topic_s_calm_time_of_the_year_stands_out_sooner() -> None:
    panel, mean = seasonal(730, amplitude=0.6)
    calm = int(np.argmin(mean[:, -7:].sum(axis=1) / mean.sum(axis=1) + 10 * (mean[:, -1] < 2)))
    counts = panel.counts.copy()
    counts[calm, -4:] *= 3
    risen = replace(panel, counts=counts, total=panel.total + (counts - panel.counts).sum(axis=0))
    assert EB7().judge(risen).score[calm, 0] > WITHOUT.judge(risen).score[calm, 0] + 1


def test_where_there_is_no_season_hardly_any_is_seen() -> None:
    panel, mean = seasonal(500, amplitude=0.0)
    assert off(EB7().judge(panel, 60), mean) < 1.2 * off(WITHOUT.judge(panel, 60), mean)


def test_a_rise_that_was_an_alert_last_year_is_not_expected_this_year() -> None:
    panel, _ = seasonal(740, amplitude=0.0)
    counts, excluded = panel.counts.copy(), panel.excluded.copy()
    counts[-1, 360:390] += 60
    excluded[-1, 360:390] = True
    risen = replace(panel, counts=counts, total=panel.total + 60, excluded=excluded)
    calm = EB7().judge(panel).expected[-1, 0]
    assert EB7().judge(risen).expected[-1, 0] == pytest.approx(calm, rel=0.2)


def test_a_creeping_rise_is_held_against_the_time_of_the_year_too() -> None:
    panel, mean = seasonal(700)
    ramp_alone = {"EB7": 50.0}
    with_season, without = (Combined(ramp_alone, eb7).judge(panel, 180) for eb7 in (EB7(), WITHOUT))
    assert (with_season.window == 28).all()
    assert off(with_season, mean) < 0.5 * off(without, mean)
