from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.births import Birth, BirthParams, find_births, original
from models.centre import Floats, unit_rows

WIDTH = 64
CHAIN = "Pass this on to ten friends before midnight and the casino pays {} euros to each of you, it worked for me"
NOTHING = np.zeros((0, WIDTH), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    vectors: Floats
    days: NDArray[np.float64]
    customers: list[str | None]
    hashes: list[str]
    texts: list[str] = field(default_factory=list)

    def births(self, centroids: Floats = NOTHING, params: BirthParams | None = None) -> list[Birth]:
        return find_births(
            self.vectors, self.days, self.customers, self.hashes, centroids, params, now=60.0, texts=self.say
        )

    def say(self, rows: Sequence[int]) -> list[str]:
        return [self.texts[row] if row < len(self.texts) else f"text {row}" for row in rows]

    def __add__(self, other: Stream) -> Stream:
        return Stream(
            np.vstack([self.vectors, other.vectors]),
            np.concatenate([self.days, other.days]),
            self.customers + other.customers,
            self.hashes + other.hashes,
            self.say(range(len(self.days))) + other.texts,
        )


def noise(n: int = 600, seed: int = 0) -> Stream:
    picks = np.random.default_rng(seed)
    vectors = unit_rows(picks.normal(size=(n, WIDTH)))
    return Stream(vectors, picks.uniform(0, 60, n), [f"n{i}" for i in range(n)], [f"n{i}" for i in range(n)])


def fault(n: int = 12, start: float = 58.0, days: float = 1.9, axis: int = 0, seed: int = 1) -> Stream:
    picks = np.random.default_rng(seed)
    vectors = unit_rows(np.eye(WIDTH)[axis] + 0.09 * picks.normal(size=(n, WIDTH)))
    names = [f"f{axis}-{start}-{i}" for i in range(n)]
    return Stream(vectors, start + np.linspace(0, days, n), [*names], names)


def told(stream: Stream, texts: list[str]) -> Stream:
    return replace(stream, texts=texts)


def test_a_new_fault_is_born_with_its_members_and_centre() -> None:
    found = (noise() + fault()).births()
    assert len(found) == 1
    assert len(set(found[0].members) & set(range(600, 612))) >= 10
    assert float(found[0].centroid @ np.eye(WIDTH)[0]) > 0.9
    assert np.linalg.norm(found[0].centroid) == pytest.approx(1, abs=1e-5)
    assert 58 <= found[0].first_day < found[0].last_day <= 60


def test_it_is_born_by_its_eighth_complaint() -> None:
    assert len((noise() + fault(n=8, days=1.0, start=59)).births()) == 1


def test_it_is_born_even_where_most_of_what_is_recent_is_about_it() -> None:
    (birth,) = (noise() + fault(n=500)).births()
    assert birth.size > 450


def test_two_faults_at_once_are_two_births_that_share_no_complaint() -> None:
    found = (noise() + fault(axis=0) + fault(axis=1, seed=2)).births()
    assert len(found) == 2
    assert not set(found[0].members) & set(found[1].members)
    assert found[0].p <= found[1].p


@pytest.mark.parametrize("seed", range(8))
def test_noise_alone_bears_nothing(seed: int) -> None:
    assert noise(seed=seed).births() == []


def test_a_subject_that_was_always_there_is_not_born() -> None:
    assert (noise() + fault(n=150, start=0, days=59.9)).births() == []


def test_a_few_complaints_are_not_enough() -> None:
    assert (noise() + fault(n=4)).births() == []


def test_a_flood_of_near_copies_is_no_subject() -> None:
    flood = told(fault(n=200), [CHAIN.format(row) for row in range(200)])
    assert len((noise() + replace(flood, texts=[])).births()) == 1
    assert (noise() + flood).births() == []


def test_a_subject_with_near_copies_in_it_is_born_and_counts_them_once() -> None:
    own, flood = fault(n=12), told(fault(n=60, start=58.01, seed=3), [CHAIN.format(row) for row in range(60)])
    found = (noise() + own + flood).births()
    assert len(found) == 1
    assert 10 <= found[0].size == found[0].customers <= 13
    assert len(found[0].members) == found[0].size + 59


def test_the_same_few_words_from_many_people_are_a_subject() -> None:
    brief = replace(told(fault(), ["bonus not credited"] * 12), hashes=["same"] * 12)
    assert (noise() + brief).births()[0].size >= 10


def test_a_flood_hides_no_subject_beside_it() -> None:
    flood = told(fault(n=300, axis=3, seed=3), [CHAIN.format(row) for row in range(300)])
    found = (noise() + flood + fault()).births()
    assert len(found) == 1
    assert float(found[0].centroid @ np.eye(WIDTH)[0]) > 0.9


def test_a_flood_about_a_known_topic_hides_no_subject_beside_it() -> None:
    picks = np.random.default_rng(5)
    flood = replace(fault(n=300, axis=3), vectors=unit_rows(np.eye(WIDTH)[3] + 0.015 * picks.normal(size=(300, WIDTH))))
    assert len((noise(3000) + flood + fault()).births(np.eye(WIDTH, dtype=np.float32)[3:4])) == 1


def test_one_customer_repeating_the_same_counts_once() -> None:
    burst = fault()
    same = replace(burst, vectors=np.repeat(burst.vectors[:1], 12, axis=0), customers=["one"] * 12)
    assert (noise() + same).births() == []
    assert original(same.vectors, same.customers, same.hashes).tolist() == [0] * 12
    assert original(burst.vectors, ["one"] * 12, ["same"] * 12).tolist() == [0] * 12


def test_copies_are_members_of_the_topic_their_original_founds() -> None:
    burst = told(fault(), [f"{letter} ".join(CHAIN.split()) for letter in "abcdefghijkl"])
    stream = noise() + burst + replace(burst, customers=[f"c{i}" for i in range(12)])
    found = stream.births()
    assert found[0].size <= 12
    assert set(range(612, 624)) & set(found[0].members)


def test_few_customers_are_not_a_topic_but_unknown_ones_count_each() -> None:
    crowd = replace(fault(), customers=["a", "b", "c"] * 4)
    assert (noise() + crowd).births() == []
    assert len((noise() + replace(fault(), customers=[None] * 12)).births()) == 1


def test_a_published_topic_is_not_born_again() -> None:
    stream = noise() + fault()
    assert stream.births(np.eye(WIDTH, dtype=np.float32)[:1]) == []
    assert len(stream.births(np.eye(WIDTH, dtype=np.float32)[1:2])) == 1


def beside(n: int, start: float, days: float, lean: float, seed: int) -> Stream:
    """Texts of a subject that lies `lean` of the way from axis 0 to axis 1, spread evenly over the days."""
    picks = np.random.default_rng(seed)
    centre = (1 - lean) * np.eye(WIDTH)[0] + lean * np.eye(WIDTH)[1]
    vectors = unit_rows(unit_rows(centre[None, :]) + 0.09 * picks.normal(size=(n, WIDTH)))
    names = [f"b{lean}-{start}-{i}" for i in range(n)]
    return Stream(vectors, start + np.linspace(0, days, n), [*names], names)


def test_a_fault_is_born_beside_the_known_topic_that_claims_its_complaints() -> None:
    known = beside(n=200, start=0, days=59.9, lean=0, seed=4)
    new = beside(n=12, start=58, days=1.9, lean=0.45, seed=6)
    centroids = np.eye(WIDTH, dtype=np.float32)[:1]
    assert float((new.vectors @ centroids[0]).min()) > 0.4  # no floor keeps it out of the topic
    found = (noise() + known + new).births(centroids)
    assert len(found) == 1
    assert len(set(found[0].members) & set(range(800, 812))) >= 0.9 * len(found[0].members) >= 8


def test_a_rise_of_a_known_topic_is_no_birth() -> None:
    known = beside(n=120, start=0, days=57.9, lean=0, seed=4) + beside(n=60, start=58, days=1.9, lean=0, seed=6)
    assert (noise() + known).births(np.eye(WIDTH, dtype=np.float32)[:1]) == []


def test_what_was_born_is_not_born_again_as_it_grows() -> None:
    known = noise() + beside(n=200, start=0, days=57.9, lean=0, seed=4)
    centroids = np.eye(WIDTH, dtype=np.float32)[:1]
    birth = (known + beside(n=12, start=58, days=1.0, lean=0.45, seed=6)).births(centroids)[0]
    grown = known + beside(n=50, start=58, days=1.9, lean=0.45, seed=6)
    assert grown.births(np.vstack([centroids, birth.centroid])) == []


def test_a_large_outbreak_is_one_birth_with_all_its_complaints() -> None:
    found = (noise(2000) + fault(n=80)).births()
    assert len(found) == 1
    assert found[0].size >= 75


def test_a_subject_that_comes_slowly_is_born_within_a_week() -> None:
    stream = noise(2000) + fault(n=14, start=53.5, days=6.4)
    assert stream.births(params=BirthParams(windows_days=(2.0,))) == []
    assert len(stream.births()) == 1


def test_some_hours_are_neither_lasting_nor_sharp_but_one_hour_is() -> None:
    assert (noise() + fault(start=59.5, days=0.3)).births() == []
    assert len((noise() + fault(start=59.5, days=0.03)).births()) == 1


def test_without_history_nothing_can_be_new() -> None:
    assert find_births(NOTHING, np.empty(0), [], [], NOTHING) == []
    assert fault().births() == []


@settings(max_examples=25)
@given(seed=st.integers(0, 500))
def test_the_order_of_the_input_does_not_matter(seed: int) -> None:
    stream = noise(200, seed) + fault(seed=seed)
    turn = np.random.default_rng(seed).permutation(len(stream.days))
    turned = Stream(
        stream.vectors[turn],
        stream.days[turn],
        [stream.customers[row] for row in turn.tolist()],
        [stream.hashes[row] for row in turn.tolist()],
    )
    plain, mixed = stream.births(), turned.births()
    assert [sorted(turn[list(birth.members)].tolist()) for birth in mixed] == [sorted(birth.members) for birth in plain]
