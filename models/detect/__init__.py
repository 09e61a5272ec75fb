"""Which topics rise beyond what chance explains: one file a method, arrays in, scores out."""

from models.detect.panel import Detector, Panel, Scores

__all__ = ["Detector", "Panel", "Scores"]
