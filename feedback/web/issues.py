"""`/`: what is hot now, and whether it is calm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from feedback.api.hot_issues import HotIssue, HotIssues, HotIssuesQuery, list_hot_issues
from feedback.domain import Severity
from feedback.language import Language
from feedback.store.topics import last_judged
from feedback.web.visit import Reading
from feedback.web.words import Words

router = APIRouter(include_in_schema=False)


@router.get("/")
def issues(visit: Reading, query: Annotated[HotIssuesQuery, Query()]) -> HTMLResponse:
    """Open alerts, then what rises below alert; filtered where the query says so."""
    found = list_hot_issues(visit.service, query)
    with visit.service.database.read() as connection:
        judged_at = last_judged(connection)
    return visit.page(
        "issues.html.j2",
        found=found,
        query=query,
        calm=calm_words(found, visit.to),
        mood=mood(found.items),
        judged_at=judged_at,
        stale=_is_stale(judged_at, found.as_of),
        owners=[(each, Words(visit.to, visit.service.settings.zone).owner(each)) for each in _owners(found, query)],
    )


def mood(issues: Sequence[HotIssue]) -> str:
    """How it looks at one glance: *calm*, *watch* or *alert*."""
    if any(each.alert_id for each in issues):
        return "alert"
    return "watch" if issues else "calm"


def calm_words(found: HotIssues, to: Language) -> str:
    """Whether it is calm, in a sentence."""
    alerts = [each for each in found.items if each.alert_id]
    raised = len(found.items) - len(alerts)
    if found.version_id is None:
        return to.gettext("There are no topics yet: they come with the first training.")
    if alerts:
        grave = sum(each.severity in (Severity.HIGH, Severity.CRITICAL) for each in alerts)
        told = to.ngettext("{number} alert is open", "{number} alerts are open", len(alerts))
        return to.gettext("{alerts}, {grave} of them grave.", alerts=told, grave=grave) if grave else f"{told}."
    if raised:
        return to.ngettext(
            "No alert is open; {number} topic is higher than usual.",
            "No alert is open; {number} topics are higher than usual.",
            raised,
        )
    return to.gettext("It is calm: nothing rises beyond chance.")


def _owners(found: HotIssues, query: HotIssuesQuery) -> list[str]:
    return sorted({each.owner for each in found.items if each.owner} | ({query.owner} if query.owner else set()))


def _is_stale(judged_at: datetime | None, now: datetime) -> bool:
    return judged_at is None or (now - judged_at).total_seconds() > 24 * 3600
