"""Directions in which texts of different subjects lie apart, learned from the texts themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.centre import Floats, Ints, unit_rows

if TYPE_CHECKING:
    Matrix = NDArray[np.float64]

KEPT = 192
"""Principal directions kept: the rest, a sixth of the variance of MASSIVE, is mostly noise."""

SUBJECT = 0.125
"""A first direction with more of the variance than this is a subject; with less, the way people write.

It carries 0.083 of Banking77, 0.038 of MASSIVE and 0.034 of questions about Firefox."""

SHRINKAGE = 0.6
"""How far the scatter within clusters is pulled towards a sphere. The clusters it comes from are in part wrong."""


def main_directions(vectors: Floats) -> Floats:
    """Unit rows (n, at most KEPT) in the principal directions but the first, which tells how a text is written.

    After "all but the top" (Mu and Viswanath 2018). The first stays where it carries much of the variance, or where
    there are too few texts to know it.
    """
    centred = vectors - vectors.mean(axis=0)
    shares, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    shares, directions = shares[::-1], directions[:, ::-1]
    first = int(len(vectors) > len(shares) and shares[0] < SUBJECT * shares.sum())
    return unit_rows(centred @ directions[:, first : first + KEPT].astype(np.float32))


def discriminants(vectors: Floats, labels: Ints) -> Floats:
    """Unit rows (n, clusters - 1) in the directions that set the clusters (n,) apart.

    Linear discriminant analysis (Fisher 1936) with the scatter within clusters shrunk by SHRINKAGE. Texts of one
    subject differ in ways that subjects don't; these count less, as in discriminant clustering (Ding and Li 2007).
    Needs two clusters or more.
    """
    from scipy.linalg import eigh

    size, codes = _codes(labels)
    means = _means(vectors, codes, size)
    within = _scatter(vectors - means[codes])
    between = _scatter(means[codes] - vectors.mean(axis=0))
    width = len(within)
    level = max(float(np.trace(within)) / width, 1e-9)
    shrunk = (1 - SHRINKAGE) * within + SHRINKAGE * level * np.eye(width)
    kept = min(size - 1, width)
    directions = eigh(between, shrunk, subset_by_index=[width - kept, width - 1])[1]
    return unit_rows((vectors - vectors.mean(axis=0)) @ directions[:, ::-1].astype(np.float32))


def _codes(labels: Ints) -> tuple[int, Ints]:
    values, codes = np.unique(labels, return_inverse=True)
    return len(values), codes


def _means(vectors: Floats, codes: Ints, size: int) -> Floats:
    from scipy.sparse import csr_matrix

    members = csr_matrix((np.ones(len(codes), np.float32), (codes, np.arange(len(codes)))), shape=(size, len(codes)))
    return np.asarray(members @ vectors / np.bincount(codes, minlength=size)[:, None], np.float32)


def _scatter(apart: Floats) -> Matrix:
    return np.asarray((apart.T @ apart).astype(np.float64) / len(apart))
