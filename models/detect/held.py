"""What every detector works on: daily counts, the windows over them, and what the past says about those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.detect.negative_binomial import quantile, size_of, upper_tail
from models.detect.panel import Flags, Floats, Panel, Scores

Integers = NDArray[np.intp]
Number = TypeVar("Number", bound=np.generic)

LEAST_MEAN = 1e-9
"""Keeps the tail defined where nothing at all is expected."""

WEEK = 7
ALIKE = 4
"""So many weeks say what is usual on a day of which not everything has come in."""

NO_SEASON = np.ones((1, 1, 1))
"""Of a detector that knows nothing of the time of the year."""

NO_DOUBT: Floats = np.zeros((1, 1, 1))
NO_YEARS = NO_DOUBT

NO_PRIOR = np.full((1, 1, 1), np.nan)
"""Of one whose rate is no mean of a gamma."""

ALL_HEARD = np.zeros((1, 1, 1), bool)
"""Where no source was silent."""


class History(NamedTuple):
    """Daily counts, days first so that a day lies together in memory.

    `counts` and `others` (the day's volume without the topic itself, or its exposure) are (days, replicates, topics),
    `excluded`, `open_days` and `unheard` broadcast to them. `open_days` is 1 for a day that counts, 0 for a gap or one
    on which a topic is expected to rise, between for a part of a day, such as the part that comes through the sources
    that are not silent; `others` are in proportion to it. Of days that are `unheard` nothing is learned. `doubt` is the
    squared relative error with which it is known what comes through the sources that are there.
    """

    counts: Floats
    others: Floats
    excluded: Flags
    open_days: Floats
    unheard: Flags = ALL_HEARD
    doubt: Floats = NO_DOUBT

    @classmethod
    def of(cls, panel: Panel, days: int | None = None, cycle: int = WEEK) -> History:
        """The panel's, whose days are alike when they lie a `cycle` apart. Raises ValueError when the last `days` are
        to be judged and the panel has not got them."""
        if days is not None and not 1 <= days <= panel.days:
            raise ValueError(f"asked to judge {days} days of a panel of {panel.days}")
        counts = np.ascontiguousarray(panel.counts.T[:, None, :], dtype=np.float64)
        open_days, unheard = _open_days(panel)[:, None, None], ALL_HEARD
        if panel.exposure is None:
            others = volume(panel, panel.total.astype(np.float64)[:, None, None] - counts, cycle)
        else:
            others = np.broadcast_to(panel.exposure[:, None, None] * open_days, counts.shape).copy()
        if panel.heard is not None:
            part, unheard = (each.T[:, None, :] for each in (panel.heard.open, panel.heard.unheard))
            open_days, others = open_days * part, others * part
        doubt = NO_DOUBT if panel.heard is None else panel.heard.doubt.T[:, None, :]
        if panel.expected is not None and panel.expected.any():
            open_days = open_days * ~panel.expected.T[:, None, :]
        return cls(counts, others, np.ascontiguousarray(panel.excluded.T[:, None, :]), open_days, unheard, doubt)

    @property
    def start(self) -> int:
        """The first day that holds anything at all; the number of days if none does."""
        busy = (self.counts.sum(axis=(1, 2)) + self.others.sum(axis=(1, 2))) > 0
        return int(np.argmax(busy)) if busy.any() else len(busy)

    def begins_like(self, other: History, days: int) -> bool:
        """Whether both hold the same on their first `days` days."""
        return len(self.counts) >= days and all(
            mine.shape[1:] == its.shape[1:] and np.array_equal(mine[:days], its[:days])
            for mine, its in zip(self, other, strict=True)
        )


class Windows(NamedTuple):
    """What counts in each window: topics and others (days, replicates, topics), and the days that do, which broadcast
    to those."""

    counts: Floats
    others: Floats
    open_days: Floats

    @classmethod
    def of(cls, history: History, length: int) -> Windows:
        """The sums over the `length` days that end with each day; of closed ones nothing counts."""
        open_days = history.open_days
        counts, others = (part * (open_days > 0) for part in (history.counts, history.others))
        return cls(trailing(counts, length), trailing(others, length), trailing(open_days, length))

    def last(self, days: int) -> Windows:
        return Windows._make(part[-days:] for part in self)

    def on(self, day: int) -> Windows:
        return Windows._make(part[day] for part in self)


class Forecast(NamedTuple):
    """What the past says about each window, arrays (days, replicates, topics).

    `rate` is complaints a day at the baseline's volume, `doubt` the squared relative error of the rate, `volume` the
    others' complaints a day in the baseline. `season` is what the window's time of the year usually brings over what
    that of the baseline does, with the squared relative error `season_doubt`, `later` the same of the four weeks after
    it, for which the doubt is `later_doubt`. A count of mean m scatters with the variance `phi` m + (`kappa` + `doubt`)
    m². `known` is false where there is too little history to judge.

    The rate is `weeks_rate` but for the part `years_weight` of it, which is `years_rate`, what all years say, with
    `years_doubt`; NaN before there is one. That of the latest weeks is the mean of a gamma: (`prior_shape` + `counted`)
    / (`prior_shape` / `prior_mean` + `watched`), with what the baseline's complaints and days weigh together.
    """

    rate: Floats
    doubt: Floats
    phi: Floats
    kappa: Floats
    volume: Floats
    known: Flags
    season: Floats = NO_SEASON
    later: Floats = NO_SEASON
    later_doubt: Floats = NO_SEASON
    season_doubt: Floats = NO_DOUBT
    prior_shape: Floats = NO_PRIOR
    prior_mean: Floats = NO_PRIOR
    counted: Floats = NO_PRIOR
    watched: Floats = NO_PRIOR
    years_rate: Floats = NO_PRIOR
    years_doubt: Floats = NO_PRIOR
    years_weight: Floats = NO_YEARS

    @property
    def weeks_rate(self) -> Floats:
        """Complaints a day by the latest weeks."""
        return np.asarray((self.prior_shape + self.counted) / (self.prior_shape / self.prior_mean + self.watched))

    @property
    def weeks_doubt(self) -> Floats:
        """The squared relative error of that and of the season."""
        return np.asarray(1 / (self.prior_shape + self.counted) + self.season_doubt)

    def ahead(self) -> Forecast:
        """The same of the four weeks after the window."""
        return self._replace(season=self.later, doubt=self.later_doubt)

    def for_last(self, days: int, history: History) -> Forecast:
        """That of the last days, with the doubt about what is heard of them."""
        told = self.last(days)
        return told._replace(doubt=told.doubt + history.doubt[-days:])

    def last(self, days: int) -> Forecast:
        return Forecast._make(part[-days:] for part in self)

    def variance_ratio(self, mean: Floats) -> Floats:
        """Variance over mean of a count of this mean."""
        return np.asarray(self.phi + (self.kappa + self.doubt) * mean)

    def size(self, mean: Floats) -> Floats:
        """The negative binomial's size at this mean."""
        return size_of(mean, self.variance_ratio(mean))


class TimeOfYear(NamedTuple):
    """What the time of the year of each of the last windows brings each topic over that of its baseline, and of the
    four weeks after it, with the squared relative errors of both, (days, 1, topics)."""

    factor: Floats
    doubt: Floats
    later: Floats
    later_doubt: Floats

    @classmethod
    def of(cls, forecast: Forecast) -> TimeOfYear:
        later_doubt = forecast.season_doubt + forecast.later_doubt - forecast.doubt
        return cls(forecast.season, forecast.season_doubt, forecast.later, np.maximum(later_doubt, 0.0))

    def lent(self, forecast: Forecast) -> Forecast:
        """A forecast that knows of none, with this one."""
        factor, doubt, later, later_doubt = (part[-len(forecast.rate) :] for part in self)
        return forecast._replace(
            season=factor,
            doubt=forecast.doubt + doubt,
            later=later,
            later_doubt=forecast.later_doubt + later_doubt,
        )


class Held(NamedTuple):
    """Windows held against what was known before them.

    `prior` is how many complaints of others it takes to believe half of a change in volume.
    """

    forecast: Forecast
    windows: Windows
    prior: float

    @property
    def known(self) -> Flags:
        """Where there is enough history, and anything to judge."""
        return np.asarray(self.forecast.known & (self.windows.open_days > 0))

    @property
    def mean(self) -> Floats:
        """The mean of each window's counts, given what everything else counted.

        The relative volume is itself shrunk to one, so that the chance in a handful of other complaints moves
        nothing, while with hundreds a week it is simply the ratio of volumes.
        """
        return np.maximum(
            self.forecast.rate * self.windows.open_days * self.relative_volume * self.forecast.season, LEAST_MEAN
        )

    @property
    def relative_volume(self) -> Floats:
        """What everything else counted in each window over what it counted in as many days of the baseline."""
        usual = self.forecast.volume * self.windows.open_days
        return np.asarray((self.windows.others + self.prior) / (usual + self.prior))

    def p(self) -> Floats:
        """P(count ≥ observed), 1 where nothing is known."""
        mean = self.mean
        return np.where(self.known, upper_tail(self.windows.counts, mean, self.forecast.size(mean)), 1.0)

    @classmethod
    def joined(cls, among: Sequence[Held]) -> Held:
        """The replicates of all of them, one after another."""

        def join(parts: Sequence[Floats], shapes: Sequence[tuple[int, ...]]) -> Floats:
            whole = [np.broadcast_to(part, shape) for part, shape in zip(parts, shapes, strict=True)]
            return np.concatenate(whole, axis=1)

        shapes = [each.forecast.rate.shape for each in among]
        forecasts, windows = zip(*(each[:2] for each in among), strict=True)
        forecast = Forecast._make(join(parts, shapes) for parts in zip(*forecasts, strict=True))
        return cls(forecast, Windows._make(join(parts, shapes) for parts in zip(*windows, strict=True)), among[0].prior)

    def known_in(self, replicates: Flags) -> Held:
        """Where only of some replicates anything is known, by the last days of (days, replicates)."""
        known = self.forecast.known & replicates[-len(self.forecast.known) :, :, None]
        return self._replace(forecast=self.forecast._replace(known=known))

    def replicate(self, place: int) -> Held:
        """One replicate alone; what all replicates share stays as it is."""
        whole, only = self.forecast.rate.shape, slice(place, place + 1)
        forecast = Forecast._make(np.broadcast_to(part, whole)[:, only] for part in self.forecast)
        windows = Windows._make(np.broadcast_to(part, whole)[:, only] for part in self.windows)
        return Held(forecast, windows, self.prior)

    def without(self, counts: Floats, others: Floats, share: float) -> Held:
        """The same before the windows' last day was over: so many complaints and this share of the day to come."""
        seen = self.windows
        return self._replace(windows=Windows(seen.counts - counts, seen.others - others, seen.open_days - share))

    @classmethod
    def chosen(cls, among: Sequence[Held], which: Integers) -> Held:
        """At each place that of `among` whose index is in `which` (days, replicates, topics)."""

        def pick(parts: Sequence[Floats]) -> Floats:
            whole = np.stack([np.broadcast_to(part, which.shape) for part in parts])
            return np.asarray(np.take_along_axis(whole, which[None], axis=0)[0])

        forecasts, windows = zip(*(each[:2] for each in among), strict=True)
        forecast = Forecast._make(pick(parts) for parts in zip(*forecasts, strict=True))
        return cls(forecast, Windows._make(pick(parts) for parts in zip(*windows, strict=True)), among[0].prior)

    def scores(self, window: int | Integers, p: Floats | None = None) -> Scores:
        """The scores of the one replicate, about windows of so many days; with `p` in place of the windows' own."""
        mean, blank = self.mean, np.where(self.known, 0.0, np.nan)
        size = self.forecast.size(mean)
        return Scores(
            window=_by_topic(np.broadcast_to(window, mean.shape)),
            observed=_by_topic(self.windows.counts).astype(np.int64),
            expected=_by_topic(mean + blank),
            low=_by_topic(quantile(0.05, mean, size) + blank),
            high=_by_topic(quantile(0.95, mean, size) + blank),
            p=_by_topic(self.p() if p is None else p),
        )


def trailing(values: Floats, length: int) -> Floats:
    """Sums over the `length` steps that end with each, along the first axis."""
    sums = np.cumsum(values, axis=0)
    sums[length:] -= sums[:-length].copy()
    return sums


def volume(panel: Panel, others: Floats, cycle: int = WEEK) -> Floats:
    """`others` (days, ...) as they would be if no source were silent, and as far as is to be expected once everything
    has come in: on awaited days at least what is usual. Were a source that is down or late taken for a fall in volume,
    all that comes through others would rise."""
    if panel.heard is not None:
        others = panel.heard.whole_others(others)
    if panel.awaited is None or not panel.awaited.any():
        return others
    filled, known = others.copy(), ~(panel.awaited | panel.gaps)
    for day in np.flatnonzero(panel.awaited).tolist():
        alike = np.arange(day - cycle, -1, -cycle)
        alike = alike[known[alike]][:ALIKE]
        if alike.size:
            filled[day] = np.maximum(others[day], others[alike].mean(axis=0))
    return filled


def _open_days(panel: Panel) -> Floats:
    """1 a day with data, 0 a gap; the last day by its share of the recent volume while it is still filling.

    Where sources are late, that share would be too small for the others: what has begun to come in counts in full.
    """
    days = np.where(panel.gaps, 0.0, 1.0)
    if not panel.complete and panel.days > 1:
        total = panel.total if panel.heard is None else panel.heard.whole(panel.total.astype(np.float64))
        recent = total[-29:-1][~panel.gaps[-29:-1]]
        usual = float(recent.mean()) if recent.size else 0.0
        share = min(1.0, float(total[-1]) / usual) if usual > 0 else 1.0
        late = panel.awaited is not None and bool(panel.awaited[-1])
        days[-1] *= float(share > 0) if late else share
    return days


def _by_topic(values: NDArray[Number]) -> NDArray[Number]:
    """(days, 1, topics) to (topics, days)."""
    return np.ascontiguousarray(values[:, 0, :].T)
