"""What people decided, done to a model."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest

from feedback.domain import TopicKind
from models.artifacts import TopicModel
from models.centre import LanguageOffsets, unit_rows
from models.curate import PartVectors, curated, indistinct, split, with_parts

ONE, TWO, THREE, PART, OTHER = (UUID(int=place) for place in range(1, 6))


def model() -> TopicModel:
    return TopicModel(
        version_id=UUID(int=9),
        encoder_version="e",
        offsets=LanguageOffsets(("xx",), np.zeros((1, 4), np.float32), np.zeros(4, np.float32)),
        topic_ids=(ONE, TWO, THREE),
        kinds=(TopicKind.DISCOVERED, TopicKind.DISCOVERED, TopicKind.DISCOVERED),
        centroids=np.eye(4, dtype=np.float32)[:3],
        floors=np.full(3, 0.5, np.float32),
        names=("One", "Two", "Three"),
        words=({}, {}, {}),
        sizes=(5, 6, 7),
        manifest={},
    )


def topics_of(changed: TopicModel, *axes: int) -> list[UUID | None]:
    places, _ = changed.assign(np.eye(4, dtype=np.float32)[list(axes)], ["xx"] * len(axes))
    return changed.topics_at(places)


def test_what_was_merged_goes_to_one_topic_under_its_name() -> None:
    merged = curated(model(), {TWO: ONE}, (), ())
    assert topics_of(merged, 0, 1, 2) == [ONE, ONE, THREE]
    assert merged.names == ("One", "One", "Three")


def test_a_topic_may_be_merged_into_one_that_the_version_does_not_know() -> None:
    assert topics_of(curated(model(), {TWO: OTHER}, (), ()), 1) == [OTHER]


def test_complaints_of_a_retired_topic_belong_to_none_and_not_to_its_neighbours() -> None:
    retired = curated(model(), {}, (), {TWO})
    assert topics_of(retired, 0, 1, 2, 3) == [ONE, None, THREE, None]


def test_a_pinned_topic_is_marked() -> None:
    assert curated(model(), {}, {THREE}, ()).kinds[2] is TopicKind.PINNED


def parts() -> list[PartVectors]:
    near, far = np.array([[0, 1, 0, 0.5]], np.float32), np.array([[0, 1, 0, -0.5]], np.float32)
    return [PartVectors(PART, TWO, "Part", near, ["xx"]), PartVectors(OTHER, TWO, "Other", far, ["xx"])]


def test_parts_take_the_place_of_the_topic_that_was_split() -> None:
    cut = with_parts(model(), parts())
    assert set(cut.topic_ids) == {ONE, THREE, PART, OTHER}
    places, _ = cut.assign(unit_rows(np.array([[0, 1, 0, 0.2], [0, 1, 0, -0.2]])), ["xx", "xx"])
    assert cut.topics_at(places) == [PART, OTHER]
    assert with_parts(cut, parts()) is cut


def test_parts_of_a_split_taken_back_are_the_topic_again() -> None:
    whole = curated(with_parts(model(), parts()), {PART: TWO, OTHER: TWO}, (), ())
    assert topics_of(whole, 0, 1, 2) == [ONE, TWO, THREE]


@pytest.mark.parametrize("count", [2, 3])
def test_a_split_finds_the_groups_there_are(count: int) -> None:
    rng = np.random.default_rng(1)
    middles = rng.normal(size=(3, 32)) * 2
    truth = np.repeat(np.arange(3), (90, 60, 40))
    labels = split(unit_rows(middles[truth] + rng.normal(size=(190, 32))), count)
    assert len(set(labels.tolist())) == count
    for group in range(3):
        inside = np.bincount(labels[truth == group])
        assert inside.max() > 0.9 * inside.sum()
    assert (np.diff(np.bincount(labels)) <= 0).all()


def test_fewer_complaints_than_parts_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="2 complaints"):
        split(np.eye(4, dtype=np.float32)[:2], 3)


def test_pinned_topics_that_say_the_same_are_reported() -> None:
    anchors = unit_rows(np.array([[1, 0, 0], [1, 0.2, 0], [0, 1, 0]]))
    assert [pair[:2] for pair in indistinct(["a", "b", "c"], anchors)] == [("a", "b")]
