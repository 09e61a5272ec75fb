"""Topics that an entry in the FAQ, or a training, may calm: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from feedback.domain import Fix, Outcome, Span
from feedback.interval import Estimate


@dataclass(frozen=True, slots=True)
class FaqSuggestion:
    """A topic made mostly of questions and misunderstandings.

    `complaints` came in within `span`; `asking` is the share of them that ask or misunderstand. `minutes` is the median
    time until such a complaint was resolved, or first answered where nothing else is told (`timed_by` is "resolution"
    or "first response"), None where no time is known. `questions` holds by language (ISO 639-1) what customers ask, in
    their words, redacted, each once, the most typical first.
    """

    topic_id: UUID
    topic: str
    area: str | None
    owner: str
    span: Span
    complaints: int
    asking: Estimate
    minutes: float | None
    timed_by: str | None
    questions: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """What was written or trained about a topic and is still watched, with its latest outcome if there is one."""

    topic_id: UUID
    topic: str
    fix: Fix
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Faq:
    """What is worth an entry, the most worth first; and `entries`, which are not suggested again while watched."""

    suggestions: Sequence[FaqSuggestion]
    entries: Sequence[FaqEntry]
