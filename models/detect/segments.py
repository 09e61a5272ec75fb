"""Topics by segment: a rise in one market is judged there, where the whole would drown it.

Each segment is a database of its own: a topic's complaints from Germany are held against its own past in Germany and
the volume of all complaints from Germany. Whole and parts share the budget of false alarms. While a topic is calm as a
whole, its segments have to pass a threshold that is set for their part of the budget and for how many they are, which
is harder than that of the whole; once it has risen as a whole, they are only asked which of them have part in it, at a
false discovery rate among themselves (Yekutieli 2008, JASA 103:309).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from feedback.domain import SEGMENTED, Segment
from models.detect.budget import JUDGED, SETTLING, Simulation, Threshold, replicates_of
from models.detect.combined import Combined, tails
from models.detect.eb7 import EB7
from models.detect.fdr import FALSE_DISCOVERIES, q_values
from models.detect.held import Held, History, Integers, TimeOfYear, volume
from models.detect.null import Null
from models.detect.panel import Counts, Flags, Floats, Panel
from models.detect.rises import Rises
from models.detect.silence import gaps

BUDGET_SHARE = 0.25
"""The segments' part of the false alarms, all of them together."""

RECENT = 56
"""Days over which it is decided which segments are judged."""

LEAST_A_DAY = 3.0
"""Complaints a day of all topics; of a smaller segment hardly any topic could be judged."""

MOST_OF_ALL = 0.8
"""A segment that holds so large a part of everything is the whole once more."""

MOST_SEGMENTS = 20

YOUNG = 56
"""Days that a segment must have had complaints for; before, everything in it is new."""

SERIES_AT_ONCE = 4_000

SIMULATED_WEEKS, SIMULATED_SERIES = 64, 2_000
"""How much is simulated for the threshold; of more series in all, those of some topics stand for all."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPanel:
    """Daily counts by segment over the days of `whole`, whose alerted days and gaps hold for all of them. A segment
    that had fallen silent has gaps of its own. The exposure of the whole is not that of a segment: a market that grows
    has more players, and all players say nothing of it.

    `counts` is int (segments, topics, days), `total` (segments, days): each segment's complaints of every topic and
    none.
    """

    whole: Panel
    counts: Counts
    total: Counts

    def of(self, segment: int, topics: NDArray[np.intp] | None = None) -> Panel:
        """One segment's panel, of some topics where they are given."""
        chosen = slice(None) if topics is None else topics
        excluded, expected = self.whole.excluded[chosen], self.whole.expected
        expected = None if expected is None else expected[chosen]
        counts, total = self.counts[segment][chosen], self.total[segment]
        closed = self._gaps(slice(segment, segment + 1))[0]
        heard = None if self.whole.heard is None else self.whole.heard.of(chosen)
        alone = replace(self.whole, counts=counts, total=total, excluded=excluded, expected=expected, heard=heard)
        return replace(alone, gaps=closed, exposure=None)

    def history(self, segments: slice = slice(None)) -> History:
        """Segments side by side, one replicate each."""
        whole = History.of(self.whole)
        counts = np.ascontiguousarray(self.counts[segments].transpose(2, 0, 1), dtype=np.float64)
        others = volume(self.whole, self.total[segments].T[:, :, None] - counts)
        if self.whole.heard is not None:
            others = others * self.whole.heard.open.T[:, None, :]
        open_days = whole.open_days * ~self._gaps(segments).T[:, :, None]
        return History(counts, others, whole.excluded, open_days, whole.unheard, whole.doubt)

    def _gaps(self, segments: slice) -> Flags:
        """(segments, days): when a segment, or everything, had fallen silent, or a source had not begun."""
        alone = [gaps(total, complete=self.whole.complete) for total in self.total[segments]]
        closed = self.whole.gaps if self.whole.heard is None else self.whole.gaps | self.whole.heard.begun
        return np.stack(alone) | closed


