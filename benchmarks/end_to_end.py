"""From raw texts through topics to alerts: which rises are found, how soon, and how many alerts are false.

    python benchmarks/end_to_end.py --data DIR [--data-dir DIR] [--bertopic PYTHON] [--cross] [--seeds 1 2 …]

DIR holds `massive/*.jsonl.gz` and `firefox_support/*.jsonl.gz`. Embeddings are kept under --data-dir. BERTopic needs
packages that we keep out: it runs in the environment that `benchmarks/topics.py` makes under --data-dir, or in that of
--bertopic; `--bertopic none` leaves it out.

The stream. Each day has as many complaints as Mozilla's support got questions on that day of forty weeks, 3 June 2019
to 8 March 2020, with its weekdays, holidays and releases. The two known rises, the add-on outage of May 2019 and the
address bar of April 2020, lie outside. Each complaint is an utterance of MASSIVE in one of five languages (de 35 %,
en 20 %, pl 20 %, nb 15 %, fi 10 %). Its intent is drawn with the shares that intents have in MASSIVE, each times a
lognormal factor (standard deviation .5 of the logarithm) that is the seed's, times a slow drift (day-to-day correlation
.97, standard deviation up to .2), times a gamma factor a day that makes the intent's counts scatter by 1, 1.3, 2 or 3
times their mean: uneven, drifting and overdispersed. Texts are drawn with replacement; one that comes again stands for
another customer. The utterances of the first 26 weeks and of the other 14 are different ones in all languages, so that
what is judged has not been trained on.

Topics are fitted once on the first 26 weeks, without labels: ours by the service's own training; BERTopic with its
defaults on the same embeddings as they come. Then everything is assigned, history too: ours by the model, BERTopic's by
its `transform`, for its labels of the fit beside its `transform` of later texts would be a break that is none. Its
randomness is not seeded, as it comes.

Rises. In each of eight random intents of at least three complaints a week, at a random day of the 13 last weeks, the
intent gets 1.5, 2, 3 or 5 times as many complaints for two weeks, with its own scatter. Each of the 32 rises is added
alone to the calm stream that all of them share, so that no rise hides or helps another.

Rules. `service`: the score of EB7 and ramp at the threshold for one false alarm a week, set anew every 14 days, and a
Benjamini-Hochberg value of at most .1; four judgements a day, the last of the complete day; alerts open, resolve and
come back by `feedback.alerts.decide`, and alerted days stay out of the baseline. `z ≥ 2`: once a week, at its end, the
week against mean and deviation (at least .5) of the eight weeks before, and at least five complaints; an alert opens
when the rule did not hold the week before. 3 and 4 in place of 2 show what fewer false alerts cost. Our topics are
judged by both, which tells what topics bring from what the detector brings; --cross judges BERTopic's by both as well.

A rise is found within so many days when, in its stream, by the end of that day of the rise an alert has opened on a
topic and at least half of the topic's excess is the rise: of what the last seven days hold beyond the mean of the eight
weeks before the onset. An alert that was open before the rise finds nothing. "to the point" is the share of the rises
found whose first alert has the intent in at least half of its complaints of those days.

False alerts are those that open in the calm stream, by week, over the last 13 weeks. They include what drift and
scatter bring; there is nothing else. Standard errors are over seeds.

"main topic" is the share of a risen intent's complaints that lie in the topic that holds most of them, "unassigned" the
share of complaints in no topic, both in the weeks judged. CPU seconds are of fitting and assigning, with imports and
what is compiled at the first seed; megabytes are the peak of the process, which for BERTopic is one of its own.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self
from uuid import UUID

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

from feedback.alerts import decide
from feedback.domain import Alert, AlertPolicy, Signal, Span
from jobs.thresholds import AGE, EVALUATIONS_PER_DAY
from models.detect.budget import Threshold, evaluate, highest, threshold_for
from models.detect.combined import Combined
from models.detect.fdr import q_values
from models.detect.held import History
from models.detect.panel import Panel
from models.encoder import load_encoder
from models.train import Sample, TrainParams, train

FIRST = date(2019, 6, 3)
WEEK, DAYS, FITTED = 7, 280, 182
SETTLED = FITTED + WEEK
"""What opens in the first week judged may be about what was there before: rises and false alerts count from here."""

LANGUAGES: Mapping[str, float] = {"de": 0.35, "en": 0.2, "pl": 0.2, "nb": 0.15, "fi": 0.1}
UNEVEN, DRIFT, STEADY = 0.5, 0.2, 0.97
SCATTERS = (1.0, 1.3, 2.0, 3.0)

LIFTS = (1.5, 2.0, 3.0, 5.0)
RISEN, RISE_DAYS, LEAST_WEEKLY = 8, 14, 3.0
WITHIN = (7, 14)

BUDGET = 1.0
Z_SCORES, FLOOR, BEFORE, LEAST_DEVIATION = (2.0, 3.0, 4.0), 5, 8, 0.5

EPOCH = datetime(2019, 6, 3, tzinfo=UTC)
NOBODY = UUID(int=0)

BERTOPIC = """
import json, resource, sys, time
import numpy as np
from bertopic import BERTopic
before = 0.0
for line in sys.stdin:
    given, made = json.loads(line)
    data = np.load(given, allow_pickle=False)
    model = BERTopic(language="multilingual")
    model.fit_transform(data["texts"].tolist(), embeddings=data["vectors"])
    labels, _ = model.transform(data["all_texts"].tolist(), embeddings=data["all_vectors"])
    np.save(made, np.asarray(labels, np.int64))
    now = time.process_time()
    print(json.dumps([now - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]), flush=True)
    before = now
