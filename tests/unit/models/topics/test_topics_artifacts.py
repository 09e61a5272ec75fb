from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from feedback.domain import TopicKind
from feedback.errors import ArtefactError
from models import artifacts
from models.artifacts import MANIFEST, TopicModel, load, save
from models.centre import LanguageOffsets, unit_rows


def model(seed: int = 0) -> TopicModel:
    picks = np.random.default_rng(seed)
    return TopicModel(
        version_id=UUID(int=9),
        encoder_version="e5-small-int8",
        offsets=LanguageOffsets(
            ("de", "fi"), picks.normal(size=(2, 6)).astype(np.float32), picks.normal(size=6).astype(np.float32)
        ),
        topic_ids=(UUID(int=1), UUID(int=2), UUID(int=3)),
        kinds=(TopicKind.PINNED, TopicKind.DISCOVERED, TopicKind.PROVISIONAL),
        centroids=unit_rows(picks.normal(size=(3, 6))),
        floors=np.array([0.4, 0.45, 0.5], np.float32),
        names=("Auszahlung verzögert", "Pääsy", "New"),
        words=({"pl": ("wypłata", "środki"), "de": ("auszahlung",)}, {}, {"fi": ("yö",)}),
        sizes=(10, 5, 0),
        manifest={"encoder": "e5", "metrics": {"coverage": 0.9}, "window": ["a", "b"]},
    )


def assert_same(one: TopicModel, two: TopicModel) -> None:
    for name in ("version_id", "encoder_version", "topic_ids", "kinds", "names", "words", "sizes", "manifest"):
        assert getattr(one, name) == getattr(two, name)
    assert [list(words) for words in one.words] == [list(words) for words in two.words]
    assert one.offsets.languages == two.offsets.languages
    for left, right in (
        (one.centroids, two.centroids),
        (one.floors, two.floors),
        (one.offsets.vectors, two.offsets.vectors),
        (one.offsets.mean, two.offsets.mean),
    ):
        assert left.dtype == right.dtype == np.float32
        assert (left == right).all()


def test_a_saved_model_loads_as_it_was_and_assigns_the_same(tmp_path: Path) -> None:
    save(model(), tmp_path / "deep" / "here")
    loaded = load(tmp_path / "deep" / "here")
    assert_same(loaded, model())
    vectors = np.random.default_rng(5).normal(size=(50, 6)).astype(np.float32)
    languages = ["de", "fi", "sv", "pl", "en"] * 10
    rows, cosines = loaded.assign(vectors, languages)
    before, nearness = model().assign(vectors, languages)
    assert (rows == before).all()
    assert (cosines == nearness).all()


def test_the_same_model_makes_the_same_files(tmp_path: Path) -> None:
    for directory in ("a", "b"):
        save(model(), tmp_path / directory)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "b").iterdir())
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)


def test_saving_again_replaces_the_old_one_and_leaves_nothing_behind(tmp_path: Path) -> None:
    save(model(0), tmp_path)
    save(model(1), tmp_path)
    assert_same(load(tmp_path), model(1))
    assert len(list(tmp_path.iterdir())) == 3


def test_a_writer_killed_before_the_last_step_leaves_the_old_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(model(0), tmp_path)
    write = artifacts._write

    def dies_at_the_manifest(path: Path, content: bytes) -> None:
        if path.name == MANIFEST:
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(artifacts, "_write", dies_at_the_manifest)
    with pytest.raises(KeyboardInterrupt):
        save(model(1), tmp_path)
    assert_same(load(tmp_path), model(0))


def test_no_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"no topic model at .*train one"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("part", ["arrays-*", "topics-*", MANIFEST])
@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_damage_is_noticed(tmp_path: Path, part: str, harm: str) -> None:
    save(model(), tmp_path)
    path = next(tmp_path.glob(part))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes(bytes(content) if harm == "flip" else path.read_bytes()[:-20])
    with pytest.raises(ArtefactError):
        load(tmp_path)


def test_a_manifest_of_another_format_is_refused(tmp_path: Path) -> None:
    save(model(), tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    del manifest["sha256"]
    manifest["format"] = 99
    manifest["sha256"] = artifacts._digest(manifest)
    (tmp_path / MANIFEST).write_bytes(artifacts._json(manifest))
    with pytest.raises(ArtefactError, match="format 99"):
        load(tmp_path)


def test_nothing_is_pickled(tmp_path: Path) -> None:
    save(model(), tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npz", ".json"}
    with np.load(next(tmp_path.glob("*.npz")), allow_pickle=False) as arrays:
        assert set(arrays) == {"centroids", "floors", "offsets", "mean"}


def test_every_topic_needs_all_its_parts() -> None:
    with pytest.raises(ValueError, match="every topic"):
        replace(model(), names=("one",))


def test_a_provisional_topic_takes_its_texts_at_once() -> None:
    new = unit_rows(np.ones((1, 6)))[0]
    grown = model().with_topic(UUID(int=7), TopicKind.PROVISIONAL, new * 3, "New", {}, 8)
    raw = grown.offsets.mean[None, :] + 0.5 * new
    rows, cosines = grown.assign(raw, ["xx"])
    assert grown.topic_ids[rows[0]] == UUID(int=7)
    assert cosines[0] == pytest.approx(1, abs=1e-5)
    assert len(model().topic_ids) == 3
