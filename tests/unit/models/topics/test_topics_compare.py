"""What became of topics, seen by complaints that two versions judged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import Fate
from models.centre import Floats, Ints, unit_rows
from models.coherence import coherence, held_out, npmi
from models.compare import Flow, Judged, changes, compare, landing, plane


def crossed(before: Ints, after: Ints, size: int) -> Flow:
    table = np.zeros((size + 1, size + 1), np.intp)
    np.add.at(table, (before, after), 1)
    return table


def labelled(*runs: tuple[int, int]) -> Ints:
    """(label, how often) one after another."""
    return np.repeat([label for label, _ in runs], [count for _, count in runs]).astype(np.intp)


def having(size: int, *topics: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isin(np.arange(size), topics)


def test_every_topic_has_the_fate_that_its_complaints_had() -> None:
    # 0 kept; 1 merged into 0; 2 scattered; 3 split from 0; 4 out of the unassigned; 5 split up into 6 and 7
    before = labelled((0, 30), (1, 10), (2, 6), (-1, 8), (5, 20))
    after = labelled((0, 20), (3, 10), (0, 9), (-1, 1), (-1, 4), (0, 2), (4, 8), (6, 9), (7, 9), (-1, 2))
    found = changes(crossed(before, after, 8), having(8, 0, 1, 2, 5), having(8, 0, 3, 4, 6, 7))
    assert [each.fate for each in found] == [
        Fate.KEPT,
        Fate.MERGED,
        Fate.RETIRED,
        Fate.SPLIT,
        Fate.BORN,
        Fate.SPLIT,
        Fate.SPLIT,
        Fate.SPLIT,
    ]
    assert [each.other for each in found] == [None, 0, None, 0, None, None, 5, 5]
    assert (found[0].before, found[0].after, found[0].stayed) == (30, 31, 20)
    assert found[0].came == ((1, 9), (2, 2))
    assert found[2].went == ((-1, 4), (0, 2))


@given(
    st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), max_size=60),
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_fates_agree_with_the_versions_whatever_moves(
    moves: list[tuple[int, int]], had: list[bool], has: list[bool]
) -> None:
    known = [(one if had[one] else -1, two if has[two] else -1) for one, two in moves]
    before, after = (np.array([pair[side] for pair in known], np.intp) for side in (0, 1))
    table = crossed(before, after, 5)
    for topic, each in enumerate(changes(table, np.array(had), np.array(has))):
        assert (each.fate is Fate.KEPT) == (had[topic] and has[topic])
        assert each.stayed <= min(each.before, each.after)
        if each.fate is Fate.MERGED:
            assert each.other is not None
            assert has[each.other]
        if each.fate is Fate.SPLIT and has[topic]:
            assert each.other is not None
            assert had[each.other]
        if each.fate is Fate.RETIRED:
            assert not has[topic]


def judged(labels: Ints, size: int, seed: int = 0) -> Judged:
    noise = np.random.default_rng(seed).normal(size=(len(labels), 8))
    return Judged(labels, having(size, *set(labels.tolist())), unit_rows(np.eye(8)[labels % 8] + 0.2 * noise))


def texts_about(labels: Ints) -> list[str]:
    stems = {0: "bonus money missing", 1: "withdrawal bank slow", -1: "hello there"}
    return [
        f"{stems[label]} {'abcdefghijklmnopqrstuvwxyz'[row % 26]}{row}" for row, label in enumerate(labels.tolist())
    ]


def test_a_version_compared_with_itself_changes_nothing() -> None:
    labels = labelled((0, 40), (1, 40), (-1, 10))
    side = judged(labels, 2)
    found = compare(side, side, texts_about(labels), ["en"] * 90)
    assert (found.kept, found.gained, found.lost) == (1.0, 0.0, 0.0)
    assert found.ari == pytest.approx(1.0)
    assert found.before.coverage == pytest.approx(80 / 90)
    assert not found.came
    assert not found.went
    assert {each.fate for each in found.changes} == {Fate.KEPT}
    assert set(found.typical_after) == {0, 1}


def test_what_moved_is_quoted_and_counted() -> None:
    before = labelled((0, 40), (1, 40), (-1, 10))
    after = labelled((0, 30), (1, 50), (-1, 5), (0, 5))
    found = compare(judged(before, 2), judged(after, 2), texts_about(before), ["en"] * 90)
    assert found.kept == pytest.approx(70 / 80)
    assert found.gained == pytest.approx(5 / 90)
    assert set(found.came[1]) <= set(range(30, 40))
    assert set(found.went[0]) <= set(range(30, 40))
    assert set(found.came[0]) <= set(range(85, 90))


def test_nothing_to_compare_on_is_no_error() -> None:
    nothing = Judged(np.zeros(0, np.intp), having(2, 0, 1), np.zeros((0, 8), np.float32))
    found = compare(nothing, nothing, [], [])
    assert (found.texts, found.kept, found.before.coherence) == (0, 0.0, None)
    assert np.isnan(found.places).all()


@given(st.integers(0, 6), st.integers(1, 5), st.integers(0, 50))
def test_the_plane_holds_as_many_points_the_same_way_up(count: int, width: int, seed: int) -> None:
    points: Floats = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    places = plane(points)
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()
    for axis in places.T:
        assert axis.max(initial=0) >= -axis.min(initial=0) - 1e-5, "the point farthest out is on the positive side"


def test_the_plane_keeps_distances_of_points_that_lie_in_one() -> None:
    flat = np.random.default_rng(1).normal(size=(7, 2))
    points = (flat @ np.linalg.qr(np.random.default_rng(2).normal(size=(9, 2)))[0].T).astype(np.float32)
    places = plane(points)
    for row in range(7):
        assert np.allclose(
            np.linalg.norm(places - places[row], axis=1), np.linalg.norm(flat - flat[row], axis=1), atol=1e-5
        )


def test_examples_land_where_they_were_written_for() -> None:
    found, wanted = np.array([0, 0, 1, -1], np.intp), np.array([0, 0, 0, 2], np.intp)
    assert landing(found, wanted, 3) == [pytest.approx(2 / 3), None, 0.0]


@pytest.mark.parametrize(
    ("one", "two", "both", "score"),
    [(10, 10, 10, 1.0), (10, 10, 0, -1.0), (10, 20, 2, 0.0), (100, 100, 100, 1.0)],
)
def test_npmi_at_its_ends_and_at_chance(one: int, two: int, both: int, score: float) -> None:
    assert npmi(one, two, both, 100) == pytest.approx(score)


def test_npmi_is_that_of_the_definition() -> None:
    assert npmi(8, 4, 3, 50) == pytest.approx(math.log((3 / 50) / (8 / 50 * 4 / 50)) / -math.log(3 / 50))


def test_words_that_meet_are_coherent_and_others_are_not() -> None:
    texts = ["bonus wager", "bonus wager casino", "bank transfer", "bank transfer casino"] * 5
    found = coherence(
        {0: {"en": ("bonus", "wager")}, 1: {"en": ("bonus", "bank")}, 2: {"en": ("never", "seen")}, 3: {}},
        texts,
        ["en"] * len(texts),
    )
    assert found == {0: pytest.approx(1.0), 1: -1.0}


def test_languages_are_judged_by_their_own_texts() -> None:
    texts = ["bonus wager", "bonus wager", "kasino", "bank"]
    alone = coherence({0: {"en": ("bonus", "wager")}}, texts, ["en", "en", "en", "en"])
    both = coherence({0: {"en": ("bonus", "wager"), "pl": ("bonus", "wager")}}, [*texts, "kot"], [*["en"] * 4, "pl"])
    assert both == alone


@given(st.lists(st.text(), max_size=40))
def test_copies_are_held_out_together(texts: list[str]) -> None:
    aside = held_out(texts + texts)
    assert aside[: len(texts)].tolist() == aside[len(texts) :].tolist()


def test_a_fifth_is_held_out() -> None:
    assert held_out([f"complaint {number}" for number in range(5000)]).mean() == pytest.approx(0.2, abs=0.02)
