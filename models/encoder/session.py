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

LETTERS_PER_TOKEN = 32
"""Twice the longest piece of the vocabulary. What lies beyond the last token that counts is not even looked at:
a text of a megabyte would take two seconds to split."""


@dataclass(frozen=True, slots=True)
class OnnxEncoder:
    """A tokenizer and an ONNX Runtime session; mean over the tokens, scaled to length 1.

    Texts run one by one because 8-bit products scale their input by the largest value of the whole batch: in a batch,
    a text's vector would depend on its neighbours and on the padding.
    """

    version: str
    dimensions: int
    max_tokens: int
    threads: int
    tokenizer: Tokenizer
    session: Any

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        chunk = min(CHUNK, -(-len(texts) // self.threads)) or 1
        starts = range(0, len(texts), chunk)
        pool = ThreadPoolExecutor(self.threads, "encoder")
        try:
            for done in pool.map(lambda start: self._fill(vectors, texts, start, start + chunk), starts):
                if progress is not None:
                    progress(done)
        finally:
            pool.shutdown(cancel_futures=True)
        return vectors

    def _fill(self, vectors: NDArray[np.float32], texts: Sequence[str], start: int, end: int) -> int:
        """Encode some texts into their rows; returns how many texts lie before their end."""
        for row, text in enumerate(texts[start:end], start):
            vectors[row] = self._one(text)
        return min(end, len(texts))

    def _one(self, text: str) -> NDArray[np.float32]:
        mean = run(self.session, self._tokens(text))[0].mean(axis=0, dtype=np.float32)
        vector: NDArray[np.float32] = mean / np.linalg.norm(mean)
        return vector

    def _tokens(self, text: str) -> list[int]:
        # half of a surrogate pair, which JSON can carry, cannot be encoded; it becomes a question mark
        readable = text[: LETTERS_PER_TOKEN * self.max_tokens].encode("utf-8", "replace").decode()
        ids: list[int] = self.tokenizer.encode(PREFIX + readable).ids
        return ids


def run(session: Any, tokens: Sequence[int]) -> NDArray[np.float32]:
    """The first output for one text, given whichever of the three usual inputs the graph has."""
    ids = np.array([tokens], np.int64)
    usual = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    wanted = {node.name: usual[node.name] for node in session.get_inputs()}
    states: NDArray[np.float32] = session.run(None, wanted)[0]
    return states


def open_encoder(graph: Path, tokenizer: Path, version: str, max_tokens: int, threads: int) -> OnnxEncoder:
    """Load both files and try them. Raises EncoderError when they cannot be used."""
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        words = Tokenizer.from_file(str(tokenizer))
        words.no_padding()
        words.enable_truncation(max_tokens)
        session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        shape = run(session, words.encode(PREFIX).ids).shape
    except Exception as error:  # both libraries raise bare exceptions of their own making
        raise EncoderError(f"The encoder in {graph.parent} cannot be loaded: {error!r}") from error
    if len(shape) != 3:
        raise EncoderError(
            f"The first output of {graph} has the shape {shape}; expected was last_hidden_state, one vector a token. "
            "Export the model for feature extraction, without a pooling layer."
        )
    return OnnxEncoder(version, shape[-1], max_tokens, threads, words, session)
