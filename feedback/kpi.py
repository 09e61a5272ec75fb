"""Figures of support, as values: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from feedback.domain import Span
from feedback.interval import Estimate


@dataclass(frozen=True, slots=True)
class Wait:
    """How long customers waited, in seconds: half of them no longer than `median`, nine of ten no longer than `slow`.

    Those that wait still count with the time they have waited for so far. `of` complaints come from where such times
    are told, `open` of them wait still. A quantile that not enough of them have reached is None.
    """

    of: int
    open: int
    median: Estimate | None
    slow: Estimate | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the complaints of a group say of support in a period. None where the records do not tell.

    `complaints` and `customers` are counts whose interval is for the rate behind them. `satisfied` is the share of
    ratings in the upper two fifths of their source's scale, `score` the mean rating from 0, the worst on its scale, to
    1, the best. `escalated` is a share of complaints. `repeated` is the share of customers who wrote about the same
    topic again within 14 days, `returned` the share of those who came back to play after a complaint.
    """

    complaints: Estimate
    customers: Estimate | None
    first_response: Wait | None
    resolution: Wait | None
    satisfied: Estimate | None
    score: Estimate | None
    escalated: Estimate | None
    repeated: Estimate | None
    returned: Estimate | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A group's figures in a week and in the four weeks before it, taken together; None where it had no complaints."""

    week: Figures | None
    before: Figures | None


@dataclass(frozen=True, slots=True)
class Impact:
    """What the share of satisfied customers would be without a topic's complaints: an association, not an effect.

    `without` less `satisfied` is `gain`; all three from 0 to 1. Positive where the topic goes with less satisfaction.
    """

    topic_id: UUID
    satisfied: float
    without: float
    gain: Estimate


@dataclass(frozen=True, slots=True)
class Support:
    """Satisfaction and speed in the digest's week, for an owner's topics: as a whole, by area and by topic.

    An area here holds the owner's topics only. `impacts` are those of the four weeks and the week, over all of the
    owner's topics, the largest gain first, and only those whose interval lies above nought.
    """

    span: Span
    before: Span
    whole: Compared
    areas: Mapping[str, Compared]
    topics: Mapping[UUID, Compared]
    impacts: Sequence[Impact]
