"""How soon a new fault is born as a topic, and how many topics are born that are none.

    python benchmarks/births.py --data DIR [--data-dir DIR] [--faults banking77|firefox] [--seeds 1 2 …] [--per-day 300]

Each seed withholds one subject from everything. The rest comes in at --per-day a day at random moments, each text once
and from another customer: 28 days to train on, as the service does, and 30 days that are judged. Somewhere in these,
15 complaints of the withheld subject come in within two days. Twelve times a day (the service's: every five minutes)
the births job's search runs over the complaints of 56 days, and what is born joins the topics.

Two kinds of fault. banking77: an intent among its 76 siblings and the English half of MASSIVE (DIR holds
`banking77/train.csv`, `banking77/test.csv`, `massive/en-US.jsonl.gz`). It is the harder one: "charged for paying by
card" is withheld where "charged for a transfer" and "charged for cash" are known (seeds 1 to 10 are reported; the
parameters were set with 16 to 40, whose intents are others). firefox: questions to Mozilla's support
(`firefox_support/`), in eight languages; in turn the expired certificate of May 2019 that switched every add-on off,
and the new address bar of April 2020, by the words of the title in the week after; all other questions of those weeks
are left out.

A birth near a topic born in the last two weeks makes that one grow, as in the service. A fault is found when more than
half of a born topic's members are its complaints; hours count from its eighth complaint, and half of the distance
between two runs is waiting. Any other birth of a topic is false. "In 2" says that the fault fell into two topics.
Beside it, the simple way: HDBSCAN (at least 8) over the last seven days' unassigned complaints, and over the half that
lies loosest in its topic, four times a day; a cluster is reported once.

The flood: 200 near-copies of one text within two days, from 200 customers, at the end; it must not be born.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median
from typing import Self
from uuid import UUID

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

from feedback.domain import TopicKind
from models.artifacts import TopicModel
from models.births import Birth, BirthParams, elder, find_births
from models.centre import Floats, Ints, unit_rows
from models.encoder import Encoder, load_encoder
from models.train import Sample, TrainParams, train

HISTORY, JUDGED, BACKGROUND, WEEK = 28.0, 30.0, 56.0, 7.0
YOUNG = 14.0
RUNS_A_DAY = 12
FAULT, FAULT_DAYS, EIGHTH = 15, 2.0, 7
FLOOD = 200
MIN_CLUSTER = 8
REPORTED_BEFORE = 0.7
"""A cluster with a centre as near as this to that of one reported earlier is the same."""

INCIDENTS = (
    (
        "add-ons off",
        "2019-05-03T18",
        "2019-05-11",
        re.compile(r"add-?ons?\b|extension|complement|doplňk|kiegész", re.I),
    ),
    (
        "address bar",
        "2020-04-07",
        "2020-04-15",
        re.compile(r"(address|url|location|awesome|search)[- ]?bar|barra de", re.I),
    ),
)
"""Name, first day, the day after the last, and what a title says that is about it."""

FAULT_OF = {"banking77": "banking", "firefox": "incident"}
AROUND = "around an incident"

Days = NDArray[np.float64]
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Texts (n,) with their language, their intent and the encoder's vectors (n, d)."""

    texts: Sequence[str]
    languages: NDArray[np.str_]
    intents: NDArray[np.str_]
    vectors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What comes in: rows of the corpus in order of their time in days, and which of them are the fault."""

    corpus: Corpus
    intent: str
    rows: Ints
    days: Days
    fault: NDArray[np.bool_]

    @property
    def eighth(self) -> float:
        return float(self.days[self.fault][EIGHTH])

    def vectors(self) -> Floats:
        return self.corpus.vectors[self.rows]

    def languages(self) -> list[str]:
        return [str(language) for language in self.corpus.languages[self.rows]]

    def texts(self, rows: Iterable[int]) -> list[str]:
        return [self.corpus.texts[self.rows[row]] for row in rows]


@dataclass(frozen=True, slots=True)
class Found:
    """Hours from the fault's eighth complaint to its birth, None if it never came; false births in the days judged;
    how many topics the fault fell into."""

    hours: float | None
    false: int
    pieces: int = 1


def main() -> None:
    options = _options()
    encoder = load_encoder("builtin", options.data_dir, threads=1)
    read = read_firefox if options.faults == "firefox" else read_banking
    corpus = read(options.data, options.data_dir, encoder)
    names = ("births", "HDBSCAN unassigned", "HDBSCAN loose")
    print(f"{len(corpus.texts):,} texts, {options.per_day} a day; hours after the eighth complaint, false in 30 days")
    print(f"{'seed':>4}  {'intent':50}" + "".join(f"{name:>22}" for name in names) + f"{'flood':>8}{'s':>6}")
    results: list[list[Found]] = []
    for seed in options.seeds:
        start = time.process_time()
        world = drawn(corpus, FAULT_OF[options.faults], seed, options.per_day)
        model = trained(world)
        born, model_then = as_the_service_does(world, model)
        flooded = flood_is_born(_with_flood(world, encoder, seed), model_then)
        found = [born, clustered(world, model, unassigned), clustered(world, model, loosely_assigned)]
        results.append(found)
        cells = "".join(f"{_cell(each):>22}" for each in found)
        spent = time.process_time() - start
        print(f"{seed:>4}  {world.intent[:50]:50}{cells}{'born' if flooded else 'not':>8}{spent:6.0f}", flush=True)
    for name, column in zip(names, zip(*results, strict=True), strict=True):
        print(_summary(name, column))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with banking77 and massive, or with firefox_support"
    )
    parser.add_argument("--data-dir", type=Path, default=Path("var"), help="keeps the encoder and embeddings")
    parser.add_argument("--faults", choices=FAULT_OF, default="banking77", help="what is withheld")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    parser.add_argument("--per-day", type=int, default=300, help="complaints; up to 300, for no text comes twice")
    return parser.parse_args()


def _cell(found: Found) -> str:
    hours = "never" if found.hours is None else f"{found.hours:.0f} h"
    pieces = f", in {found.pieces}" if found.pieces > 1 else ""
    return f"{hours}, {found.false} false{pieces}"


def _summary(name: str, found: Sequence[Found]) -> str:
    hours = [each.hours for each in found if each.hours is not None]
    soon = sum(each <= 24 for each in hours)
    middle = f"{median(hours):.0f}" if hours else "–"
    return (
        f"{name}: {soon} of {len(found)} within a day of the eighth complaint, {len(hours)} ever; "
        f"median {middle} h; {mean(each.false for each in found):.2f} false births in 30 days; "
        f"{sum(each.pieces > 1 for each in found)} in pieces"
    )


def read_banking(data: Path, data_dir: Path, encoder: Encoder) -> Corpus:
    """Banking77 and the English texts of MASSIVE, every text once."""
    found: dict[str, str] = {}
    for part in ("train", "test"):
        with (data / "banking77" / f"{part}.csv").open(encoding="utf-8", newline="") as lines:
            found.update((row["text"].strip(), f"banking: {row['category']}") for row in csv.DictReader(lines))
    with gzip.open(data / "massive" / "en-US.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            found.setdefault(row["utt"], f"massive: {row['intent']}")
    texts = list(found)
    languages = np.full(len(texts), "en")
    return Corpus(texts, languages, np.array(list(found.values())), _vectors(texts, data_dir, encoder))


def read_firefox(data: Path, data_dir: Path, encoder: Encoder) -> Corpus:
    """Questions to Mozilla's support, every text once."""
    found: dict[str, tuple[str, str]] = {}
    for file in sorted((data / "firefox_support").glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                found[f"{row['title']}. {row['content']}"] = row["locale"][:2], _incident(row["title"], row["created"])
    languages, intents = (np.array(column) for column in zip(*found.values(), strict=True))
    return Corpus(list(found), languages, intents, _vectors(list(found), data_dir, encoder))


def _incident(title: str, created: str) -> str:
    for name, start, end, says in INCIDENTS:
        if start <= created < end:
            return f"incident: {name}" if says.search(title) else AROUND
    return "question"


def _vectors(texts: Sequence[str], data_dir: Path, encoder: Encoder) -> Floats:
    digest = hashlib.sha256("\n".join([encoder.version, *texts]).encode()).hexdigest()[:16]
    path = data_dir / f"births-benchmark-{digest}.npy"
    if not path.exists():
        np.save(path, np.asarray(encoder.encode(texts), np.float32))
    return np.asarray(np.load(path, allow_pickle=False))


def drawn(corpus: Corpus, kind: str, seed: int, per_day: int) -> World:
    """The seed's subject, whose name begins with `kind`, breaks out; everything else comes in at random moments."""
    subjects = sorted({each for each in corpus.intents.tolist() if each.startswith(kind)})
    intent = subjects[int(np.random.default_rng(0).permutation(len(subjects))[(seed - 1) % len(subjects)])]
    picks = np.random.default_rng(seed)
    number = int((HISTORY + JUDGED) * per_day)
    known = picks.permutation(np.flatnonzero((corpus.intents != intent) & (corpus.intents != AROUND)))[:number]
    if len(known) < number:
        raise SystemExit(f"There are {len(known):,} texts, not the {number:,} that {per_day} a day take: take fewer.")
    fault = picks.choice(np.flatnonzero(corpus.intents == intent), FAULT, replace=False)
    start = picks.uniform(HISTORY + 1, HISTORY + JUDGED - FAULT_DAYS - 2)
    days = np.r_[picks.uniform(0, HISTORY + JUDGED, number), start + picks.uniform(0, FAULT_DAYS, FAULT)]
    order = np.argsort(days)
    return World(corpus, intent, np.r_[known, fault][order], days[order], (np.arange(number + FAULT) >= number)[order])


def trained(world: World) -> TopicModel:
    """The topics of the first 28 days."""
    past = np.flatnonzero(world.days < HISTORY)
    weeks = [int(day // 7) for day in world.days[past]]
    all_languages = world.languages()
    languages = [all_languages[row] for row in past.tolist()]
    sample = Sample(world.vectors()[past], world.texts(past.tolist()), languages, weeks)
    return train(sample, [], None, TrainParams(), NOBODY).model


def moments(every: int = 1) -> Iterable[float]:
    """When the runs of the days judged are, or every so-manieth of them."""
    return (HISTORY + run / RUNS_A_DAY for run in range(every, int(JUDGED * RUNS_A_DAY) + 1, every))


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """A world as a model sees it: its complaints as centred unit rows (n, d)."""

    world: World
    model: TopicModel
    centred: Floats

    @classmethod
    def of(cls, world: World, model: TopicModel) -> Self:
        vectors = world.vectors()
        centred = model.offsets.apply(vectors, world.languages())
        return cls(world, model, centred)

    def births(self, now: float, params: BirthParams | None = None) -> list[Birth]:
        """The births of one run, their members as rows of the world."""
        days = self.world.days
        rows = np.flatnonzero((days < now) & (days >= now - BACKGROUND))
        names = [str(row) for row in rows.tolist()]
        found = find_births(
            self.centred[rows],
            days[rows],
            names,
            names,
            self.model.centroids,
            params,
            now=now,
            texts=lambda picked: self.world.texts(rows[picked].tolist()),
        )
        return [replace(birth, members=tuple(rows[list(birth.members)].tolist())) for birth in found]

    def is_fault(self, birth: Birth) -> bool:
        return bool(self.world.fault[list(birth.members)].mean() > 0.5)

    def home(self, birth: Birth, young: Collection[UUID]) -> UUID | None:
        """Which of the young topics the birth makes larger."""
        rows = np.array([id_ in young for id_ in self.model.topic_ids], np.bool_)
        place = elder(birth, self.model.centroids, rows)
        return None if place is None else self.model.topic_ids[place]

    def after(self, birth: Birth, topic_id: UUID) -> Self:
        born = self.model.with_topic(topic_id, TopicKind.PROVISIONAL, birth.centroid, "", {}, birth.size)
        return replace(self, model=born)


@dataclass(slots=True)
class Born:
    """A topic that was born on a day, with the complaints of all its births."""

    day: float
    members: set[int]

    def is_fault(self, world: World) -> bool:
        return bool(world.fault[list(self.members)].mean() > 0.5)


def as_the_service_does(world: World, model: TopicModel, params: BirthParams | None = None) -> tuple[Found, TopicModel]:
    """What was born, and the topics at the end."""
    stand, hours, born = Stand.of(world, model), None, dict[UUID, Born]()
    for now in moments():
        for birth in stand.births(now, params):
            young = [id_ for id_, each in born.items() if now - each.day <= YOUNG]
            topic_id = stand.home(birth, young) or UUID(int=len(born) + 1)
            born.setdefault(topic_id, Born(now, set())).members.update(birth.members)
            if hours is None and born[topic_id].is_fault(world):
                hours = 24 * (now - world.eighth)
            stand = stand.after(birth, topic_id)
    pieces = sum(each.is_fault(world) for each in born.values())
    return Found(hours, len(born) - pieces, max(pieces, 1)), stand.model


def flood_is_born(world: World, model: TopicModel) -> bool:
    stand = Stand.of(world, model)
    return any(stand.is_fault(birth) for birth in stand.births(HISTORY + JUDGED))


def _with_flood(world: World, encoder: Encoder, seed: int) -> World:
    """Another world: a text of the withheld intent, changed a little each time, in the last two days."""
    picks = np.random.default_rng(seed)
    same = (world.corpus.texts[row] for row in np.flatnonzero(world.corpus.intents == world.intent).tolist())
    text = max(same, key=lambda each: len(each.split()) if len(each.split()) <= 40 else 0)
    openings = picks.choice(["", "Hi.", "Hello!", "Please read:"], FLOOD)
    copies = [f"{opening} {text} {number}" for number, opening in enumerate(openings)]
    corpus = Corpus(
        [*world.corpus.texts, *copies],
        np.r_[world.corpus.languages, np.repeat("en", FLOOD)],
        np.r_[world.corpus.intents, np.repeat(world.intent, FLOOD)],
        np.vstack([world.corpus.vectors, np.asarray(encoder.encode(copies), np.float32)]),
    )
    rows = np.r_[world.rows, len(world.corpus.texts) + np.arange(FLOOD)]
    days = np.r_[world.days, HISTORY + JUDGED - picks.uniform(0, 2, FLOOD)]
    order = np.argsort(days)
    fault = np.r_[np.zeros(len(world.rows), np.bool_), np.ones(FLOOD, np.bool_)]
    return World(corpus, world.intent, rows[order], days[order], fault[order])


Choice = Callable[[TopicModel, World], NDArray[np.bool_]]
"""Which of a world's complaints are looked at."""


def unassigned(model: TopicModel, world: World) -> NDArray[np.bool_]:
    return model.assign(world.vectors(), world.languages())[0] < 0


def loosely_assigned(model: TopicModel, world: World) -> NDArray[np.bool_]:
    """The unassigned, and those whose cosine is that of the looser half of what training saw."""
    places, cosines = model.assign(world.vectors(), world.languages())
    return np.asarray((places < 0) | (cosines < np.median(cosines[world.days < HISTORY])))


def clustered(world: World, model: TopicModel, choice: Choice) -> Found:
    """HDBSCAN over those of the last week."""
    from sklearn.cluster import HDBSCAN

    chosen = np.flatnonzero(choice(model, world))
    centred = model.offsets.apply(world.vectors(), world.languages())
    reported = np.zeros((0, centred.shape[1]), np.float32)
    hours, false = None, 0
    for now in moments(every=3):
        rows = chosen[(world.days[chosen] < now) & (world.days[chosen] >= now - WEEK)]
        labels = HDBSCAN(min_cluster_size=MIN_CLUSTER, algorithm="brute", copy=True).fit(centred[rows]).labels_
        for label in range(labels.max(initial=-1) + 1):
            members = rows[labels == label]
            centre = unit_rows(centred[members].mean(axis=0, keepdims=True))
            if (reported @ centre[0] >= REPORTED_BEFORE).any():
                continue
            reported = np.vstack([reported, centre])
            if world.fault[members].mean() > 0.5:
                hours = hours if hours is not None else 24 * (now - world.eighth)
            else:
                false += 1
    return Found(hours, false)


if __name__ == "__main__":
    main()
