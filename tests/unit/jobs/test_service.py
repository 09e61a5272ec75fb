"""The schedule, live: what is due, what a failure holds up, what a stop leaves behind, and who wins a run."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from feedback.domain import Author, Complaint
from feedback.errors import ClaimLostError, FeedbackError, ReplayError, SourceError, Stopped
from feedback.notify.alertmanager import Alertmanager
from feedback.notify.channels import Channels
from feedback.requests import RequestKind
from feedback.settings import Settings
from feedback.store import runs
from feedback.store.complaints import count_complaints, store_complaints
from feedback.store.database import Database
from feedback.store.requests import add_request
from feedback.store.runs import ATTEMPTS
from feedback.store.tables import run
from jobs.context import Context, Parts
from jobs.overdue import left_out
from jobs.progress import Silent
from jobs.replay import pending_moments, replay, replayed_moments
from jobs.run import JOBS, execute, is_gone, job_named, this_process
from jobs.schedule import CHAIN, Moment
from jobs.service import NEWS, due, tick

NOW = datetime(2026, 3, 4, 6, 2, tzinfo=UTC)
CHAIN_NOW = datetime(2026, 3, 4, 6, tzinfo=UTC)
SIX = timedelta(hours=6)


class World:
    """A context on a real database whose jobs only write down that they ran, or do what a test tells them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.now = NOW
        self.ran: list[tuple[str, datetime]] = []
        self.effects: dict[str, Callable[[Context, datetime], object]] = {}
        parts = Parts(settings, Silent())
        self.context = Context(settings, database, parts, Silent(), lambda: self.now, this_process())

    def job(self, name: str) -> Callable[[Context, datetime], Mapping[str, Any]]:
        def run_it(context: Context, now: datetime) -> Mapping[str, Any]:
            if effect := self.effects.get(name):
                effect(context, now)
            self.ran.append((name, now))
            return {"ran": name}

        return run_it

    def tick(self) -> list[tuple[str, datetime]]:
        self.ran.clear()
        tick(self.context, lambda: self.now)
        return self.ran

    def begin(self, received_at: datetime) -> None:
        """Let history begin with one complaint."""
        with self.context.database.write() as connection:
            store_complaints(connection, [Complaint("desk", "1", received_at, "Hei!", "h", "fi")], NOW)

    def row(self, job: str = "count") -> Any:
        with self.context.database.read() as connection:
            return connection.execute(select(run).where(run.c.job == job)).one()


