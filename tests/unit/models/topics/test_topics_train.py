from __future__ import annotations

from collections import Counter
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from feedback.domain import Fate, TopicKind
from models.centre import Ints, unit_rows
from models.curate import curated
from models.train import PinnedVectors, Sample, Trained, TrainParams, stratify, train
from tests.unit.models.topics.topics_made_up import MadeUp, made_up

SUBJECTS = ("bonus", "withdrawal", "login", "deposit", "verification", "game", "support", "marketing")
PINNED = UUID(int=77)


def sample_of(made: MadeUp, rows: Ints | None = None) -> Sample:
    picked = range(len(made.subjects)) if rows is None else rows.tolist()
    return Sample(
        made.raw[list(picked)],
        [f"my {SUBJECTS[made.subjects[row]]} trouble" for row in picked],
        [made.languages[row] for row in picked],
        [row % 4 for row in picked],
        ("2026-01-01", "2026-02-01"),
    )


def pinned_on(made: MadeUp, subject: int) -> PinnedVectors:
    rows = np.flatnonzero(made.subjects == subject)
    names = np.asarray(made.languages)[rows]
    phrases = {str(name): made.raw[rows[names == name][:4]] for name in np.unique(names)}
    return PinnedVectors(PINNED, "Pinned subject", phrases)


def run(made: MadeUp, **more: object) -> Trained:
    sample = more.pop("sample", None)
    settings = {"pinned": [], "previous": None, "params": TrainParams(resolution=1), "version_id": UUID(int=1), **more}
    return train(sample if isinstance(sample, Sample) else sample_of(made), **settings)  # type: ignore[arg-type]


def subject_of(trained: Trained, made: MadeUp) -> dict[int, UUID]:
    """The topic id that most texts of each subject get."""
    rows, _ = trained.model.assign(made.raw, made.languages)
    picked = {s: Counter(rows[made.subjects == s].tolist()).most_common(1)[0][0] for s in set(made.subjects.tolist())}
    return {subject: trained.model.topic_ids[row] for subject, row in picked.items() if row >= 0}


def test_finds_the_subjects_names_them_and_writes_down_how() -> None:
    made = made_up()
    trained = run(made)
    model = trained.model
    assert len(set(subject_of(trained, made).values())) == 6
    assert {line.fate for line in trained.lineage} == {Fate.BORN}
    assert all(kind is TopicKind.DISCOVERED for kind in model.kinds)
    assert {name.split(",")[0].lower() for name in model.names} >= set(SUBJECTS[:2])
    assert sum(model.sizes) == pytest.approx(trained.metrics["coverage"] * 360)
    assert trained.metrics["coverage"] > 0.85
    assert trained.metrics["language_mixing"] < 0.45
    assert model.manifest["settings"]["resolution"] == 1
    assert model.manifest["window"] == ["2026-01-01", "2026-02-01"]
    assert "scikit-network" in model.manifest["packages"]


def test_granularity_is_chosen_from_the_texts_and_stays() -> None:
    made = made_up()
    first = run(made, params=TrainParams())
    again = run(made, params=TrainParams(), previous=first.model, version_id=UUID(int=2))
    assert len(set(subject_of(first, made).values())) == 6
    assert first.metrics["stability"] > 0.8
    assert again.metrics["resolution"] == first.metrics["resolution"]
    assert "stability" not in run(made).metrics


def test_the_same_arguments_give_the_same_model() -> None:
    one, two = (run(made_up()).model for _ in range(2))
    assert one.topic_ids == two.topic_ids
    assert (one.centroids == two.centroids).all()
    assert one.words == two.words


def test_topics_keep_their_ids_and_names_over_a_retrain_on_other_texts() -> None:
    made = made_up(each=120)
    first = run(made, sample=sample_of(made, np.arange(0, 720, 2)))
    second = run(made, sample=sample_of(made, np.arange(1, 720, 2)), previous=first.model, version_id=UUID(int=2))
    assert subject_of(first, made) == subject_of(second, made)
    assert {line.fate for line in second.lineage} == {Fate.KEPT}
    assert set(first.model.names) == set(second.model.names)
    assert second.metrics["moved"] < 0.1


def test_a_new_subject_is_born_and_a_gone_one_retired() -> None:
    made = made_up(subjects=6)
    first = run(made, sample=sample_of(made, np.flatnonzero(made.subjects != 5)))
    second = run(
        made, sample=sample_of(made, np.flatnonzero(made.subjects != 0)), previous=first.model, version_id=UUID(int=2)
    )
    fates = Counter(line.fate for line in second.lineage)
    assert fates == {Fate.KEPT: 4, Fate.BORN: 1, Fate.RETIRED: 1}


def test_a_held_topic_stays_though_no_cluster_comes_back_for_it() -> None:
    made = made_up(subjects=6)
    first = run(made)
    gone = subject_of(first, made)[0]
    second = run(
        made,
        sample=sample_of(made, np.flatnonzero(made.subjects != 0)),
        previous=first.model,
        version_id=UUID(int=2),
        held={gone},
    )
    assert subject_of(second, made)[0] == gone
    assert [line.fate for line in second.lineage if line.old == gone] == [Fate.KEPT]


