"""The values that travel between the parts: frozen, free of any library, times aware UTC."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

NAMESPACE = UUID("6f0a6a52-6d0e-5c5e-9a55-3b6a0f3d7c11")
"""Ids are derived from what they name, so that a job killed and run again makes the same ones."""

Attribute = str | int | float | bool


def derived_id(*parts: object) -> UUID:
    """The id of whatever `parts` name, the same on every run and machine."""
    return uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts))


class Channel(StrEnum):
    EMAIL = "e-mail"
    LIVE_CHAT = "live chat"
    PHONE = "phone"
    CONTACT_FORM = "contact form"
    SOCIAL_MEDIA = "social media"
    LETTER = "letter"
    FAX = "fax"
    APP_REVIEW = "app review"
    SURVEY = "survey"
    OTHER = "other"


class AlertState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REGRESSED = "regressed"


class Severity(StrEnum):
    """How grave an alert is, or how grave a topic is said to be; they compare by `rank`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return list(Severity).index(self)


class TopicKind(StrEnum):
    PINNED = "pinned"
    DISCOVERED = "discovered"
    PROVISIONAL = "provisional"
    RETIRED = "retired"
    """Nobody's: what lies nearest to it belongs to no topic."""


class Fate(StrEnum):
    """What became of a topic from one topic model version to the next."""

    KEPT = "kept"
    BORN = "born"
    MERGED = "merged"
    SPLIT = "split"
    RETIRED = "retired"
    DOUBTFUL = "doubtful"
    """Perhaps the same; an analyst decides. The two are also listed by what becomes of them otherwise."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One piece of feedback from one customer, redacted, as it is stored.

    `language` is an ISO 639-1 code (`nb` for Norwegian). `rating` is in the unit of the source. `customer_hash` is
    an HMAC-SHA-256 in hex, never the key itself. `attributes` are free, flat and redacted.
    """

    source: str
    source_id: str
    received_at: datetime
    text: str
    text_hash: str
    language: str
    channel: Channel = Channel.OTHER
    market: str | None = None
    brand: str | None = None
    product: str | None = None
    customer_hash: str | None = None
    customer_segment: str | None = None
    rating: float | None = None
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    escalations: int | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return derived_id("complaint", self.source, self.source_id)


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """An input that could not become a complaint.

    `reason` is a short code (`empty_text`, `future_date`, …), `detail` the sentence for people, `record` what came
    in, redacted. `place` says where: a file's name and line, or `api`.
    """

    source: str
    place: str
    line: int | None
    reason: str
    detail: str
    record: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Span:
    """Half open: `start <= t < end`."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def is_judged(self, moment: datetime) -> bool:
        """Whether what is found at a moment is about this span: found as it ends, it is, and as it begins, not yet."""
        return self.start < moment <= self.end


SEGMENTED = ("market", "language", "brand", "channel", "customer_segment")
"""The attributes whose values are segments."""


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """The complaints that have one value of an attribute, such as those from the market DE."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Signal:
    """A detector's finding about one topic at one time, with the numbers behind it; about one segment of the topic
    where `segment` says so.

    `window` is the span that was judged; `observed` its count, `expected` what the past predicts for it, `low` and
    `high` the 90 % prediction interval. `p` is the upper tail, `q` its Benjamini-Hochberg value among the topics of
    the run. `score` is -log10(p); at `threshold` and above it is a rise worth an alert. `complete` is false while
    the window's last bucket is still filling.
    """

    topic_id: UUID
    version_id: UUID
    detector: str
    window: Span
    observed: int
    expected: float
    low: float
    high: float
    p: float
    q: float
    score: float
    threshold: float
    rising: bool
    complete: bool
    segment: Segment | None = None

    @property
    def ratio(self) -> float:
        """Observed over expected; infinite for something out of nothing."""
        return self.observed / self.expected if self.expected > 0 else math.inf


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """Where a rise is: a segment in which the topic has risen, with its numbers in the same window."""

    segment: Segment
    observed: int
    expected: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Reason:
    """What a signal's expectation and p follow from, so that both can be worked out again from these numbers alone.

    `unit` is the length of a bucket, "day" or "hour"; where it is an hour, what is said of days here is about hours.
    `detector` is the one of a combination whose numbers the signal gives. `window_days` is how long its window is,
    `open_days` how many of those days have data: without gaps, the last by the share of it that is over, and those on
    which a source was silent by what usually comes through the others, for which `silent` days are missing. The
    baseline ends `baseline_lag` days before the window's last day; its days count half after `half_life` days.

    `rate` is complaints a day in the baseline and `doubt` the squared relative error of it. `others` is how many
    complaints everything else brought in the window, `others_a_day` how many a day in the baseline, `volume_prior`
    how many complaints it takes to believe half of a change in volume. `season` is what the window's time of the year
    usually brings the topic over what that of the baseline does, 1 before there is a year of history; its squared
    relative error is in `doubt`:

        relative_volume = (others + volume_prior) / (others_a_day open_days + volume_prior)
        mean = rate open_days relative_volume season
        variance = phi mean + (kappa + doubt) mean²
        size = mean / (variance / mean - 1)

    and `p` is the chance of so many or more under the negative binomial of that mean and size. The signal's score is
    -log10(p) less `margin`, by how much this detector's score has to exceed that of the first to be worth as much.

    `lighter` are the baseline's recent days that weigh less than others of their age in `rate`, since more came in than
    was expected though there was no alert: how many days before the window's last, and the weight of each.

    `rate` lies between the topic's own past and what topics are like: `counted` is what the baseline's complaints weigh
    together and `watched` what its days do, `prior_shape` and `prior_mean` are the gamma across topics; all are None
    where an earlier release kept none. Once there is a year of history, `years_rate` is what the level, the trend and
    the times of the year of all history say in its place, believed by `years_weight`, before that None and 0:

        weeks_rate = (prior_shape + counted) / (prior_shape / prior_mean + watched)
        rate = weeks_rate + years_weight (years_rate - weeks_rate)

    Complaints are in proportion to the column `exposure` of the operator's, to all others where it is empty; of a
    column `others` is the sum over the window, in a unit in which the median day of its first weeks is 1,000.
    """

    detector: str
    window_days: int
    open_days: float
    baseline_lag: int
    half_life: float
    rate: float
    doubt: float
    phi: float
    kappa: float
    others: float
    others_a_day: float
    volume_prior: float
    relative_volume: float
    mean: float
    size: float
    p: float
    margin: float
    unit: str = "day"
    season: float = 1.0
    lighter: tuple[tuple[int, float], ...] = ()
    prior_shape: float | None = None
    prior_mean: float | None = None
    counted: float | None = None
    watched: float | None = None
    years_rate: float | None = None
    years_weight: float = 0.0
    exposure: str = ""
    silent: float = 0.0

    @property
    def weeks_rate(self) -> float:
        """Complaints a day by the weeks of the baseline alone; the rate where an earlier release kept no more."""
        if self.prior_shape is None or self.prior_mean is None or self.counted is None or self.watched is None:
            return self.rate
        return (self.prior_shape + self.counted) / (self.prior_shape / self.prior_mean + self.watched)


