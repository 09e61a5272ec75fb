"""The year's course of each topic: a log-linear regression on harmonics, shrunk across topics.

Counts are regressed on a level, a trend and the first harmonics of the year, as in Noufaily et al. 2013 (Statistics in
Medicine 32:1206). But for the level, coefficients are shrunk to none by a normal prior whose variances are those found
across topics (empirical Bayes: Morris 1983, JASA 78:47): where no topic has a season, none is seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.detect.panel import Flags, Floats

LEVEL_VARIANCE = 100.0
"""The prior variance of a topic's log level: as good as none."""

FIRST_VARIANCE, FIRST_TOPICS = 0.02, 1.0
"""The prior variance of the other coefficients before any is known, and of how many topics it has the weight."""

FIRST_KAPPA, FIRST_SUMS = 0.02, 100.0
"""What large sums scatter beyond their count's own scatter, squared and relative; and of how many it has the weight."""

LEAST_KAPPA = 1e-3

SPREAD = 50.0
"""From this mean on, a large sum tells little more about that than a small one."""

STEPS, LATER_STEPS = 12, 4
"""Newton's steps of a first fit and of one that goes on from an earlier; the prior is renewed with each."""


class Sums(NamedTuple):
    """What is regressed: counts, their exposure and whether each counts at all (sums, replicates, topics), the variance
    ratio of small counts (replicates, topics), and the terms (sums, 2 + harmonics): level, trend, cosines, sines."""

    counts: Floats
    exposure: Floats
    usable: Flags
    phi: Floats
    terms: Floats


class Fit(NamedTuple):
    """Coefficients (replicates, topics, terms), their covariance (replicates, topics, terms, terms), the prior's
    variances (replicates, terms) and the scatter of large sums (replicates, 1)."""

    beta: Floats
    covariance: Floats
    variance: Floats
    kappa: Floats


def fit_harmonics(sums: Sums, before: Fit | None = None) -> Fit:
    """The regression by Newton's method on the quasi-likelihood of the variance φ m + κ m²; `before` is a fit to
    fewer sums. The prior and κ are found within a replicate."""
    fit = before or _first(sums)
    for _ in range(LATER_STEPS if before else STEPS):
        fit = _step(sums, fit)
    return fit


def _first(sums: Sums) -> Fit:
    replicates, topics, count = *sums.phi.shape, sums.terms.shape[1]
    beta = np.zeros((replicates, topics, count))
    seen, exposed = ((part * sums.usable).sum(axis=0) for part in (sums.counts, sums.exposure))
    beta[..., 0] = np.log((seen + 0.5) / (exposed + 0.5))
    variance = np.full((replicates, count), FIRST_VARIANCE)
    variance[:, 0] = LEVEL_VARIANCE
    return Fit(beta, np.zeros((*beta.shape, count)), variance, np.full((replicates, 1), FIRST_KAPPA))


def _step(sums: Sums, fit: Fit) -> Fit:
    terms, count = sums.terms, sums.terms.shape[1]
    mean = np.exp(np.clip(np.tensordot(terms, fit.beta, axes=(1, 2)), -20, 20)) * sums.exposure
    weight = sums.usable / (sums.phi + fit.kappa * mean)
    slope = np.tensordot(weight * (sums.counts - mean), terms, axes=(0, 0)) - fit.beta / fit.variance[:, None]
    squares = (terms[:, :, None] * terms[:, None, :]).reshape(len(terms), -1)
    curvature = np.tensordot(weight * mean, squares, axes=(0, 0)).reshape(*fit.beta.shape, count)
    covariance = np.asarray(np.linalg.inv(curvature + np.eye(count) / fit.variance[:, None, None]), np.float64)
    beta = fit.beta + np.clip(np.einsum("rtkl,rtl->rtk", covariance, slope), -1, 1)
    return Fit(beta, covariance, _across(beta, covariance), _kappa(sums, mean))


def _across(beta: Floats, covariance: Floats) -> Floats:
    """The prior's variances, by one step of expectation and maximisation; cosine and sine share one."""
    found = (beta**2 + np.diagonal(covariance, axis1=-2, axis2=-1)).sum(axis=1)
    cosines, sines = np.split(found[:, 2:], 2, axis=1)
    found[:, 2:] = np.tile((cosines + sines) / 2, 2)
    variance = (found + FIRST_TOPICS * FIRST_VARIANCE) / (beta.shape[1] + FIRST_TOPICS)
    variance[:, 0] = LEVEL_VARIANCE
    return np.asarray(variance)


def _kappa(sums: Sums, mean: Floats) -> Floats:
    """What all topics' sums scatter beyond their counts' own scatter, (replicates, 1)."""
    known = sums.usable.sum(axis=0)
    freedom = np.maximum(known - sums.terms.shape[1] + 1, 1) / np.maximum(known, 1)
    share = sums.usable * (mean / (mean + SPREAD)) ** 2
    excess = (sums.counts - mean) ** 2 / freedom - sums.phi * mean
    found = (share * excess / np.maximum(mean, 1e-9) ** 2).sum(axis=(0, 2))
    pooled = (found + FIRST_SUMS * FIRST_KAPPA) / (share.sum(axis=(0, 2)) + FIRST_SUMS)
    return np.asarray(np.maximum(pooled, LEAST_KAPPA)[:, None])
