"""Areas above topics."""

from __future__ import annotations

from uuid import UUID

import numpy as np

from feedback.domain import TopicKind
from models.areas import areas_of, nearest_area
from models.artifacts import TopicModel
from models.centre import LanguageOffsets, unit_rows

IDS = tuple(UUID(int=place) for place in range(1, 13))


def model() -> TopicModel:
    """Three groups of four topics, one axis a group."""
    rng = np.random.default_rng(0)
    middles = np.repeat(np.eye(16, dtype=np.float32)[:3], 4, axis=0)
    return TopicModel(
        version_id=UUID(int=99),
        encoder_version="e",
        offsets=LanguageOffsets(("xx",), np.zeros((1, 16), np.float32), np.zeros(16, np.float32)),
        topic_ids=IDS,
        kinds=(TopicKind.DISCOVERED,) * 12,
        centroids=unit_rows(middles + 0.1 * rng.normal(size=(12, 16))),
        floors=np.full(12, 0.5, np.float32),
        names=tuple(f"Topic {place}" for place in range(12)),
        words=({},) * 12,
        sizes=tuple(range(12)),
        manifest={},
    )


def test_topics_alike_are_one_area_named_like_the_largest() -> None:
    found = areas_of(model(), {})
    assert [found[id_] for id_ in IDS] == ["Topic 3"] * 4 + ["Topic 7"] * 4 + ["Topic 11"] * 4


def test_a_topic_keeps_its_area_and_those_like_it_join() -> None:
    found = areas_of(model(), {IDS[0]: "Bonuses", IDS[5]: "Payments"})
    assert [found[id_] for id_ in IDS] == ["Bonuses"] * 4 + ["Payments"] * 4 + ["Topic 11"] * 4
    again = areas_of(model(), found)
    assert again == found


def test_within_a_group_the_nearer_area_is_taken() -> None:
    known = {IDS[0]: "One", IDS[1]: "Another"}
    found, centres = areas_of(model(), known), model().centroids
    for place in (2, 3):
        nearer = "One" if centres[place] @ centres[0] > centres[place] @ centres[1] else "Another"
        assert found[IDS[place]] == nearer


def test_a_new_topic_is_of_the_area_of_the_nearest_that_has_one() -> None:
    known = {IDS[0]: "Bonuses", IDS[5]: "Payments"}
    here = model()
    assert nearest_area(here, here.centroids[5], known) == "Payments"
    assert nearest_area(here, -here.centroids[0] - here.centroids[5], known) is None
    assert nearest_area(here, here.centroids[5], {}) is None
