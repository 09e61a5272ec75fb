"""The dashboard: pages that people read and act on. What they show and do is what the API answers and does."""

from __future__ import annotations
