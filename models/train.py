"""Makes a topic model version from a sample of complaints, the taxonomy and the version before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from feedback.domain import Fate, TopicKind, derived_id
from models.artifacts import TopicModel
from models.assign import assign
from models.births import TOGETHER
from models.centre import Floats, Ints, LanguageOffsets, ParallelPhrases, unit_rows
from models.cluster import KnnLeiden
from models.evaluate import coverage, language_mixing
from models.match import BAND, THRESHOLD, Descent, Matching, match
from models.topics import NAMELESS, Words, describe, name_of

Progress = Callable[[str, float], None]
"""Called with the step that begins and the share of the work done before it."""

PACKAGES = ("numpy", "scipy", "scikit-learn", "scikit-network", "bertopic", "spacy", "simplemma")

FLOOR_EVIDENCE = 50.0
"""So many texts count as much towards the floor as the taxonomy's phrases."""

TOPIC_EVIDENCE = 50.0
"""So many texts of a topic count as much towards its floor as the floor of all."""

SAME = 0.8
"""From this cosine on, a cluster's centroid is that of a topic before; a topic's own, four weeks on, is at 0.95."""

EMPTY_FLOOR = 0.4
"""The floor with neither texts nor phrases to take it from."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What to train on: `vectors` (n, d) as the encoder gave them, and each text's words, language and week.

    `window` names the span the sample was taken from, for the record.
    """

    vectors: Floats
    texts: Sequence[str]
    languages: Sequence[str]
    weeks: Sequence[int]
    window: tuple[str, str] | None = None

    def take(self, rows: Ints) -> Self:
        picked = rows.tolist()
        return replace(
            self,
            vectors=self.vectors[rows],
            texts=[self.texts[row] for row in picked],
            languages=[self.languages[row] for row in picked],
            weeks=[self.weeks[row] for row in picked],
        )


