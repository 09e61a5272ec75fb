"""The hourly fast path: a sharp outage is seen within hours, not at the day's end.

Counts by hour; the last one, three and six hours are each held against what the topic's rate of the last weeks, the
usual share of these hours in the day and the hours' volume of everything else predict. The smallest of the three tails
counts, times three (Bonferroni). All is sums over the hours before, so a year of hours takes no longer than its length.

Complaints come in clumps, which hours show and days smooth out, and no tail fitted to hours is to be trusted far out:
on simulated series with clumps a nominal one in ten weeks was 2 to 16 a week. So the bar is set by what the operator's
own hours have held, see `bar`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.detect.held import Forecast, Held, History, Integers, Windows, trailing
from models.detect.negative_binomial import SMALLEST_P
from models.detect.panel import Floats, Panel, Scores
from models.detect.reasons import Judge, Reasons

DAY = 24
DAYS_ALIKE = 7 * DAY
"""Hours after which an hour is like another."""

BUDGET_SHARE = 0.1
"""The hourly path's part of the false alarms."""

FIRST_RATIO, RATIO_PRIOR = 1.5, 200.0
"""The variance ratio that is believed at first, with the weight of so many hours with complaints."""

WINSOR = 9.0
"""Squared standardised errors above this count as this: an outage in the past is not scatter."""

APART = 4 * DAY
"""Hours: what is scored within so many is one episode."""

LEAST_SCORE = 3.0

