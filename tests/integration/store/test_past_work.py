"""What was done long ago goes in batches; what something still refers to stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from feedback.domain import Author, derived_id
from feedback.notify.outbox import Notice, NoticeKind, NoticeState
from feedback.requests import JOB, RequestKind
from feedback.settings import Settings
from feedback.store import runs
from feedback.store.database import Database
from feedback.store.notices import add_notices
from feedback.store.requests import add_request, waiting
from feedback.store.runs import ATTEMPTS
from feedback.store.tables import alert, notice, run, signal
from jobs import retain
from jobs.context import Context, Parts
from jobs.progress import Silent
from tests.integration.store.store_samples import NOW, TOPIC, VERSION, publish

OLD = NOW - timedelta(days=400)
DAY = timedelta(days=1)


@pytest.fixture
def context(database: Database, settings: Callable[..., Settings]) -> Context:
    made = settings(runs_days=100)
    return Context(made, database, Parts(made, Silent()), Silent(), lambda: NOW, "me:1:1")


def done(database: Database, job: str, window: datetime, *, at: datetime = OLD, fails: int = 0) -> None:
    with database.write() as connection:
        for _ in range(fails):
            claim = runs.claim(connection, job, window, "me:1:1", at, lambda _: True)
            assert claim
            runs.fail(connection, claim, at, 1.0, "broke")
        if not fails:
            claim = runs.claim(connection, job, window, "me:1:1", at, lambda _: False)
            assert claim
            runs.succeed(connection, claim, at, 1.0, {})


def left(database: Database) -> set[tuple[str, datetime]]:
    with database.read() as connection:
        return {(row.job, row.window_start) for row in connection.execute(select(run))}


def test_old_runs_go_in_batches_but_for_the_latest_success_of_each_job(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retain, "BATCH", 2)
    for number in range(5):
        done(context.database, "count", OLD + number * DAY)
        done(context.database, "detect", OLD + number * DAY)
    done(context.database, "count", NOW - DAY, at=NOW)
    done(context.database, "embed", OLD, fails=ATTEMPTS)
    done(context.database, "assign", OLD, fails=1)
    assert retain.run(context, NOW) == {"runs": 5 + 4 + 1}
    assert left(context.database) == {("count", NOW - DAY), ("detect", OLD + 4 * DAY), ("assign", OLD)}
    assert retain.run(context, NOW) == {}


def test_a_run_that_was_stopped_goes_once_a_later_one_has_made_up_for_it(context: Context) -> None:
    with context.database.write() as connection:
        claim = runs.claim(connection, "embed", OLD, "me:1:1", OLD, lambda _: False)
        assert claim
        runs.release(connection, claim, OLD)
    assert retain.run(context, NOW) == {}
    done(context.database, "embed", NOW - DAY, at=NOW)
    assert retain.run(context, NOW) == {"runs": 1}
    assert left(context.database) == {("embed", NOW - DAY)}


def test_what_a_replay_has_just_done_for_old_days_stays(context: Context) -> None:
    for number in range(5):
        done(context.database, "count", OLD + number * DAY, at=NOW)
    assert retain.run(context, NOW) == {}


def test_what_is_needed_is_kept_whatever_the_setting_says(context: Context) -> None:
    settings = context.settings.model_copy(update={"runs_days": 1, "catch_up_days": 365})
    done(context.database, "count", NOW - 300 * DAY, at=NOW - 300 * DAY)
    done(context.database, "count", NOW - DAY, at=NOW)
    assert retain.run(replace(context, settings=settings), NOW) == {}
    forever = context.settings.model_copy(update={"runs_days": 0})
    assert retain.run(replace(context, settings=forever), NOW + 9_000 * DAY) == {}


def test_a_request_goes_when_it_is_over_and_is_never_done_again(context: Context) -> None:
    with context.database.write() as connection:
        asked = [
            add_request(connection, RequestKind.PIN, {}, Author("anna", "", OLD + number * DAY)) for number in range(3)
        ]
    done(context.database, JOB, asked[0].at)
    done(context.database, JOB, asked[1].at, fails=1)
    done(context.database, JOB, NOW - DAY, at=NOW)
    assert retain.run(context, NOW) == {"requests": 1, "runs": 1}
    with context.database.read() as connection:
        assert [each.id for each in waiting(connection)] == [asked[1].id, asked[2].id]


def test_signals_of_calm_days_go_and_rises_stay(context: Context) -> None:
    publish(context.database)
    numbers = dict.fromkeys(("observed", "expected", "low", "high", "p", "q", "score", "threshold"), 1)
    known = {"topic_id": TOPIC, "version_id": VERSION, "window_start": OLD, "window_end": OLD, "complete": True}
    with context.database.write() as connection:
        for place, (at, rising) in enumerate(((OLD, False), (OLD + DAY, True), (NOW - DAY, False))):
            row = {**known, **numbers, "judged_at": at, "rising": rising, "detector": f"d{place}"}
            connection.execute(insert(signal).values(row))
    assert retain.run(context, NOW) == {"signals": 1}
    with context.database.read() as connection:
        assert set(connection.execute(select(signal.c.detector)).scalars()) == {"d1", "d2"}


def test_a_sent_notice_goes_once_its_alert_is_long_resolved(context: Context) -> None:
    publish(context.database)
    states = {"open": None, "lately": NOW - DAY, "long ago": OLD + DAY}
    with context.database.write() as connection:
        for name, resolved in states.items():
            id_ = derived_id(name)
            row = {"id": id_, "topic_id": TOPIC, "opened_at": OLD, "last_rising_at": OLD, "judged_at": OLD}
            state = "resolved" if resolved else "open"
            connection.execute(insert(alert).values(**row, state=state, resolved_at=resolved, evidence={}))
            for sent in (NoticeState.SENT, NoticeState.DEAD):
                add_notices(connection, [sent_notice(f"{name} {sent}", NoticeKind.OPENED, sent, id_)])
        add_notices(connection, [sent_notice("weekly", NoticeKind.DIGEST, NoticeState.SENT, None)])
    assert retain.run(context, NOW) == {"notices": 2}
    with context.database.read() as connection:
        kept = set(connection.execute(select(notice.c.channel)).scalars())
    assert kept == {f"{name} {state}" for name in states for state in ("sent", "dead")} - {"long ago sent"}


def sent_notice(channel: str, kind: NoticeKind, state: NoticeState, alert_id: object) -> Notice:
    made = Notice(derived_id("notice", channel), kind, "payments", channel, {}, OLD, OLD, alert_id, 0)  # type: ignore[arg-type]
    return replace(made, state=state, sent_at=OLD if state is NoticeState.SENT else None)