@dataclass(frozen=True, slots=True, eq=False)
class PinnedVectors:
    """A pinned topic with its phrases as the encoder gave them, (p, d) for each language, parallel by position."""

    topic_id: UUID
    name: str
    phrases: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class TrainParams:
    """How to train; kept in the model's manifest.

    A cluster joins a pinned topic from a cosine of `join` between their centroids; the pinned centroid then is
    `phrase_weight` its phrases and the rest complaints. `floor_share` of the sample's texts lie below the floor.
    `resolution` sets how fine the topics are; None chooses it from the texts. `continuity` is how much the topics
    before count, in clustering (see `models.cluster.leaning`), centroids and floors: with 0, 1 and 3 .77, .95 and .98
    of the complaints of 6,000 keep their topic when a tenth more come in.
    """

    limit: int = 50_000
    neighbours: int = 15
    resolution: float | None = None
    continuity: float = 3.0
    min_size: int | None = None
    join: float = 0.42
    phrase_weight: float = 0.5
    floor_share: float = 0.1
    match_threshold: float = THRESHOLD
    match_band: float = BAND
    words: int = 8
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Lineage:
    """What became of a topic: `new` and `old` are topic ids, see `models.match.Descent`."""

    fate: Fate
    new: UUID | None
    old: UUID | None
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A candidate, what became of the topics before, metrics, and what an analyst should judge: (new, old, score)."""

    model: TopicModel
    lineage: tuple[Lineage, ...]
    doubtful: tuple[tuple[UUID, UUID, float], ...]
    metrics: Mapping[str, float]


def stratify(weeks: Sequence[int], languages: Sequence[str], limit: int = 50_000, seed: int = 0) -> Ints:
    """Rows of a sample of at most `limit` texts, in order, with every week and language as even as may be.

    Groups of one week and language are taken whole up to a common size, so that a flood or the main market cannot
    crowd out the rest.
    """
    n = len(weeks)
    if n <= limit:
        return np.arange(n)
    pairs = np.stack([np.asarray(weeks), np.unique(np.asarray(languages), return_inverse=True)[1]], axis=1)
    groups = np.unique(pairs, axis=0, return_inverse=True)[1].ravel()
    order = np.random.default_rng(seed).permutation(n)
    # the text's place within its group, in random order: taking the lowest places evens out the groups
    by_group = order[np.argsort(groups[order], kind="stable")]
    starts = np.flatnonzero(np.diff(groups[by_group], prepend=-1))
    sizes = np.diff(np.append(starts, n))
    places = np.arange(n) - np.repeat(starts, sizes)
    return np.sort(by_group[np.argsort(places, kind="stable")[:limit]])


@dataclass(frozen=True, slots=True, eq=False)
class _Space:
    """The sample and the phrases of each pinned topic (p, d), centred alike."""

    sample: Sample
    offsets: LanguageOffsets
    vectors: Floats
    phrases: Sequence[Floats]

    @classmethod
    def of(cls, sample: Sample, pinned: Sequence[PinnedVectors]) -> Self:
        offsets = LanguageOffsets.fit(sample.vectors, sample.languages, _parallel(pinned))
        vectors = offsets.apply(sample.vectors, sample.languages)
        return cls(sample, offsets, vectors, [_centred(topic, offsets) for topic in pinned])


@dataclass(frozen=True, slots=True, eq=False)
class _Topics:
    """The topics of the new version, and the sample (n,) assigned to them. `words` are by a topic's first row."""

    ids: Sequence[UUID]
    centroids: Floats
    floors: Floats
    words: Mapping[int, Words]
    rows: Ints
    cosines: Floats

    @classmethod
    def of(cls, ids: Sequence[UUID], centroids: Floats, space: _Space, before: _Before, params: TrainParams) -> Self:
        floors = _floors(space.vectors, centroids, space.phrases, params.floor_share)
        share = params.continuity / (1 + params.continuity)
        known = dict(zip(before.ids, before.floors.tolist(), strict=True))
        floors = np.array(
            [
                (1 - share) * floor + share * known.get(id_, floor)
                for id_, floor in zip(ids, floors.tolist(), strict=True)
            ],
            np.float32,
        )
        rows, cosines = assign(space.vectors, centroids, floors)
        first = np.array([ids.index(id_) for id_ in ids], np.intp)
        whole = np.where(rows >= 0, first[rows], -1) if len(ids) else rows
        words = describe(space.sample.texts, space.sample.languages, whole, params.words)
        return cls(ids, centroids, floors, words, rows, cosines)


@dataclass(frozen=True, slots=True, eq=False)
class _Proposed:
    """Centroids of `topics` (k, d), and of the clusters that `joined` (j, d) the topic of row `homes` (j,).

    `granularity` holds the resolution of the clusters and, where it was chosen from the texts, their stability.
    """

    topics: Floats
    joined: Floats
    homes: Ints
    granularity: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Before:
    """The topics before, seen with the new offsets: where their texts of the sample (n,) lie now.

    `resolution` is that of their clusters, None if unknown.

    `places` (k, d) are their centroids as they were, `centroids` the means of these texts, `floors` (k,) as they were.
    `shaped` (k,) marks the rows that people shaped.
    """

    ids: tuple[UUID, ...]
    places: Floats
    centroids: Floats
    floors: Floats
    rows: Ints
    names: tuple[str, ...]
    shaped: NDArray[np.bool_]
    resolution: float | None = None

    @classmethod
    def of(cls, previous: TopicModel | None, space: _Space, shaped: Collection[UUID]) -> Self:
        if previous is None:
            nothing = np.zeros((0, space.vectors.shape[1]), np.float32)
            none, nobody = np.zeros(0, np.float32), np.full(len(space.vectors), -1, np.intp)
            return cls((), nothing, nothing, none, nobody, (), np.zeros(0, np.bool_))
        found, _ = previous.assign(space.sample.vectors, space.sample.languages)
        whole, first = _subjects(previous.topic_ids, previous.centroids)
        rows = np.append(whole, -1)[found]
        sizes = np.bincount(found[found >= 0], minlength=len(whole)).astype(np.float32) + 1
        places = _centres(previous.centroids, sizes, whole, first)
        ids, names = (tuple(previous.topic_ids[row] for row in first), tuple(previous.names[row] for row in first))
        centroids = _means(space.vectors, rows, places)
        kept = np.array([id_ in shaped for id_ in ids], np.bool_)
        resolution = previous.manifest.get("metrics", {}).get("resolution")
        return cls(ids, places, centroids, previous.floors[first], rows, names, kept, resolution)

    @property
    def labels(self) -> Ints:
        """A number for the topic of each text (n,), -1 for none; a topic may stand on several rows."""
        first = np.array([*(self.ids.index(id_) for id_ in self.ids), -1], np.intp)
        return np.asarray(first[self.rows])

    @property
    def settled(self) -> NDArray[np.bool_]:
        """Which texts (n,) lie in a topic that people shaped."""
        return np.asarray(np.append(self.shaped, False)[self.rows])


