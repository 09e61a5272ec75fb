"""What a threshold was set for, and which changes set it anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import derived_id
from feedback.settings import Settings
from jobs.circumstances import Circumstances
from jobs.panel import DatedPanel
from models.detect.panel import Panel

END = date(2026, 3, 20)
DAYS, TOPICS = 120, 10
SETTINGS = Settings(data_dir=Path("var"), segments=("market", "brand"))


def dated(*, days: int = DAYS, end: date = END, topics: int = TOPICS, daily: int = 3, last: int = 0) -> DatedPanel:
    """So many complaints a day about each topic; `last` more in each of the last ten days."""
    counts = np.full((topics, days), daily)
    counts[:, -10:] += last
    ids = tuple(derived_id("topic", place) for place in range(topics))
    return DatedPanel(Panel.of(counts), ids, [end - timedelta(days=back) for back in reversed(range(days))])


SET_FOR = Circumstances.of(SETTINGS, dated())


def changed(**settings: object) -> Settings:
    return SETTINGS.model_copy(update=settings)


def test_what_is_as_it_was_holds() -> None:
    assert SET_FOR.hold(SETTINGS, dated())


def test_what_was_stored_is_read_again() -> None:
    assert Circumstances.read(json.loads(json.dumps(SET_FOR.as_dict()))) == SET_FOR


@pytest.mark.parametrize("stored", [None, {}, {**SET_FOR.as_dict(), "more": 1}])
def test_what_another_release_stored_is_nothing_to_go_by(stored: dict[str, object] | None) -> None:
    assert Circumstances.read(stored) is None


@pytest.mark.parametrize(
    "settings",
    [{"exposure": "players"}, {"false_alarms_per_week": 2.0}, {"segments": ("market",)}, {"segments": ()}],
    ids=["exposure", "budget", "a segment less", "no segments"],
)
def test_another_setting_ends_it(settings: dict[str, object]) -> None:
    assert not SET_FOR.hold(changed(**settings), dated())


def test_the_order_in_which_segments_are_named_is_no_change() -> None:
    assert SET_FOR.hold(changed(segments=("brand", "market")), dated())


def test_another_detector_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.detect.eb7.EB7.__repr__", lambda _: "EB7(half_life=70)")
    assert not SET_FOR.hold(SETTINGS, dated())


@pytest.mark.parametrize(
    "then",
    [
        lambda: dated(days=DAYS + 60),
        lambda: dated(days=DAYS - 60),
        lambda: dated(daily=4),
        lambda: dated(end=END + timedelta(days=10), days=DAYS + 10, last=3),
        lambda: dated(end=END + timedelta(days=10), days=DAYS + 10, last=-3),
        lambda: dated(topics=TOPICS + 3),
    ],
    ids=["earlier days", "days gone", "more on the same days", "twice the volume", "silence", "a third more topics"],
)
def test_other_data_end_it(then: Callable[[], DatedPanel]) -> None:
    assert not SET_FOR.hold(SETTINGS, then())


@given(st.integers(0, 13), st.integers(-2, 2), st.integers(0, 2**31))
def test_time_chance_and_a_publication_do_not(later: int, topics: int, seed: int) -> None:
    """Two weeks of days that scatter, and as many complaints in a few topics more or fewer."""
    then = dated(days=DAYS + later, end=END + timedelta(days=later))
    total = np.random.default_rng(seed).poisson(then.panel.total)
    counts = np.zeros((TOPICS + topics, DAYS + later), np.int64)
    ids = tuple(derived_id("topic", place) for place in range(len(counts)))
    assert SET_FOR.hold(SETTINGS, DatedPanel(Panel.of(counts, total), ids, then.days))


def test_a_young_history_grows_without_a_change() -> None:
    young = dated(days=8)
    grown = dated(days=15, end=END + timedelta(days=7))
    assert Circumstances.of(SETTINGS, young).hold(SETTINGS, grown)
