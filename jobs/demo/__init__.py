"""The demonstration: complaints that nobody wrote, with rises whose truth is known."""

from jobs.demo.invent import END, SEED, Invented, invent, write
from jobs.demo.rises import Planted
from jobs.demo.score import AlertFacts, Found, Score, score

__all__ = ["END", "SEED", "AlertFacts", "Found", "Invented", "Planted", "Score", "invent", "score", "write"]
