"""A text's vector depends on the text alone."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.encoder import Encoder, load_encoder
from models.encoder.session import OnnxEncoder

TEXTS = [
    "Bonus fehlt",
    "",
    "Czekam na wypłatę już dwa tygodnie, a obsługa milczy.",
    "Innskuddet kom aldri fram",
    "Talletus ei näy tilillä. " * 20,
    "?",
    "My account was locked after I sent the documents you asked for.",
    "WHERE IS MY MONEY!!! 😡😡",
    "Bonus fehlt",
]


def test_neighbours_order_threads_and_a_new_start_change_no_bit(encoder: Encoder, real_data_dir: Path) -> None:
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    backwards = encoder.encode(TEXTS[::-1])[::-1]
    started_again = load_encoder("builtin", real_data_dir, threads=1).encode(TEXTS * 2)
    for other in (alone, backwards, started_again[: len(TEXTS)], started_again[len(TEXTS) :]):
        assert other.tobytes() == together.tobytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(texts=st.lists(st.text(max_size=40), max_size=30), threads=st.integers(1, 3))
def test_any_texts_in_any_company(tiny_weights: Path, texts: list[str], threads: int) -> None:
    tiny = load_encoder("builtin", tiny_weights.parent, threads=threads, max_tokens=16)
    vectors = tiny.encode(texts)
    assert vectors.shape == (len(texts), tiny.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        assert tiny.encode([text])[0].tobytes() == vector.tobytes()


def test_only_the_first_tokens_count(encoder: Encoder) -> None:
    start = "Die Auszahlung kommt nicht an und keiner hilft. " * 30
    first, second = encoder.encode([start + "Bonus", start + "Passwort " * 50_000])
    assert first.tobytes() == second.tobytes()


def test_more_tokens_make_another_version_and_another_vector(encoder: Encoder, real_data_dir: Path) -> None:
    long = "Die Auszahlung kommt nicht an. " * 10 + "Auch der Bonus fehlt. " * 20
    short_sighted = load_encoder("builtin", real_data_dir, max_tokens=32)
    assert short_sighted.version != encoder.version
    assert not np.array_equal(short_sighted.encode([long]), encoder.encode([long]))


def test_half_a_surrogate_pair_is_no_obstacle(encoder: Encoder) -> None:
    broken, mended = encoder.encode(["Bonus \ud83d fehlt", "Bonus ? fehlt"])
    assert broken.tobytes() == mended.tobytes()


def test_progress_counts_up_to_the_number_of_texts(encoder: Encoder) -> None:
    seen: list[int] = []
    encoder.encode(TEXTS * 3, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(TEXTS) * 3


def test_nothing_in_nothing_out(encoder: Encoder) -> None:
    seen: list[int] = []
    assert encoder.encode([], seen.append).shape == (0, 384)
    assert seen == []


def test_a_caller_that_gives_up_is_not_kept_waiting(tiny_weights: Path) -> None:
    tiny = load_encoder("builtin", tiny_weights.parent, threads=1, max_tokens=16)
    assert isinstance(tiny, OnnxEncoder)
    session = CountingSession(tiny.session)
    watched = OnnxEncoder("v", tiny.dimensions, 16, 1, tiny.tokenizer, session)

    def give_up(done: int) -> None:
        raise KeyboardInterrupt(done)

    with pytest.raises(KeyboardInterrupt):
        watched.encode(["bonus"] * 5_000, give_up)
    assert session.runs < 5_000


class CountingSession:
    """Passes on to a session; counts how many runs there were, and how many at once."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.lock = threading.Lock()
        self.runs = self.running = self.most = 0

    def get_inputs(self) -> Any:
        return self.session.get_inputs()

    def run(self, outputs: Any, inputs: Any) -> Any:
        with self.lock:
            self.runs += 1
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            return self.session.run(outputs, inputs)
        finally:
            with self.lock:
                self.running -= 1


@pytest.mark.parametrize("threads", [1, 2])
def test_no_more_threads_than_asked(tiny_weights: Path, threads: int) -> None:
    load_encoder("builtin", tiny_weights.parent, max_tokens=16)
    before = psutil.Process().num_threads()
    tiny = load_encoder("builtin", tiny_weights.parent, threads=threads, max_tokens=16)
    assert psutil.Process().num_threads() == before
    assert isinstance(tiny, OnnxEncoder)
    session = CountingSession(tiny.session)
    OnnxEncoder("v", tiny.dimensions, 16, threads, tiny.tokenizer, session).encode(["bonus"] * 200)
    assert session.runs == 200
    assert session.most <= threads
