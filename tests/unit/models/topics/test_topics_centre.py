from __future__ import annotations

import numpy as np
import pytest

from models.centre import LanguageOffsets, ParallelPhrases, unit_rows
from models.cluster import KnnLeiden
from models.evaluate import agreement, language_mixing
from tests.unit.models.topics.topics_made_up import made_up


def test_clusters_follow_the_subject_and_not_the_language_once_centred() -> None:
    made = made_up()
    raw = KnnLeiden(resolution=1).fit(made.raw).labels_
    centred = LanguageOffsets.fit(made.raw, made.languages).apply(made.raw, made.languages)
    labels = KnnLeiden(resolution=1).fit(centred).labels_
    assert agreement(labels, made.subjects).ari > 0.95 > agreement(raw, made.subjects).ari
    assert language_mixing(labels, made.languages) < 0.4 < language_mixing(raw, made.languages)


def test_rows_are_unit_float32_and_an_unseen_language_gets_the_common_mean() -> None:
    made = made_up()
    offsets = LanguageOffsets.fit(made.raw, made.languages)
    rows = offsets.apply(made.raw[:3], ["en", "sv", "xx"])
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.allclose(rows[1], unit_rows(made.raw[1:2] - offsets.mean)[0], atol=1e-6)


def test_a_rare_language_is_shrunk_towards_no_offset() -> None:
    picks = np.random.default_rng(0)
    many = picks.normal(size=(2000, 8)).astype(np.float32)
    few = (picks.normal(size=(2, 8)) + 5).astype(np.float32)
    offsets = LanguageOffsets.fit(np.vstack([many, few]), ["en"] * 2000 + ["fi"] * 2)
    assert np.linalg.norm(offsets.vectors[offsets.languages.index("fi")]) < 0.25 * np.linalg.norm(few.mean(axis=0))


def test_parallel_phrases_serve_a_language_before_its_first_complaint() -> None:
    shift = np.zeros(8, np.float32)
    shift[0] = 4
    meanings = np.random.default_rng(1).normal(size=(10, 8)).astype(np.float32)
    phrases = ParallelPhrases(
        np.vstack([meanings, meanings + shift]), ["en"] * 10 + ["fi"] * 10, [*range(10), *range(10)]
    )
    offsets = LanguageOffsets.fit(
        np.random.default_rng(2).normal(size=(500, 8)).astype(np.float32), ["en"] * 500, phrases
    )
    one = np.ones((1, 8), np.float32)
    assert np.allclose(offsets.apply(one, ["en"]), offsets.apply(one + shift, ["fi"]), atol=0.05)


def test_what_a_market_complains_about_weighs_half_beside_parallel_phrases() -> None:
    picks = np.random.default_rng(3)
    subject = np.zeros(8)
    subject[1] = 2
    english = picks.normal(size=(5000, 8))
    finnish = picks.normal(size=(5000, 8)) + subject
    meanings = picks.normal(size=(20, 8)).astype(np.float32)
    phrases = ParallelPhrases(np.vstack([meanings, meanings]), ["en"] * 20 + ["fi"] * 20, [*range(20), *range(20)])
    texts = np.vstack([english, finnish]).astype(np.float32)
    languages = ["en"] * 5000 + ["fi"] * 5000
    alone, mixed = LanguageOffsets.fit(texts, languages), LanguageOffsets.fit(texts, languages, phrases)
    assert np.diff(alone.vectors[:, 1])[0] == pytest.approx(2, abs=0.1)
    assert np.diff(mixed.vectors[:, 1])[0] == pytest.approx(1, abs=0.1)


def test_phrases_in_one_language_only_say_nothing_about_languages() -> None:
    texts = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    phrases = ParallelPhrases(texts[:5] + 9, ["en"] * 5, list(range(5)))
    offsets = LanguageOffsets.fit(texts, ["fi"] * 100, phrases)
    assert "en" not in offsets.languages
    assert np.isfinite(offsets.vectors).all()


def test_without_any_text_the_phrases_alone_place_the_centre() -> None:
    meanings = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    phrases = ParallelPhrases(np.vstack([meanings, meanings + 1]), ["de"] * 4 + ["pl"] * 4, [*range(4), *range(4)])
    offsets = LanguageOffsets.fit(np.empty((0, 8), np.float32), [], phrases)
    assert np.allclose(offsets.apply(meanings, ["de"] * 4), offsets.apply(meanings + 1, ["pl"] * 4), atol=1e-5)
    assert np.allclose(offsets.mean, (meanings + 0.5).mean(axis=0), atol=1e-5)
