"""The numbers behind an alert, in the order in which one is worked out from the others."""

from __future__ import annotations

from feedback.domain import Reason
from feedback.explanation import Bar, Finding, Origin
from feedback.phrases import clean

Number = tuple[str, float | str, str]
"""A name, a value, and how it comes about."""


def numbers(finding: Finding) -> list[Number]:
    """All that are kept of a rise."""
    return [*_behind(finding.reason), *_judgement(finding), *_threshold(finding)]


def _behind(reason: Reason | None) -> list[Number]:
    if reason is None:
        return []
    unit, each = reason.unit, _a(reason.unit)
    others = f"{clean(reason.exposure)}, scaled" if reason.exposure else "complaints about everything else"
    product = f"rate × open {unit}s × relative volume"
    return [
        _detector(reason),
        ("window", reason.window_days, f"{unit}s"),
        (f"open {unit}s", reason.open_days, f"{unit}s of the window with data, the last by its share that was over"),
        *_silent(reason),
        ("baseline lag", reason.baseline_lag, f"{unit}s from the baseline's last {unit} to the window's"),
        ("half-life", reason.half_life, f"{unit}s after which {each} of the baseline counts half"),
        *_rate(reason),
        ("doubt", reason.doubt, "squared relative error of the rate"),
        ("others", reason.others, f"{others} in the window{_with_missing(reason)}"),
        (f"others {each}", reason.others_a_day, f"the same {each} in {_baseline(unit)}"),
        ("volume prior", reason.volume_prior, "of others, that make half of a change believed"),
        ("relative volume", reason.relative_volume, f"(others + prior) / (others {each} × open {unit}s + prior)"),
        *_season(reason),
        ("mean", reason.mean, product if unit == "hour" else f"{product} × season"),
        ("phi", reason.phi, "variance = phi × mean + (kappa + doubt) × mean²"),
        ("kappa", reason.kappa, ""),
        ("size", reason.size, "mean / (variance / mean − 1)"),
        ("own p", reason.p, "negative binomial of mean and size: P(count ≥ observed)"),
        ("margin", reason.margin, _margin(unit)),
    ]


def _a(unit: str) -> str:
    return "an hour" if unit == "hour" else f"a {unit}"


def _baseline(unit: str) -> str:
    return "the baseline, at the window's time of day" if unit == "hour" else "the baseline"


def _detector(reason: Reason) -> Number:
    if reason.unit == "hour":
        return "detector", reason.detector, "what judges hours, by the least likely of several windows"
    return "detector", reason.detector, "of those that judge, the one whose score lay highest"


def _margin(unit: str) -> str:
    if unit == "hour":
        return "log10 of how many windows were looked at, of which the least likely counts"
    return "what this detector's score has to exceed the first's by"


def _silent(reason: Reason) -> list[Number]:
    what = f"{reason.unit}s that are missing of the window's, since a source was silent"
    return [("silent", reason.silent, what)] if reason.silent else []


def _with_missing(reason: Reason) -> str:
    """A column of the operator's is lowered by what is missing, complaints are held against what they usually are."""
    return ", with what the silent source usually brings" if reason.silent and not reason.exposure else ""


def _season(reason: Reason) -> list[Number]:
    """Hours know no time of the year."""
    what = "the window's time of the year over the baseline's; 1 before there is a year"
    return [] if reason.unit == "hour" else [("season", reason.season, what)]


def _rate(reason: Reason) -> list[Number]:
    """The rate after what it follows from, where that was kept."""
    unit, each = reason.unit, _a(reason.unit)
    told: list[tuple[str, float | None, str]] = [
        ("prior shape", reason.prior_shape, "of the gamma across topics: the larger, the more alike they are"),
        ("prior mean", reason.prior_mean, f"complaints {each} of a topic by that gamma"),
        ("counted", reason.counted, f"complaints of the baseline, each by its {unit}'s weight"),
        ("watched", reason.watched, f"{unit}s of the baseline, by their weights"),
    ]
    kept = [(name, value, what) for name, value, what in told if value is not None]
    how = "(prior shape + counted) / (prior shape / prior mean + watched)" if kept else ""
    if reason.years_rate is None:
        return [*kept, ("rate", reason.rate, how or f"complaints {each} in the baseline")]
    return [
        *kept,
        ("weeks' rate", reason.weeks_rate, how),
        ("years' rate", reason.years_rate, "the same by the level, trend and times of the year of all history"),
        ("years' weight", reason.years_weight, "how far that is believed, by how well either foretold earlier weeks"),
        ("rate", reason.rate, "weeks' rate + years' weight × (years' rate − weeks' rate)"),
    ]


def _judgement(finding: Finding) -> list[Number]:
    return [
        ("observed", finding.signal.observed, "complaints in the window"),
        ("expected", finding.signal.expected, "the mean"),
        ("low", finding.signal.low, "5 % quantile of the prediction"),
        ("high", finding.signal.high, "95 % quantile of the prediction"),
        ("score", finding.signal.score, "−log10(own p) − margin" if finding.reason else "−log10(p)"),
        ("p", finding.signal.p, "10^−score"),
        ("q", finding.signal.q, "Benjamini-Hochberg among the topics of the run"),
        *([("q bound", finding.q_bound, "a larger q is no alert")] if finding.q_bound is not None else []),
        ("threshold", finding.signal.threshold, "a lower score is no alert"),
    ]


def _threshold(finding: Finding) -> list[Number]:
    allowed = finding.false_alarms
    asked: list[Number] = (
        [("allowed", allowed, "false alarms a week over everything that is judged")] if allowed else []
    )
    return [*asked, *_origin(finding.origin), *_bar(finding.bar)]


def _origin(origin: Origin | None) -> list[Number]:
    if origin is None:
        return []
    what = "segments" if origin.segments else "topics as a whole"
    return [
        ("budget", origin.budget, f"those of them that are for {what}, judged by days"),
        ("achieved", origin.achieved, "false alarms a week at this threshold, in the simulation that it was chosen by"),
        ("standard error", origin.standard_error, "of achieved"),
        ("simulated weeks", origin.simulated_weeks, "drawn from the fitted series"),
        ("judged a day", origin.evaluations_per_day, "times"),
        ("topics", origin.topics, "that share the budget"),
    ]


def _bar(bar: Bar | None) -> list[Number]:
    if bar is None:
        return []
    return [
        ("budget", bar.budget, "those of them that are for single hours"),
        ("hours compared", bar.hours, "whose scores set the threshold"),
        ("episodes allowed", bar.allowed, "budget × hours compared / 168; fewer passed the threshold"),
        *([("least", bar.least, "no threshold for hours is lower")] if bar.least is not None else []),
        ("topics", bar.topics, "that were compared"),
    ]
