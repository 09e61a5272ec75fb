from __future__ import annotations

import numpy as np
import pytest

from models.centre import Floats, unit_rows
from models.graph import by_vote, communities, memberships, nearest, neighbour_graph
from tests.unit.models.topics.topics_made_up import made_up


def rows(n: int, width: int = 12, seed: int = 0) -> Floats:
    return unit_rows(np.random.default_rng(seed).normal(size=(n, width)))


@pytest.mark.parametrize(("n", "k"), [(5, 4), (90, 7), (700, 3), (2000, 15)])
def test_the_nearest_are_the_nearest(n: int, k: int) -> None:
    vectors = rows(n)
    columns, cosines = nearest(vectors, k)
    all_cosines = vectors @ vectors.T
    np.fill_diagonal(all_cosines, -2)
    assert np.allclose(cosines, -np.sort(-all_cosines, axis=1)[:, :k], atol=1e-6)
    assert np.allclose(np.take_along_axis(all_cosines, columns.astype(np.intp), axis=1), cosines, atol=1e-6)


def test_every_text_has_the_same_weight_of_neighbours() -> None:
    weights = memberships(nearest(rows(400), 15)[1])
    assert np.allclose(weights[:, 0], 1)
    assert (np.diff(weights, axis=1) <= 0).all()
    assert np.allclose(weights.sum(axis=1), np.log2(15), atol=1e-3)


def test_copies_of_one_text_are_all_joined() -> None:
    weights = memberships(np.ones((3, 5), np.float32))
    assert np.allclose(weights, 1)


def test_the_graph_is_symmetric_joins_both_directions_and_leaves_no_text_out() -> None:
    vectors = made_up(subjects=4, each=200).centred
    graph = neighbour_graph(vectors, 5)
    assert abs(graph - graph.T).max() < 1e-9
    assert graph.diagonal().sum() == 0
    assert graph.data.max() <= 1 + 1e-9
    assert (np.asarray(graph.sum(axis=1)) >= np.log2(5) - 1e-3).all()
    cosines = vectors[700] @ vectors.T
    cosines[700] = -1
    assert graph[700, int(cosines.argmax())] == pytest.approx(1)


def test_a_text_among_others_goes_with_its_neighbours() -> None:
    made = made_up(subjects=4, each=50)
    graph = neighbour_graph(made.centred, 10)
    labels = made.subjects.copy()
    labels[::25] = (labels[::25] + 1) % 4
    assert (by_vote(graph, labels) == made.subjects).mean() > 0.99


def test_no_edges_make_no_communities() -> None:
    graph = neighbour_graph(unit_rows(np.eye(4)), 3)
    empty = graph - graph
    empty.eliminate_zeros()
    assert communities(empty.tocsr(), 1.0, 0).tolist() == [0, 1, 2, 3]
    assert by_vote(empty.tocsr(), np.arange(4)).tolist() == [0, 1, 2, 3]
