"""The numbers behind an alert or signal, as the API shows them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator, computed_field

from feedback.domain import Severity, Signal, Span
from feedback.kpi import LEAST


def kindly(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """What an older release wrote down differently is shown as unknown rather than failing the whole answer."""
    try:
        return validate(value)
    except ValidationError:
        return None


Number = Annotated[float | None, Field(allow_inf_nan=False), WrapValidator(kindly)]
Count = Annotated[int | None, WrapValidator(kindly)]
Word = Annotated[str | None, WrapValidator(kindly)]


class Window(BaseModel):
    """Half open: `start <= t < end`."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, span: Span) -> Window:
        return cls(start=span.start, end=span.end)


class Driver(BaseModel):
    """An attribute's value, or what texts name, that is over-represented in a rise."""

    attribute: Word = Field(
        None, description="The attribute, such as `market`; of texts `payment method`, `amount`, `word` and others."
    )
    value: Word = Field(None, description="Its value, such as `DE`, `Trustly` or `over 500 EUR`.")
    observed: Count = Field(None, description="Complaints in the window with this value …")
    total: Count = Field(None, description="… of so many in all.")
    baseline_share: Number = Field(None, description="The value's share among the topic's complaints before.")
    p: Number = None
    q: Number = Field(None, description="Corrected for all values looked at.")
    in_text: Annotated[bool | None, WrapValidator(kindly)] = Field(
        False, description="Whether it was found in the texts; then `total` are those read, near copies counted once."
    )


Drivers = Annotated[list[Driver] | None, WrapValidator(kindly)]


class Voices(BaseModel):
    """How many stand behind a rise."""

    messages: Count = Field(None, description="Complaints in the window.")
    customers: Count = Field(None, description="Those known to have written them; null where no source tells.")
    texts: Count = Field(None, description="The complaints with near-copies counted once.")
    unknown: Count = Field(None, description="Complaints that do not tell their customer; null in older alerts.")


Behind = Annotated[Voices | None, WrapValidator(kindly)]


class Copies(BaseModel):
    """How many complaints say the same almost word for word."""

    complaints: Count = Field(None, description="Complaints that repeat another …")
    texts: Count = Field(None, description="… being so many texts, counted once each …")
    of: Count = Field(None, description="… of so many that were compared.")


class Segment(BaseModel):
    """The complaints with one value of an attribute."""

    attribute: Word = Field(None, description="`market`, `language`, `brand`, `channel` or `customer_segment`.")
    value: Word = Field(None, description="Its value, such as `DE`.")


class SegmentCount(BaseModel):
    """A segment in which a topic has risen, with its numbers in the same window."""

    segment: Segment
    observed: Count = None
    expected: Number = None
    low: Number = None
    high: Number = None
    p: Number = None


class Graded(BaseModel):
    """How grave an alert is, what made it so, and since when."""

    level: Severity
    reasons: list[dict[str, Any]] = Field(description="Each with its points: `what`, `points` and the numbers behind.")
    history: list[dict[str, Any]] = Field(description="Each severity that it had: `level`, `at`, `why`.")


class Figures(BaseModel):
    """A count beside what the past predicts for it."""

    observed: Count = Field(
        None, description="Complaints in the window; who writes more than once a day about a topic counts once."
    )
    expected: Number = Field(None, description="What the past predicts for the window.")
    low: Number = Field(None, description="Lower end of the 90 % prediction interval.")
    high: Number = Field(None, description="Upper end of the 90 % prediction interval.")
    ratio: Number = Field(None, description="Observed over expected; null when nothing was expected.")
    p: Number = Field(None, description="Probability of so many or more by chance.")
    q: Number = Field(None, description="Benjamini-Hochberg value among all topics judged then.")
    score: Number = Field(None, description="-log10(p).")
    threshold: Number = Field(None, description="The score at which a rise becomes an alert.")
    detector: Word = Field(None, description="The method that judged.")
    window: Annotated[Window | None, WrapValidator(kindly)] = Field(None, description="The span that was judged.")
    version_id: Annotated[UUID | None, WrapValidator(kindly)] = Field(
        None, description="The topic model version in force then."
    )
    segment: Annotated[Segment | None, WrapValidator(kindly)] = Field(
        None, description="Of which segment of the topic the numbers are; null for the topic as a whole."
    )


class Estimate(BaseModel):
    """A figure with the ends of its 90 % interval."""

    value: Number
    low: Number
    high: Number = Field(description="Null where nothing bounds it.")
    of: int = Field(description="From so many cases.")

    @computed_field(description="They are too few to say much.")  # type: ignore[prop-decorator]
    @property
    def few(self) -> bool:
        return self.of < LEAST


class Wait(BaseModel):
    """How long customers waited, in seconds; those that wait still count with the time so far."""

    of: int = Field(description="Complaints from where such times are told …")
    open: int = Field(description="… of which so many wait still.")
    median: Estimate | None = Field(description="Half waited no longer; null where not half have been served.")
    slow: Estimate | None = Field(description="Nine of ten waited no longer; null likewise.")


class Impact(BaseModel):
    """What the share of satisfied customers would be without a topic's complaints: an association, not an effect."""

    satisfied: Number
    without: Number
    gain: Estimate


