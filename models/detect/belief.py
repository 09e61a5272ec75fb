"""Whether a topic goes on as all its years say, or as its latest weeks do: each as far as it has foretold better.

The two forecasts of the same windows are mixed, and the weight of each is the posterior chance that it is the right
one, from how likely it made what came, with what is long ago forgotten (dynamic model averaging: Raftery et al. 2010,
Technometrics 52:52). What is believed of a topic before it has shown anything is found across topics. So a topic that
has kept to its course is foretold from all its history, and one whose level has shifted from its last weeks.
"""

from __future__ import annotations

from copy import copy
from typing import NamedTuple, Self

import numpy as np

from models.detect.negative_binomial import log_likelihood, size_of
from models.detect.panel import Flags, Floats

FIRST_SHARE, FIRST_TOPICS = 0.25, 2.0
"""Which part of the topics is taken to keep to its years before any is known, with the weight of so many topics."""

MOST = 4.0
"""No window tells more than this, in nats: a rise that neither foretold is no reason to believe in either."""


class Foretold(NamedTuple):
    """A forecast: the mean of a window's count, or complaints a day, and the squared relative error of it."""

    mean: Floats
    doubt: Floats


class Belief:
    """The weight of the years beside the weeks for each topic; arrays are (replicates, topics).

    What a window has told counts half after `half_life` days.
    """

    def __init__(self, shape: tuple[int, ...], window: int, half_life: float) -> None:
        self.window = window
        self.keep = 0.5 ** (1 / half_life)
        self.evidence = np.zeros(shape)
        self.share = np.full((shape[0], 1), FIRST_SHARE)

    def copy(self) -> Self:
        """One that goes on by itself from here; arrays are replaced, never written to."""
        return copy(self)

    @property
    def weight(self) -> Floats:
        """How far the years are believed, 0 to 1."""
        return np.asarray(1 / (1 + (1 / self.share - 1) * np.exp(-self.evidence)))

    def add(
        self, observed: Floats, years: Foretold, weeks: Foretold, phi: Floats, kappa: Floats, usable: Flags
    ) -> None:
        """Learn from one window a topic; windows overlap, so each counts 1 / window."""
        told = _likelihood(observed, years, phi, kappa) - _likelihood(observed, weeks, phi, kappa)
        self.evidence = self.evidence * self.keep + usable * np.clip(told, -MOST, MOST) / self.window
        believed = self.weight.sum(axis=-1, keepdims=True) + FIRST_TOPICS * FIRST_SHARE
        self.share = believed / (self.evidence.shape[-1] + FIRST_TOPICS)

    def mixed(self, years: Foretold, weeks: Foretold) -> Foretold:
        """One forecast of the two, as unsure as they are and as they differ."""
        weight = self.weight
        mean = weight * years.mean + (1 - weight) * weeks.mean
        apart = weight * (1 - weight) * ((years.mean - weeks.mean) / mean) ** 2
        return Foretold(mean, weight * years.doubt + (1 - weight) * weeks.doubt + apart)


def _likelihood(observed: Floats, forecast: Foretold, phi: Floats, kappa: Floats) -> Floats:
    """The logarithm of the negative binomial of the forecast, but for what any forecast of `observed` has."""
    mean = forecast.mean
    return log_likelihood(observed, mean, size_of(mean, phi + (kappa + forecast.doubt) * mean))
