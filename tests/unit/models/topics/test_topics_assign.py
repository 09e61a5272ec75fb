from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.assign import assign
from models.centre import Floats, unit_rows


def some(n: int, seed: int) -> Floats:
    return unit_rows(np.random.default_rng(seed).normal(size=(n, 6)))


@given(n=st.integers(0, 40), k=st.integers(1, 9), floor=st.floats(-0.5, 0.95), seed=st.integers(0, 99))
def test_nearest_centroid_or_none_below_the_floor(n: int, k: int, floor: float, seed: int) -> None:
    vectors, centroids = some(n, seed), some(k, seed + 1)
    places, cosines = assign(vectors, centroids, floor)
    best = (vectors @ centroids.T).max(axis=1, initial=-1)
    assert np.allclose(cosines, best, atol=1e-6)
    assert ((places >= 0) == (cosines >= np.float32(floor))).all()
    assert cosines.dtype == np.float32


@given(cut=st.integers(0, 30), seed=st.integers(0, 99))
def test_a_text_gets_the_same_topic_in_any_batch(cut: int, seed: int) -> None:
    vectors, centroids = some(30, seed), some(5, seed + 1)
    whole, _ = assign(vectors, centroids, 0.3)
    parts = [assign(part, centroids, 0.3)[0] for part in (vectors[:cut], vectors[cut:])]
    assert (np.concatenate(parts) == whole).all()


def test_each_centroid_may_have_its_own_floor() -> None:
    vectors = unit_rows(np.array([[1, 0.5], [0.5, 1]]))
    places, _ = assign(vectors, np.eye(2, dtype=np.float32), np.array([0.8, 0.95], np.float32))
    assert places.tolist() == [0, -1]


def test_more_texts_than_a_chunk_and_no_centroids() -> None:
    vectors = some(20_000, 0)
    places, cosines = assign(vectors, some(3, 1), -1.0)
    assert (places == (vectors @ some(3, 1).T).argmax(axis=1)).all()
    places, cosines = assign(vectors[:4], np.zeros((0, 6), np.float32), 0.5)
    assert places.tolist() == [-1] * 4
    assert cosines.tolist() == [-1] * 4
