"""Texts to vectors: the encoder that the program ships with, or a Hugging Face model exported to ONNX."""

from __future__ import annotations

import os
from pathlib import Path

from feedback.errors import EncoderError
from models.encoder.conversion import GRAPH, TOKENIZER, converted, find_weights, is_converted
from models.encoder.directory import open_directory
from models.encoder.graph import Precision
from models.encoder.protocol import Encoder, Progress
from models.encoder.session import open_encoder

__all__ = ["BUILTIN", "MAX_TOKENS", "Encoder", "EncoderError", "Progress", "is_ready", "load_encoder"]

BUILTIN = "builtin"

PRECISION: Precision = "int8"

MAX_TOKENS = 128
"""Some 600 characters. A complaint says what is wrong early on; greetings, signatures and quoted mails follow."""

LONGEST = 512
"""The number of positions multilingual-e5-small was trained on."""


def load_encoder(
    setting: str,
    data_dir: Path,
    progress: Progress | None = None,
    threads: int | None = None,
    max_tokens: int = MAX_TOKENS,
) -> Encoder:
    """The encoder that `setting` names: "builtin", or the directory of a Hugging Face model exported to ONNX.

    The built-in one is converted into `data_dir` at first use (seconds, 90 MB); `progress` is then called with the
    per cent done. `threads` bounds the processor cores used, all by default. Texts are cut after `max_tokens` tokens.
    Raises EncoderError, saying how to get an encoder, when this one cannot be had; never falls back to another.
    """
    cores = threads or os.cpu_count() or 1
    if setting != BUILTIN:
        return open_directory(Path(setting), max_tokens, cores)
    if max_tokens > LONGEST:
        raise EncoderError(f"The built-in encoder reads {LONGEST} tokens at most; {max_tokens} were asked for.")
    home = converted(find_weights(), data_dir, PRECISION, progress)
    return open_encoder(home / GRAPH, home / TOKENIZER, f"{home.name}-t{max_tokens}", max_tokens, cores)


def is_ready(setting: str, data_dir: Path) -> bool:
    """Whether the encoder is there; False where it has yet to be converted. EncoderError when it cannot be had."""
    if setting == BUILTIN:
        return is_converted(find_weights(), data_dir, PRECISION)
    open_directory(Path(setting), MAX_TOKENS, 1)
    return True