def train(
    sample: Sample,
    pinned: Sequence[PinnedVectors],
    previous: TopicModel | None,
    params: TrainParams,
    version_id: UUID,
    *,
    encoder_version: str = "",
    held: Collection[UUID] = (),
    shaped: Collection[UUID] = (),
    progress: Progress | None = None,
) -> Trained:
    """Train a version. Pinned topics keep their ids, others keep the id of the previous topic they match.

    A previous version of pinned topics alone is no reason to find few others: then continuity counts for nothing.

    `held` names previous topics that must not go, such as those that people named: where no cluster comes back for
    one, it stays with its old centroid. `shaped` names those of which people decided what they hold: each keeps all
    its rows, at the mean of their texts, and no other topic is found where they are. The same arguments give the same
    model.
    """
    tell = progress or (lambda step, done: None)
    tell("centre", 0.0)
    sample = sample.take(stratify(sample.weeks, sample.languages, params.limit, params.seed))
    space = _Space.of(sample, pinned)
    tell("cluster", 0.05)
    shaped = set(shaped) - {topic.topic_id for topic in pinned}
    before = _Before.of(previous, space, shaped)
    if previous is None or all(kind is TopicKind.PINNED for kind in previous.kinds):
        params = replace(params, continuity=0.0)
    proposed = _proposed(space, before, pinned, params)
    tell("match", 0.6)
    matching = _matched(proposed.topics, space, before, pinned, params)
    found = _settled(proposed.topics, matching, before, params)
    ids = _ids(len(found), matching, before, pinned, version_id)
    stay = [row for row, id_ in enumerate(before.ids) if before.shaped[row] or (id_ in held and id_ not in ids)]
    tell("describe", 0.7)
    topics = _Topics.of(
        [*ids, *(before.ids[row] for row in stay), *(ids[home] for home in proposed.homes.tolist())],
        np.vstack([found, before.centroids[stay], proposed.joined]),
        space,
        before,
        params,
    )
    metrics = {**_metrics(topics, space, before), **proposed.granularity}
    model = _model(topics, space, before, pinned, version_id)
    manifest = _manifest(sample, params, encoder_version, metrics)
    return Trained(
        model=replace(model, encoder_version=encoder_version, manifest=manifest),
        lineage=tuple(_lineage(matching, topics.ids, before)),
        doubtful=tuple((ids[new], before.ids[old], score) for new, old, score in matching.doubtful),
        metrics=metrics,
    )


def _subjects(ids: Sequence[UUID], centroids: Floats) -> tuple[Ints, list[int]]:
    """Which subject each row (k,) is a piece of, and the first row of each subject.

    Rows of one topic that are near one another are the pieces that a young topic grew by, see `models.births.elder`;
    those that are not, such as subjects that people merged, come back each for itself.
    """
    whole, first = np.zeros(len(ids), np.intp), list[int]()
    for row, id_ in enumerate(ids):
        near = (other for other in range(row) if ids[other] == id_ and centroids[other] @ centroids[row] >= TOGETHER)
        elder = next(near, None)
        if elder is None:
            first.append(row)
        whole[row] = len(first) - 1 if elder is None else whole[elder]
    return whole, first