"""
"""Fits and assigns for as long as it is asked: what UMAP compiles takes longer than a fit."""

Process = subprocess.Popen[str]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """MASSIVE: each row a text with its language and vector; `rows` (utterances, languages) are an utterance's
    translations, `intents` (utterances,) the number of its intent among `names`."""

    texts: Sequence[str]
    languages: Sequence[str]
    vectors: Vectors
    rows: Ints
    intents: Ints
    names: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Complaints:
    """What comes in (n,): the day, the row of the corpus, the intent."""

    days: Ints
    rows: Ints
    intents: Ints

    @classmethod
    def joined(cls, parts: Sequence[Complaints]) -> Self:
        columns = ([getattr(part, name) for part in parts] for name in ("days", "rows", "intents"))
        return cls(*(np.concatenate(column) for column in columns))


@dataclass(frozen=True, slots=True, eq=False)
class Rise:
    """What a rise adds to the calm stream, from its first day on."""

    intent: int
    lift: float
    onset: int
    added: Complaints


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A seed's calm stream and its rises."""

    corpus: Corpus
    calm: Complaints
    rises: Sequence[Rise]


@dataclass(frozen=True, slots=True, eq=False)
class Topics:
    """How many topics there are, and that of each row of the corpus that comes in, -1 for none."""

    number: int
    of_row: Ints

    def counts(self, complaints: Complaints) -> Ints:
        """(days, topics)"""
        topics = self.of_row[complaints.rows]
        cells = complaints.days[topics >= 0] * self.number + topics[topics >= 0]
        return np.bincount(cells, minlength=DAYS * self.number).reshape(DAYS, self.number)


