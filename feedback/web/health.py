"""`/health`: how the jobs go and whether the data is sound."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from feedback.language import Language
from feedback.phrases import silent_words
from feedback.store import complaints, topics
from feedback.store.runs import seconds_by_job
from feedback.store.vitals import vitals
from feedback.web.visit import Reading

router = APIRouter(include_in_schema=False)

REJECTED = 50
"""So many rejected records are listed, the latest."""


@router.get("/health")
def health(visit: Reading) -> HTMLResponse:
    """What was done and when, what waits, which source is silent, what was rejected."""
    service, now = visit.service, visit.service.clock()
    with service.database.read() as connection:
        found = vitals(connection, now)
        ran = {row.job: row for row in seconds_by_job(connection)}
        number, first, last = complaints.count_complaints(connection)
        version = topics.published_version(connection)
        rejected = complaints.count_rejected(connection)
        records = complaints.rejected_records(connection, REJECTED) if visit.may("analyse") else ()
    silent = service.look.silent(now)
    return visit.page(
        "health.html.j2",
        vitals=found,
        jobs=[(each, ran.get(each.job)) for each in found.jobs],
        complaints=number,
        first=first,
        last=last,
        version=version,
        rejected=rejected,
        records=records,
        silent=[silent_words(each, visit.to) for each in silent],
        heard=sorted(found.heard.items(), key=lambda each: each[1]),
        now=now,
        well=_well(found.failed_runs, found.notices.get("dead", 0), len(silent), visit.to),
    )


def is_late(finished_at: datetime | None, now: datetime) -> bool:
    """Whether a job that runs every five minutes or hours has not come to an end for a day."""
    return finished_at is None or now - finished_at > timedelta(days=1)


def _well(failed: int, dead: int, silent: int, to: Language) -> str:
    """What is wrong, in a sentence; empty where nothing is."""
    told = [
        to.ngettext("{number} run failed", "{number} runs failed", failed) if failed else "",
        to.ngettext("{number} notice was given up", "{number} notices were given up", dead) if dead else "",
        to.ngettext("{number} source is silent", "{number} sources are silent", silent) if silent else "",
    ]
    return to.listed([each for each in told if each])