def _centres(centroids: Floats, sizes: Floats, whole: Ints, first: Sequence[int]) -> Floats:
    """The centroid (s, d) of each subject; one of several pieces lies between them by their sizes."""
    centres = centroids[list(first)].copy()
    for place in np.flatnonzero(np.bincount(whole, minlength=len(first)) > 1).tolist():
        pieces = whole == place
        centres[place] = unit_rows(sizes[pieces][None, :] @ centroids[pieces])[0]
    return centres


def anchors(pinned: Sequence[PinnedVectors], offsets: LanguageOffsets | None = None) -> Floats:
    """Unit centres (k, d) of the topics' phrases, in the space of a version, or that of the phrases alone.

    A handful of topics does not say what all complaints have in common: then the offsets of a version say more.
    """
    if offsets is None:
        width = next(iter(pinned[0].phrases.values())).shape[1]
        offsets = LanguageOffsets.fit(np.zeros((0, width), np.float32), [], _parallel(pinned))
    return unit_rows(np.array([_centred(topic, offsets).mean(axis=0) for topic in pinned]))


def _parallel(pinned: Sequence[PinnedVectors]) -> ParallelPhrases | None:
    """The phrases of all topics; those at the same position of a topic are translations of one another."""
    blocks = [
        (topic, language, block) for topic in range(len(pinned)) for language, block in pinned[topic].phrases.items()
    ]
    if not blocks:
        return None
    longest = max(len(block) for _, _, block in blocks)
    return ParallelPhrases(
        np.vstack([block for _, _, block in blocks]),
        [language for _, language, block in blocks for _ in block],
        [topic * longest + place for topic, _, block in blocks for place in range(len(block))],
    )


def _centred(topic: PinnedVectors, offsets: LanguageOffsets) -> Floats:
    """The topic's phrases of all languages as centred unit rows (p, d)."""
    return np.vstack([offsets.apply(block, [lang] * len(block)) for lang, block in topic.phrases.items()])


def _clusters(space: _Space, before: _Before, params: TrainParams) -> KnnLeiden:
    clusterer = KnnLeiden(
        params.neighbours,
        params.resolution,
        params.min_size,
        params.seed,
        params.continuity,
        before.resolution if params.continuity else None,
    )
    return clusterer.fit(space.vectors, before.labels if before.ids else None, space.sample.texts)


def _granularity(clusterer: KnnLeiden) -> dict[str, float]:
    found = {"resolution": clusterer.resolution_, "stability": clusterer.stability_}
    return {name: value for name, value in found.items() if value is not None}


def _means(vectors: Floats, rows: Ints, otherwise: Floats) -> Floats:
    """Unit centroids (k, d) of the texts of each row; a row without texts keeps `otherwise`."""
    means = [
        vectors[rows == row].mean(axis=0) if (rows == row).any() else otherwise[row] for row in range(len(otherwise))
    ]
    return unit_rows(np.array(means, np.float32).reshape(otherwise.shape))


def _proposed(space: _Space, before: _Before, pinned: Sequence[PinnedVectors], params: TrainParams) -> _Proposed:
    """Pinned topics, the clusters that are none of them, and those that are.

    A cluster near enough to a pinned topic's phrases joins it, and its centroid then stands for that topic too: what
    people call one topic may lie in several places. A cluster that is a topic found before stays that topic, unless
    the pinned one is new.
    """
    width = space.vectors.shape[1]
    anchors = unit_rows(np.array([block.mean(axis=0) for block in space.phrases]).reshape(-1, width))
    clusterer = _clusters(space, before, params)
    labels = _unsettled(clusterer.labels_, before.settled)
    clusters = _means(space.vectors, labels, np.zeros((int(labels.max(initial=-1)) + 1, width), np.float32))
    home, _ = assign(clusters, anchors, params.join)
    home[_taken(clusters, home, before, pinned)] = -1
    joined = np.where(labels >= 0, np.append(home, -1)[labels], -1)
    complaints = _means(space.vectors, joined, anchors)
    blended = params.phrase_weight * anchors + (1 - params.phrase_weight) * complaints
    topics = np.vstack([unit_rows(blended), clusters[home < 0]])
    return _Proposed(topics, clusters[home >= 0], home[home >= 0], _granularity(clusterer))


