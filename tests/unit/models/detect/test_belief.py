"""All years are believed as far as a topic keeps to them, and its latest weeks where its level has shifted."""

from __future__ import annotations

import numpy as np
import pytest

from feedback.domain import Reason
from models.detect import Panel
from models.detect.combined import Combined
from models.detect.eb7 import EB7
from models.detect.panel import Counts

YEARS, MANY = 900, 1800
BY_EB7 = {"ramp": 400.0}
WITHOUT = EB7(year=float("inf"))


def panel(counts: Counts) -> Panel:
    return Panel.of(counts, counts.sum(axis=0) + np.random.default_rng(1).poisson(400, counts.shape[1]))


def calm(days: int = YEARS, seed: int = 5) -> Counts:
    """Topics that keep to their level for years."""
    return np.random.default_rng(seed).poisson(np.geomspace(0.3, 12, 24)[:, None], (24, days))


def reasons(counts: Counts, eb7: EB7 | None = None) -> list[Reason]:
    explained = Combined(BY_EB7, eb7 or EB7()).explained(panel(counts))[1]
    return [explained.of(topic) for topic in range(len(counts))]


def off(told: list[Reason]) -> float:
    """Relative error of what a day is expected to bring, root mean square over the topics."""
    true = np.geomspace(0.3, 12, len(told))
    return float(np.sqrt(np.mean([(each.mean / 7 / rate - 1) ** 2 for each, rate in zip(told, true, strict=True)])))


def test_topics_that_keep_to_their_years_are_foretold_from_all_of_them() -> None:
    counts = calm(MANY)
    told, by_weeks = reasons(counts), reasons(counts, WITHOUT)
    assert np.median([each.years_weight for each in told]) > 0.8
    assert off(told) < 0.7 * off(by_weeks)
    assert np.mean([each.doubt for each in told]) < 0.7 * np.mean([each.doubt for each in by_weeks])


def test_a_topic_whose_level_fell_for_good_is_foretold_from_its_latest_weeks_and_the_others_still_from_years() -> None:
    counts = calm()
    counts[-1, -150:] = np.random.default_rng(2).poisson(4, 150)
    told = reasons(counts)
    assert told[-1].years_weight < 0.01
    assert told[-1].rate == pytest.approx(told[-1].weeks_rate, rel=0.01)
    assert np.median([each.years_weight for each in told[:-1]]) > 0.5


def test_where_all_levels_wander_years_are_hardly_believed() -> None:
    rng = np.random.default_rng(3)
    wander = np.exp(np.cumsum(rng.normal(0, 0.05, (24, YEARS)), axis=1))
    told = reasons(rng.poisson(np.clip(np.geomspace(3, 12, 24)[:, None] * wander, 0, 60)))
    assert np.median([each.years_weight for each in told]) < 0.15


def test_before_there_is_a_year_nothing_is_said_of_years() -> None:
    told = reasons(calm()[:, :370])
    assert {(each.years_rate, each.years_weight) for each in told} == {(None, 0.0)}