@dataclass(frozen=True, slots=True)
class Opening:
    """An alert that opens: the topic, and the day at whose end it is open."""

    topic: int
    day: int


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The alerts that a rule opens, in the calm stream and in that of each rise from its onset on."""

    calm: Sequence[Opening]
    risen: Sequence[Sequence[Opening]]


@dataclass(frozen=True, slots=True)
class Found:
    """Days from a rise's onset to the end of that of its alert, infinite without one, and whether that is about it."""

    lift: float
    days: float
    to_the_point: bool


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What one method says of one seed."""

    false: float
    found: Sequence[Found]

    def share(self, lift: float, within: int) -> float:
        return float(np.mean([each.days <= within for each in self.found if each.lift == lift]))

    @property
    def to_the_point(self) -> float:
        told = [each.to_the_point for each in self.found if each.days <= RISE_DAYS]
        return float(np.mean(told)) if told else float("nan")


@dataclass(frozen=True, slots=True)
class Fit:
    """How the topics of one seed are, and what they cost."""

    topics: int
    unassigned: float
    main: float
    seconds: float
    peak: float


def main() -> None:
    options = _options()
    python = _bertopic(options.bertopic, options.data_dir)
    corpus, arrivals = read_massive(options.data, options.data_dir), read_arrivals(options.data)
    print(f"{arrivals.sum():,} complaints in {DAYS} days, topics of the first {FITTED}, {RISEN} x {len(LIFTS)} rises")
    told: dict[str, list[Told]] = {}
    fits: dict[str, list[Fit]] = {}
    with _running(python) as bertopic:
        for seed in options.seeds:
            start = time.process_time()
            world = drawn(corpus, arrivals, seed)
            for maker, (topics, seconds, peak) in fitted(world, bertopic).items():
                fits.setdefault(maker, []).append(described(world, topics, seconds, peak))
                for rule, heard in rules(world, topics, seed, service=maker == "ours" or options.cross).items():
                    told.setdefault(f"{maker}, {rule}", []).append(judged(world, topics, heard))
            _print_seed(seed, fits, told, time.process_time() - start)
    _print_tables(told, fits)


@contextmanager
def _running(python: Path | None) -> Iterator[Process | None]:
    if python is None:
        yield None
        return
    command = [str(python), "-c", BERTOPIC]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with massive and firefox_support")
    parser.add_argument("--data-dir", type=Path, default=Path("var"), help="keeps the encoder and embeddings")
    parser.add_argument("--bertopic", default="", help='a Python that has BERTopic, or "none"')
    parser.add_argument("--cross", action="store_true", help="judge BERTopic's topics as the service does, too")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 21)))
    return parser.parse_args()


def _bertopic(python: str, data_dir: Path) -> Path | None:
    if python == "none":
        return None
    found = Path(python) if python else data_dir / "benchmarks" / "bertopic" / "bin" / "python"
    if not found.exists():
        sys.exit(f'There is no BERTopic at {found}: run benchmarks/topics.py first, or pass --bertopic "none".')
    return found


def read_massive(data: Path, data_dir: Path) -> Corpus:
    rows = [row for file in sorted((data / "massive").glob("*.jsonl.gz")) for row in _lines(file)]
    texts, languages = [row["utt"] for row in rows], [row["locale"][:2] for row in rows]
    places = {(row["id"], language): place for place, (row, language) in enumerate(zip(rows, languages, strict=True))}
    intents = {row["id"]: row["intent"] for row in rows}
    whole = [each for each in intents if all((each, language) in places for language in LANGUAGES)]
    names, numbers = np.unique([intents[each] for each in whole], return_inverse=True)
    table = np.array([[places[each, language] for language in LANGUAGES] for each in whole])
    return Corpus(texts, languages, _vectors(texts, data_dir), table, numbers.astype(np.int64), names.tolist())


def _lines(file: Path) -> Iterable[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _vectors(texts: Sequence[str], data_dir: Path) -> Vectors:
    encoder = load_encoder("builtin", data_dir, threads=1)
    digest = hashlib.sha256("\n".join([encoder.version, *texts]).encode()).hexdigest()[:16]
    path = data_dir / "benchmarks" / "end_to_end" / f"massive-{digest}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.asarray(encoder.encode(texts), np.float32))
    return np.asarray(np.load(path, allow_pickle=False), np.float32)


def read_arrivals(data: Path) -> Ints:
    """How many questions came in on each day."""
    files = sorted((data / "firefox_support").glob("*.jsonl.gz"))
    dates = (date.fromisoformat(row["created"][:10]) for file in files for row in _lines(file))
    days = [(each - FIRST).days for each in dates if 0 <= (each - FIRST).days < DAYS]
    return np.bincount(days, minlength=DAYS).astype(np.int64)


def drawn(corpus: Corpus, arrivals: Ints, seed: int) -> World:
    rng = np.random.default_rng(seed)
    means, scatter = _means(corpus, arrivals, rng), rng.choice(SCATTERS, len(corpus.names))
    early = _early(corpus, rng)
    weights = _gamma(means, scatter, rng)
    counts = rng.multinomial(arrivals, weights / weights.sum(axis=1, keepdims=True))
    calm = _texts(corpus, counts, early, rng)
    busy = np.flatnonzero(means[SETTLED:].mean(axis=0) * WEEK >= LEAST_WEEKLY)
    rises = [
        _rise(corpus, means, scatter, early, (intent, lift, onset), rng)
        for intent in rng.choice(busy, RISEN, replace=False).tolist()
        for onset in [int(rng.integers(SETTLED, DAYS - RISE_DAYS + 1))]
        for lift in LIFTS
    ]
    return World(corpus, calm, rises)


def _means(corpus: Corpus, arrivals: Ints, rng: np.random.Generator) -> Floats:
    """What is to be expected of each intent (days, intents)."""
    shares = np.bincount(corpus.intents) * np.exp(rng.normal(0, UNEVEN, len(corpus.names)))
    drift = rng.uniform(0, DRIFT, len(shares)) * _wander((DAYS, len(shares)), rng)
    shares = shares * np.exp(drift)
    return np.asarray(arrivals[:, None] * shares / shares.sum(axis=1, keepdims=True))


def _wander(size: tuple[int, int], rng: np.random.Generator) -> Floats:
    """A unit AR(1) along the first axis."""
    steps = rng.normal(size=size)
    for day in range(1, len(steps)):
        steps[day] = STEADY * steps[day - 1] + np.sqrt(1 - STEADY**2) * steps[day]
    return steps


def _gamma(means: Floats, scatter: Floats, rng: np.random.Generator) -> Floats:
    """Rates of these means with which counts vary by `scatter` times their mean."""
    extra = np.maximum(scatter - 1, 1e-6)
    return rng.gamma(np.maximum(means, 1e-12) / extra, extra)


def _early(corpus: Corpus, rng: np.random.Generator) -> Flags:
    """Which utterances belong to the weeks of the fit: of each intent the share that these are of all weeks."""
    early = np.zeros(len(corpus.intents), np.bool_)
    for intent in range(len(corpus.names)):
        own = rng.permutation(np.flatnonzero(corpus.intents == intent))
        early[own[: min(max(1, round(len(own) * FITTED / DAYS)), len(own) - 1)]] = True
    return early


def _texts(corpus: Corpus, counts: Ints, early: Flags, rng: np.random.Generator) -> Complaints:
    """A random utterance in a random language for each of the counts (days, intents)."""
    day, intent = (np.repeat(each, counts.ravel()) for each in np.indices(counts.shape).reshape(2, -1))
    utterance = np.empty(len(day), np.int64)
    for number in np.unique(intent).tolist():
        for soon in (True, False):
            asked = np.flatnonzero((intent == number) & ((day < FITTED) == soon))
            utterance[asked] = rng.choice(np.flatnonzero((corpus.intents == number) & (early == soon)), len(asked))
    language = rng.choice(len(LANGUAGES), len(day), p=list(LANGUAGES.values()))
    return Complaints(day, corpus.rows[utterance, language], intent)


def _rise(
    corpus: Corpus,
    means: Floats,
    scatter: Floats,
    early: Flags,
    planted: tuple[int, float, int],
    rng: np.random.Generator,
) -> Rise:
    intent, lift, onset = planted
    counts = np.zeros((DAYS, len(corpus.names)), np.int64)
    more = (lift - 1) * means[onset : onset + RISE_DAYS, intent]
    counts[onset : onset + RISE_DAYS, intent] = rng.poisson(_gamma(more, scatter[intent], rng))
    return Rise(intent, lift, onset, _texts(corpus, counts, early, rng))


def fitted(world: World, bertopic: Process | None) -> dict[str, tuple[Topics, float, float]]:
    """Each maker's topics, with CPU seconds and the peak in megabytes."""
    start = time.process_time()
    ours = _ours(world)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    made = {"ours": (ours, time.process_time() - start, peak)}
    return made if bertopic is None else made | {"BERTopic": _theirs(world, bertopic)}