def _unsettled(labels: Ints, settled: NDArray[np.bool_]) -> Ints:
    """The clusters (n,) without those that lie mostly where people decided what is: -1, the rest numbered anew."""
    size = int(labels.max(initial=-1)) + 1
    inside = np.bincount(labels[settled & (labels >= 0)], minlength=size)
    free = 2 * inside <= np.bincount(labels[labels >= 0], minlength=size)
    return np.append(np.where(free, np.cumsum(free) - 1, -1), -1)[labels].astype(np.intp)


def _taken(clusters: Floats, home: Ints, before: _Before, pinned: Sequence[PinnedVectors]) -> NDArray[np.bool_]:
    """Which clusters (k,) are a topic that was found before, and so are none of the pinned topics that were there."""
    by_people = {topic.topic_id for topic in pinned}
    places, _ = assign(clusters, before.centroids, SAME)
    found = np.array([id_ not in by_people for id_ in before.ids] + [False])
    settled = np.array([topic.topic_id in before.ids for topic in pinned] + [False])
    return np.asarray(found[places] & settled[home])


def _matched(
    found: Floats, space: _Space, before: _Before, pinned: Sequence[PinnedVectors], params: TrainParams
) -> Matching:
    rows, _ = assign(space.vectors, found, -1.0)
    return match(
        found,
        np.where(before.shaped[:, None], 0, before.centroids),  # no cluster comes back for what stays as it is
        rows,
        np.where(before.settled, -1, before.rows),
        threshold=params.match_threshold,
        band=params.match_band,
        fixed=[
            (row, before.ids.index(topic.topic_id)) for row, topic in enumerate(pinned) if topic.topic_id in before.ids
        ],
    )


def _settled(found: Floats, matching: Matching, before: _Before, params: TrainParams) -> Floats:
    """The centroids (k, d), those of kept topics between where they were and where the texts would have them.

    Borders then move with the subject and not with the sample.
    """
    settled = found.copy()
    share = params.continuity / (1 + params.continuity)
    for new, old in matching.kept:
        settled[new] = (1 - share) * found[new] + share * before.places[old]
    return unit_rows(settled)


def _ids(
    size: int, matching: Matching, before: _Before, pinned: Sequence[PinnedVectors], version_id: UUID
) -> list[UUID]:
    ids = [derived_id("topic", version_id, row) for row in range(size)]
    for new, old in matching.kept:
        ids[new] = before.ids[old]
    ids[: len(pinned)] = [topic.topic_id for topic in pinned]
    return ids


def _floors(vectors: Floats, centroids: Floats, phrases: Sequence[Floats], share: float) -> Floats:
    """Floors (k,) that leave `share` of the sample unassigned, so that a new subject isn't pressed into an old topic.

    Each topic has its own, since some are wider than others: the quantile of its texts, shrunk to that of all, which
    itself leans, while there are few texts, on how near the phrases of a pinned topic are to one another.
    """
    rows, cosines = assign(vectors, centroids, -1.0)
    prior = _phrase_floor(phrases, share)
    common = _shrunk(cosines, share, prior, FLOOR_EVIDENCE)
    floors = [_shrunk(cosines[rows == row], share, common, TOPIC_EVIDENCE) for row in range(len(centroids))]
    return np.array(floors, np.float32)


def _shrunk(cosines: Floats, share: float, prior: float, evidence: float) -> float:
    if len(cosines) == 0:
        return prior
    return float((len(cosines) * np.quantile(cosines, share) + evidence * prior) / (len(cosines) + evidence))


