from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.cluster import KnnLeiden, topic_graph
from models.evaluate import agreement
from models.granularity import GRID, TOLERANCE, Granularity, choose_resolution, stabilities
from models.graph import clusters_of
from tests.unit.models.topics.topics_made_up import MadeUp, made_up


@dataclass(frozen=True, slots=True, eq=False)
class Subjects:
    """Twelve of them, and how fine they are found to be; looking for it takes a second."""

    made: MadeUp
    graph: csr_matrix
    chosen: Granularity


@pytest.fixture(scope="module")
def twelve() -> Subjects:
    made = made_up(subjects=12, each=50, noise=1.0)
    graph = topic_graph(made.centred)
    return Subjects(made, graph, choose_resolution(graph, made.centred))


def test_chooses_topics_that_are_there(twelve: Subjects) -> None:
    made, graph, chosen = twelve.made, twelve.graph, twelve.chosen
    assert GRID[0] <= chosen.resolution <= GRID[-1]
    assert chosen.stability > 0.9
    assert agreement(clusters_of(graph, chosen.resolution), made.subjects).ari > 0.9


def test_the_choice_lies_among_those_that_come_again_best() -> None:
    made = made_up(subjects=8, each=50, noise=1.0)
    graph = topic_graph(made.centred)
    scores = stabilities(graph, made.centred)
    chosen = choose_resolution(graph, made.centred)
    assert chosen.stability == max(score.stability for score in scores)
    alike = [score.resolution for score in scores if score.stability >= chosen.stability - TOLERANCE]
    assert min(alike) - 1e-9 <= chosen.resolution <= max(alike) + 1e-9


def test_the_choice_of_before_stays_unless_another_is_clearly_better(twelve: Subjects) -> None:
    graph, vectors, good = twelve.graph, twelve.made.centred, twelve.chosen.resolution
    assert choose_resolution(graph, vectors, before=good).resolution == good
    far = 100 * GRID[-1]
    assert choose_resolution(graph, vectors, before=far).resolution == pytest.approx(GRID[-1])


def test_the_same_texts_and_seed_give_the_same_choice() -> None:
    vectors = made_up(noise=2.0).centred
    graph = topic_graph(vectors)
    assert stabilities(graph, vectors, GRID[:3]) == stabilities(graph, vectors, GRID[:3])


def test_noise_is_less_stable_than_subjects() -> None:
    clear, blurred = (made_up(noise=noise).centred for noise in (0.5, 5.0))
    assert stabilities(topic_graph(clear), clear, [1.0])[0].stability > 0.9
    assert stabilities(topic_graph(blurred), blurred, [1.0])[0].stability < 0.5
    assert np.isfinite(stabilities(topic_graph(blurred), blurred, [8.0])[0].stability)


def test_the_clusterer_chooses_where_none_is_given(twelve: Subjects) -> None:
    made = twelve.made
    clusterer = KnnLeiden().fit(made.centred)
    assert clusterer.resolution_ == twelve.chosen.resolution
    assert agreement(clusterer.labels_, made.subjects).ari > 0.9
    assert KnnLeiden(resolution=2.0).fit(made.centred).resolution_ == 2.0
    assert KnnLeiden().fit(made.centred[:2]).labels_.tolist() == [-1, -1]