@pytest.mark.parametrize("seed", range(3))
def test_a_topic_that_grew_piece_by_piece_keeps_its_id_over_a_retrain(seed: int) -> None:
    made = made_up()
    first = run(made)
    subject = subject_of(first, made)[0]
    row = first.model.topic_ids.index(subject)
    picks = np.random.default_rng(seed)
    away = 0.7 * unit_rows(picks.normal(size=(5, first.model.centroids.shape[1])))
    grown = first.model
    for piece in unit_rows(first.model.centroids[row] + away).astype(np.float32):
        grown = grown.with_topic(subject, TopicKind.PROVISIONAL, piece, "More of it", {}, 9)
    pieces = replace(
        grown, centroids=np.vstack([grown.centroids[:row], grown.centroids[-1:], grown.centroids[row + 1 :]])
    )
    again = run(made, previous=pieces, version_id=UUID(int=2))
    assert subject_of(again, made) == subject_of(first, made)
    assert list(again.model.topic_ids).count(subject) == 1


def test_a_pinned_topic_takes_its_cluster_and_no_double_is_made() -> None:
    made = made_up()
    trained = run(made, pinned=[pinned_on(made, 3)])
    model = trained.model
    assert subject_of(trained, made)[3] == PINNED
    assert len(set(model.topic_ids)) == 6
    row = model.topic_ids.index(PINNED)
    assert model.kinds[row] is TopicKind.PINNED
    assert model.names[row] == "Pinned subject"
    assert "deposit" in model.words[row][next(iter(model.words[row]))]


def test_a_pinned_topic_survives_with_the_same_id_whatever_comes() -> None:
    made = made_up()
    pinned = [pinned_on(made, 3)]
    before = None
    for turn in range(3):
        sample = sample_of(made, np.flatnonzero(made.subjects != 3) if turn == 1 else None)
        trained = run(made, sample=sample, pinned=pinned, previous=before, version_id=UUID(int=turn + 1))
        assert subject_of(trained, made)[3] == PINNED
        before = trained.model


def test_a_discovered_topic_that_is_pinned_later_merges_into_the_pinned_one() -> None:
    made = made_up()
    first = run(made)
    old = subject_of(first, made)[3]
    second = run(made, pinned=[pinned_on(made, 3)], previous=first.model, version_id=UUID(int=2))
    assert [(line.fate, line.new) for line in second.lineage if line.old == old] == [(Fate.MERGED, PINNED)]
    assert subject_of(second, made)[3] == PINNED


def test_topics_merged_by_people_stay_merged_over_a_retrain() -> None:
    made = made_up(each=120)
    first = run(made, sample=sample_of(made, np.arange(0, 720, 2)))
    ids = subject_of(first, made)
    both = (ids[0], ids[1])
    second = run(
        made, sample=sample_of(made, np.arange(1, 720, 2)), previous=first.model, version_id=UUID(int=2), shaped=both
    )
    merged = replace(second, model=curated(second.model, {ids[1]: ids[0]}, (), ()))
    after = subject_of(merged, made)
    assert after[0] == after[1] == ids[0]
    assert {line.fate for line in second.lineage} == {Fate.KEPT}


def test_from_the_first_day_there_are_the_pinned_topics() -> None:
    made = made_up()
    nothing = Sample(np.empty((0, made.raw.shape[1]), np.float32), [], [], [])
    pinned = [replace(pinned_on(made, subject), topic_id=UUID(int=100 + subject)) for subject in range(5)]
    trained = run(made, sample=nothing, pinned=pinned)
    assert trained.model.topic_ids == tuple(UUID(int=100 + subject) for subject in range(5))
    rows, _ = trained.model.assign(made.raw, made.languages)
    known = made.subjects < 5
    assert (rows[known] == made.subjects[known]).mean() > 0.75
    assert (rows[~known] == -1).mean() > 0.9


def test_nothing_at_all_is_an_empty_model() -> None:
    nothing = Sample(np.empty((0, 8), np.float32), [], [], [])
    trained = run(made_up(), sample=nothing)
    assert trained.model.topic_ids == ()
    assert trained.lineage == ()


def test_progress_is_told_in_order() -> None:
    told: list[tuple[str, float]] = []
    run(made_up(each=20), progress=lambda step, done: told.append((step, done)))
    assert [step for step, _ in told] == ["centre", "cluster", "match", "describe"]
    assert [done for _, done in told] == sorted(done for _, done in told)


def test_a_small_sample_is_taken_whole_and_a_large_one_evenly() -> None:
    assert stratify([1, 2, 3], ["en"] * 3, 10).tolist() == [0, 1, 2]
    weeks = [1] * 1000 + [2] * 50
    languages = ["en"] * 900 + ["fi"] * 100 + ["en"] * 50
    rows = stratify(weeks, languages, 300, seed=1)
    assert len(rows) == 300
    assert (np.diff(rows) > 0).all()
    taken = Counter((weeks[row], languages[row]) for row in rows.tolist())
    assert taken[(2, "en")] == 50
    assert taken[(1, "fi")] == 100
    assert taken[(1, "en")] == 150
    assert (rows == stratify(weeks, languages, 300, seed=1)).all()
    assert (rows != stratify(weeks, languages, 300, seed=2)).any()
