"""Figures of support: what complaints say of speed, satisfaction, escalations and repeated contacts. Pure."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from feedback import interval
from feedback.domain import Span
from feedback.interval import Estimate

LEAST = 10
"""Fewer cases say too little for a figure to be named."""

AGAIN_WITHIN = timedelta(days=14)
"""So soon after the last a customer's complaint about the same topic is a repeated contact."""

SATISFIED = 0.6
"""A rating above this part of its scale is a satisfied customer's: 4 and 5 of 1 to 5, 7 and more of 0 to 10."""

RETURNED = "returned"
"""The attribute that says whether a customer came back to play after the complaint."""

SCALE_LEAST = 50
"""Fewer ratings do not show what their scale is."""

Origin = tuple[str, str]
"""A source and a channel: one tells times that another does not."""

Key = TypeVar("Key", bound=Hashable)


class Record(NamedTuple):
    """A complaint as the figures see it. Moments are seconds since 1970; `again` says whether the customer had written
    about the same topic not long before."""

    topic: UUID | None
    bucket: datetime
    market: str | None
    language: str
    brand: str | None
    channel: str
    customer_segment: str | None
    source: str
    customer: str | None
    received: float
    first_response: float | None
    resolved: float | None
    rating: float | None
    escalations: int | None
    returned: bool | None
    again: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """What a source's ratings go from and to; `worst` is the larger number where they are marks at school."""

    worst: float
    best: float

    def score(self, rating: float) -> float:
        """The place of a rating on the scale, 0 to 1."""
        return min(max((rating - self.worst) / (self.best - self.worst), 0.0), 1.0)


def observed_scale(ratings: int, lowest: float | None, highest: float | None) -> Scale | None:
    """From the lowest rating seen to the highest; None while they are too few to have seen both ends."""
    if ratings < SCALE_LEAST or lowest is None or highest is None or lowest == highest:
        return None
    return Scale(lowest, highest)


@dataclass(frozen=True, slots=True)
class Telling:
    """What an origin has told until `until` (seconds since 1970): ratings on `scale`, None where it is not known, and
    whether ever a first response, or a resolution."""

    until: float
    scale: Scale | None = None
    first_responses: bool = False
    resolutions: bool = False


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
    1, the best. `escalated` is a share of complaints. `repeated` is, of those who wrote about a topic, the share who
    did so again within 14 days, `returned` the share of customers who came back to play after a complaint.
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

    `without` less `satisfied` is `gain`, all of them shares of ratings; positive where the topic goes with less
    satisfaction.
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


@dataclass(frozen=True, slots=True)
class Background:
    """What the figures of support say of a topic that rises: in the days of the rise and in the four weeks before them,
    and its impact among its owner's topics in all of that time, None where too few rate."""

    compared: Compared
    impact: Impact | None = None

    def as_dict(self) -> dict[str, Any]:
        """In JSON's terms, in which nothing is infinite."""
        groups = {name: getattr(self.compared, name) for name in ("week", "before")}
        kept = {name: _finite(asdict(each)) if each else None for name, each in groups.items()}
        impact = {**_finite(asdict(self.impact)), "topic_id": str(self.impact.topic_id)} if self.impact else None
        return {**kept, "impact": impact}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Background:
        """As `as_dict` wrote it."""
        found = kept["impact"]
        impact = found and Impact(UUID(found["topic_id"]), found["satisfied"], found["without"], _read(found["gain"]))
        return cls(Compared(*(_read_figures(kept[name]) for name in ("week", "before"))), impact)


@dataclass(slots=True, eq=False)
class Times:
    """Durations in seconds, of what is `done` and of what is `open` still."""

    done: array[float] = field(default_factory=lambda: array("d"))
    open: array[float] = field(default_factory=lambda: array("d"))

    def add(self, record: Record, moment: float | None, until: float) -> None:
        """A moment before the complaint is a mistake and says nothing."""
        if moment is None or moment > until:
            self.open.append(max(until - record.received, 0.0))
        elif moment >= record.received:
            self.done.append(moment - record.received)

    def wait(self) -> Wait | None:
        number = len(self.done) + len(self.open)
        if not number:
            return None
        median, slow = (interval.quantile(self.done, self.open, part) for part in (0.5, 0.9))
        return Wait(number, len(self.open), median, slow)


