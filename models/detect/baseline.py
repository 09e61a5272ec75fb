"""A topic's usual rate: its own discounted past, and what topics are like where it has little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from models.detect.panel import Flags, Floats

SHAPES = np.geomspace(0.1, 10, 13)
"""The shapes tried for the prior: .1 says that topics differ a thousandfold, 10 that they are alike."""


@dataclass(frozen=True, slots=True)
class Memory:
    """How the past fades: see `models.detect.eb7.EB7`."""

    half_life: float
    patience: int
    share: float


class Entered(NamedTuple):
    """How a day entered the baseline: by which weight, and what share of all before it was kept."""

    weight: Floats
    keep: Floats


class Baseline:
    """Discounted counts and days of each topic, and the gamma prior across topics.

    Arrays are (replicates, topics); the prior is fitted within each replicate. `entered` has an item a day.
    """

    def __init__(self, memory: Memory, shape: tuple[int, ...]) -> None:
        self.memory = memory
        self.keep = 0.5 ** (1 / memory.half_life)
        self.entered: tuple[Entered, ...] = ()
        self.counts = np.zeros(shape)
        self.days = np.zeros(shape)
        self.others = np.zeros(shape)
        self.raised = np.zeros(shape)
        self.shape = np.full((shape[0], 1), 0.5)
        self.mean = np.ones((shape[0], 1))

    def add(self, counts: Floats, others: Floats, excluded: Flags, weight: Floats, share: Floats) -> None:
        """Take in one day, of which the `share` has data, by its weight; 0 if it was alerted.

        A rise that outlasts the patience is the new level: its days count fully and the past before it fades. A closed
        day neither ends a rise nor prolongs it.
        """
        is_open, patience = share > 0, self.memory.patience
        self.raised = np.where(is_open, np.where(excluded | (weight < 1), self.raised + 1, 0.0), self.raised)
        weight = np.where(self.raised > patience, 1.0, np.where(excluded, 0.0, weight)) * share
        keep = np.where(is_open & (self.raised == patience + 1), self.keep * self.memory.share, self.keep)
        self.counts = self.counts * keep + weight * counts
        self.others = self.others * keep + weight * others
        self.days = self.days * keep + weight
        self.entered = (*self.entered, Entered(weight, keep))

    @property
    def volume(self) -> Floats:
        """The others' complaints a day."""
        return np.asarray(self.others / np.maximum(self.days, 1e-9))

    def rate(self) -> tuple[Floats, Floats]:
        """Posterior mean of complaints a day, and its squared relative error."""
        shape = self.shape + self.counts
        return shape / (self.shape / self.mean + self.days), 1 / shape

    def fit_prior(self) -> None:
        """The gamma across topics that makes their counts likeliest, its shape on a grid."""
        counts, days = (part.sum(axis=-1, keepdims=True) for part in (self.counts, self.days))
        self.mean = np.maximum((counts + 0.5) / (days + 0.5), 1e-6)
        grid = SHAPES[:, None, None]
        share = self.days / (self.days + grid / self.mean)
        fit = special.gammaln(grid + self.counts) - special.gammaln(grid) + grid * np.log1p(-share)
        fit += self.counts * np.log(np.maximum(share, 1e-300))
        self.shape = SHAPES[fit.sum(axis=-1).argmax(axis=0)][:, None]