@dataclass(frozen=True, slots=True)
class Driver:
    """An attribute value, or what texts name, over-represented in a rise.

    `observed` and `total` count complaints in the window with the value and in all; `baseline_share` is the value's
    share among the topic's complaints before. `p` is one-sided, `q` corrected for all values looked at. What was
    found `in_text` is a name, an amount, a duration or a word; near copies of a text count once in it.
    """

    attribute: str
    value: str
    observed: int
    total: int
    baseline_share: float
    p: float
    q: float
    in_text: bool = False

    @property
    def share(self) -> float:
        return self.observed / self.total


@dataclass(frozen=True, slots=True)
class SilentSource:
    """A source that fell silent: `last_day` is the last on which anything came, `usual` how many came a day."""

    source: str
    last_day: date
    usual: float


@dataclass(frozen=True, slots=True)
class Copies:
    """Of `of` complaints, `complaints` say one of `texts` texts almost word for word."""

    complaints: int
    texts: int
    of: int


@dataclass(frozen=True, slots=True)
class Voices:
    """How many stand behind a rise: messages, the `customers` known to have written them, and `texts` with near-copies
    collapsed; of nobody known, what is the same word for word as well.

    `customers` is None where no message tells its customer; `unknown` messages do not. `senders` are the known
    customers and the texts of those who are not: a flood of copies without a key is not a hundred customers. It is
    None where an earlier release kept none; that counted each unknown message as a customer.
    """

    messages: int
    customers: int | None
    texts: int
    unknown: int = 0
    senders: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A signal made somebody's business. Its identity is its topic; see `feedback.alerts.decide`.

    `last_rising_at` is when a run last saw it rising; `calm_since` when the present row of calm complete buckets
    began, if it has.
    """

    id: UUID
    topic_id: UUID
    state: AlertState
    opened_at: datetime
    last_rising_at: datetime
    calm_since: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state is not AlertState.RESOLVED


class Verdict(StrEnum):
    """What an owner says that an alert was."""

    REAL = "real"
    EXPECTED = "expected"
    KNOWN = "known"
    NOT_AN_ISSUE = "not an issue"
    WRONG_OWNER = "wrong owner"


AS_USUAL = frozenset({Verdict.EXPECTED, Verdict.NOT_AN_ISSUE})
"""After these the days of the alert are like any others, and count in what is usual."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who decides, why, and when."""

    who: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class GivenVerdict:
    """One verdict, with who and why; of several about an alert the latest holds."""

    alert_id: UUID
    verdict: Verdict
    at: datetime
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Mute:
    """Somebody wants to hear no more of a topic: `until` a moment, while its rise is `below` so many times what was
    expected, or while the alert `alert_id` is open, whichever ends first; of one `segment` where it is named."""

    id: int
    topic_id: UUID
    at: datetime
    who: str
    why: str
    until: datetime | None = None
    below: float | None = None
    alert_id: UUID | None = None
    segment: Segment | None = None
    lifted_at: datetime | None = None
    lifted_by: str | None = None

    def holds(self, alert: Alert, segment: Segment | None, ratio: float, now: datetime) -> bool:
        """Whether it silences this alert, last seen at so many times what was expected; `segment` is the one that its
        rise is in alone, if it is."""
        return (
            self.topic_id == alert.topic_id
            and self.at <= now
            and (self.lifted_at is None or now < self.lifted_at)
            and (self.until is None or now < self.until)
            and (self.below is None or ratio < self.below)
            and (self.alert_id is None or (self.alert_id == alert.id and alert.is_open))
            and (self.segment is None or self.segment == segment)
        )


