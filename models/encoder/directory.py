"""A Hugging Face model's directory as an encoder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from feedback.errors import EncoderError
from models.encoder.session import OnnxEncoder, open_encoder

GRAPHS = ("model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx")
TOKENIZER = "tokenizer.json"


def open_directory(home: Path, max_tokens: int, threads: int) -> OnnxEncoder:
    """An encoder from `tokenizer.json` and the first of the usual ONNX files; mean over the tokens.

    Its version is the checksum of the two files. Raises EncoderError when one of them is missing or unreadable.
    """
    tokenizer = home / TOKENIZER
    graph = next((home / name for name in GRAPHS if (home / name).is_file()), None)
    if graph is None or not tokenizer.is_file():
        raise EncoderError(_missing(home, graph, tokenizer))
    digest = hashlib.blake2b(digest_size=8)
    for path in (graph, tokenizer):
        digest.update(path.read_bytes())
    version = f"{home.resolve().name}-{digest.hexdigest()}-t{max_tokens}"
    return open_encoder(graph, tokenizer, version, max_tokens, threads)


def _missing(home: Path, graph: Path | None, tokenizer: Path) -> str:
    if not home.is_dir():
        found = "there is no such directory"
    else:
        names = [] if tokenizer.is_file() else [TOKENIZER]
        found = "it lacks " + " and ".join(names + ([] if graph else [f"an ONNX file ({', '.join(GRAPHS)})"]))
    return (
        f"The encoder setting {str(home)!r} is neither 'builtin' nor the directory of a Hugging Face model: {found}. "
        "Use 'builtin', or export a model with `optimum-cli export onnx --model NAME DIRECTORY`."
    )