@dataclass(frozen=True, slots=True, eq=False)
class SegmentRises:
    """The judgement of the last day's windows: `p`, `q` and `rising` are (segments, topics).

    `q` is the Benjamini-Hochberg value among all that were judged; p and q are 1 where nothing was. `p_by` is the same
    as p by the name of each detector of the combination alone, without its margin, `held` what each held against each
    other, and `which` gave the score (1, segments, topics). `weights` is what each day weighs in the baseline (days,
    segments, topics).
    """

    detector: Combined
    held: Mapping[str, Held]
    p_by: Mapping[str, Floats]
    which: Integers
    weights: Floats
    p: Floats
    q: Floats
    rising: Flags

    def of(self, segment: int, by: str | None = None) -> Rises:
        """One segment's, as if it were the whole: (topics, 1); with the numbers of the detector of that name."""
        held = {name: each.replicate(segment) for name, each in self.held.items()}
        if by is None:
            which, p = self.which[:, segment : segment + 1], self.p[segment][None, None, :]
        else:
            which = np.full((1, 1, self.p.shape[1]), list(held).index(by))
            p = self.p_by[by][segment][None, None, :]
        scores, reasons = self.detector.told(held, which, p, self.weights[:, segment])
        return Rises(scores, self.q[segment][:, None], self.rising[segment][:, None], reasons)

    def by(self, segment: int, topic: int) -> str:
        """The name of the detector whose score it is."""
        return list(self.held)[int(self.which[0, segment, topic])]

    def where(self, topic: int, by: str) -> list[int]:
        """The segments in which a topic has risen, given that this detector has found that it has as a whole; the
        surest first."""
        p = self.p_by[by][:, topic]
        found = np.flatnonzero(q_values(p) <= FALSE_DISCOVERIES)
        return [int(each) for each in found[np.argsort(p[found], kind="stable")]]

    def surest(self, topic: int) -> list[int]:
        """The segments in which a topic is rising by itself, the surest first."""
        found = np.flatnonzero(self.rising[:, topic])
        return [int(each) for each in found[np.argsort(self.p[found, topic], kind="stable")]]


def worth_judging(totals: Mapping[Segment, Counts], whole: Counts, least: float = LEAST_A_DAY) -> list[Segment]:
    """The segments that are judged, the largest first: large enough to say anything, and not the whole once more.

    `totals` and `whole` are each day's complaints (days,), `least` is how many a day a segment must have.
    """
    everything = max(float(whole[-RECENT:].sum()), 1.0)
    days = min(len(whole), RECENT)
    sizes = {segment: float(total[-RECENT:].sum()) for segment, total in totals.items()}
    fit = [each for each, size in sizes.items() if size >= least * days and size <= MOST_OF_ALL * everything]
    # of a market and its language the market comes first
    order = {name: place for place, name in enumerate(SEGMENTED)}
    return sorted(fit, key=lambda each: (-sizes[each], order[each.attribute], each.value))[:MOST_SEGMENTS]


def time_of_year(whole: Panel, eb7: EB7 | None = None, days: int = 1) -> TimeOfYear:
    """That of the last `days` windows, learned from topics as a whole, with all the history there is: segments are
    looked at for less than a year."""
    wanted = min(days + Combined().ramp.lag, whole.days)
    return TimeOfYear.of((eb7 or EB7()).forecast(History.of(whole), wanted))


def find_segment_rises(
    panel: SegmentPanel, threshold: Threshold, eb7: EB7 | None = None, season: TimeOfYear | None = None
) -> SegmentRises:
    """Judge every topic in every segment. Rising is a score at the threshold or above and a q of its bound or below.

    `season` is what the topics have in common with their whole: in one market Christmas is when it is in all.
    """
    detector = Combined(threshold.margins, eb7 or EB7(), season=season)
    held, weights = _held(panel, detector)
    held = _grown_up(held, panel.total, detector)
    alone = tails(held)
    which, p = (part[0] for part in detector.highest(held, alone))
    p_by = {name: each[0] for name, each in alone.items()}
    judged = np.logical_or.reduce([each.known[0] for each in held.values()])
    q = np.ones_like(p)
    if judged.any():
        q[judged] = q_values(p[judged])
    rising = judged & (-np.log10(p) >= threshold.score) & (q <= threshold.q_bound)
    return SegmentRises(detector, held, p_by, which[None], weights, p, q, rising)