SPARE = 1e-3
"""Keeps quotients of sums defined where nothing has been counted."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The settings, in hours unless said otherwise; the panel's buckets are hours and its first is at midnight.

    The baseline ends `gap` before the hour judged and halves in weight every `half_life`; it needs `warm_up`.
    `rate_prior` (hours) is how long a topic must have been watched to count as much as the mean of all topics;
    `volume_prior` (complaints) how many of others it takes to believe half of a change in volume. Fewer than `least` in
    the longest window are no outage.
    """

    windows: tuple[int, ...] = (1, 3, 6)
    gap: int = 24
    half_life: float = 28 * 24.0
    warm_up: int = 7 * 24
    rate_prior: float = 48.0
    volume_prior: float = 44.0
    least: int = 6
    name: str = "outage"

    def judge(self, panel: Panel, days: int = 1) -> Scores:
        """Scores of the last `days` buckets, here hours, each about the likeliest window that ends with the hour."""
        return self.explained(panel, days)[0]

    def explained(self, panel: Panel, days: int = 1) -> tuple[Scores, Reasons]:
        """The same with what they follow from."""
        history = History.of(panel, days, DAYS_ALIKE)
        held = self.held(history, days)
        p = self._tails(history, held)
        which: Integers = p.argmin(axis=0)
        chosen = Held.chosen(held, which)
        judges = tuple(self._judge(window, len(held)) for window in self.windows)
        return chosen.scores(np.array(self.windows)[which], self._smallest(p)), Reasons(judges, which, chosen)

    def past(self, panel: Panel, hours: int) -> Floats:
        """The scores (topics, hours) of the last `hours` alone."""
        history = History.of(panel, hours, DAYS_ALIKE)
        return np.asarray(-np.log10(self._smallest(self._tails(history, self.held(history, hours))))[:, 0, :].T)

    def _tails(self, history: History, held: tuple[Held, ...]) -> Floats:
        """P of each window (windows, hours, 1, topics)."""
        enough = trailing(history.counts, max(self.windows))[-len(held[0].windows.counts) :] >= self.least
        return np.where(enough, np.stack([each.p() for each in held]), 1.0)

    def _smallest(self, p: Floats) -> Floats:
        return np.asarray(np.clip(p.min(axis=0) * len(p), SMALLEST_P, 1.0))

    def _judge(self, window: int, windows: int) -> Judge:
        return Judge(self.name, window, self.gap, self.half_life, float(np.log10(windows)), "hour")

    def held(self, history: History, hours: int) -> tuple[Held, ...]:
        """For each window, the last `hours` of them beside what was known before."""
        open_hours = history.open_days
        kept = np.where(history.excluded | history.unheard | (open_hours == 0), 0.0, 1.0)
        usual = self._usual_hour(history.others * (open_hours > 0), open_hours)
        watched = self._past(kept * usual * open_hours)
        counted = self._past(kept * history.counts)
        topics = counted.shape[-1]
        prior = self.rate_prior * self._past(open_hours * usual) / np.maximum(self._past(open_hours), SPARE)
        pooled = (counted.sum(axis=-1, keepdims=True) + SPARE) / (watched.sum(axis=-1, keepdims=True) + SPARE)
        watched = watched + SPARE
        rate = (counted + prior * pooled) / (watched + prior)
        doubt = 1 / (counted + prior * pooled + 1 / topics)
        mean = np.maximum(rate * usual * open_hours, SPARE**2)
        ratio = self._ratio(history.counts, mean, kept)
        known = np.arange(len(usual))[:, None, None] >= history.start + self.gap + self.warm_up
        hourly = Forecast(rate, doubt, ratio, np.zeros_like(rate), usual, np.broadcast_to(known, rate.shape))
        hourly = hourly._replace(prior_shape=prior * pooled, prior_mean=pooled, counted=counted, watched=watched)
        return tuple(self._window(each, history, hourly, hours) for each in self.windows)

    def _window(self, length: int, history: History, hourly: Forecast, hours: int) -> Held:
        """The window of so many hours; its usual volume is that of just these hours of the day."""
        windows = Windows.of(history, length).last(hours)
        usual = trailing(hourly.volume * history.open_days, length)[-hours:]
        volume = usual / np.maximum(windows.open_days, SPARE)
        last = hourly.for_last(hours, history)
        # what was watched is counted in complaints of others: in hours like these it is this many
        watched = last.watched / np.maximum(volume, SPARE**2)
        rate, prior_mean = last.rate * volume, last.prior_mean * volume
        told = last._replace(rate=rate, volume=volume, prior_mean=prior_mean, watched=watched)
        return Held(told, windows, self.volume_prior)

    def _usual_hour(self, others: Floats, open_hours: Floats) -> Floats:
        """What everything else usually counts in an hour at that time of day, from the days before."""
        days = -(-len(others) // DAY)
        padded = np.zeros((days * DAY, *others.shape[1:]))
        watched = np.zeros((days * DAY, *open_hours.shape[1:]))
        padded[: len(others)], watched[: len(others)] = others, open_hours
        keep = 0.5 ** (DAY / self.half_life)
        counts, hours = (
            self._before(part.reshape(days, DAY, *part.shape[1:]), keep, 1).reshape(part.shape)[: len(others)]
            for part in (padded, watched)
        )
        return np.asarray((counts + SPARE) / (hours + SPARE))

    def _past(self, values: Floats) -> Floats:
        """Discounted sums over what is more than `gap` before each hour."""
        return self._before(values, 0.5 ** (1 / self.half_life), self.gap)

    def _before(self, values: Floats, keep: float, lag: int) -> Floats:
        from scipy.signal import lfilter

        sums = lfilter([1.0], [1.0, -keep], values, axis=0)
        before = np.zeros_like(sums)
        before[lag:] = sums[:-lag]
        return np.asarray(before)

    def _ratio(self, counts: Floats, mean: Floats, kept: Floats) -> Floats:
        """Variance over mean of an hour's count, of all topics together; at least 1."""
        error = np.minimum((counts - mean) ** 2 / mean, WINSOR * FIRST_RATIO)
        # an hour in which hardly anything is expected says hardly anything about dispersion
        weight = kept * mean / (mean + 0.5) * (mean > SPARE)
        squared, hours = (
            self._past(part.sum(axis=-1, keepdims=True)) for part in (weight * error, weight * np.ones_like(mean))
        )
        ratio = (squared + RATIO_PRIOR * FIRST_RATIO) / (hours + RATIO_PRIOR)
        return np.broadcast_to(np.maximum(ratio, 1.0), mean.shape)


def bar(past: Floats, allowed: float) -> float:
    """The score that past hours exceeded in fewer than `allowed` episodes; at least `LEAST_SCORE`.

    `past` is (topics, hours). What all topics score within four days is one episode. Of calm weeks that are like one
    another the next is as likely as any before it to hold the highest score: with `allowed` a budget times the weeks of
    `past`, the bar keeps to that budget whatever the scores are distributed like. That holds only if nothing is taken
    out, not even what had an alert; so let `allowed` be two or more, and one real outage does not hide the next. Where
    it is below one, the highest score of all is the bar, and the budget is met only as well as the weeks allow.
    """
    highest = past.max(axis=0)
    blocks = -(-len(highest) // APART)
    padded = np.pad(highest, (blocks * APART - len(highest), 0))
    peaks = np.sort(padded.reshape(blocks, APART).max(axis=1))[::-1]
    place = max(int(allowed), 1) - 1
    return max(LEAST_SCORE, float(peaks[place]) if place < blocks else 0.0)
