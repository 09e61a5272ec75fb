"""What could be had at most by a better statistic: the likelihood ratio of a rise, with what EB7 expects."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, logsumexp

from benchmarks.short_histories import JUDGED, Short
from models.detect.eb7 import EB7
from models.detect.held import History
from models.detect.panel import Floats

SPAN = 14
"""Days back to the earliest onset; what EB7 expects is from before them."""

LIFTS, RATES, RAMP = (2.0, 3.0), (0.5, 1.5, 4.0), 21
WEIGHTS = (0.3, 0.3, 0.05, 0.05, 0.05, 0.25)
"""Steps to so many times as much, steps by so many complaints a day, a ramp to x3 over so many days; as likely as in
the panels."""

NODES, MASSES = np.polynomial.hermite_e.hermegauss(7)
HALF = 0.5
"""Of EB7's squared relative error of a week's mean, what lasts longer than the week: the best of .25, .5 and 1."""


def informed(panel: Short, kind: str) -> Floats:
    """log10 of the mixture of likelihood ratios over kinds of rise and onsets of the last 14 days (Shiryaev 1963),
    given the true scatter and how topics rise; the mean is EB7's, and as uncertain."""
    counts, mean, rate, doubt = _expected(panel, kind)
    phi = np.maximum(panel.phi, 1.02)[None, None, :]
    calm, risen = [], []
    for node, mass in zip(NODES, MASSES / MASSES.sum(), strict=True):
        level = np.exp(np.sqrt(doubt) * node - doubt / 2)
        base = _log_likelihood(counts, mean * level, phi)
        shapes = [mean * level * lift for lift in LIFTS] + [mean * (level + each / rate) for each in RATES]
        steps = [np.cumsum(_log_likelihood(counts, each, phi) - base, axis=1) for each in shapes]
        ratios = [np.exp(np.clip(each, -50, 500)).mean(axis=1) for each in (*steps, _ramps(counts, mean * level, phi))]
        whole = np.log(mass) + base.sum(axis=1)
        calm.append(whole)
        risen.append(whole + np.log(sum(weight * each for weight, each in zip(WEIGHTS, ratios, strict=True))))
    return np.asarray((logsumexp(risen, axis=0) - logsumexp(calm, axis=0)).T / np.log(10))


def _expected(panel: Short, kind: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Of the days up to each judged one, the latest first: counts and expected counts (judged, span, topics), the rate
    and the squared relative error of the level (judged, 1, topics)."""
    series = np.ascontiguousarray(panel.counts[kind].T[:, None, :], dtype=np.float64)
    history = History(series, panel.others.T[:, None, :], np.zeros(series.shape, bool), np.ones((len(series), 1, 1)))
    detector = EB7()
    known = detector.forecast(history, JUDGED)
    days = np.arange(len(series) - JUDGED, len(series))[:, None] - np.arange(SPAN)
    prior = detector.volume_prior / detector.window
    relative = (history.others[days, 0] + prior) / (known.volume + prior)
    rate = np.maximum(known.rate, 1e-3)
    return series[days, 0], np.maximum(rate * relative, 1e-3), rate, np.log1p(HALF * (known.kappa + known.doubt))


def _log_likelihood(counts: Floats, mean: Floats, phi: Floats) -> Floats:
    """Of a negative binomial whose variance is `phi` times its mean, but for what does not depend on that."""
    size = mean / (phi - 1)
    return np.asarray(gammaln(counts + size) - gammaln(size) - size * np.log(phi))


def _ramps(counts: Floats, mean: Floats, phi: Floats) -> Floats:
    """The log likelihood ratios of a ramp that began so many days ago, as `counts`."""
    since = np.arange(SPAN)[:, None] - np.arange(SPAN)
    lift = 1 + 2 * np.clip(since + 1, 0, None) / RAMP
    base = _log_likelihood(counts, mean, phi)
    ratios = [_log_likelihood(counts, mean * each[:, None], phi) - base for each in lift]
    return np.stack([each.sum(axis=1) for each in ratios], axis=1)
