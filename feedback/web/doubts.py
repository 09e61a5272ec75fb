"""What makes it doubtful whether what the pages show is all that there is: nobody judged, or nothing was heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from feedback.domain import SilentSource
from feedback.lag import JUDGING, is_late, late_jobs
from feedback.language import Language
from feedback.store.runs import successes
from feedback.store.topics import last_judged, published_version
from feedback.web.visit import Visit


def doubts(visit: Visit) -> list[str]:
    """Why it may not be as calm as it looks, each in words; empty where all jobs have run and all sources speak."""
    service, now = visit.service, visit.service.clock()
    with service.database.read() as connection:
        version, judged_at = published_version(connection), last_judged(connection)
        done = {each.job: each.window_start for each in successes(connection)}
    if version is None:
        return []
    late = late_jobs(JUDGING, done, version.published_at, now)
    told = [late_words(late, visit.to), silence_words(service.look.silent(now), visit.to)]
    if is_stale(judged_at, now):
        told.insert(0, _stale_words(visit, judged_at))
    return [each for each in told if each]


def is_stale(judged_at: datetime | None, now: datetime) -> bool:
    """Whether the last judgement is older than the schedule leaves any."""
    return judged_at is None or is_late("detect", judged_at, None, now)


def late_words(jobs: Sequence[str], to: Language) -> str:
    """2 jobs are behind (intake, embed); empty where none is."""
    told = ", ".join(jobs)
    return (
        to.ngettext("{number} job is behind ({jobs})", "{number} jobs are behind ({jobs})", len(jobs), jobs=told)
        if jobs
        else ""
    )


def silence_words(silent: Sequence[SilentSource], to: Language) -> str:
    """2 sources are silent; empty where none is."""
    return to.ngettext("{number} source is silent", "{number} sources are silent", len(silent)) if silent else ""


def _stale_words(visit: Visit, judged_at: datetime | None) -> str:
    if judged_at is None:
        return visit.to.gettext("nothing has been judged yet")
    return visit.to.gettext("nothing has been judged since {moment}", moment=visit.say.moment(judged_at))
