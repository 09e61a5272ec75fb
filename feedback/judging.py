"""Which topic a text that is not stored would belong to, and which complaints are like it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody wrote, as it came; `language` and `market` where they are known."""

    text: str
    language: str | None = None
    market: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The topic of a text, None where nothing is near enough, and the cosine to the nearest topic's centre."""

    topic_id: UUID | None
    similarity: float
    language: str


@dataclass(frozen=True, slots=True)
class Alike:
    """A complaint that is like a text, and the cosine between the two without what is of the language alone."""

    complaint_id: UUID
    similarity: float
    received_at: datetime