def _phrase_floor(phrases: Sequence[Floats], share: float) -> float:
    cosines = [_left_out(block) for block in phrases if len(block) > 1]
    return float(np.quantile(np.concatenate(cosines), share)) if cosines else EMPTY_FLOOR


def _left_out(block: Floats) -> Floats:
    """Each row's cosine (p,) to the mean of the others."""
    others = unit_rows(block.sum(axis=0, keepdims=True) - block)
    return np.asarray((block * others).sum(axis=1))


def _model(
    topics: _Topics, space: _Space, before: _Before, pinned: Sequence[PinnedVectors], version_id: UUID
) -> TopicModel:
    by_people = {topic.topic_id for topic in pinned}
    size = len(topics.ids)
    return TopicModel(
        version_id=version_id,
        encoder_version="",
        offsets=space.offsets,
        topic_ids=tuple(topics.ids),
        kinds=tuple(TopicKind.PINNED if id_ in by_people else TopicKind.DISCOVERED for id_ in topics.ids),
        centroids=topics.centroids,
        floors=topics.floors,
        names=tuple(_names(topics, pinned, before)),
        words=tuple(topics.words.get(row, {}) for row in range(size)),
        sizes=tuple(np.bincount(topics.rows[topics.rows >= 0], minlength=size).tolist()),
        manifest={},
    )


def _names(topics: _Topics, pinned: Sequence[PinnedVectors], before: _Before) -> list[str]:
    """Pinned topics have their own name, old ones keep theirs, new ones are named after their words."""
    known = dict(zip(before.ids, before.names, strict=True)) | {topic.topic_id: topic.name for topic in pinned}
    return [known.get(id_) or name_of(topics.words.get(row, {})) or NAMELESS for row, id_ in enumerate(topics.ids)]


def _metrics(topics: _Topics, space: _Space, before: _Before) -> dict[str, float]:
    """What an analyst compares versions by; `moved` is the share of the texts with a topic that had another one."""
    placed = topics.rows >= 0
    metrics = {
        "texts": float(len(placed)),
        "topics": float(len(set(topics.ids))),
        "coverage": coverage(topics.rows),
        "language_mixing": language_mixing(topics.rows, space.sample.languages),
        "cohesion": float(topics.cosines[placed].mean()) if placed.any() else 0.0,
    }
    if before.ids:
        both = np.flatnonzero(placed & (before.rows >= 0)).tolist()
        moved = [topics.ids[topics.rows[text]] != before.ids[before.rows[text]] for text in both]
        metrics["moved"] = float(np.mean(moved)) if moved else 0.0
    return metrics


def _manifest(
    sample: Sample, params: TrainParams, encoder_version: str, metrics: Mapping[str, float]
) -> dict[str, Any]:
    return {
        "encoder": encoder_version,
        "window": list(sample.window) if sample.window else None,
        "settings": asdict(params),
        "packages": {package: version(package) for package in PACKAGES},
        "metrics": dict(metrics),
    }


def _lineage(matching: Matching, ids: Sequence[UUID], before: _Before) -> list[Lineage]:
    """The fates by topic id. An old topic whose id lives on, on another row or held, is neither merged nor retired."""
    lines = [
        _line(descent, ids, before)
        for descent in matching.lineage
        if descent.fate not in (Fate.MERGED, Fate.RETIRED) or before.ids[descent.old or 0] not in ids
    ]
    named = {line.old for line in lines}
    stayed = [Lineage(Fate.KEPT, id_, id_, 1.0) for id_ in dict.fromkeys(before.ids) if id_ in ids and id_ not in named]
    return list(dict.fromkeys(lines + stayed))


def _line(descent: Descent, ids: Sequence[UUID], before: _Before) -> Lineage:
    new = None if descent.new is None else ids[descent.new]
    old = None if descent.old is None else before.ids[descent.old]
    # a pinned topic keeps its own id even where it is what another topic was
    fate = Fate.MERGED if descent.fate is Fate.KEPT and new != old else descent.fate
    return Lineage(fate, new, old, descent.score)
