"""Runs an ONNX graph over texts, each alone and unpadded, several at a time on threads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback.errors import EncoderError
from models.encoder.protocol import Progress

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PREFIX = "query: "
"""What multilingual E5 wants in front of texts that are compared with each other (Wang et al. 2024, section 3)."""

CHUNK = 8
"""Texts a thread takes at a time: few enough to share the work evenly, enough to make handing over cheap."""


@dataclass(frozen=True, slots=True)
class OnnxEncoder:
    """A tokenizer and an ONNX Runtime session; mean over the tokens, length 1.

    Texts run one by one because 8-bit products scale their input by the largest value of the whole batch: in a batch,
    a text's vector would depend on its neighbours.
    """

    version: str
    dimensions: int
    tokenizer: Tokenizer
    session: Any
    threads: int

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        starts = range(0, len(texts), CHUNK)
        with ThreadPoolExecutor(self.threads) as pool:
            for done in pool.map(lambda start: self._fill(vectors, texts, start), starts):
                if progress is not None:
                    progress(done)
        return vectors

    def _fill(self, vectors: NDArray[np.float32], texts: Sequence[str], start: int) -> int:
        """Encode one chunk into its rows; returns how many texts lie before its end."""
        end = min(start + CHUNK, len(texts))
        for row in range(start, end):
            vectors[row] = self._one(texts[row])
        return end

    def _one(self, text: str) -> NDArray[np.float32]:
        tokens = np.array([self.tokenizer.encode(PREFIX + text).ids], np.int64)
        states = self.session.run(None, self._feed(tokens))[0][0]
        mean = states.mean(axis=0)
        vector: NDArray[np.float32] = mean / np.linalg.norm(mean)
        return vector

    def _feed(self, tokens: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Whichever of the three usual inputs the graph has."""
        names = {node.name for node in self.session.get_inputs()}
        usual = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        return {name: values for name, values in usual.items() if name in names}


def open_encoder(graph: Path, tokenizer: Path, version: str, max_tokens: int, threads: int) -> OnnxEncoder:
    """Load both files. Raises EncoderError when either cannot be read."""
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        words = Tokenizer.from_file(str(tokenizer))
        session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # both libraries raise bare exceptions of their own making
        raise EncoderError(f"The encoder in {graph.parent} cannot be loaded: {error}") from error
    words.no_padding()
    words.enable_truncation(max_tokens)
    return OnnxEncoder(version, session.get_outputs()[0].shape[-1], words, session, threads)
