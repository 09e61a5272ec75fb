"""Why an alert fired, written down with it: the numbers, what drove the rise, and complaints that show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from feedback.alerts import numbers_of
from feedback.domain import Copies, Driver, Reason, SegmentCount, Signal, Span, Voices
from feedback.drivers import Named, find_drivers
from feedback.series import bucket, day_of, days
from feedback.store.alerts import risen_spans
from feedback.store.facets import Facets, facets_of_all, facets_of_topic
from feedback.store.topics import StoredVersion, texts_of
from jobs.context import Context
from jobs.named import sampled, told
from jobs.panel import expected_days
from jobs.segments import in_segment, told_apart
from models.centre import Ints
from models.copies import copies, repeated

BASELINE = timedelta(days=84)
"""How far back, before the window, a topic's complaints say what is usual for it."""

POPULATION = 5_000
REPRESENTATIVE = 12


@dataclass(frozen=True, slots=True)
class Why:
    """What a signal follows from: its reason, the threshold with its origin, and how large its q may be, if
    that counts. A rise is `late` when its week was over before its complaints came in; `where` are the segments in
    which the topic has risen, the surest first, None where they were not looked at."""

    reason: Reason
    threshold_set_at: datetime
    threshold: Mapping[str, Any]
    q_bound: float | None
    late: bool = False
    where: tuple[SegmentCount, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        origin = {**self.threshold, "set_at": self.threshold_set_at.isoformat()}
        told = {"reason": asdict(self.reason), "threshold_origin": origin, "q_bound": self.q_bound}
        return {**told, "late": True} if self.late else told


@dataclass(frozen=True, slots=True)
class Usual:
    """What complaints of all topics were like in the weeks before a window: the same for all that rose in it. `risen`
    are the spans in which topics had, of which nothing is taken."""

    span: Span
    risen: Mapping[UUID, Sequence[Span]]
    population: Sequence[Facets]
    sample: Sequence[Facets]


def usual_before(connection: Connection, version_id: UUID, window: Span) -> Usual:
    """The complaints of all topics in the baseline of a window, and some of them to read."""
    span, risen = Span(window.start - BASELINE, window.start), defaultdict[UUID, list[Span]](list)
    for topic, rise in risen_spans(connection):
        risen[topic].append(rise)
    population = facets_of_all(connection, version_id, span, POPULATION, risen)
    return Usual(span, dict(risen), population, [population[row] for row in sampled(population)])


def calm_before(context: Context, connection: Connection, topic_id: UUID, usual: Usual) -> tuple[Span, Sequence[Span]]:
    """The weeks that say what is usual for a topic, and what in them does not: days of a rise that had an alert, for
    which as many before them are taken, or what drives a rise would fade while it lasts, and days of an expected one.
    """
    risen = usual.risen.get(topic_id, ())
    start, end = usual.span.start, usual.span.end
    for rise in sorted(risen, key=lambda each: each.end, reverse=True):
        if start < rise.end and rise.start < end:
            start -= min(rise.end, end) - rise.start
    span = Span(start, end)
    return span, [*risen, *_expected(context, connection, topic_id, span)]


def evidence(
    context: Context,
    connection: Connection,
    signal: Signal,
    why: Why,
    version: StoredVersion,
    usual: Usual,
    before: Mapping[str, Any],
) -> dict[str, Any]:
    """What to keep with an alert while it rises. `before` is what was kept so far, empty for a new alert."""
    found = behind(context, connection, signal, version.id, usual)
    numbers = {**numbers_of(signal), **why.as_dict()}
    repeating, heard = found.counted()
    return {
        **numbers,
        "opening": before.get("opening", numbers),
        "rises": _rises(before.get("rises", ()), signal),
        "where": _where(why, found.everywhere, found.past, before),
        "drivers": [asdict(driver) for driver in found.drivers],
        "complaint_ids": [str(each) for each in representative(found.window, found.texts, found.drivers)],
        "copies": asdict(repeating),
        "voices": asdict(heard),
        "encoder_version": version.encoder_version,
        "settings": _settings(context),
    }


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """The complaints behind a signal: its `window`'s, those of the topic `everywhere` in that window and in the `past`,
    which of the window's each repeats (n,), what their `texts` name, and what is over-represented among them."""

    window: Sequence[Facets]
    everywhere: Sequence[Facets]
    past: Sequence[Facets]
    copy_of: Ints
    texts: Sequence[Named | None]
    drivers: list[Driver]

    def counted(self) -> tuple[Copies, Voices]:
        repeating = Copies(*repeated(self.copy_of), len(self.copy_of))
        return repeating, voices(self.window, self.copy_of)


def behind(context: Context, connection: Connection, signal: Signal, version_id: UUID, usual: Usual) -> Behind:
    """What stands behind a signal under a version; nothing where that version's complaints are gone."""
    now = _judged(context, connection, signal)
    past = facets_of_topic(
        connection, version_id, signal.topic_id, *calm_before(context, connection, signal.topic_id, usual)
    )
    window, baseline = (in_segment(rows, signal.segment) for rows in (now, past))
    copy_of = _copies(connection, window[:POPULATION])
    texts = told(context, connection, window, copy_of, baseline, in_segment(usual.sample, signal.segment))
    usually = shares(in_segment(usual.population, signal.segment))
    drivers = find_drivers([each.values for each in window], [each.values for each in baseline], usually, texts)
    return Behind(window, now, past, copy_of, texts.window, list(drivers))


def _where(why: Why, window: Sequence[Facets], baseline: Sequence[Facets], before: Mapping[str, Any]) -> Any:
    """The segments with the rise; those found last where they were not looked at again."""
    if why.where is None:
        return before.get("where", [])
    return [asdict(each) for each in told_apart(why.where, window, baseline)]


def representative(window: Sequence[Facets], texts: Sequence[Named | None], drivers: Sequence[Driver]) -> list[UUID]:
    """Complaints that show a rise: near the topic's centre, no text twice, its languages by turns, drivers first."""
    stated = {(driver.attribute, driver.value) for driver in drivers if not driver.in_text}
    named = [(driver.attribute, driver.value) for driver in drivers if driver.in_text]
    shown = [
        len(stated & set(each.values.items())) + sum(value in (text or {}).get(kind, ()) for kind, value in named)
        for each, text in zip(window, texts, strict=True)
    ]
    ranked = [window[row] for row in sorted(range(len(window)), key=lambda row: -shown[row])]
    by_language: dict[str, list[UUID]] = {}
    seen: set[str] = set()
    for each in ranked:
        if each.text_hash not in seen:
            seen.add(each.text_hash)
            by_language.setdefault(each.language, []).append(each.complaint_id)
    queues = sorted(by_language.values(), key=len, reverse=True)
    turns = [queue[turn] for turn in range(REPRESENTATIVE) for queue in queues if turn < len(queue)]
    return turns[:REPRESENTATIVE]


def shares(population: Iterable[Facets]) -> dict[str, dict[str, float]]:
    """Each attribute's values with their share among the complaints that state it."""
    counts: dict[str, dict[str, int]] = {}
    for each in population:
        for attribute, value in each.values.items():
            values = counts.setdefault(attribute, {})
            values[value] = values.get(value, 0) + 1
    return {
        attribute: {value: number / sum(values.values()) for value, number in values.items()}
        for attribute, values in counts.items()
    }


def voices(window: Sequence[Facets], copy_of: Ints) -> Voices:
    """Messages, customers and texts among the complaints of a window; of those past the ones looked at, each a text."""
    said = [*copy_of.tolist(), *range(len(copy_of), len(window))]
    exactly: dict[str, int] = {}
    for row, each in enumerate(window):
        if not each.customer_hash and not window[said[row]].customer_hash:
            said[row] = exactly.setdefault(window[said[row]].text_hash, said[row])
    known = {each.customer_hash for each in window if each.customer_hash}
    unknown = [row for row, each in enumerate(window) if not each.customer_hash]
    senders = len(known) + len({said[row] for row in unknown})
    return Voices(len(window), len(known) or None, len(set(said)), len(unknown), senders)


def _judged(context: Context, connection: Connection, signal: Signal) -> list[Facets]:
    """The topic's complaints of the window but for days on which a rise was expected, nearest its centroid first."""
    expected = _expected(context, connection, signal.topic_id, signal.window)
    return facets_of_topic(connection, signal.version_id, signal.topic_id, signal.window, expected)


def _expected(context: Context, connection: Connection, topic_id: UUID, span: Span) -> list[Span]:
    """The days on which the topic was expected to rise."""
    zone = context.settings.zone
    within = days(day_of(span.start, zone), day_of(span.end - timedelta(microseconds=1), zone))
    expected = expected_days(connection, [topic_id], within)
    if expected is None:
        return []
    return [bucket(day, zone) for day, out in zip(within, expected[0], strict=True) if out]


def _copies(connection: Connection, window: Sequence[Facets]) -> Ints:
    """The first of the complaints looked at (n,) whose text each repeats almost word for word."""
    ids = [each.complaint_id for each in window]
    found = texts_of(connection, ids)
    return copies([found.get(each, "") for each in ids])


def _rises(before: Sequence[Mapping[str, str]], signal: Signal) -> list[dict[str, str]]:
    """The spans in which the topic had risen: the last one grows while windows overlap, else another begins."""
    rises = [dict(each) for each in before]
    start, end = signal.window.start, signal.window.end
    if rises and datetime.fromisoformat(rises[-1]["end"]) >= start:
        rises[-1]["end"] = end.isoformat()
    else:
        rises.append({"start": start.isoformat(), "end": end.isoformat()})
    return rises


def _settings(context: Context) -> dict[str, Any]:
    names = ("false_alarms_per_week", "time_zone", "resolve_after_days", "regress_within_days")
    return {name: getattr(context.settings, name) for name in names}