@pytest.fixture
def world(database: Database, settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(database, settings(time_zone="UTC", digest_day="monday", digest_hour=7, catch_up_days=3))
    for name in JOBS:
        monkeypatch.setitem(sys.modules, f"jobs.{name}", SimpleNamespace(run=made.job(name)))
    monkeypatch.setattr("jobs.replay.embed", lambda context, now: {"embedded": 0})
    return made


def refuse(_context: Context, _now: datetime) -> None:
    raise SourceError("The inbox is gone.")


def break_down(_context: Context, _now: datetime) -> None:
    raise ZeroDivisionError


def test_a_run_is_done_once_and_keeps_what_it_said(world: World) -> None:
    assert execute(world.context, "count", NOW)
    assert not execute(world.context, "count", NOW)
    assert world.ran == [("count", NOW)]
    kept = world.row()
    assert (kept.status, kept.result, kept.holder) == ("succeeded", {"ran": "count"}, world.context.holder)
    assert kept.seconds >= 0


def test_a_job_that_does_not_exist_is_refused_with_those_that_do(world: World) -> None:
    with pytest.raises(
        FeedbackError, match=r"no job 'cuont'; the jobs are intake, embed, .*digest, request, deliver, repeat\."
    ):
        execute(world.context, "cuont", NOW)


@pytest.mark.parametrize("name", JOBS)
def test_every_job_can_be_loaded(name: str) -> None:
    assert callable(job_named(name))


@pytest.mark.parametrize("failure", [refuse, break_down])
def test_a_failure_is_noted_and_raised(world: World, failure: Callable[[Context, datetime], None]) -> None:
    world.effects["count"] = failure
    with pytest.raises((SourceError, ZeroDivisionError)):
        execute(world.context, "count", NOW)
    assert (world.row().status, world.row().failures) == ("failed", 1)
    assert world.row().error.split(":")[0] in ("SourceError", "ZeroDivisionError")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_run_is_given_back(world: World, stop: type[BaseException]) -> None:
    def interrupt(_context: Context, _now: datetime) -> None:
        raise stop

    world.effects["count"] = interrupt
    with pytest.raises(stop):
        execute(world.context, "count", NOW)
    assert (world.row().status, world.row().failures) == ("failed", 0)
    world.effects.clear()
    assert execute(world.context, "count", NOW)


def test_asked_to_stop_a_run_writes_nothing_more(world: World) -> None:
    def write(context: Context, now: datetime) -> None:
        with context.write() as connection:
            store_complaints(connection, [Complaint("desk", "1", now, "x", "h", "de")], now)

    world.effects["count"] = write
    stopping = replace(world.context, stopping=lambda: True)
    assert not execute(stopping, "count", NOW)
    assert (world.row().status, world.row().failures, world.ran) == ("failed", 0, [])
    with pytest.raises(Stopped), stopping.write():
        pass
    with world.context.database.read() as connection:
        assert count_complaints(connection)[0] == 0


def test_a_run_taken_over_meanwhile_writes_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def lose(context: Context, now: datetime) -> None:
        with context.database.write() as connection:
            later = NOW + runs.LEASE
            assert runs.claim(connection, "count", now, "another:1:0.00", later, is_gone)
        with context.write() as connection:
            store_complaints(connection, [Complaint("desk", "1", now, "x", "h", "de")], now)

    world.effects["count"] = lose
    assert not execute(world.context, "count", NOW)
    assert (world.row().status, world.row().holder) == ("running", "another:1:0.00")
    assert "taken over by another worker" in caplog.text
    with world.context.database.read() as connection:
        assert count_complaints(connection)[0] == 0


def test_a_run_that_fails_after_it_was_taken_over_leaves_the_other_alone(world: World) -> None:
    def lose_and_fail(context: Context, now: datetime) -> None:
        with context.database.write() as connection:
            runs.claim(connection, "count", now, "another:1:0.00", NOW + runs.LEASE, is_gone)
        raise ZeroDivisionError

    world.effects["count"] = lose_and_fail
    with pytest.raises(ClaimLostError):
        execute(world.context, "count", NOW)
    assert (world.row().status, world.row().failures, world.row().holder) == ("running", 0, "another:1:0.00")


def test_every_write_prolongs_the_lease(world: World) -> None:
    def slowly(context: Context, _now: datetime) -> None:
        world.now += runs.LEASE / 2
        with context.write():
            pass

    world.effects["count"] = slowly
    execute(world.context, "count", NOW)
    assert world.row().lease_until == NOW + runs.LEASE / 2 + runs.LEASE


def test_before_the_first_complaint_only_the_chain_runs(world: World) -> None:
    assert world.tick() == [(job, CHAIN_NOW) for job in CHAIN]
    assert world.tick() == []


def test_five_minutes_later_the_chain_runs_again(world: World) -> None:
    world.tick()
    world.now += timedelta(minutes=5)
    assert world.tick() == [(job, CHAIN_NOW + timedelta(minutes=5)) for job in CHAIN]


def test_what_was_missed_is_made_up_for_oldest_first(world: World) -> None:
    world.begin(CHAIN_NOW - 2 * SIX)
    found = world.tick()
    assert [at for job, at in found if job == "detect"] == [CHAIN_NOW - SIX, CHAIN_NOW]
    assert found[:2] == [("intake", CHAIN_NOW), ("embed", CHAIN_NOW)], "the inbox holds today's files"
    assert found[2:] == sorted(found[2:], key=lambda each: each[1])
    rest = [job for job in CHAIN if job != "intake"]
    assert found[2 : 2 + len(rest)] == [(job, CHAIN_NOW - SIX) for job in rest]


def test_while_much_is_made_up_for_people_files_and_notices_do_not_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, minutes = Author("anna", "", NOW + timedelta(hours=1)), timedelta(minutes=5)

    def ask(context: Context, now: datetime) -> None:
        world.now += minutes
        if now == CHAIN_NOW - SIX:
            with context.database.write() as connection:
                add_request(connection, RequestKind.PIN, {}, asked)

    world.effects["detect"] = ask
    monkeypatch.setattr("jobs.service.deliver", lambda _context, now: world.ran.append(("deliver", now)))
    world.begin(CHAIN_NOW - 2 * SIX)
    found = world.tick()
    missed = found.index(("detect", CHAIN_NOW - SIX))
    begun = found.index(("assign", CHAIN_NOW))
    for what in (("request", asked.at), ("intake", CHAIN_NOW + minutes), ("deliver", NOW + minutes)):
        assert what in found[missed:begun], "done before the next window is begun"


def test_a_folder_that_cannot_be_read_holds_up_nothing_that_is_made_up_for(world: World) -> None:
    world.begin(CHAIN_NOW - 2 * SIX)
    world.effects["intake"] = refuse
    assert ("detect", CHAIN_NOW - SIX) in world.tick()


def test_nothing_older_than_the_setting_is_made_up_for(world: World) -> None:
    world.begin(NOW - timedelta(days=300))
    assert min(at for _, at in world.tick()) > NOW - timedelta(days=3, hours=1)


def test_what_is_too_old_to_be_made_up_for_is_told_once_and_stays_known(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.begin(NOW - timedelta(days=300))
    world.tick()
    world.now += timedelta(days=5)  # of which the setting reaches three back
    caplog.clear()
    world.tick()
    world.tick()
    (told,) = [each.getMessage() for each in caplog.records if getattr(each, "event", "") == "windows_left_out"]
    assert "8 windows of detect, 2026-03-04T12:00:00+00:00 to 2026-03-06T06:00:00+00:00" in told
    with world.context.database.read() as connection:
        (found,) = left_out(connection, world.context.settings, world.now)
    assert (found.job, found.windows) == ("detect", 8)


def test_a_failure_holds_up_all_that_follows_until_it_is_mended(world: World) -> None:
    world.begin(CHAIN_NOW - 2 * SIX)
    world.effects["assign"] = refuse
    assert world.tick()[2:] == [("embed", CHAIN_NOW - SIX)]
    assert world.tick() == []
    world.effects.clear()
    assert world.tick() == [], "it is too early to try again"
    world.now += runs.RETRY
    assert world.tick()[0] == ("assign", CHAIN_NOW - SIX)


def test_a_defect_is_logged_with_its_traceback_and_a_mistake_without(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.effects["intake"] = break_down
    world.tick()
    world.now += runs.RETRY
    world.effects["intake"] = refuse
    world.tick()
    defect, mistake = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert defect.exc_info
    assert not mistake.exc_info
    assert mistake.getMessage() == f"intake for {CHAIN_NOW.isoformat()} failed: The inbox is gone."


def test_a_window_that_keeps_failing_is_given_up_and_the_schedule_goes_on(world: World) -> None:
    world.begin(CHAIN_NOW - 2 * SIX)
    world.effects["detect"] = lambda _, now: refuse(_, now) if now == CHAIN_NOW - SIX else None
    for _ in range(ATTEMPTS):
        world.tick()
        world.now += runs.LEASE
    found = world.tick()
    assert ("detect", CHAIN_NOW - SIX) not in found
    assert ("detect", CHAIN_NOW) in found


def test_work_in_another_s_hands_is_waited_for(world: World) -> None:
    with world.context.database.write() as connection:
        runs.claim(connection, "embed", CHAIN_NOW, "another:1:0.00", NOW, is_gone)
    assert world.tick() == [("intake", CHAIN_NOW)]
    world.now += timedelta(minutes=1)
    assert world.tick() == []


@pytest.mark.parametrize("job", ["births", "outage", "retrain"])
def test_while_another_judges_a_worker_takes_in_and_embeds_but_judges_nothing(world: World, job: str) -> None:
    with world.context.database.write() as connection:
        runs.claim(connection, job, CHAIN_NOW - timedelta(minutes=5), "another:1:0.00", NOW, is_gone)
    assert world.tick() == [("intake", CHAIN_NOW), ("embed", CHAIN_NOW)]
    world.now += runs.LEASE
    assert [job for job, _ in world.tick()] == list(CHAIN), "the other has not been heard of for too long"


def test_while_another_makes_up_for_what_was_missed_a_worker_takes_in_and_embeds(world: World) -> None:
    world.begin(CHAIN_NOW - 2 * SIX)
    with world.context.database.write() as connection:
        runs.claim(connection, "detect", CHAIN_NOW - SIX, "another:1:0.00", NOW, is_gone)
    found = world.tick()
    assert found[:2] == [("intake", CHAIN_NOW), ("embed", CHAIN_NOW)]
    assert found[-1] == ("outage", CHAIN_NOW - SIX)


@pytest.mark.parametrize("job", ["intake", "embed"])
def test_what_another_window_is_at_is_not_begun_twice(world: World, job: str) -> None:
    with world.context.database.write() as connection:
        runs.claim(connection, job, CHAIN_NOW - timedelta(minutes=5), "another:1:0.00", NOW, is_gone)
    assert not execute(world.context, job, CHAIN_NOW)
    assert execute(world.context, "count", CHAIN_NOW)


def test_a_run_whose_worker_died_is_not_left_as_if_it_went_on(world: World) -> None:
    dead = this_process().rsplit(":", 1)[0] + ":0.00"
    with world.context.database.write() as connection:
        runs.claim(connection, "count", CHAIN_NOW - timedelta(minutes=5), dead, NOW, is_gone)
    execute(world.context, "count", CHAIN_NOW)
    with world.context.database.read() as connection:
        rows = connection.execute(select(run.c.status, run.c.error, run.c.failures).order_by(run.c.window_start)).all()
    assert rows == [("failed", "the worker died", 0), ("succeeded", None, 0)]


def test_a_replay_beside_a_service_at_work_is_refused(world: World) -> None:
    day = datetime(2026, 3, 2, tzinfo=UTC).date()
    with world.context.database.write() as connection:
        runs.claim(connection, "detect", NOW, "another:1:0.00", NOW, is_gone)
    with pytest.raises(ReplayError, match=r"another:1:0\.00.*Stop the service"):
        replay(world.context, day, day)


def test_a_long_run_is_not_taken_over_while_it_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.run.BEAT_SECONDS", 0.01)

    def slowly(_context: Context, _now: datetime) -> None:
        world.now += 2 * runs.LEASE
        while world.row().lease_until <= world.now:
            pass

    world.effects["count"] = slowly
    assert execute(world.context, "count", NOW)
    assert world.row().status == "succeeded"


def test_asked_to_stop_the_service_begins_nothing(world: World) -> None:
    world.context = replace(world.context, stopping=lambda: True)
    assert world.tick() == []


def test_what_is_done_is_not_due(world: World) -> None:
    world.begin(CHAIN_NOW - 2 * SIX)
    world.tick()
    assert due(world.context, NOW) == []


def test_a_moment_half_done_is_pending_with_the_rest(world: World) -> None:
    execute(world.context, "intake", CHAIN_NOW)
    execute(world.context, "assign", CHAIN_NOW)
    found = pending_moments(world.context, [Moment(CHAIN_NOW, CHAIN)])
    assert found == [Moment(CHAIN_NOW, ("embed", "births", "count"))]
    assert pending_moments(world.context, []) == []


def test_a_replay_runs_everything_of_its_days_but_the_intake(world: World) -> None:
    day = datetime(2026, 3, 2, tzinfo=UTC).date()
    done = replay(world.context, day, day)
    assert done == len(world.ran)
    assert {at.hour for job, at in world.ran if job != "outage"} == {6, 7, 12, 18, 0}
    assert {at.hour for job, at in world.ran if job == "outage"} == set(range(24))
    assert {job for job, _ in world.ran} == set(JOBS) - {"intake", "deliver", "request", "repeat"}
    assert replay(world.context, day, day) == 0


def test_a_replay_goes_on_where_it_was_killed(world: World) -> None:
    day = datetime(2026, 3, 2, tzinfo=UTC).date()

    def kill(_context: Context, _now: datetime) -> None:
        raise KeyboardInterrupt

    world.effects["digest"] = kill
    with pytest.raises(KeyboardInterrupt):
        replay(world.context, day, day)
    before = list(world.ran)
    world.effects.clear()
    world.ran.clear()
    replay(world.context, day, day)
    assert world.ran[0] == ("digest", datetime(2026, 3, 2, 7, tzinfo=UTC))
    assert not set(before) & set(world.ran)


def test_a_replay_of_days_before_what_was_done_is_refused(world: World) -> None:
    day = datetime(2026, 3, 2, tzinfo=UTC).date()
    replay(world.context, day, day)
    with pytest.raises(ReplayError, match=r"already run up to 2026-03-03 00:00 UTC.*--from-scratch"):
        replay(world.context, day - timedelta(days=1), day - timedelta(days=1))
    assert replay(world.context, day - timedelta(days=1), day, from_scratch=True) > 0


def test_a_replay_of_the_future_or_of_nothing_is_refused(world: World) -> None:
    today = NOW.date()
    with pytest.raises(ReplayError, match="isn't over"):
        replayed_moments(world.context, today, today)
    with pytest.raises(ReplayError, match="would end"):
        replayed_moments(world.context, today, today - timedelta(days=1))


def test_what_waits_is_delivered_whatever_became_of_the_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    delivered: list[datetime] = []
    monkeypatch.setattr("jobs.service.deliver", lambda _context, now: delivered.append(now))
    world.effects["embed"] = break_down
    world.tick()
    assert delivered == [NOW]
    world.context = replace(world.context, stopping=lambda: True)
    world.tick()
    assert delivered == [NOW], "not while the service stops"


def test_what_is_open_is_said_again_once_for_each_five_minutes_where_somebody_forgets_it(world: World) -> None:
    world.tick()
    assert "repeat" not in {job for job, _ in world.ran}
    world.context.parts.channels = Channels({}, [Alertmanager("k", "http://127.0.0.1:1")])
    assert world.tick() == [("repeat", CHAIN_NOW)]
    assert world.tick() == [], "nor does another worker do it"
    world.now += timedelta(hours=1)
    assert [at for job, at in world.tick() if job == "repeat"] == [CHAIN_NOW + timedelta(hours=1)]


def test_a_delivery_that_breaks_down_does_not_stop_the_service(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("jobs.service.deliver", break_down)
    world.tick()
    assert "the job deliver failed" in caplog.text


def test_what_is_made_up_for_long_afterwards_is_no_news(world: World) -> None:
    told: dict[datetime, bool] = {}
    world.effects["detect"] = lambda context, now: told.update({now: context.telling})
    world.context = replace(world.context, settings=world.context.settings.model_copy(update={"catch_up_days": 10}))
    world.begin(NOW - timedelta(days=9))
    world.tick()
    assert {NOW - at <= NEWS for at, telling in told.items() if telling} == {True}
    assert {NOW - at <= NEWS for at, telling in told.items() if not telling} == {False}


def test_a_replay_tells_nobody(world: World) -> None:
    told: list[bool] = []
    world.effects["detect"] = lambda context, _now: told.append(context.telling)
    replay(world.context, date(2026, 3, 1), date(2026, 3, 1))
    assert told
    assert not any(told)
