"""Topics that an entry in the FAQ, or a training, may calm: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from uuid import UUID

from feedback.domain import Fix, Outcome, Span
from feedback.interval import Estimate

LEAST = 10
"""Fewer complaints in the weeks looked at are no topic for an entry."""

MOSTLY = 0.5
"""A topic is made mostly of questions if more than this share of its complaints ask, by the interval's lower end."""


@dataclass(frozen=True, slots=True)
class FaqSuggestion:
    """A topic made mostly of questions and misunderstandings.

    `complaints` came in within `span`; `asking` is the share of them that ask or misunderstand. `minutes` is the median
    time until a complaint about it was resolved, or first answered where nothing else is told (`timed_by` is
    "resolution" or "first response"), None where no time is known. `questions` holds by language (ISO 639-1) what
    customers ask, in their words, redacted, each once, what is most about the topic first.
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


def is_mostly_asked(asking: Estimate) -> bool:
    """Whether enough of a topic's complaints were read, and most of them ask beyond doubt."""
    return asking.of >= LEAST and asking.low > MOSTLY


def ranked(found: Sequence[FaqSuggestion]) -> list[FaqSuggestion]:
    """By the time spent on them, the number of complaints times the minutes of each; the most first.

    A topic whose time is not known, or not told in the same way as that of most, is taken to need what the others do
    in the middle; where no time is known, the number alone counts.
    """
    ways = Counter(each.timed_by for each in found if each.minutes is not None)
    way = max(ways, key=lambda name: (ways[name], name == "resolution"), default=None)
    known = [each.minutes for each in found if each.minutes is not None and each.timed_by == way]
    usual = median(known) if known else 1.0

    def spent(each: FaqSuggestion) -> float:
        own = each.minutes is not None and each.timed_by == way
        return each.complaints * (each.minutes if own and each.minutes is not None else usual)

    return sorted(found, key=lambda each: (-spent(each), each.topic, str(each.topic_id)))
