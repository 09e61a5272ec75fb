"""`/`: what is hot now, and whether it is calm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from pydantic import model_validator
from sqlalchemy import Connection

from feedback.api.hot_issues import HotIssues, HotIssuesQuery, hot_issues
from feedback.api.principal import Seeing
from feedback.api.recent import SPARKLINE_DAYS
from feedback.domain import Severity, Span
from feedback.language import N_, Language
from feedback.phrases import capital
from feedback.store.counts import counts_by_segment
from feedback.store.sight import Sight, seen_topics
from feedback.store.topics import last_judged
from feedback.web.doubts import doubts, is_stale
from feedback.web.visit import Reading, Visit

router = APIRouter(include_in_schema=False)


SPANS = (1, 3, 7, 14, 28)


class IssuesQuery(HotIssuesQuery):
    """What a form sends: a choice that was not made is empty."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given


@router.get("/")
def issues(visit: Reading, sight: Seeing, query: Annotated[IssuesQuery, Query()]) -> HTMLResponse:
    """Open alerts, then what rises below alert; filtered where the query says so."""
    found, doubtful = hot_issues(visit.service, query, sight), doubts(visit)
    with visit.service.database.read() as connection:
        judged_at = last_judged(connection)
    return visit.page(
        "issues.html.j2",
        found=found,
        query=query,
        spans=SPANS,
        calm=calm_words(found, doubtful, visit.to),
        mood=mood(found, doubtful),
        judged_at=judged_at,
        stale=is_stale(judged_at, found.as_of),
        choices=choices(visit, sight, query),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to filter by; `values` with how each is called."""

    name: str
    label: str
    values: list[tuple[str, str]]
    chosen: str | None


def mood(found: HotIssues, doubtful: Sequence[str]) -> str:
    """How it looks at one glance: *calm*, *watch* or *alert*."""
    if any(each.alert_id for each in found.items):
        return "alert"
    return "watch" if found.items or doubtful or found.version_id is None else "calm"


def calm_words(found: HotIssues, doubtful: Sequence[str], to: Language) -> str:
    """Whether it is calm, in a sentence, and why that is doubtful, if it is."""
    if found.version_id is None:
        return to.gettext("There are no topics yet: they come with the first training.")
    but = to.listed(list(doubtful))
    if not found.items:
        calm = to.gettext("It is calm: nothing rises beyond chance.")
        return to.gettext("Whether it is calm is not known: {doubts}.", doubts=but) if doubtful else calm
    told = _rising_words(found, to)
    return f"{told} {capital(but)}." if doubtful else told


def _rising_words(found: HotIssues, to: Language) -> str:
    alerts = [each for each in found.items if each.alert_id]
    if not alerts:
        return to.ngettext(
            "No alert is open; {number} topic is higher than usual.",
            "No alert is open; {number} topics are higher than usual.",
            len(found.items),
        )
    grave = sum(each.severity in (Severity.HIGH, Severity.CRITICAL) for each in alerts)
    told = to.ngettext("{number} alert is open", "{number} alerts are open", len(alerts))
    return to.gettext("{alerts}, {grave} of them grave.", alerts=told, grave=grave) if grave else f"{told}."


def choices(visit: Visit, sight: Sight, query: HotIssuesQuery) -> list[Choice]:
    """What can be filtered by: the values that complaints of the last weeks had, and topics have."""
    say, now = visit.say, visit.service.clock()
    span = Span(now - timedelta(days=SPARKLINE_DAYS), now)
    with visit.service.database.read() as connection:
        known = seen_topics(connection, sight)
        found = values_of(connection, known.version.id, span) if known.version else {}
    seen = known.topics.values()
    owners = {sight.owners.of_topic(each.owner, each.area).owner for each in seen}
    offered: list[tuple[str, str, Iterable[str], Callable[[str], str]]] = [
        ("market", N_("Market"), found.get("market", ()), say.market),
        ("language", N_("Language"), found.get("language", ()), say.language),
        ("brand", N_("Brand"), found.get("brand", ()), str),
        ("channel", N_("Channel"), found.get("channel", ()), say.channel),
        ("area", N_("Area"), {each.area for each in seen if each.area}, say.area),
        ("owner", N_("Owner"), owners, say.owner),
    ]
    made = []
    for name, label, values, words in offered:
        chosen = getattr(query, name)
        made.append(Choice(name, visit.to.gettext(label), _worded({*values, chosen or ""}, words), chosen))
    return made


def values_of(connection: Connection, version_id: UUID, span: Span) -> dict[str, set[str]]:
    """The values that counted complaints had, by attribute."""
    found: dict[str, set[str]] = {}
    for _, _, segments in counts_by_segment(connection, version_id, span):
        for attribute, numbers in segments.items():
            found.setdefault(attribute, set()).update(numbers)
    return found


def _worded(values: set[str], words: Callable[[str], str]) -> list[tuple[str, str]]:
    """(value, how it is called), by name."""
    return sorted(((each, words(each)) for each in values if each), key=lambda each: each[1].casefold())
