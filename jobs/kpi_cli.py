"""The command `feedback kpi`: volume, speed, satisfaction, escalations and repeated contacts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from feedback.domain import Segment, Span
from feedback.errors import FeedbackError
from feedback.interval import Estimate
from feedback.kpi import Figures, Impact, Wait, is_few
from feedback.series import bucket_start, day_of
from feedback.store.figures import GroupFigures
from feedback.store.topics import StoredTopic, published_version, topics_of
from jobs.console import Json, open_context, out, wall
from jobs.context import Context
from jobs.show import say, show, write_csv

BY = {"segment": "customer_segment"}
"""What is called otherwise on the command line."""

DAYS = 28
"""So many days are looked at if none are named."""

COUNTS = {"complaints": "Complaints", "customers": "Customers"}
SPEED = {"first_response": "First response", "resolution": "Resolved"}
SHARES = {
    "satisfied": "Satisfied",
    "score": "Score",
    "escalated": "Escalated",
    "repeated": "Wrote again",
    "returned": "Came back",
}


def kpi(
    by: Annotated[
        list[str] | None,
        typer.Option(help="topic, area, market, channel, language, brand, segment or week; may be repeated."),
    ] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help=f"First day; {DAYS} days if left out.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; yesterday if left out.")
    ] = None,
    topic: Annotated[str, typer.Option(help="Only this topic, by name or id.")] = "",
    area: Annotated[str, typer.Option(help="Only topics of this area.")] = "",
    market: Annotated[str, typer.Option(help="Only this market.")] = "",
    channel: Annotated[str, typer.Option(help="Only this channel.")] = "",
    language: Annotated[str, typer.Option(help="Only this language, such as nb.")] = "",
    brand: Annotated[str, typer.Option(help="Only this brand.")] = "",
    segment: Annotated[str, typer.Option(help="Only this customer segment.")] = "",
    *,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, durations in seconds.")] = False,
) -> None:
    """Show figures of support: how many complaints, how soon they are answered and resolved, how satisfied customers
    are, how many escalate or write again. Each comes with its 90 % interval."""
    from feedback.store.figures import figures_by
    from feedback.store.kpi import Selection

    context, now = open_context(), wall()
    names = _by(by or ["topic"])
    wanted = {"market": market, "channel": channel, "language": language, "brand": brand, "customer_segment": segment}
    segments = [Segment(name, value) for name, value in wanted.items() if value]
    span = _span(context, first, last, now)
    with context.database.read() as connection:
        version = published_version(connection)
        if version is None:
            raise FeedbackError("There is no topic model yet, and so no topics: `feedback retrain` trains the first.")
        known = topics_of(connection, version.id)
        selection = Selection(version.id, span, now, _topics(context, known, topic, area), segments)
        found = figures_by(connection, selection, known, names, context.settings)
    named = {each.id: each.name for each in known}
    if as_csv:
        write_csv(out, [{**_group(each, names, named), **_flat(each.figures)} for each in found])
        return
    rows = [{**_group(each, names, named), **(_plain(each) if as_json else _told(each))} for each in found]
    show(out, rows, _columns(names, rows), as_json=as_json, empty="No complaint was received then.")
    if rows and not as_json and any("without" in row for row in rows):
        say(out, "\nWithout it: how many would be satisfied without its complaints; an association, not an effect.")


def _by(given: Sequence[str]) -> list[str]:
    from feedback.store.figures import BY as KNOWN

    names = [BY.get(name, name) for name in given]
    for written, name in zip(given, names, strict=True):
        if name not in KNOWN:
            offered = ", ".join(sorted({*KNOWN, *BY} - set(BY.values())))
            raise FeedbackError(f"Figures cannot be told by '{written}': --by takes {offered}.")
    return list(dict.fromkeys(names))


def _span(context: Context, first: datetime | None, last: datetime | None, now: datetime) -> Span:
    """From the first day to the end of the last."""
    zone = context.settings.zone
    final = last.date() if last else day_of(now, zone) - timedelta(days=1)
    begin = first.date() if first else final - timedelta(days=DAYS - 1)
    if begin > final:
        raise FeedbackError(f"{begin} comes after {final}: --from is the first day and --to the last.")
    return Span(bucket_start(begin, zone), bucket_start(final + timedelta(days=1), zone))


def _topics(context: Context, known: Sequence[StoredTopic], topic: str, area: str) -> list[UUID] | None:
    """The topics to look at, None for all complaints."""
    if not topic and not area:
        return None
    inside = [each.id for each in known if not area or (each.area or "").casefold() == area.strip().casefold()]
    if not inside:
        areas = ", ".join(sorted({each.area for each in known if each.area}))
        raise FeedbackError(f"There is no area '{area}'; there are: {areas or 'none'}.")
    if not topic:
        return inside
    from jobs.curate import find_topic

    return [each for each in inside if each == find_topic(context, topic)]


def _group(each: GroupFigures, names: Sequence[str], topics: Mapping[UUID, str]) -> dict[str, Any]:
    values = (topics.get(value, str(value)) if isinstance(value, UUID) else value for value in each.group)
    return dict(zip(names, values, strict=True))


def _columns(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Those in which there is something to see."""
    speed: dict[str, str] = {}
    for name, heading in SPEED.items():
        speed |= {name: heading, f"{name}_slow": f"{heading}, 9 of 10"}
    offered = {**COUNTS, **speed, **SHARES, "without": "Without it"}
    shown = {key: heading for key, heading in offered.items() if any(row.get(key) is not None for row in rows)}
    return {**{name: name.replace("_", " ").capitalize() for name in names}, **shown}


