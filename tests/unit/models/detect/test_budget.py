from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.detect.budget import (
    BOUNDS,
    LEAST,
    ROOM,
    Simulation,
    among_topics,
    highest,
    openings,
    simulated,
    threshold_for,
)
from models.detect.fdr import FALSE_DISCOVERIES, q_values
from models.detect.panel import Panel
from models.detect.rises import find_rises

RNG = np.random.default_rng(8)
PANEL = Panel.of(RNG.poisson(np.geomspace(0.05, 12, 40)[:, None], (40, 150)))


def test_the_simulation_meets_the_budget() -> None:
    threshold = threshold_for(PANEL, 1.0, weeks=64)
    assert threshold.achieved == pytest.approx(1.0, abs=0.05)
    assert 0 < threshold.standard_error < 0.4
    assert threshold.parameters["topics"] == 40


def test_the_same_seed_gives_the_same_threshold() -> None:
    assert threshold_for(PANEL, 1.0, 5, weeks=32) == threshold_for(PANEL, 1.0, 5, weeks=32)
    assert threshold_for(PANEL, 1.0, 5, weeks=32) != threshold_for(PANEL, 1.0, 6, weeks=32)


def test_fewer_false_alarms_ask_for_a_higher_score() -> None:
    scores = [threshold_for(PANEL, budget, weeks=64).score for budget in (3, 1, 0.3, 0.05, 0.01)]
    assert scores == sorted(scores)
    assert scores[-1] < 12


def test_judging_more_often_asks_for_a_higher_score() -> None:
    once, four = (threshold_for(PANEL, 1.0, weeks=128, evaluations_per_day=n).score for n in (1, 4))
    assert once < four < once + 0.5


@pytest.mark.parametrize(
    "panel",
    [
        Panel.of(np.zeros((2, 1), np.int64)),
        Panel.of(np.ones((1, 3), np.int64)),
        Panel.of(RNG.poisson(3, (2, 20))),
        replace(Panel.of(RNG.poisson(3, (3, 40))), complete=False, gaps=np.arange(40) < 9),
    ],
    ids=["empty", "one topic, three days", "two topics, three weeks", "a gap"],
)
def test_little_history_and_few_topics_give_a_sensible_threshold(panel: Panel) -> None:
    threshold = threshold_for(panel, 1.0, weeks=32)
    assert LEAST <= threshold.score < 5
    assert threshold.achieved <= 1.1


def test_an_impossible_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="budget of 0"):
        threshold_for(PANEL, 0)
    with pytest.raises(ValueError, match="no topics"):
        threshold_for(Panel.of(np.zeros((0, 9), np.int64)))


def opened(above: list[int], days: int = 14) -> float:
    """Openings of one topic that was above the threshold at these of four evaluations a day."""
    scores = np.zeros((4 * days, 1, 1))
    scores[above] = 3.0
    return float(openings(scores, 3.0, 4, settling=0)[0])


def test_an_episode_counts_once() -> None:
    assert opened([]) == 0
    assert opened([0, 1, 2, 3]) == 1
    assert opened([2, 8, 14, 19]) == 1


def test_after_the_alert_resolved_a_rise_counts_again() -> None:
    # seen on the first day's second evaluation, calm at its end (3), resolved four days later (19)
    assert opened([1, 19]) == 1
    assert opened([1, 20]) == 2
    # seen at the end of the first day, calm at the end of the second (7), resolved at 23
    assert opened([3, 23]) == 1
    assert opened([3, 24]) == 2


def test_rises_are_scores_at_the_threshold() -> None:
    threshold = threshold_for(PANEL, 1.0, weeks=32)
    counts = PANEL.counts.copy()
    counts[30, -3:] += 25
    rises = find_rises(Panel.of(counts), threshold)
    assert rises.rising[30, 0]
    assert rises.rising.sum() <= 2
    above = (rises.scores.score >= threshold.score) & (rises.q <= threshold.q_bound)
    np.testing.assert_array_equal(rises.rising, above)
    assert (rises.q >= rises.scores.p).all()


def test_a_larger_q_than_the_bound_is_no_rise() -> None:
    threshold = replace(threshold_for(PANEL, 1.0, weeks=32), score=0.5)
    assert find_rises(PANEL, replace(threshold, q_bound=1.0)).rising.sum() > 0
    assert find_rises(PANEL, replace(threshold, q_bound=0.01)).rising.sum() == 0


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulated(PANEL, weeks=128)


@pytest.mark.parametrize("budget", [0.5, 1.0, 3.0])
def test_the_budget_is_met_with_the_bound_in_force(simulation: Simulation, budget: float) -> None:
    threshold = simulation.threshold(budget)
    scores = highest(simulation.scores, threshold.margins)
    q = among_topics(scores)
    opened = openings(np.where(q <= threshold.q_bound, scores, 0.0), threshold.score, 4).sum()
    assert opened / threshold.simulated_weeks == pytest.approx(threshold.achieved)
    assert threshold.achieved == pytest.approx(budget, rel=0.05)


def test_the_bound_is_as_strict_as_the_budget_allows(simulation: Simulation) -> None:
    bounds = [simulation.threshold(budget).q_bound for budget in (0.1, 0.3, 1.0, 3.0)]
    assert bounds == sorted(bounds)
    assert set(bounds) <= set(BOUNDS)
    assert bounds[0] == FALSE_DISCOVERIES < bounds[-1]
    scores = highest(simulation.scores, simulation.threshold(3.0).margins)
    q = among_topics(scores)
    stricter = [each for each in BOUNDS if each < bounds[-1]]
    alone = [openings(-q, -each, 4).sum() / simulation.threshold(3.0).simulated_weeks for each in stricter]
    assert max(alone) < ROOM * 3.0


def test_q_is_that_of_a_run() -> None:
    scores = RNG.gamma(1.0, 1.0, (5, 3, 20))
    q = among_topics(scores)
    np.testing.assert_allclose(q[2, 1], q_values(10 ** -scores[2, 1]))