@dataclass(slots=True, eq=False)
class Tally:
    """What the figures of a group follow from; two groups' can be joined.

    Customers are kept as 64-bit hashes, a few bytes each: of a million two are mistaken for one once in 40 million
    times. `contacts` and `again` hold customers with a topic.
    """

    complaints: int = 0
    nameless: int = 0
    customers: set[int] = field(default_factory=set)
    contacts: set[int] = field(default_factory=set)
    again: set[int] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)
    returned: set[int] = field(default_factory=set)
    rated: int = 0
    satisfied: int = 0
    score: float = 0.0
    told: int = 0
    escalated: int = 0
    first_response: Times = field(default_factory=Times)
    resolution: Times = field(default_factory=Times)

    def add(self, record: Record, telling: Telling) -> None:
        self.complaints += 1
        self._count_customer(record)
        self._time(record, telling)
        if record.rating is not None and telling.scale is not None:
            score = telling.scale.score(record.rating)
            self.rated += 1
            self.satisfied += score > SATISFIED
            self.score += score
        if record.escalations is not None:
            self.told += 1
            self.escalated += record.escalations > 0

    def _count_customer(self, record: Record) -> None:
        if record.customer is None:
            self.nameless += 1
            return
        customer = hash(record.customer)
        self.customers.add(customer)
        if record.topic is not None:
            contact = hash((customer, record.topic))
            self.contacts.add(contact)
            if record.again:
                self.again.add(contact)
        if record.returned is not None:
            self.asked.add(customer)
            if record.returned:
                self.returned.add(customer)

    def _time(self, record: Record, telling: Telling) -> None:
        if telling.first_responses:
            # what was settled without a response on record was answered by that
            answered = record.resolved if record.first_response is None else record.first_response
            self.first_response.add(record, answered, telling.until)
        if telling.resolutions:
            self.resolution.add(record, record.resolved, telling.until)

    def figures(self) -> Figures | None:
        """None where there is not one complaint."""
        if not self.complaints:
            return None
        return Figures(
            complaints=interval.count(self.complaints),
            customers=interval.count(len(self.customers) + self.nameless) if self.customers else None,
            first_response=self.first_response.wait(),
            resolution=self.resolution.wait(),
            satisfied=_share(self.satisfied, self.rated),
            score=_share(self.score, self.rated),
            escalated=_share(self.escalated, self.told),
            repeated=_share(len(self.again), len(self.contacts)),
            returned=_share(len(self.returned), len(self.asked)),
        )


def tallied(
    records: Iterable[Record], tellings: Mapping[Origin, Telling], key: Callable[[Record], Key]
) -> dict[Key, Tally]:
    """The tally of each group of records, by its key."""
    found: dict[Key, Tally] = {}
    for record in records:
        name = key(record)
        tally = found.get(name)
        if tally is None:
            tally = found[name] = Tally()
        # a source can begin between the two readings
        tally.add(record, tellings.get((record.source, record.channel), Telling(record.received)))
    return found


def joined(tallies: Iterable[Tally]) -> Tally:
    """The tally of several groups together."""
    whole = Tally()
    for each in tallies:
        for name in (part.name for part in fields(Tally)):
            ours, theirs = getattr(whole, name), getattr(each, name)
            if isinstance(ours, set):
                ours |= theirs
            elif isinstance(ours, Times):
                ours.done.extend(theirs.done)
                ours.open.extend(theirs.open)
            else:
                setattr(whole, name, ours + theirs)
    return whole


def impacts(tallies: Mapping[UUID, Tally]) -> list[Impact]:
    """Of each topic with enough ratings, and enough without it, the largest gain first."""
    rated, satisfied = (sum(getattr(each, name) for each in tallies.values()) for name in ("rated", "satisfied"))
    found = []
    for topic_id, each in tallies.items():
        rest = rated - each.rated
        if min(each.rated, rest) >= LEAST:
            others = interval.share(satisfied - each.satisfied, rest)
            apart = interval.difference(others, interval.share(each.satisfied, each.rated))
            part = each.rated / rated
            gain = Estimate(part * apart.value, part * apart.low, part * apart.high, rated)
            found.append(Impact(topic_id, satisfied / rated, others.value, gain))
    return sorted(found, key=lambda impact: (-impact.gain.value, str(impact.topic_id)))


def is_few(estimate: Estimate) -> bool:
    """Whether its cases are too few for the figure to be named."""
    return estimate.of < LEAST


def is_apart(one: Estimate | None, other: Estimate | None) -> bool:
    """Whether two figures differ beyond doubt: both are there and their intervals do not overlap."""
    return one is not None and other is not None and (one.high < other.low or other.high < one.low)


def _share(number: float, of: int) -> Estimate | None:
    return interval.share(number, of) if of else None


def _finite(kept: Any) -> Any:
    if isinstance(kept, dict):
        return {name: _finite(each) for name, each in kept.items()}
    return None if kept == math.inf else kept


def _read_figures(kept: Mapping[str, Any] | None) -> Figures | None:
    return Figures(**{name: _read(each) for name, each in kept.items()}) if kept else None


def _read(kept: Mapping[str, Any] | None) -> Any:
    """An estimate, or how long customers waited."""
    if kept is None:
        return None
    if "median" in kept:
        return Wait(kept["of"], kept["open"], _read(kept["median"]), _read(kept["slow"]))
    return Estimate(kept["value"], kept["low"], math.inf if kept["high"] is None else kept["high"], kept["of"])