def find_rises_in(
    panel: SegmentPanel,
    segment: int,
    threshold: Threshold,
    days: int,
    season: TimeOfYear | None = None,
) -> Rises:
    """The last `days` of one segment alone, (topics, days), asked no less than if all were judged: q is what it can be
    at most then. On days on which it had no history yet nothing is rising.

    `season` is that of as many days, as `time_of_year` tells it. Raises ValueError when the panel has not got them.
    """
    detector = Combined(threshold.margins, season=season)
    walk = detector.walked(History.of(panel.of(segment), days), days)
    held = _grown_up(detector.held_of(walk, days), panel.total[segment : segment + 1], detector)
    scores, reasons = detector.told(held, *detector.highest(held, tails(held)), walk.weights()[:, 0])
    q = np.minimum(q_values(scores.p) * len(panel.counts), 1.0)
    rising = (scores.score >= threshold.score) & (q <= threshold.q_bound)
    return Rises(scores, q, rising, reasons)


def _held(panel: SegmentPanel, detector: Combined) -> tuple[dict[str, Held], Floats]:
    """The last windows of all segments, so many at a time as memory holds, and what each day weighs before them."""
    step = max(1, SERIES_AT_ONCE // max(panel.whole.topics, 1))
    if len(panel.counts) <= step:
        return _walked(panel.history(), detector)
    # stages of so many series would take more memory than they save time
    afresh = replace(detector, eb7=replace(detector.eb7, stages=None))
    starts = range(0, len(panel.counts), step)
    parts = [_walked(panel.history(slice(start, start + step)), afresh) for start in starts]
    held = {name: Held.joined([each[name] for each, _ in parts]) for name in parts[0][0]}
    return held, np.concatenate([weights for _, weights in parts], axis=1)


def _walked(history: History, detector: Combined) -> tuple[dict[str, Held], Floats]:
    walk = detector.walked(history, 1)
    return detector.held_of(walk, 1), walk.weights()


def _grown_up(held: Mapping[str, Held], total: Counts, detector: Combined) -> dict[str, Held]:
    """With nothing known where a segment has had complaints for less than `YOUNG` days, or had when the ramp detector's
    forecast was made; `total` is each segment's complaints (segments, days)."""
    begun: Flags = np.maximum.accumulate(total.T > 0, axis=0)
    lags = {detector.eb7.name: 0, detector.ramp.name: detector.ramp.lag}
    return {name: held[name].known_in(_delayed(begun, YOUNG - 1 + lag)) for name, lag in lags.items()}


def _delayed(flags: Flags, days: int) -> Flags:
    """So many days later; as many rows."""
    none = np.zeros((min(days, len(flags)), flags.shape[1]), bool)
    return np.vstack([none, flags[: max(len(flags) - days, 0)]])


def segment_threshold(panel: SegmentPanel, budget: float, seed: int = 0, *, weeks: int = SIMULATED_WEEKS) -> Threshold:
    """The threshold with which all topics in all segments together open `budget` false alerts a week, judged daily.

    Drawn as in `models.detect.budget.simulated`, each segment by itself: those that say the same, such as a market and
    its language, are counted as two, which errs on the side of calm. Raises ValueError when there are no segments.
    """
    if not len(panel.counts):
        raise ValueError("there is nothing to simulate: no segment is large enough")
    rng = np.random.default_rng(seed)
    some = min(panel.whole.topics, max(1, SIMULATED_SERIES // len(panel.counts)))
    topics = np.sort(rng.permutation(panel.whole.topics)[:some])
    scores = [_calm(panel.of(each, topics), replicates_of(weeks), rng) for each in range(len(panel.counts))]
    known = {"segments": float(len(panel.counts)), "topics": float(panel.whole.topics)}
    together = {name: np.concatenate([each[name] for each in scores], axis=-1) for name in scores[0]}
    return Simulation(together, 1, seed, known, some / panel.whole.topics).threshold(budget)


def _calm(panel: Panel, replicates: int, rng: np.random.Generator) -> dict[str, Floats]:
    """The scores (days, replicates, topics) of one segment's calm panels, by the name of the detector."""
    null = Null.fitted(panel, EB7(), SETTLING + JUDGED)
    held = Combined().held(null.draw(replicates, rng), SETTLING + JUDGED)
    return {name: np.asarray(-np.log10(each.p())) for name, each in held.items()}
