from __future__ import annotations

import numpy as np
import pytest

from models.centre import Floats, Ints, unit_rows
from models.metric import KEPT, discriminants, main_directions
from tests.unit.models.topics.topics_made_up import made_up


def contrast(vectors: Floats, subjects: Ints) -> float:
    """By how much the cosines within subjects exceed those between, in deviations of the latter."""
    cosines = vectors @ vectors.T
    same = subjects[:, None] == subjects
    return float((cosines[same].mean() - cosines[~same].mean()) / cosines[~same].std())


def test_discriminants_set_subjects_apart_even_where_some_labels_are_wrong() -> None:
    made = made_up(subjects=20, each=40, noise=2.0)
    labels = made.subjects.copy()
    labels[::5] = np.random.default_rng(0).permutation(labels[::5])
    assert contrast(discriminants(made.centred, labels), made.subjects) > 1.1 * contrast(made.centred, made.subjects)


def test_discriminants_are_unit_rows_of_one_direction_less_than_clusters() -> None:
    made = made_up(subjects=6, each=30)
    seen = discriminants(made.centred, made.subjects)
    assert seen.shape == (180, 5)
    assert np.linalg.norm(seen, axis=1) == pytest.approx(1, abs=1e-5)


def test_copies_of_few_texts_have_directions_too() -> None:
    labels = np.repeat(np.arange(3), 10)
    seen = discriminants(unit_rows(np.eye(5))[labels], labels)
    assert np.isfinite(seen).all()


def test_the_first_direction_goes_where_it_is_one_of_many_and_stays_where_it_is_a_subject() -> None:
    picks = np.random.default_rng(0)
    many = picks.normal(size=(4000, 60)).astype(np.float32)
    many[:, 0] *= 2
    assert main_directions(unit_rows(many)).shape[1] == 59
    many[:, 0] *= 4
    assert main_directions(unit_rows(many)).shape[1] == 60
    assert main_directions(unit_rows(picks.normal(size=(500, 384)))).shape[1] == KEPT


def test_with_few_texts_no_direction_goes() -> None:
    few = unit_rows(np.random.default_rng(0).normal(size=(40, 60)))
    assert main_directions(few).shape[1] == 60
