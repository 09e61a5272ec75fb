from __future__ import annotations

import numpy as np
from sklearn.base import clone

from models.centre import unit_rows
from models.cluster import KnnLeiden, smallest_cluster, topic_graph
from models.evaluate import agreement
from models.graph import clusters_of, neighbour_graph
from models.metric import main_directions
from tests.unit.models.topics.topics_made_up import made_up


def test_finds_the_subjects_and_numbers_them_by_size() -> None:
    made = made_up(subjects=5, each=50)
    keep = np.concatenate([np.flatnonzero(made.subjects == s)[: 50 - 8 * s] for s in range(5)])
    labels = KnnLeiden(resolution=1).fit(made.centred[keep]).labels_
    assert agreement(labels, made.subjects[keep]).ari > 0.95
    sizes = np.bincount(labels[labels >= 0])
    assert (np.diff(sizes) <= 0).all()


def test_same_input_and_seed_give_the_same_labels() -> None:
    made = made_up(noise=1.2)
    one, two = (KnnLeiden(seed=7).fit(made.centred).labels_ for _ in range(2))
    assert (one == two).all()


def test_the_labels_are_the_same_where_much_is_arbitrary() -> None:
    shapeless = np.random.default_rng(3).normal(size=(400, 24)).astype(np.float32)
    shapeless /= np.linalg.norm(shapeless, axis=1, keepdims=True)
    first, *others = [KnnLeiden(seed=1).fit(shapeless).labels_ for _ in range(4)]
    assert all(np.array_equal(first, labels) for labels in others)


def test_small_clusters_are_dropped() -> None:
    made = made_up(subjects=3, each=40)
    rows = np.concatenate([np.flatnonzero(made.subjects < 2), np.flatnonzero(made.subjects == 2)[:6]])
    labels = KnnLeiden(resolution=1, min_size=7).fit(made.centred[rows]).labels_
    assert (labels[-6:] == -1).all()
    assert (labels[:-6] >= 0).all()


def test_finer_with_a_higher_resolution() -> None:
    made = made_up(noise=1.5, each=100)
    coarse, fine = (KnnLeiden(resolution=r, min_size=1).fit(made.centred).labels_.max() for r in (0.5, 8))
    assert coarse < fine


def test_few_texts_do_not_fail() -> None:
    for n in (0, 1, 2, 3):
        labels = KnnLeiden().fit(unit_rows(np.eye(4)[:n])).labels_
        assert labels.tolist() == [-1] * n


def test_identical_texts_are_one_cluster() -> None:
    labels = KnnLeiden(min_size=3, resolution=1).fit(unit_rows(np.ones((10, 4)))).labels_
    assert (labels >= 0).any()


def test_smallest_cluster_grows_with_the_number_of_texts() -> None:
    assert [smallest_cluster(n) for n in (10, 600, 10_000, 50_000)] == [5, 5, 20, 45]


def test_is_a_scikit_learn_estimator() -> None:
    assert clone(KnnLeiden(resolution=2.5)).get_params() == {
        "continuity": 0.0, "min_size": None, "neighbours": 15, "resolution": 2.5, "resolution_before": None, "seed": 0,
    }  # fmt: skip


def test_the_graph_of_all_views_is_symmetric_and_has_no_loops() -> None:
    graph = topic_graph(made_up(subjects=20, each=40, noise=1.0).centred)
    assert abs(graph - graph.T).max() < 1e-9
    assert graph.diagonal().sum() == 0


def test_several_views_tell_more_subjects_apart_than_one() -> None:
    made = made_up(subjects=30, each=60, noise=2.2)
    one = clusters_of(neighbour_graph(main_directions(made.centred), 15), 2.0)
    all_views = clusters_of(topic_graph(made.centred), 2.0)
    assert agreement(all_views, made.subjects).ari > agreement(one, made.subjects).ari
