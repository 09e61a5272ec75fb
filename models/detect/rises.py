"""One run of detection: judge every topic and say which rise."""

from __future__ import annotations

from dataclasses import dataclass

from models.detect.budget import Threshold
from models.detect.combined import Combined
from models.detect.eb7 import EB7
from models.detect.fdr import q_values
from models.detect.panel import Flags, Floats, Panel, Scores
from models.detect.reasons import Reasons


@dataclass(frozen=True, slots=True, eq=False)
class Rises:
    """The scores of a run, their Benjamini-Hochberg values among its topics, and which rise: (topics, days).

    `reasons` tells what a topic's score follows from.
    """

    scores: Scores
    q: Floats
    rising: Flags
    reasons: Reasons


def find_rises(panel: Panel, threshold: Threshold, *, days: int = 1, eb7: EB7 | None = None) -> Rises:
    """Judge the last `days` days; rising is a score at the threshold or above, and a q of its bound or below."""
    scores, reasons = Combined(threshold.margins, eb7 or EB7()).explained(panel, days)
    q = q_values(scores.p)
    return Rises(scores, q, (scores.score >= threshold.score) & (q <= threshold.q_bound), reasons)