class Served(BaseModel):
    """How a group of customers was served; null where the records do not tell."""

    complaints: Estimate
    customers: Estimate | None
    first_response: Wait | None
    resolution: Wait | None
    satisfied: Estimate | None = Field(description="Share of ratings in the upper two fifths of their scale.")
    score: Estimate | None = Field(description="Mean rating, 0 the worst to 1 the best of its scale.")
    escalated: Estimate | None = Field(description="Share of complaints that were escalated.")
    repeated: Estimate | None = Field(description="Share of customers who wrote again about the topic in 14 days.")
    returned: Estimate | None = Field(description="Share of customers who came back to play.")


class Background(BaseModel):
    """What the figures of support said of a topic when it was last seen rising."""

    week: Served | None = Field(description="In the days that were judged.")
    before: Served | None = Field(description="In the four weeks before them.")
    impact: Impact | None = Field(description="In all of that time, among its owner's topics; null where too few rate.")


class Evidence(Figures):
    """Why there is an alert, as it was written down when the topic was last seen rising."""

    opening: Annotated[Figures | None, WrapValidator(kindly)] = Field(
        None, description="The figures that the alert was opened on."
    )
    reason: Annotated[dict[str, Any] | None, WrapValidator(kindly)] = Field(
        None,
        description="What the expectation and p follow from: rate, volumes, dispersion and the rest, as "
        "`feedback explain` lists them.",
    )
    threshold_origin: Annotated[dict[str, Any] | None, WrapValidator(kindly)] = Field(
        None,
        description="What the threshold was set from: the budget, the bound on q with which it can be met, what was "
        "simulated or compared, and when.",
    )
    q_bound: Number = Field(
        None,
        description="A larger q is no alert: 0.1, or more where the budget of false alarms could not be met so, 1 "
        "being no bound; null where q does not count.",
    )
    severity: Annotated[Graded | None, WrapValidator(kindly)] = Field(None, description="How grave it is, and why.")
    support: Annotated[Background | None, WrapValidator(kindly)] = Field(
        None, description="How satisfied its customers were and how fast they were answered."
    )
    group: Annotated[dict[str, Any] | None, WrapValidator(kindly)] = Field(
        None, description="The alerts that it was told together with, and what they have in common."
    )
    rises: Annotated[list[Window] | None, WrapValidator(kindly)] = Field(
        None, description="The spans in which the topic had risen."
    )
    name: Word = Field(None, description="The topic's name then.")
    encoder_version: Word = None
    settings: Annotated[dict[str, Any] | None, WrapValidator(kindly)] = Field(
        None, description="The settings that mattered."
    )
    where: Annotated[list[SegmentCount] | None, WrapValidator(kindly)] = Field(
        None, description="The segments in which the topic has risen, the surest first."
    )
    drivers: Drivers = Field(None, description="What is over-represented in the rise, the strongest first.")
    complaint_ids: Annotated[list[str] | None, WrapValidator(kindly)] = Field(
        None, description="Complaints of the rise."
    )
    late: bool = Field(False, description="Whether its complaints came in when the window was long over.")
    voices: Behind = Field(
        None, description="How many messages, customers and texts without near-copies stand behind the rise."
    )
    copies: Annotated[Copies | None, WrapValidator(kindly)] = Field(
        None, description="Near-copies in the window, such as a chain message. Each counts, once a customer and day."
    )


class LatestSignal(Figures):
    """What the detector last found about the topic."""

    judged_at: datetime
    rising: bool = Field(description="Whether it was a rise worth an alert.")
    complete: bool = Field(description="False while the window's last day was not over.")


def evidence(written: Mapping[str, Any]) -> Evidence:
    """Reads an alert's evidence; what is missing or unreadable is null."""
    return Evidence.model_validate(finite(dict(written)))


def latest_signal(signal: Signal, judged_at: datetime) -> LatestSignal:
    names = ("observed", "expected", "low", "high", "p", "q", "score", "threshold", "detector", "version_id")
    return LatestSignal(
        **{name: getattr(signal, name) for name in names},
        ratio=signal.ratio,
        window=Window.of(signal.window),
        segment=Segment(**asdict(signal.segment)) if signal.segment else None,
        judged_at=judged_at,
        rising=signal.rising,
        complete=signal.complete,
    )


def finite(value: Any) -> Any:
    """JSON as RFC 8259 has it: NaN and infinite numbers within become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: finite(each) for name, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list) else value


FIGURES_EXAMPLE: dict[str, Any] = {
    "observed": 41,
    "expected": 12.3,
    "low": 6.0,
    "high": 20.0,
    "ratio": 3.33,
    "p": 2.4e-7,
    "q": 9.1e-6,
    "score": 6.62,
    "threshold": 3.9,
    "detector": "eb7",
    "window": {"start": "2026-03-01T23:00:00Z", "end": "2026-03-08T23:00:00Z"},
    "version_id": "0f5b6f0a-7f0f-5b56-9a9e-3c1a7f5e2b11",
    "segment": None,
}
ESTIMATE_EXAMPLE: dict[str, Any] = {"value": 0.62, "low": 0.55, "high": 0.69, "of": 143, "few": False}
DRIVERS_EXAMPLE: list[dict[str, Any]] = [
    {
        "attribute": "payment_method",
        "value": "Trustly",
        "observed": 29,
        "total": 41,
        "baseline_share": 0.22,
        "p": 1.1e-9,
        "q": 4.4e-8,
        "in_text": False,
    }
]