class Holding(StrEnum):
    """Why an alert's rise is not told at once."""

    MUTED = "muted"
    AREA = "area"
    """Its area's alert says the same."""

    FLAPPING = "flapping"
    """It keeps coming back, and that was told."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A rise of an alert, by the `position` of its transition, that was not told when it happened.

    It waits until `ended_at`: then it was `told` after all, or was over, or something else held it back from then on.
    """

    alert_id: UUID
    position: int
    at: datetime
    cause: Holding
    why: str
    ended_at: datetime | None = None
    ended_why: str | None = None
    told: bool = False

    def holds(self, now: datetime) -> bool:
        """Whether it waits at a moment."""
        return self.at <= now and (self.ended_at is None or now < self.ended_at)


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """When an alert resolves and when its return is a regression.

    An alert resolves after `resolve_after` without a rise. A rise within `regress_within` of the resolution is the
    old issue back; later it is a new alert.

    One that has come back `flapping_returns` times within `flapping_within` is flapping (0: none ever is). It resolves
    after `flapping_resolve_after`, and its returns are told no more often than `flapping_told_every`.
    """

    resolve_after: timedelta = timedelta(days=4)
    regress_within: timedelta = timedelta(days=28)
    flapping_returns: int = 3
    flapping_within: timedelta = timedelta(days=28)
    flapping_resolve_after: timedelta = timedelta(days=12)
    flapping_told_every: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of an alert's state, with who, when and why. `alert` is the alert as it is afterwards, `signal` the
    judgement that decided it, if one did."""

    alert: Alert
    before: AlertState | None
    at: datetime
    who: str
    why: str
    signal: Signal | None = None


@dataclass(frozen=True, slots=True)
class PinnedTopic:
    """A topic written down in the taxonomy: `phrases` by language, parallel by position where the file is."""

    key: str
    name: str
    owner: str | None
    area: str | None
    phrases: Mapping[str, Sequence[str]]
    severity: Severity | None = None

    @property
    def id(self) -> UUID:
        return derived_id("pinned topic", self.key)


class OutcomeVerdict(StrEnum):
    """What a fix achieved, beside the reduction that was hoped for."""

    UNKNOWN = "not enough data yet"
    WORKED = "worked"
    PARTLY = "partly"
    NO_EFFECT = "no effect"
    WORSE = "worse"
    UNTOLD = "cannot be told"


@dataclass(frozen=True, slots=True)
class OutcomeRules:
    """When which verdict is given, of a rate ratio with its 90 % interval.

    Until `least_days` after the fix and `least_known` before it have data, and `least_expected` complaints would have
    come in without it, there is *not enough data yet*. A change counts once it is `certain`, and before eight weeks are
    over once it is surer than that, since it is looked at every day. Fewer *worked* if the reduction is half of what
    was hoped for or more and the whole of that is not ruled out, else *partly*; more is *worse*, if it is also more
    than in the highest of the last weeks before. *No effect* it is where no reduction is certain and what was hoped
    for is ruled out, against that week too; where neither is ruled out, there is not enough data yet, and once the
    weeks by which a fix is judged are over, its effect *cannot be told*.

    A fix is watched for `watched`; it has regressed once the last `recent_days` give back half of what it brought.
    """

    least_days: int = 14
    least_known: int = 28
    least_expected: float = 5.0
    certain: float = 0.993
    recent_days: int = 14
    watched: timedelta = timedelta(weeks=12)


OUTCOME_RULES = OutcomeRules()

USUAL_EXPECTATION = -0.5
"""The change hoped for where the owner does not say."""


class FixKind(StrEnum):
    """What was done: the fault mended, the question answered in the FAQ, or support taught."""

    FIX = "fix"
    FAQ = "FAQ entry"
    TRAINING = "training"


EXPLAINED = frozenset({FixKind.FAQ, FixKind.TRAINING})
"""What is done about questions and misunderstandings."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What was done about a topic, when, and the change hoped for: -0.4 is 40 % fewer. Who entered it, `who`, and
    when, `recorded_at`, are kept for the record; `withdrawn_at` once it was taken back."""

    id: int
    topic_id: UUID
    at: datetime
    expect: float
    note: str
    who: str
    recorded_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    kind: FixKind = FixKind.FIX


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fix achieved as of `judged_at`: see `models.outcome` for how it comes about.

    `observed` complaints came in the `days` after the fix that have data, `expected` would have without it, as known
    from `known_days` before it. `ratio` is the rate ratio of the two with its 90 % interval, `low` to `high`;
    `certainty` is how sure it is that there are fewer, 0 to 1. `regressed_at` is as of when the topic was found back
    up after the fix had helped. `next_fix_at` is when the topic was fixed again, where that ended the days after.
    `final` once the days by which a fix is judged are over: from then on it is only watched for coming back.
    """

    fix_id: int
    judged_at: datetime
    verdict: OutcomeVerdict
    days: int
    known_days: int
    observed: int
    expected: float
    ratio: float
    low: float
    high: float
    certainty: float
    regressed_at: datetime | None = None
    next_fix_at: datetime | None = None
    final: bool = False
