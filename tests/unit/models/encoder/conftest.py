"""Encoders to test with: the real one, converted once a session, and a tiny one that converts in no time."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from models.encoder import Encoder, load_encoder

HIDDEN, LAYERS, HEADS, FEED_FORWARD, POSITIONS = 64, 2, 2, 96, 32
LETTERS = "abcdefghijklmnopqrstuvwxyz:?."
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", *LETTERS, "▁query", "▁bonus", "▁geld"]


@pytest.fixture(scope="session")
def real_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoder-data")


@pytest.fixture(scope="session")
def encoder(real_data_dir: Path) -> Encoder:
    return load_encoder("builtin", real_data_dir, threads=2)


@pytest.fixture(scope="session")
def tiny_image() -> bytes:
    """A file of the same format as the real weights, with two small layers of seeded random numbers."""
    random = np.random.default_rng(7)
    tensors = [("emb.word", packed(random, len(PIECES), HIDDEN))]
    tensors += [("emb.pos", plain(random, POSITIONS * HIDDEN)), ("emb.type", plain(random, HIDDEN))]
    tensors += normalisation("emb.ln")
    for layer in range(LAYERS):
        tensors += tiny_layer(random, f"l{layer}")
    return header() + directory_and_tensors(header(), tensors)


@pytest.fixture
def tiny_weights(tiny_image: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny file, put where the built-in encoder looks for its weights."""
    path = tmp_path / "tiny.bin"
    path.write_bytes(tiny_image)
    monkeypatch.setattr("models.encoder.find_weights", lambda: path)
    return path


def tiny_layer(random: np.random.Generator, name: str) -> list[tuple[str, tuple[int, int, bytes]]]:
    shapes = dict.fromkeys(("q", "k", "v", "ao"), (HIDDEN, HIDDEN))
    shapes |= {"fi": (FEED_FORWARD, HIDDEN), "fo": (HIDDEN, FEED_FORWARD)}
    products = [(f"{name}.{part}.w", packed(random, *shape)) for part, shape in shapes.items()]
    biases = [(f"{name}.{part}.b", plain(random, shape[0])) for part, shape in shapes.items()]
    return [*products, *biases, *normalisation(f"{name}.aln"), *normalisation(f"{name}.oln")]


def packed(random: np.random.Generator, rows: int, columns: int) -> tuple[int, int, bytes]:
    blocks = rows * columns // 32
    scales = random.uniform(0.01, 0.05, blocks).astype("<f2").view(np.uint8).reshape(blocks, 2)
    nibbles = random.integers(0, 256, (blocks, 16), dtype=np.uint8)
    return 1, rows * columns, np.concatenate([scales, nibbles], axis=1).tobytes()


def plain(random: np.random.Generator, values: int) -> tuple[int, int, bytes]:
    return 0, values, random.normal(0, 0.1, values).astype("<f4").tobytes()


def normalisation(name: str) -> list[tuple[str, tuple[int, int, bytes]]]:
    ones, zeros = np.ones(HIDDEN, "<f4").tobytes(), np.zeros(HIDDEN, "<f4").tobytes()
    return [(f"{name}.w", (0, HIDDEN, ones)), (f"{name}.b", (0, HIDDEN, zeros))]


def header() -> bytes:
    letters = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, letters)]).astype("<u4").tobytes()
    scores = np.array([0.0] * 4 + [-5.0] * (len(PIECES) - 4), "<f4").tobytes()
    sizes = (HIDDEN, LAYERS, HEADS, FEED_FORWARD, len(PIECES), POSITIONS, 1)
    return b"".join(
        [
            struct.pack("<4sI7ifi", b"E5S1", 1, *sizes, 1e-12, 32),
            struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, letters))),
            ends + scores + b"".join(letters) + struct.pack("<iI", 0, 0),
        ]
    )


def directory_and_tensors(before: bytes, tensors: list[tuple[str, tuple[int, int, bytes]]]) -> bytes:
    place = len(before) + 4 + sum(2 + len(name) + 21 for name, _ in tensors)
    entries = struct.pack("<i", len(tensors))
    for name, (kind, values, body) in tensors:
        entries += struct.pack("<H", len(name)) + name.encode()
        entries += struct.pack("<BIQQ", kind, values, place, len(body))
        place += len(body)
    return entries + b"".join(body for _, (_, _, body) in tensors)
