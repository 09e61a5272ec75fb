"""Detectors and panels that several tests share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.detect import Detector, Panel
from models.detect.combined import Combined
from models.detect.eb7 import EB7
from models.detect.outage import Outage
from models.detect.panel import Floats
from models.detect.ramp import Ramp

DETECTORS: tuple[Detector, ...] = (
    EB7(),
    Ramp(),
    Combined({"EB7": 0.0, "ramp": 0.4}),
    Combined(eb7=EB7(year=52), name="EB7 and ramp, with a season"),
    Outage(warm_up=24, gap=12, least=0),
)
"""All there are, the slow ones with less history to wait for."""


def steady(topics: int = 12, days: int = 120, seed: int = 3) -> Panel:
    rng = np.random.default_rng(seed)
    rates = np.geomspace(0.02, 15, topics)[:, None]
    return Panel.of(rng.poisson(rates, (topics, days)))


def raised(panel: Panel, topic: int, days: int, by: int) -> Panel:
    """The panel with `by` complaints more on each of the topic's last `days` days."""
    counts = panel.counts.copy()
    counts[topic, -days:] += by
    return replace(panel, counts=counts, total=panel.total + (counts - panel.counts).sum(axis=0))


def course(days: int, year: float, amplitude: float = 0.5, peak: float = 0.0) -> Floats:
    """What each day multiplies a topic by whose season culminates `peak` of a year after the first day, (days,)."""
    return np.exp(amplitude * np.cos(2 * np.pi * (np.arange(days) / year - peak)))