def _told(each: GroupFigures) -> dict[str, Any]:
    """As people read it."""
    figures = each.figures
    told = {name: _count(getattr(figures, name)) for name in COUNTS}
    for name in SPEED:
        wait: Wait | None = getattr(figures, name)
        told |= {name: _wait(wait, "median"), f"{name}_slow": _wait(wait, "slow")}
    told |= {name: _share(getattr(figures, name)) for name in SHARES}
    return {**told, **({"without": _without(each.impact)} if each.impact else {})}


def _count(estimate: Estimate | None) -> str | None:
    return f"{estimate.value:,.0f} ({estimate.low:,.0f}–{estimate.high:,.0f})" if estimate else None


def _wait(wait: Wait | None, which: str) -> str | None:
    if wait is None:
        return None
    estimate: Estimate | None = getattr(wait, which)
    if estimate is None:
        return "not yet"
    if is_few(estimate):
        return "too few"
    low, high = duration(estimate.low), "?" if math.isinf(estimate.high) else duration(estimate.high)
    unit = high.split()[-1]
    return f"{duration(estimate.value)} ({low.removesuffix(f' {unit}')}–{high})"


def _share(estimate: Estimate | None) -> str | None:
    if estimate is None:
        return None
    return "too few" if is_few(estimate) else f"{estimate.value:.0%} ({100 * estimate.low:.0f}–{estimate.high:.0%})"


def _without(impact: Impact) -> str:
    gain = impact.gain
    return f"{100 * gain.value:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"


def duration(seconds: float) -> str:
    """40 s, 25 min, 3.4 h, 2.1 days."""
    for unit, length, most in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 48)):
        number = seconds / length
        if number < most:
            return f"{number:.0f} {unit}" if unit != "h" or number >= 10 else f"{number:.1f} {unit}"
    return f"{seconds / 86_400:.1f} days"


def _plain(each: GroupFigures) -> dict[str, Any]:
    """As programs read it: what is infinite is null."""
    found = {**asdict(each.figures), "impact": asdict(each.impact) if each.impact else None}
    return {name: _finite(value) for name, value in found.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and math.isinf(value) else value


def _flat(figures: Figures) -> dict[str, Any]:
    """One level deep, as a table holds it."""
    found: dict[str, Any] = {}
    for name in (*COUNTS, *SHARES):
        found |= _ends(name, getattr(figures, name))
    for name in SPEED:
        wait: Wait | None = getattr(figures, name)
        found |= {f"{name}_of": wait and wait.of, f"{name}_open": wait and wait.open}
        for which in ("median", "slow"):
            found |= _ends(f"{name}_{which}", getattr(wait, which, None))
    return found


def _ends(name: str, estimate: Estimate | None) -> dict[str, Any]:
    found = asdict(estimate) if estimate else dict.fromkeys(Estimate.__slots__)
    return {name if part == "value" else f"{name}_{part}": _finite(value) for part, value in found.items()}
