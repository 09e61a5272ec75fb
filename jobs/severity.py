"""Gathers what makes an alert grave: how many rose, who they are, and how content they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from feedback.domain import Signal, Span
from feedback.severity import Shift, kept, weights
from feedback.store.facets import Customer, customers_of_topic
from feedback.store.topics import severity_of_topic
from jobs.context import Context
from models.shift import fallen_ratings, grown_share


def severity(
    context: Context,
    connection: Connection,
    signal: Signal,
    usual: tuple[Span, Sequence[Span]],
    evidence: Mapping[str, Any],
    now: datetime,
    *,
    anew: bool,
) -> dict[str, Any]:
    """What to keep of a rise's severity; `evidence` holds what was kept so far and who stands behind the rise, `usual`
    are the weeks that say what is usual and the spans in them that do not."""
    window = customers_of_topic(connection, signal.version_id, signal.topic_id, signal.window)
    before = customers_of_topic(connection, signal.version_id, signal.topic_id, *usual)
    important = frozenset(each.casefold() for each in context.settings.important_segments)
    found = weights(
        signal,
        _senders(evidence.get("voices", {})),
        severity_of_topic(connection, signal.topic_id),
        important_share(window, before, important),
        ratings_shift(window, before),
    )
    return kept(found, evidence.get("severity"), now, anew=anew)


def _senders(voices: Mapping[str, int | None]) -> int | None:
    """How many stand behind a rise at least; an earlier release kept the customers alone."""
    return voices.get("senders") or voices.get("customers")


def important_share(window: Sequence[Customer], before: Sequence[Customer], important: Collection[str]) -> Shift | None:
    """How many of the customers are important ones; None where no source says of which segment they are."""
    (now, of), (then, of_then) = (_important(rows, important) for rows in (window, before))
    if not of or not of_then:
        return None
    return Shift(now / of, then / of_then, grown_share(now, of, then, of_then), now)


def _important(rows: Sequence[Customer], important: Collection[str]) -> tuple[int, int]:
    """(important, all) distinct customers of whom the segment is known; a message without a customer is one's own."""
    known = {each.customer_hash or each.complaint_id: each.segment for each in rows if each.segment}
    return sum(segment.casefold() in important for segment in known.values()), len(known)


def ratings_shift(window: Sequence[Customer], before: Sequence[Customer]) -> Shift | None:
    """What customers rate beside what is usual, source by source; None where too few rate."""
    now, then = (_by_source(rows) for rows in (window, before))
    both = [(now[source], then[source]) for source in sorted(now.keys() & then.keys())]
    p = fallen_ratings(both)
    if p is None:
        return None
    # one mean over sources of different scales says nothing: the one with most ratings stands for all
    given, usual = max(both, key=lambda pair: len(pair[0]))
    return Shift(sum(given) / len(given), sum(usual) / len(usual), p, len(given))


def _by_source(rows: Sequence[Customer]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for each in rows:
        if each.rating is not None:
            found.setdefault(each.source, []).append(each.rating)
    return found
