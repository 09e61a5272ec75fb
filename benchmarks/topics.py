"""How good and how lasting the topics are: ours beside BERTopic as it comes and KMeans with the true number.

    python benchmarks/topics.py --data DIR [--data-dir DIR] [--bertopic PYTHON] [--firefox-months 7] [--seeds 0 1 2]
        [--parts quality shares months tenth] [--methods ours BERTopic]

DIR holds `massive/*.jsonl.gz`, `banking77/train.csv` and `firefox_support/*.jsonl.gz`; a data set that is not there is
left out. All methods get the same embeddings of our encoder, which are kept under --data-dir. Every fit runs in a
process of its own, so that its peak memory is its own; its seconds hold what it compiles, but not its imports.

BERTopic (UMAP and HDBSCAN, its defaults) needs packages that we keep out. It runs in an environment that is made with
`uv` under --data-dir at first use, or in that of --bertopic; `--bertopic none` leaves it out.

ARI and NMI are over all texts, the unassigned as one group. "main language" is the mean share of a topic's commonest
language. "keep id" is the share of the texts with a topic that have the same topic after the second fit, by the
matching of centroids and texts that the product does (models.match).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from models.assign import assign
from models.centre import Floats, Ints, LanguageOffsets, unit_rows
from models.cluster import KnnLeiden
from models.encoder import load_encoder
from models.evaluate import agreement, coverage, language_mixing
from models.match import match
from models.train import Sample, TrainParams, train

PARTS = ("quality", "shares", "months", "tenth")
"""Against known labels; two random shares of the texts; a month more; a tenth more, through the whole training."""

REPETITIONS = {"ours": 5, "ours, starting anew": 1}

PACKAGES = ("bertopic", "pyyaml")
OVERRIDES = 'torch ; python_version < "0"\nsentence-transformers ; python_version < "0"\n'
"""BERTopic asks for them, but embeddings that are there need no encoder."""

BERTOPIC = """
import json, resource, sys, time
import numpy as np
from bertopic import BERTopic
data = np.load(sys.argv[1], allow_pickle=False)
wall, processor = time.perf_counter(), time.process_time()
labels, _ = BERTopic(language="multilingual").fit_transform(data["texts"].tolist(), embeddings=data["vectors"])
wall, processor = time.perf_counter() - wall, time.process_time() - processor
np.save(sys.argv[2], np.asarray(labels, np.int64))
print(json.dumps([processor, wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Texts with their languages, what is known of them (intents, or the forum's own topics) and their months."""

    name: str
    texts: Sequence[str]
    languages: Sequence[str]
    truth: Sequence[str]
    months: Sequence[str]
    vectors: Floats

    def until(self, months: int) -> Texts:
        """Those of the first months."""
        kept = set(sorted(set(self.months))[:months])
        rows = [row for row, month in enumerate(self.months) if month in kept]
        texts, languages, truth, dates = (
            [column[row] for row in rows] for column in (self.texts, self.languages, self.truth, self.months)
        )
        return Texts(self.name, texts, languages, truth, dates, self.vectors[rows])

    @property
    def centred(self) -> Floats:
        return LanguageOffsets.fit(self.vectors, self.languages).apply(self.vectors, self.languages)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Labels (n,), -1 for none, and what they cost: processor and wall seconds, and megabytes at the peak."""

    labels: Ints
    processor: float
    wall: float
    peak: float


Fit = Callable[[Texts, Ints, int], Fitted]
"""Clusters the rows of the texts, with a seed."""


def main() -> None:
    if sys.argv[1:2] == ["--fit"]:
        _child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
        return
    options = _options()
    known = list(_known(options.data, options.data_dir))
    everything = _methods(_bertopic(options.bertopic, options.data_dir))
    fits = {name: fit for name, fit in everything.items() if name.startswith(tuple(options.methods))}
    if known and "quality" in options.parts:
        _report_quality(known, fits, options.seeds)
    if known and "shares" in options.parts:
        _report_shares(known, fits, options.seeds)
    firefox = _firefox(options.data, options.data_dir) if {"months", "tenth"} & set(options.parts) else None
    if firefox is not None and "months" in options.parts:
        _report_months(firefox.until(options.firefox_months), fits)
    if firefox is not None and "tenth" in options.parts:
        _report_tenth(firefox)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with massive, banking77 and firefox_support")
    parser.add_argument("--data-dir", type=Path, default=Path("var"), help="keeps encoder, embeddings, environment")
    parser.add_argument("--bertopic", default="", help='a Python that has BERTopic, or "none"; default: make one')
    parser.add_argument("--firefox-months", type=int, default=7, help="two or more; 7 are 11,000 texts")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS, help="what to report; default: all")
    parser.add_argument("--methods", nargs="+", default=[""], help="those whose name begins so; default: all")
    return parser.parse_args()


def _known(data: Path, data_dir: Path) -> Iterable[Texts]:
    """The collections that are there and have known intents."""
    files = sorted((data / "massive").glob("*.jsonl.gz"))
    rows = [row for file in files for row in _lines(file) if row["partition"] == "test"]
    if rows:
        languages = [row["locale"][:2] for row in rows]
        yield _embedded("MASSIVE", [row["utt"] for row in rows], languages, [row["intent"] for row in rows], data_dir)
    banking = data / "banking77" / "train.csv"
    if banking.exists():
        with banking.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        texts, truth = [row["text"] for row in rows], [row["category"] for row in rows]
        yield _embedded("Banking77", texts, ["en"] * len(rows), truth, data_dir)


def _firefox(data: Path, data_dir: Path) -> Texts | None:
    rows = [row for file in sorted((data / "firefox_support").glob("*.jsonl.gz")) for row in _lines(file)]
    if not rows:
        return None
    texts = [f"{row['title']}. {row['content']}" for row in rows]
    languages, truth = [row["locale"][:2] for row in rows], [row["topic"] for row in rows]
    return _embedded("Firefox", texts, languages, truth, data_dir, [row["created"][:7] for row in rows])


def _lines(file: Path) -> list[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _embedded(
    name: str,
    texts: list[str],
    languages: list[str],
    truth: list[str],
    data_dir: Path,
    months: list[str] | None = None,
) -> Texts:
    """The texts with their vectors, from the cache or computed into it, in pieces that outlast an interruption."""
    encoder = load_encoder("builtin", data_dir)
    home = data_dir / "benchmarks" / "topics" / encoder.version
    home.mkdir(parents=True, exist_ok=True)
    blocks = []
    for start in range(0, len(texts), 2000):
        file = home / f"{name.lower()}-{len(texts)}-{start}.npy"
        if not file.exists():
            _tell(f"embedding {name}: {start} of {len(texts)}")
            np.save(file, encoder.encode(texts[start : start + 2000]))
        blocks.append(np.load(file))
    _tell("")
    return Texts(name, texts, languages, truth, months or [""] * len(texts), np.vstack(blocks))


def _tell(what: str) -> None:
    """A line of progress that the next one overwrites."""
    print(f"\r{what:60}", end="" if what else "\r", file=sys.stderr, flush=True)


def _bertopic(python: str, data_dir: Path) -> Path | None:
    """The Python that has BERTopic; makes its environment at first use."""
    if python:
        return None if python == "none" else Path(python)
    home = data_dir / "benchmarks" / "bertopic"
    found = home / "bin" / "python"
    if found.exists():
        return found
    uv = shutil.which("uv")
    if uv is None:
        sys.exit('uv is needed to make an environment for BERTopic; put it on the path, or pass --bertopic "none".')
    _tell("installing BERTopic (500 MB)")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
    overrides = home / "overrides.txt"
    overrides.write_text(OVERRIDES, "utf-8")
    command = [uv, "pip", "install", "--quiet", "--python", str(found.absolute())]
    command += ["--override", str(overrides.absolute()), *PACKAGES]
    # elsewhere, because uv would take our own overrides, which leave UMAP and HDBSCAN out, from the folder it runs in
    done = subprocess.run(command, check=False, cwd=tempfile.gettempdir())
    if done.returncode:
        shutil.rmtree(home)
        sys.exit('BERTopic could not be installed; pass a Python that has it, or --bertopic "none".')
    return found


def _methods(bertopic: Path | None) -> dict[str, Fit]:
    """Each method's fit. KMeans is told the true number, which nobody knows of complaints."""
    script = [sys.executable, __file__, "--fit"]
    methods: dict[str, Fit] = {}
    if bertopic is not None:
        command = [str(bertopic), "-c", BERTOPIC]
        methods["BERTopic as it comes"] = lambda data, rows, seed: _run(command, data, rows, seed, centred=False)
        methods["BERTopic, centred"] = lambda data, rows, seed: _run(command, data, rows, seed)
    methods["KMeans, true number"] = lambda data, rows, seed: _run([*script, "kmeans"], data, rows, seed)
    methods["ours"] = lambda data, rows, seed: _run([*script, "fixed"], data, rows, seed)
    methods["ours, fineness chosen"] = lambda data, rows, seed: _run([*script, "chosen"], data, rows, seed)
    return methods


def _run(command: list[str], data: Texts, rows: Ints, seed: int, *, centred: bool = True) -> Fitted:
    """Fit in a process of its own."""
    _tell(f"{data.name}: {' '.join(command[2:4])[:20].strip()} with seed {seed}")
    vectors = (data.centred if centred else data.vectors)[rows]
    with tempfile.TemporaryDirectory() as scratch:
        given, found = Path(scratch) / "given.npz", Path(scratch) / "found.npy"
        texts = np.asarray([data.texts[row] for row in rows.tolist()])
        number = len({data.truth[row] for row in rows.tolist()})
        np.savez(given, vectors=vectors, texts=texts, seed=seed, number=number)
        done = subprocess.run([*command, str(given), str(found)], capture_output=True, text=True, check=False)
        _tell("")
        if done.returncode:
            sys.exit(f"A fit failed: {' '.join(command)[:200]}\n{done.stderr[-2000:]}")
        return Fitted(np.load(found).astype(np.intp), *json.loads(done.stdout.strip().splitlines()[-1]))


def _child(method: str, given: Path, found: Path) -> None:
    """Fit in this process and print what it cost."""
    from sklearn.cluster import KMeans

    data = np.load(given)
    vectors, seed = data["vectors"], int(data["seed"])
    makers: dict[str, Callable[[], Any]] = {
        "kmeans": lambda: KMeans(int(data["number"]), n_init=3, random_state=seed),
        "fixed": lambda: KnnLeiden(resolution=3.0, seed=seed),
        "chosen": lambda: KnnLeiden(seed=seed),
    }
    clusterer = makers[method]()
    wall, processor = time.perf_counter(), time.process_time()
    texts = {} if method == "kmeans" else {"texts": data["texts"].tolist()}
    labels = clusterer.fit(vectors, **texts).labels_
    cost = [time.process_time() - processor, time.perf_counter() - wall]
    np.save(found, labels)
    print(json.dumps([*cost, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def _report_quality(known: Sequence[Texts], fits: dict[str, Fit], seeds: Sequence[int]) -> None:
    for data in known:
        print(f"\n{data.name}: {len(data.texts)} texts, {len(set(data.truth))} intents, ", end="")
        print(f"{len(set(data.languages))} languages; mean over {len(seeds)} seeds, in brackets the least and greatest")
        heads = ("topics", "ARI", "", "NMI", "coverage", "main language", "CPU s", "wall s", "MB")
        print(f"{'':22}{heads[0]:>7}{heads[1]:>7}{heads[2]:16}{heads[3]:>6}" + "".join(f"{h:>14}" for h in heads[4:]))
        for name, fit in fits.items():
            runs = [fit(data, np.arange(len(data.texts)), seed) for seed in seeds]
            print(f"{name:22}" + _quality(data, runs), flush=True)


def _quality(data: Texts, runs: Sequence[Fitted]) -> str:
    scores = [agreement(run.labels, data.truth) for run in runs]
    aris = [score.ari for score in scores]
    topics = np.mean([run.labels.max() + 1 for run in runs])
    rest = [
        np.mean([score.coverage for score in scores]),
        np.mean([language_mixing(run.labels, data.languages) for run in runs]),
    ]
    costs = [np.mean([run.processor for run in runs]), np.mean([run.wall for run in runs]), max(r.peak for r in runs)]
    spread = f" ({min(aris):.3f}-{max(aris):.3f})"
    return (
        f"{topics:7.0f}{np.mean(aris):7.3f}{spread:16}{np.mean([score.nmi for score in scores]):6.3f}"
        + "".join(f"{value:14.2f}" for value in rest)
        + "".join(f"{value:14.0f}" for value in costs)
    )


def _report_shares(known: Sequence[Texts], fits: dict[str, Fit], seeds: Sequence[int]) -> None:
    """What becomes of the texts that two random shares of four fifths have in common."""
    print("\nFitted on two random shares of 80 %: texts in both that keep their id, of those with a topic in the first")
    print(f"{'':22}" + "".join(f"{data.name:>20}" for data in known))
    for name, fit in fits.items():
        cells = [f"{np.mean([_share(data, fit, seed) for seed in seeds]):20.3f}" for data in known]
        print(f"{name:22}" + "".join(cells), flush=True)


def _share(data: Texts, fit: Fit, seed: int) -> float:
    picks = np.random.default_rng([seed, 80])
    size = int(0.8 * len(data.texts))
    old_rows, new_rows = (np.sort(picks.permutation(len(data.texts))[:size]) for _ in range(2))
    old, new = fit(data, old_rows, seed).labels, fit(data, new_rows, seed + 1).labels
    return _kept(data.centred, (old_rows, old), (new_rows, new))


def _kept(vectors: Floats, old: tuple[Ints, Ints], new: tuple[Ints, Ints]) -> float:
    """The share of texts (rows, labels) with an old topic that keep it, topics matched as the product does."""
    before, after = _centroids(vectors, *old), _centroids(vectors, *new)
    matching = match(after, before, assign(vectors, after, -1.0)[0], assign(vectors, before, -1.0)[0])
    ids = np.full(len(after) + 1, -2)
    for row, was in matching.kept:
        ids[row] = was
    both, in_old, in_new = np.intersect1d(old[0], new[0], return_indices=True)
    first, second = old[1][in_old], ids[new[1][in_new]]
    return float(np.mean((second == first)[first >= 0])) if len(both) else 0.0


def _centroids(vectors: Floats, rows: Ints, labels: Ints) -> Floats:
    means = [vectors[rows[labels == name]].mean(axis=0) for name in range(int(labels.max()) + 1)]
    return unit_rows(np.array(means))


def _report_months(data: Texts, fits: dict[str, Fit]) -> None:
    """Fit on all months but the last, then on all of them."""
    months = sorted(set(data.months))
    early = np.flatnonzero(np.asarray(data.months) != months[-1])
    print(f"\n{data.name}: {len(early)} texts until {months[-2]}, then {len(data.texts)} until {months[-1]}")
    print(f"{'':22}{'topics before':>16}{'after':>8}{'coverage':>10}{'keep id':>10}{'NMI to forum topics':>21}")
    everything = np.arange(len(data.texts))
    for name, fit in fits.items():
        if name.startswith("KMeans"):
            continue
        old, new = fit(data, early, 0).labels, fit(data, everything, 0).labels
        kept = _kept(data.centred, (early, old), (everything, new))
        _print_months(name, (int(old.max()) + 1, int(new.max()) + 1), new, kept, data)
    _tell("training twice")
    _print_months("ours, whole training", *_trained(data, early), data)


def _print_months(name: str, topics: tuple[int, int], labels: Ints, kept: float, data: Texts) -> None:
    nmi = agreement(labels, data.truth).nmi
    print(f"{name:22}{topics[0]:16}{topics[1]:8}{coverage(labels):10.2f}{kept:10.3f}{nmi:21.3f}", flush=True)


def _trained(data: Texts, early: Ints) -> tuple[tuple[int, int], Ints, float]:
    """Topics before and after, labels, and the share that kept their id, through the training of the product."""
    before, after, labels, same = _retrained(data, early, TrainParams())
    return (before, after), labels, float(same[0])


def _retrained(data: Texts, early: Ints, params: TrainParams) -> tuple[int, int, Ints, tuple[float, float]]:
    """Topics before and after training on the early texts and then on all, labels, and the shares that kept their id:
    of the early texts that had a topic, and of all early ones, no topic being one as well."""
    weeks = np.unique(np.asarray(data.months), return_inverse=True)[1]
    sample = Sample(data.vectors, data.texts, data.languages, weeks.tolist())
    old = train(sample.take(early), [], None, params, UUID(int=1)).model
    new = train(sample, [], old, params, UUID(int=2)).model
    before = old.topics_at(old.assign(sample.vectors[early], [data.languages[row] for row in early.tolist()])[0])
    labels, _ = new.assign(sample.vectors, sample.languages)
    after = new.topics_at(labels[early])
    had = [b == a for b, a in zip(before, after, strict=True) if b is not None]
    everything = [b == a for b, a in zip(before, after, strict=True)]
    return len(old.topic_ids), len(new.topic_ids), labels, (float(np.mean(had)), float(np.mean(everything)))


def _report_tenth(data: Texts) -> None:
    """Trained on a random 10 of 11 texts, then on all, with what came before as it is and without leaning on it."""
    n = len(data.texts)
    print(f"\n{data.name}: trained on {int(n / 1.1)} texts drawn at random, then on all {n}; texts that keep their id")
    print(
        f"{'':24}{'repetition':>11}{'topics before':>15}{'after':>8}{'of those with one':>19}{'of all':>8}{'CPU s':>8}"
    )
    for name, continuity in (("ours", TrainParams().continuity), ("ours, starting anew", 0.0)):
        found = []
        for turn in range(REPETITIONS[name]):
            start = time.process_time()
            early = np.sort(np.random.default_rng([turn, 11]).permutation(n)[: int(n / 1.1)])
            before, after, _, same = _retrained(data, early, TrainParams(continuity=continuity, seed=turn))
            found.append(same)
            cells = f"{before:15}{after:8}{same[0]:19.3f}{same[1]:8.3f}{time.process_time() - start:8.0f}"
            print(f"{name:24}{turn + 1:11}{cells}", flush=True)
        mean = np.mean(found, axis=0)
        print(f"{name:24}{'mean':>11}{'':23}{mean[0]:19.3f}{mean[1]:8.3f}", flush=True)


if __name__ == "__main__":
    main()
