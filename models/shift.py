"""Whether a share or what customers gave as a rating has shifted beyond chance."""

from __future__ import annotations

from collections.abc import Sequence

LEAST_RATINGS = 5
"""Fewer ratings of a source, in the window or before, say nothing."""


def grown_share(count: int, of: int, before: int, of_before: int) -> float:
    """The chance that `count` or more of `of` have what `before` of `of_before` had: Fisher's exact test, one-sided,
    with the mid-p correction (Lancaster 1961). 1 where nothing is known of one of them."""
    from scipy.stats import hypergeom

    if not of or not of_before:
        return 1.0
    table = hypergeom(of + of_before, count + before, of)
    return float(table.sf(count) + table.pmf(count) / 2)


def fallen_ratings(ratings: Sequence[tuple[Sequence[float], Sequence[float]]]) -> float | None:
    """The chance that ratings are so much lower than before by chance, over (now, before) of each source.

    Each source has a scale of its own, so only ratings of one source are compared: Mann and Whitney's test within each,
    put together after Stouffer, weighted by the root of how many there are now. None where there are too few.
    """
    from scipy.stats import combine_pvalues, mannwhitneyu

    known = [each for each in ratings if min(map(len, each)) >= LEAST_RATINGS]
    if not known:
        return None
    # all alike would give no p at all
    found = [
        float(mannwhitneyu(now, before, alternative="less").pvalue) if len({*now, *before}) > 1 else 1.0
        for now, before in known
    ]
    # Stouffer's method knows no certainty
    bounded = [min(max(p, 1e-15), 1 - 1e-15) for p in found]
    return float(combine_pvalues(bounded, method="stouffer", weights=[len(now) ** 0.5 for now, _ in known]).pvalue)


def more_than(count: int, of: int, share: float) -> float:
    """The chance that `count` or more of `of` are what a share of all is."""
    from scipy.stats import binom

    return float(binom.sf(count - 1, of, min(share, 1.0)))