def _ours(world: World) -> Topics:
    corpus, calm = world.corpus, world.calm
    past = calm.days < FITTED
    rows = calm.rows[past]
    texts, languages = ([column[row] for row in rows.tolist()] for column in (corpus.texts, corpus.languages))
    sample = Sample(corpus.vectors[rows], texts, languages, (calm.days[past] // WEEK).tolist())
    model = train(sample, [], None, TrainParams(), NOBODY).model
    places, _ = model.assign(corpus.vectors, corpus.languages)
    return Topics(len(model.topic_ids), places.astype(np.int64))


def _theirs(world: World, bertopic: Process) -> tuple[Topics, float, float]:
    """BERTopic's, of the texts that come in."""
    corpus, calm = world.corpus, world.calm
    early = calm.rows[calm.days < FITTED]
    used = np.unique(Complaints.joined([calm, *(rise.added for rise in world.rises)]).rows)
    with tempfile.TemporaryDirectory() as scratch:
        given, made = Path(scratch) / "given.npz", Path(scratch) / "labels.npy"
        texts, all_texts = (np.array([corpus.texts[row] for row in rows.tolist()]) for rows in (early, used))
        vectors, all_vectors = corpus.vectors[early], corpus.vectors[used]
        np.savez(given, texts=texts, vectors=vectors, all_texts=all_texts, all_vectors=all_vectors)
        seconds, peak = _asked(bertopic, [str(given), str(made)])
        labels = np.load(made)
    of_row = np.full(len(corpus.texts), -1, np.int64)
    of_row[used] = labels
    return Topics(int(labels.max()) + 1, of_row), seconds, peak


def _asked(process: Process, files: Sequence[str]) -> tuple[float, float]:
    """What the process says when it is done: CPU seconds, and megabytes at its peak."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(files) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        sys.exit("BERTopic has ended; what it wrote above says why.")
    seconds, peak = json.loads(answer)
    return seconds, peak


def described(world: World, topics: Topics, seconds: float, peak: float) -> Fit:
    late = world.calm.days >= FITTED
    labels, intents = topics.of_row[world.calm.rows[late]], world.calm.intents[late]
    unassigned = float((labels < 0).mean())
    main = np.mean([_main(labels[intents == each]) for each in {rise.intent for rise in world.rises}])
    return Fit(topics.number, unassigned, float(main), seconds, peak)


def _main(labels: Ints) -> float:
    return float(np.bincount(labels[labels >= 0], minlength=1).max() / len(labels))


def rules(world: World, topics: Topics, seed: int, *, service: bool) -> dict[str, Heard]:
    calm = topics.counts(world.calm)
    risen = [calm + topics.counts(rise.added) for rise in world.rises]
    heard = {f"z ≥ {z:.0f}": weekly(world, calm, risen, z) for z in Z_SCORES}
    return {"service": as_the_service_does(world, calm, risen, seed)} | heard if service else heard


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """A stream that the service watches: counts (days, topics), totals (days,), the days left out of the baseline."""

    counts: Ints
    total: Ints
    excluded: Flags
    alerts: dict[int, Alert] = field(default_factory=dict)
    openings: list[Opening] = field(default_factory=list)

    @classmethod
    def of(cls, counts: Ints, complaints: Sequence[Complaints]) -> Self:
        total = np.bincount(np.concatenate([each.days for each in complaints]), minlength=DAYS)
        return cls(counts, total, np.zeros(counts.shape, np.bool_))

    def goes_on_from(self, before: Watch) -> None:
        """Take over what another stream, the same until now, has been told."""
        self.excluded[:] = before.excluded
        self.alerts.update(before.alerts)

    def hear(self, day: int, step: int, rising: Flags, windows: Ints) -> None:
        """One judgement: which topics rise (topics,), and the length of the windows that say so."""
        now = EPOCH + timedelta(days=day + (step + 1) / EVALUATIONS_PER_DAY)
        is_open = {topic for topic, alert in self.alerts.items() if alert.is_open}
        for topic in sorted(is_open | set(np.flatnonzero(rising).tolist())):
            window = int(windows[topic])
            signal = _signal(topic, day, window, rising=bool(rising[topic]), complete=step == EVALUATIONS_PER_DAY - 1)
            alert = decide(self.alerts.get(topic), signal, now, AlertPolicy()).alert
            assert alert is not None
            self.alerts[topic] = alert
            if rising[topic]:
                self.excluded[day + 1 - window : day + 1, topic] = True
            if topic not in is_open:
                self.openings.append(Opening(topic, day))


def _signal(topic: int, day: int, window: int, *, rising: bool, complete: bool) -> Signal:
    """All that a decision depends on; the other numbers only go into sentences."""
    end = EPOCH + timedelta(days=day + 1)
    span = Span(end - timedelta(days=window), end)
    nothing = (0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    return Signal(UUID(int=topic), NOBODY, Combined().name, span, *nothing, rising, complete)


def as_the_service_does(world: World, calm: Ints, risen: Sequence[Ints], seed: int) -> Heard:
    """Every day, the calm stream and those with a rise under way are judged side by side."""
    rng = np.random.default_rng(seed)
    base = Watch.of(calm, [world.calm])
    watches = [Watch.of(each, [world.calm, rise.added]) for each, rise in zip(risen, world.rises, strict=True)]
    threshold = _threshold(base, FITTED)
    for day in range(FITTED, DAYS):
        if (day - FITTED) % AGE.days == 0:
            threshold = _threshold(base, day)
        for watch, rise in zip(watches, world.rises, strict=True):
            if rise.onset == day:
                watch.goes_on_from(base)
        rising = [w for w, r in zip(watches, world.rises, strict=True) if r.onset <= day < r.onset + RISE_DAYS]
        judge([base, *rising], day, threshold, rng)
    return Heard(base.openings, [watch.openings for watch in watches])


def _threshold(watch: Watch, day: int) -> Threshold:
    """From what came in before the day."""
    total = watch.total[:day]
    panel = Panel(watch.counts[:day].T, total, watch.excluded[:day].T, total == 0)
    return threshold_for(panel, BUDGET, evaluations_per_day=EVALUATIONS_PER_DAY)


def judge(watches: Sequence[Watch], day: int, threshold: Threshold, rng: np.random.Generator) -> None:
    """The day's judgements of each stream, as `models.detect.rises.find_rises` makes them."""
    counts = np.stack([watch.counts[: day + 1] for watch in watches], axis=1).astype(np.float64)
    total = np.stack([watch.total[: day + 1] for watch in watches], axis=1)[:, :, None]
    excluded = np.stack([watch.excluded[: day + 1] for watch in watches], axis=1)
    open_days = np.where(watches[0].total[: day + 1] == 0, 0.0, 1.0)[:, None, None]
    detector = Combined(threshold.margins)
    scores = evaluate(History(counts, total - counts, excluded, open_days), detector, EVALUATIONS_PER_DAY, rng, 1)
    score = highest(scores, threshold.margins)
    windows = np.array([detector.eb7.window, detector.ramp.window])[_which(scores, threshold)]
    for number, watch in enumerate(watches):
        q = q_values(np.clip(10 ** -score[:, number].T, 0, 1)).T
        rising = (score[:, number] >= threshold.score) & (q <= threshold.q_bound)
        for step in range(EVALUATIONS_PER_DAY):
            watch.hear(day, step, rising[step], windows[step, number])


def _which(scores: Mapping[str, Floats], threshold: Threshold) -> Ints:
    """The place of the detector whose score lies highest above its margin."""
    above = [part - threshold.margins.get(name, 0.0) for name, part in scores.items()]
    return np.asarray(np.argmax(above, axis=0), np.int64)


def weekly(world: World, calm: Ints, risen: Sequence[Ints], z: float) -> Heard:
    """What the customary rule opens at the ends of weeks."""
    openings = [
        [each for each in weekly_openings(counts, z) if rise.onset <= each.day < rise.onset + RISE_DAYS]
        for counts, rise in zip(risen, world.rises, strict=True)
    ]
    return Heard(weekly_openings(calm, z), openings)


def weekly_openings(counts: Ints, z: float) -> list[Opening]:
    """Where the rule holds for a topic that it did not hold for the week before."""
    weeks = counts.reshape(-1, WEEK, counts.shape[1]).sum(axis=1)
    before = np.lib.stride_tricks.sliding_window_view(weeks, BEFORE, axis=0)[:-1]
    deviation = np.maximum(before.std(axis=2, ddof=1), LEAST_DEVIATION)
    holds = ((weeks[BEFORE:] - before.mean(axis=2)) / deviation >= z) & (weeks[BEFORE:] >= FLOOR)
    opens = holds[1:] & ~holds[:-1]
    week, topic = np.nonzero(opens)
    days = (week + BEFORE + 2) * WEEK - 1
    return [Opening(*each) for each in zip(topic.tolist(), days.tolist(), strict=True) if each[1] >= FITTED]


def judged(world: World, topics: Topics, heard: Heard) -> Told:
    calm = topics.counts(world.calm)
    false = sum(each.day >= SETTLED for each in heard.calm) / ((DAYS - SETTLED) / WEEK)
    found = [
        _found(world, topics, calm, rise, openings) for rise, openings in zip(world.rises, heard.risen, strict=True)
    ]
    return Told(false, found)


def _found(world: World, topics: Topics, calm: Ints, rise: Rise, openings: Sequence[Opening]) -> Found:
    added = topics.counts(rise.added)
    same = world.calm.intents == rise.intent
    own = topics.counts(Complaints(world.calm.days[same], world.calm.rows[same], world.calm.intents[same]))
    for opening in sorted(openings, key=lambda each: each.day):
        span, topic = slice(opening.day + 1 - WEEK, opening.day + 1), opening.topic
        usual = calm[rise.onset - BEFORE * WEEK : rise.onset, topic].sum() / BEFORE
        here, new = calm[span, topic].sum() + added[span, topic].sum(), added[span, topic].sum()
        if new > 0 and 2 * new >= here - usual:
            about_it = bool(2 * (new + own[span, topic].sum()) >= here)
            return Found(rise.lift, opening.day - rise.onset + 1, about_it)
    return Found(rise.lift, np.inf, False)


def _print_seed(seed: int, fits: Mapping[str, list[Fit]], told: Mapping[str, list[Told]], seconds: float) -> None:
    for name, each in fits.items():
        fit = each[-1]
        print(
            f"seed {seed}, {name}: {fit.topics} topics, {fit.unassigned:.2f} unassigned, "
            f"main topic {fit.main:.2f}, {fit.seconds:.0f} CPU s, {fit.peak:.0f} MB"
        )
    for name, says in told.items():
        shares = " ".join(f"x{lift:g} {says[-1].share(lift, 7):.2f}/{says[-1].share(lift, 14):.2f}" for lift in LIFTS)
        print(f"  {name:20} false {says[-1].false:5.2f}   found in 7/14 days: {shares}")
    print(f"  without BERTopic's process {seconds:.0f} CPU s", flush=True)


def _print_tables(told: Mapping[str, list[Told]], fits: Mapping[str, list[Fit]]) -> None:
    number = len(next(iter(told.values())))
    print(f"\nFalse alerts a week, and the share of rises found within 7 and 14 days, by lift; {number} seeds")
    heads = [f"x{lift:g} {days} d" for lift in LIFTS for days in WITHIN]
    print(f"{'':20}{'false':>12}" + "".join(f"{head:>12}" for head in heads) + f"{'to the point':>14}")
    for name, says in told.items():
        columns = [[each.false for each in says]]
        columns += [[each.share(lift, days) for each in says] for lift in LIFTS for days in WITHIN]
        columns.append([each.to_the_point for each in says])
        print(f"{name:20}" + "".join(f"{spread(column):>12}" for column in columns))
    heads = ["topics", "unassigned", "main topic", "CPU s", "MB"]
    print(f"\n{'':20}" + "".join(f"{head:>12}" for head in heads))
    for name, made in fits.items():
        columns = [[getattr(each, key) for each in made] for key in ("topics", "unassigned", "main", "seconds")]
        peak = max(each.peak for each in made)
        print(f"{name:20}" + "".join(f"{spread(column):>12}" for column in columns) + f"{peak:12.0f}")


def spread(values: Sequence[float]) -> str:
    """Mean and standard error over the seeds, of those that have a number."""
    known = np.array([value for value in values if not np.isnan(value)])
    if not len(known):
        return "–"
    digits = 0 if known.mean() >= 10 else 2
    error = known.std(ddof=1) / len(known) ** 0.5 if len(known) > 1 else float("nan")
    return f"{known.mean():.{digits}f} ±{error:.{max(digits, 1)}f}"


if __name__ == "__main__":
    main()
