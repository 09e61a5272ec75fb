"""`/health`: how the jobs go and whether the data is sound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from feedback.inbox import failed_files
from feedback.lag import LAG, late_jobs
from feedback.language import Language
from feedback.phrases import silent_words
from feedback.store import complaints, topics
from feedback.store.runs import seconds_by_job
from feedback.store.vitals import vitals
from feedback.web.doubts import late_words, silence_words
from feedback.web.visit import Reading

router = APIRouter(include_in_schema=False)

LATELY = timedelta(days=7)
"""Runs of so long are told together."""

REJECTED = 50
"""So many rejected records are listed, the latest."""


@router.get("/health")
def health(visit: Reading) -> HTMLResponse:
    """What was done and when, what waits, which source is silent, what was rejected."""
    service, now = visit.service, visit.service.clock()
    with service.database.read() as connection:
        found = vitals(connection, now)
        ran = {row.job: row for row in seconds_by_job(connection, now - LATELY)}
        number, first, last = complaints.count_complaints(connection)
        version = topics.published_version(connection)
        rejected = complaints.count_rejected(connection)
        records = complaints.rejected_records(connection, REJECTED) if visit.may("analyse") else ()
    silent = service.look.silent(now)
    late = late_jobs(LAG, {each.job: each.window_start for each in found.jobs}, first, now)
    return visit.page(
        "health.html.j2",
        vitals=found,
        jobs=[(each, ran.get(each.job)) for each in found.jobs],
        complaints=number,
        first=first,
        last=last,
        version=version,
        rejected=rejected,
        unread=failed_files(service.settings.inbox_dir),
        records=records,
        silent=[silent_words(each, visit.to) for each in silent],
        heard=sorted(found.heard.items(), key=lambda each: each[1]),
        now=now,
        late=late,
        well=_well(
            found.failed_runs,
            found.notices.get("dead", 0),
            [late_words(late, visit.to), silence_words(silent, visit.to)],
            visit.to,
        ),
    )


def _well(failed: int, dead: int, others: Sequence[str], to: Language) -> str:
    """What is wrong, in a sentence; empty where nothing is."""
    told = [
        *others,
        to.ngettext("{number} run failed", "{number} runs failed", failed) if failed else "",
        to.ngettext("{number} notice was given up", "{number} notices were given up", dead) if dead else "",
    ]
    return to.listed([each for each in told if each])
