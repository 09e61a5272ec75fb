"""Whether a share has grown or ratings have fallen, and how often chance alone says so."""

from __future__ import annotations

import numpy as np
import pytest

from models.shift import fallen_ratings, grown_share, more_than


def test_a_share_that_has_grown_is_told_from_one_that_has_not() -> None:
    assert grown_share(12, 40, 20, 400) < 1e-4
    assert grown_share(2, 40, 20, 400) > 0.3
    assert grown_share(0, 0, 20, 400) == 1.0
    assert grown_share(3, 3, 0, 0) == 1.0


def test_more_than_by_chance() -> None:
    assert more_than(0, 10, 0.2) == pytest.approx(1.0)
    assert more_than(10, 10, 0.5) == pytest.approx(0.5**10)
    assert more_than(3, 5, 1.2) == pytest.approx(1.0), "everyone"


def test_ratings_that_fell_are_told_within_their_source() -> None:
    low, usual = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0], [3.0, 4.0, 5.0, 4.0, 3.0, 5.0, 4.0, 4.0] * 3
    found = fallen_ratings([(low, usual)])
    assert found is not None
    assert found < 0.001
    hundred = [each * 20 for each in usual]
    mixed = fallen_ratings([(usual[:8], usual), (hundred[:8], hundred)])
    assert mixed is not None
    assert mixed > 0.2, "a scale of five beside one of a hundred is no fall"


def test_too_few_ratings_say_nothing_and_equal_ones_no_fall() -> None:
    assert fallen_ratings([([1.0] * 4, [5.0] * 40)]) is None
    assert fallen_ratings([]) is None
    same = fallen_ratings([([5.0] * 10, [5.0] * 40)])
    assert same is not None
    assert same > 0.5


def test_chance_is_called_a_fall_as_rarely_as_it_should_be() -> None:
    rng = np.random.default_rng(4)
    draws = [(rng.integers(1, 6, 12).tolist(), rng.integers(1, 6, 80).tolist()) for _ in range(400)]
    false = np.mean([(fallen_ratings([each]) or 1.0) <= 0.05 for each in draws])
    assert false < 0.08
