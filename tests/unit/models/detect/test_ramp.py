from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.detect import Panel
from models.detect.ramp import Ramp
from tests.unit.models.detect.panels import raised, steady


def spike() -> Panel:
    """Forty complaints more on each of two days, ten days ago."""
    panel = steady()
    counts = panel.counts.copy()
    counts[8, -12:-10] += 40
    return Panel.of(counts)


def test_a_spike_that_was_alerted_is_no_ramp_afterwards() -> None:
    panel = spike()
    assert Ramp().judge(panel).score[8, 0] > 4
    excluded = panel.excluded.copy()
    excluded[8, -17:-10] = True
    alerted = Ramp().judge(replace(panel, excluded=excluded))
    assert alerted.score[8, 0] < 2
    assert alerted.observed[8, 0] == panel.counts[8, -28:-17].sum() + panel.counts[8, -10:].sum()
    np.testing.assert_array_equal(np.delete(alerted.p, 8, axis=0), np.delete(Ramp().judge(panel).p, 8, axis=0))


def test_a_rise_goes_on_to_be_judged_by_the_days_that_were_not_alerted() -> None:
    panel = raised(steady(), 8, 40, 12)
    excluded = panel.excluded.copy()
    excluded[8, -40:-14] = True
    assert Ramp().judge(replace(panel, excluded=excluded)).score[8, 0] > 4


def test_where_all_days_were_alerted_nothing_is_said() -> None:
    panel = steady()
    excluded = panel.excluded.copy()
    excluded[8] = True
    scores = Ramp().judge(replace(panel, excluded=excluded))
    assert scores.p[8, 0] == 1
    assert not scores.judged[8, 0]
