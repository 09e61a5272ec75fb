"""A Hugging Face model's directory as an encoder."""

from __future__ import annotations

from pathlib import Path

from feedback.errors import EncoderError
from models.encoder.conversion import TOKENIZER, file_checksum
from models.encoder.session import OnnxEncoder, open_encoder

GRAPHS = ("model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx")


def open_directory(home: Path, max_tokens: int, threads: int) -> OnnxEncoder:
    """An encoder from `tokenizer.json` and the first of the usual ONNX files; mean over the tokens.

    Its version is the checksum of these files and of weights kept beside the graph. Raises EncoderError when one of
    them is missing or unreadable.
    """
    tokenizer = home / TOKENIZER
    graph = next((home / name for name in GRAPHS if (home / name).is_file()), None)
    if graph is None or not tokenizer.is_file():
        raise EncoderError(_missing(home, graph, tokenizer))
    beside = sorted(path for path in graph.parent.glob(f"{graph.name}[._]data*") if path.is_file())
    version = f"onnx-{file_checksum(tokenizer, graph, *beside)}-t{max_tokens}"
    return open_encoder(graph, tokenizer, version, max_tokens, threads)


def _missing(home: Path, graph: Path | None, tokenizer: Path) -> str:
    if not home.is_dir():
        found = "there is no such directory"
    else:
        names = [] if tokenizer.is_file() else [TOKENIZER]
        found = "it lacks " + " and ".join(names + ([] if graph else [f"an ONNX file ({' or '.join(GRAPHS)})"]))
    return (
        f"The encoder {str(home)!r} is neither 'builtin' nor the directory of a Hugging Face model: {found}. "
        "Set it to 'builtin', or export a model with `optimum-cli export onnx --task feature-extraction "
        "--model NAME DIRECTORY`."
    )
