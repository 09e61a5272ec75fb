from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import Fate
from models.centre import unit_rows
from models.match import Matching, match

EYE = np.eye(6, dtype=np.float32)


def fates(matching: Matching) -> set[tuple[str, int | None, int | None]]:
    return {(line.fate.value, line.new, line.old) for line in matching.lineage}


def test_the_same_topics_in_another_order_keep_their_identity() -> None:
    matching = match(EYE[[2, 0, 1]], EYE[:3])
    assert matching.kept == ((0, 2), (1, 0), (2, 1))
    assert {line.fate for line in matching.lineage} == {Fate.KEPT}


def test_without_documents_strangers_are_born_and_retired() -> None:
    assert fates(match(EYE[[0, 4]], EYE[[0, 5]])) == {("kept", 0, 0), ("born", 1, None), ("retired", None, 1)}


def test_two_old_topics_in_one_new_one_are_a_merger() -> None:
    old = np.repeat([0, 1], [60, 40])
    new_centroid = unit_rows(0.6 * EYE[:1] + 0.4 * EYE[1:2])
    matching = match(new_centroid, EYE[:2], np.zeros(100, np.intp), old)
    assert fates(matching) == {("kept", 0, 0), ("merged", 0, 1)}


def test_two_new_topics_out_of_one_old_one_are_a_split() -> None:
    new = np.repeat([0, 1], [70, 30])
    matching = match(unit_rows(EYE[:2] + 0.5), unit_rows(EYE[:1] + 0.5), new, np.zeros(100, np.intp))
    assert fates(matching) == {("kept", 0, 0), ("split", 1, 0)}


def test_a_pair_in_the_band_is_left_to_an_analyst() -> None:
    near = unit_rows(np.array([[1, 1.4, 0, 0, 0, 0]]))
    assert 0.5 < float(near[0] @ EYE[0]) < 0.6
    matching = match(near, EYE[:1], threshold=0.65, band=0.15)
    assert matching.kept == ()
    assert [pair[:2] for pair in matching.doubtful] == [(0, 0)]
    assert fates(matching) == {("born", 0, None), ("retired", None, 0)}


def test_shared_documents_decide_between_centroids_alike() -> None:
    alike = unit_rows(np.array([[1, 0.1, 0], [1, -0.1, 0]]))
    old = np.repeat([0, 1], 50)
    matching = match(alike, alike, 1 - old, old)
    assert matching.kept == ((0, 1), (1, 0))


def test_a_fixed_pair_is_kept_whatever_its_score() -> None:
    matching = match(EYE[:2], EYE[:2], fixed=[(0, 1)])
    assert (0, 1) in matching.kept
    assert (1, 1) not in matching.kept


def test_nothing_on_one_side() -> None:
    nothing = np.zeros((0, 6), np.float32)
    assert fates(match(EYE[:1], nothing)) == {("born", 0, None)}
    assert fates(match(nothing, EYE[:1])) == {("retired", None, 0)}
    assert match(nothing, nothing).lineage == ()


@given(k=st.integers(0, 7), m=st.integers(0, 7), seed=st.integers(0, 999), labelled=st.booleans())
def test_one_to_one_and_every_topic_has_a_fate(k: int, m: int, seed: int, labelled: bool) -> None:
    picks = np.random.default_rng(seed)
    new, old = (unit_rows(picks.normal(size=(size, 3))) for size in (k, m))
    labels = (
        [picks.integers(-1, size, 80) if size else np.full(80, -1) for size in (k, m)] if labelled else [None, None]
    )
    matching = match(new, old, *labels)
    for side in (0, 1):
        sides = [pair[side] for pair in (*matching.kept, *matching.doubtful)]
        assert len(sides) == len(set(sides))
    assert {line.new for line in matching.lineage} - {None} == set(range(k))
    assert {line.old for line in matching.lineage} - {None} == set(range(m))
    comes_from = [line.new for line in matching.lineage if line.fate in (Fate.KEPT, Fate.SPLIT, Fate.BORN)]
    assert sorted(new for new in comes_from if new is not None) == list(range(k))
