"""Whether workers that are killed again and again still do each thing once.

    python benchmarks/workers.py [--backends sqlite postgresql] [--minutes 10] [--days 14] [--every 5] [--seed 1]

Four workers on one PostgreSQL, or two on one SQLite file, follow an accelerated schedule of so many days while the
demonstration's complaints come in: a file a day, or the same in one request; a file is moved into the inbox, or written
there in two halves. Short sharp rises are planted into the first of these days, so that alerts open, are fed and
resolve, and what is told of them goes to a web server in a process of its own. Every few seconds in which something
was done one of the workers, or all at once, are killed (SIGKILL) and started anew. In the end one that nobody disturbs
works off the rest. The baseline is a single process that is given the same complaints and runs the same windows one
after the other; each row of the table holds what both have come to, and how much of it only one of them has. Exit code
1 if anything differs, a window is missing, a claim or lock is left behind, a worker ended by itself, complaints came
too late for both to have seen the same, or too little arose to show anything: see LEAST.

Not held against the workers, because it is meant to be so: hours of the outage path that are overdue are left to the
judgement of their day, and chains of five minutes that were missed are made up for by the next one, so both are
compared by what became of the windows that were run, and only the other windows must all be there. A notice that was
sent by a worker that died before it could say so is sent again with the same key, by which the receiver knows it: none
may be missing, and how many came twice is printed. A run that a worker left behind is taken over; how many were is
printed too.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Column, func, select, text

from benchmarks.databases import BACKENDS, database_of
from benchmarks.receiver import Receiver
from feedback.ingest import ingest_file, take_in
from feedback.notify.outbox import NoticeState
from feedback.series import bucket_start, day_of, days
from feedback.settings import Settings
from feedback.sources import FieldMapping
from feedback.store import tables
from feedback.store.database import Database, create_database, open_database
from feedback.store.notices import tally
from jobs import service
from jobs.bootstrap import build_context, log_to
from jobs.context import Context
from jobs.deliver import run as deliver
from jobs.demo.invent import invent, write
from jobs.demo.rises import Rise
from jobs.embed import run as embed
from jobs.progress import Silent
from jobs.replay import replay, replayed
from jobs.run import APART, JOBS, execute
from jobs.schedule import Plan
from jobs.service import due
from jobs.up import ServiceClock, Stop, run_schedule

WORKERS = dict(zip(BACKENDS, (2, 4), strict=True))
SOURCE = "demo"
AHEAD = timedelta(days=5)
"""Complaints come in so long before the schedule gets to them: what a job sees does not hang on who was killed when."""

TICK_SECONDS = 0.5
REST_SECONDS = 900.0
PATIENCE = 120.0
ALL_AT_ONCE = 0.1
"""The share of kills that hit every worker."""

HEAVY = ("jobs.service", "jobs.candidate", "jobs.compare", "models.encoder", "bertopic", "feedback.intake.pipeline")
"""Imported once by the server that starts the workers, so that they begin within a second."""

COMPARED: Mapping[str, Sequence[Column[Any]]] = {
    "complaints": (tables.complaint.c.id, tables.complaint.c.text_hash),
    "assignments": tuple(tables.assignment.c[name] for name in ("version_id", "complaint_id", "topic_id")),
    "topics": tuple(tables.topic.c[name] for name in ("id", "kind", "name")),
    "versions": tuple(tables.topic_model_version.c[name] for name in ("id", "status", "published_at")),
    "counts": tuple(
        tables.bucket_count.c[name] for name in ("version_id", "bucket_start", "topic_id", "complaints", "customers")
    ),
    "signals": tuple(tables.signal.c[name] for name in ("judged_at", "topic_id", "detector", "observed", "rising")),
    "alerts": tuple(
        tables.alert.c[name]
        for name in ("id", "topic_id", "state", "opened_at", "last_rising_at", "calm_since", "resolved_at")
    ),
    "held back": tuple(
        tables.held_back.c[name] for name in ("alert_id", "position", "at", "cause", "ended_at", "told")
    ),
    "transitions": tuple(tables.transition.c[name] for name in ("alert_id", "position", "at", "before", "after")),
    "notices": tuple(tables.notice.c[name] for name in ("id", "kind", "owner", "channel", "alert_id", "position")),
}
"""What both must have come to: rows without what the clock on the wall has left in them."""

PLANTED = (
    "deposit-failed",
    "login-account-lock",
    "game-fault",
    "verification-documents",
    "unwanted-marketing",
    "support-slow-rude",
    "free-spins-missing",
    "data-protection-request",
)
"""Topics that rise, one a day from the trial's second on: several at once would hide each other."""

PLANTED_A_DAY = 16.0
CALM_DAYS = 1
"""After so many calm days an alert resolves, lest the trial has to last for weeks."""

LEAST = {"kills": 5, "opened": 5, "fed": 5, "resolved": 3, "received": 8}
"""What must come about in a trial for it to show anything: alerts that opened, rose further, resolved, and messages."""

NEVER = datetime.max.replace(tzinfo=UTC)
START = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Trial:
    """What is done: the days of the schedule, and the complaints of each day, those before them under None."""

    first: date
    last: date
    zone_name: str
    records: Mapping[date | None, list[dict[str, object]]]

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        return bucket_start(self.first, Settings(time_zone=self.zone_name).zone)

    @property
    def end(self) -> datetime:
        return bucket_start(self.last + timedelta(days=1), Settings(time_zone=self.zone_name).zone)


@dataclass(frozen=True, slots=True)
class CappedClock(ServiceClock):
    """The service's time, which stands still at the end of the trial."""

    end: datetime = NEVER

    def __call__(self) -> datetime:
        return min(ServiceClock.__call__(self), self.end)


@dataclass(slots=True)
class Killed:
    """How the workers fared."""

    kills: int = 0
    done: int = 0
    """Windows done by the time the last worker was killed."""
    crashes: int = 0
    behind: timedelta = timedelta()
    """The furthest that the work fell behind the schedule."""

    late: int = 0
    """Complaints that came in when the schedule was past them already: then no two runs need to agree."""

    rest: float = 0.0
    """Seconds that the last worker took to work off what was left."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--backends", choices=tuple(WORKERS), nargs="+", default=list(WORKERS))
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--days", type=int, default=14)
    options.add_argument("--begins", type=int, default=100, help="days of complaints before; the hourly path needs 92")
    options.add_argument(
        "--every", type=float, default=5.0, help="seconds from a run that is done to the next kill, on average"
    )
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    with TemporaryDirectory(prefix="workers-") as folder:
        trial = trial_of(chosen.seed, chosen.begins, chosen.days)
        prepared = prepare(trial, Path(folder) / "prepared")
        sys.exit(sum(tell(tried(backend, prepared, trial, Path(folder), chosen)) for backend in chosen.backends))


def tried(backend: str, prepared: Settings, trial: Trial, folder: Path, chosen: argparse.Namespace) -> Compared:
    """The trial on one kind of database, and its baseline, which is SQLite always."""
    with database_of(backend, folder) as url, Receiver() as receiver, Receiver() as other:
        settings = told_to(copy_of(prepared, folder / backend, url), receiver.url)
        fared = disturb(settings, trial, WORKERS[backend], chosen)
        fared.done = len(windows_of(settings, trial))
        begun = time.perf_counter()
        work_off(settings, trial)
        fared.rest = time.perf_counter() - begun
        alone = told_to(copy_of(prepared, folder / f"{backend} baseline"), other.url)
        run_alone(alone, trial, windows_of(settings, trial))
        rows = {name: (rows_of(settings, columns), rows_of(alone, columns)) for name, columns in COMPARED.items()}
        taken, once = receiver.counted(), other.counted()
        rows["received"] = Counter(set(taken)), Counter(set(once))
        sent = {str(id_) for id_, *_ in rows["notices"][0]}
        told = {
            "crashes": fared.crashes,
            "complaints too late": fared.late,
            "notices not received": len(sent - taken.keys()),
            "notices sent twice": taken.total() - len(taken),
        }
        arose = {"kills": fared.kills, **arisen(settings, trial), "received": len(taken)}
        return Compared(backend, fared, rows, {**left_behind(settings, trial), **told}, arose)


def arisen(settings: Settings, trial: Trial) -> dict[str, int]:
    """How many alerts opened in the trial's days, rose further after that, and how often one resolved."""
    database, change, alert = open_database(settings.url), tables.transition, tables.alert
    with database.read() as connection:
        changes = connection.execute(select(change).where(change.c.at > trial.start)).all()
        alerts = connection.execute(select(alert).where(alert.c.opened_at > trial.start)).all()
    database.close()
    return {
        "opened": len(alerts),
        "fed": sum(each.last_rising_at > each.opened_at for each in alerts),
        "resolved": sum(each.after == "resolved" for each in changes),
    }


def trial_of(seed: int, begins: int, length: int) -> Trial:
    """So many days of the story, with a rise on each after the first, and what came before."""
    zone_name = "Europe/Berlin"
    zone = Settings(time_zone=zone_name).zone
    told = invent(seed, rises=lambda *_: planted(begins))
    first = day_of(told.start, zone) + timedelta(days=begins)
    last = first + timedelta(days=length - 1)
    records: dict[date | None, list[dict[str, object]]] = {None: [], **{day: [] for day in days(first, last)}}
    for record in told.records:
        day = day_of(datetime.fromisoformat(str(record["received_at"])), zone)
        if day <= last:
            records[day if day >= first else None].append(record)
    return Trial(first, last, zone_name, records)


def planted(begins: int) -> list[Rise]:
    days_of_rises = enumerate(PLANTED, begins + 1)
    return [
        Rise("sharp", topic, topic, day, day + 1, "For the trial.", per_day=PLANTED_A_DAY)
        for day, topic in days_of_rises
    ]


def prepare(trial: Trial, home: Path) -> Settings:
    """A service that has run for weeks when the trial begins."""
    settings = Settings(
        data_dir=home,
        time_zone=trial.zone_name,
        retrain_every_days=7,
        publish_automatically=True,
        false_alarms_per_week=30.0,  # so that there is much to open, to resolve and to tell
        resolve_after_days=CALM_DAYS,
        publish_least_kept=0.5,
        catch_up_days=trial.length,  # however far the workers fall behind
        topic_resolution=1.0,  # looking for the best takes half a minute: few workers would live to see the end of it
        threads=1,
    )
    context = build_context(settings, Silent(), wall, create=True)
    file = home / "history.jsonl"
    write(trial.records[None], file)
    ingest_file(context.database, context.parts.intake, file, SOURCE, FieldMapping(), wall())
    embed(context, trial.start)
    replay(context, trial.first - timedelta(days=trial.length + 1), trial.first - timedelta(days=1))
    context.database.close()
    return settings


def copy_of(prepared: Settings, home: Path, url: str = "") -> Settings:
    shutil.copytree(prepared.data_dir, home)
    if url:
        copy_rows(open_database(prepared.url), create_database(url))
    return prepared.model_copy(update={"data_dir": home, "database_url": url})


def copy_rows(source: Database, target: Database) -> None:
    """Everything, and on PostgreSQL the numbers to go on from."""
    with source.read() as reading, target.write() as writing:
        for table in tables.metadata.sorted_tables:
            if rows := [each._asdict() for each in reading.execute(select(table))]:
                writing.execute(table.insert(), rows)
            if rows and (serial := table.autoincrement_column) is not None:
                highest = max(each[serial.name] for each in rows)
                sequence = f"pg_get_serial_sequence('{table.name}', '{serial.name}')"
                writing.execute(text(f"SELECT setval({sequence}, {highest})"))
    source.close()
    target.close()


def told_to(settings: Settings, url: str) -> Settings:
    """With all alerts going to the receiver."""
    path = settings.data_dir / "channels.yaml"
    path.write_text(f"everybody:\n  - name: receiver\n    webhook: {{url: '{url}', secret: not a secret at all}}\n")
    return settings.model_copy(update={"channels": str(path)})


def disturb(settings: Settings, trial: Trial, number: int, chosen: argparse.Namespace) -> Killed:
    """Kill and start workers while complaints come in, until the schedule is at its end; then kill them all."""
    speed = (trial.end - trial.start).total_seconds() / (60 * chosen.minutes)
    dice, fared = random.Random(chosen.seed), Killed()
    context = build_context(settings, Silent(), wall)
    for day, records in by_day(trial, lambda start: start <= trial.start + AHEAD):
        post(context, day, records)
    clock = CappedClock(wall, wall(), trial.start, speed, trial.end)
    feeder = threading.Thread(target=feed, args=(context, trial, clock, random.Random(chosen.seed)))
    START.set_forkserver_preload(list(HEAVY))
    workers = [worker(settings, clock) for _ in range(number)]
    feeder.start()
    while clock() < trial.end:
        wait(context.database, dice.uniform(0.2, 2 * chosen.every - 0.2))
        fared.behind = max(fared.behind, behind(settings, clock))
        fared.crashes += sum(each.exitcode is not None for each in workers)
        struck = workers[:] if dice.random() < ALL_AT_ONCE else [dice.choice(workers)]
        fared.kills += len(struck)
        kill(struck)
        workers = [worker(settings, clock) if each in struck else each for each in workers]
    feeder.join()
    context.database.close()
    kill(workers)
    fared.kills += len(workers)
    fared.late = came_late(settings, clock)
    return fared


def wait(database: Database, seconds: float) -> None:
    """So long, and before that until something has been judged since the last kill: on a busy machine nothing would be
    otherwise, and nothing be tried."""
    before, until = judged(database), time.monotonic() + PATIENCE
    while judged(database) == before and time.monotonic() < until:
        time.sleep(0.2)
    time.sleep(seconds)


def judged(database: Database) -> int:
    """How many runs of those jobs that build on one another have ended well."""
    run = tables.run
    done = select(func.count()).where(run.c.status == "succeeded", run.c.job.not_in(APART))
    with database.read() as connection:
        return int(connection.execute(done).scalar_one())


def came_late(settings: Settings, clock: ServiceClock) -> int:
    """How many complaints of the trial were taken in after the schedule had come to when they were received."""
    database, complaint = open_database(settings.url), tables.complaint
    with database.read() as connection:
        new = select(complaint.c.ingested_at, complaint.c.received_at).where(complaint.c.received_at >= clock.start)
        found = connection.execute(new).all()
    database.close()
    return sum(clock.start + (taken - clock.wall_start) * clock.speed > received for taken, received in found)


def worker(settings: Settings, clock: ServiceClock) -> BaseProcess:
    process = START.Process(target=work, args=(settings, clock))
    process.start()
    return process


def work(settings: Settings, clock: ServiceClock) -> None:
    """What `feedback worker` does, by the trial's clock."""
    service.NEWS = timedelta(days=365)  # seconds of the wall are hours here: nothing is too old to be told
    with (settings.data_dir / "workers.log").open("a") as log:
        log_to(log)
        stop = Stop()
        stop.ask_at(signal.SIGTERM)
        threading.Thread(target=stop_with_parent, args=(stop,), daemon=True).start()
        run_schedule(settings, clock, stop, TICK_SECONDS)


def stop_with_parent(stop: Stop) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    stop.ask()


def kill(workers: Sequence[BaseProcess]) -> None:
    for each in workers:
        each.kill()
    for each in workers:
        each.join()


def behind(settings: Settings, clock: ServiceClock) -> timedelta:
    """How far the oldest window that is still to be done lies back."""
    context = build_context(settings, Silent(), wall)
    now = clock()
    late = [now - each.at for each in due(context, now)]
    context.database.close()
    return max(late, default=timedelta())


def feed(context: Context, trial: Trial, clock: ServiceClock, dice: random.Random) -> None:
    """Bring each further day's complaints in before the schedule gets there: as a file that is moved, as one that is
    written in two halves, or in one request."""
    for day, records in by_day(trial, lambda start: start > trial.start + AHEAD):
        while clock() + AHEAD < bucket_start(day, context.settings.zone):
            time.sleep(0.1)
        way = dice.choice((move_in, write_in_halves, post))
        way(context, day, records)


def by_day(
    trial: Trial, wanted: Callable[[datetime], bool] = lambda _: True
) -> Iterator[tuple[date, list[dict[str, object]]]]:
    """The complaints of the trial's days, or of those with a start that is wanted."""
    zone = Settings(time_zone=trial.zone_name).zone
    for day, records in trial.records.items():
        if day and wanted(bucket_start(day, zone)):
            yield day, records


def move_in(context: Context, day: date, records: Sequence[Mapping[str, object]]) -> None:
    folder = inbox(context)
    part = folder / f"{day}.jsonl.part"
    part.write_text(lines_of(records), "utf-8")
    part.rename(folder / f"{day}.jsonl")


def write_in_halves(context: Context, day: date, records: Sequence[Mapping[str, object]]) -> None:
    lines = lines_of(records)
    with (inbox(context) / f"{day}.jsonl").open("w", encoding="utf-8") as file:
        file.write(lines[: len(lines) // 2])
        file.flush()
        time.sleep(1.0)
        file.write(lines[len(lines) // 2 :])


def post(context: Context, _day: date, records: Sequence[Mapping[str, object]]) -> None:
    take_in(context.database, context.parts.intake, records, SOURCE, wall())


def inbox(context: Context) -> Path:
    folder = context.settings.inbox_dir / SOURCE
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def lines_of(records: Sequence[Mapping[str, object]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def work_off(settings: Settings, trial: Trial) -> None:
    """One worker, undisturbed, until nothing is due at the end of the trial."""
    clock = CappedClock(wall, wall(), trial.end, 1.0, trial.end)
    context = build_context(settings, Silent(), wall)
    process, until = worker(settings, clock), time.monotonic() + REST_SECONDS
    while (due(context, trial.end) or pending(context.database) or waiting(context)) and time.monotonic() < until:
        time.sleep(0.5)
    os.kill(process.pid or 0, signal.SIGTERM)
    process.join(60)
    context.database.close()


def pending(database: Database) -> int:
    with database.read() as connection:
        return tally(connection)[NoticeState.PENDING]


def waiting(context: Context) -> list[Path]:
    return [each for each in inbox(context).iterdir() if each.is_file()]


def windows_of(settings: Settings, trial: Trial) -> list[tuple[datetime, str]]:
    """The windows that the workers ran to success, in the order of the schedule."""
    database, run = open_database(settings.url), tables.run
    with database.read() as connection:
        done = (run.c.status == "succeeded") & (run.c.window_start > trial.start)
        rows = connection.execute(select(run.c.window_start, run.c.job).where(done)).all()
    database.close()
    return sorted(((at, job) for at, job in rows), key=lambda each: (each[0], JOBS.index(each[1])))


def run_alone(settings: Settings, trial: Trial, windows: Sequence[tuple[datetime, str]]) -> None:
    """The baseline: all that comes in is there, then one window after the other."""
    context = build_context(settings, Silent(), wall)
    for day, records in by_day(trial):
        file = settings.data_dir / f"{day}.jsonl"
        write(records, file)
        ingest_file(context.database, context.parts.intake, file, SOURCE, FieldMapping(), wall())
    for at, job in windows:
        if job != "intake":
            execute(context, job, at)
    while pending(context.database):
        deliver(context, trial.end)
    context.database.close()


@dataclass(frozen=True, slots=True)
class Compared:
    """What both have come to, by name, and what was left behind."""

    backend: str
    fared: Killed
    rows: Mapping[str, tuple[Counter[Any], Counter[Any]]]
    left: Mapping[str, int]
    arose: Mapping[str, int]

    @property
    def wrong(self) -> list[str]:
        differing = [name for name, (mine, theirs) in self.rows.items() if mine != theirs]
        too_few = [f"too few {name}" for name, least in LEAST.items() if self.arose[name] < least]
        return [*differing, *(name for name, number in self.left.items() if number and name not in HARMLESS), *too_few]


def tell(found: Compared) -> int:
    """Print what came of it; 1 if anything is wrong."""
    fared = found.fared
    print(
        f"{WORKERS[found.backend]} workers on {found.backend}: {fared.kills} kills, at most {fared.behind} behind; "
        f"{fared.done} windows done meanwhile, the rest took {fared.rest:.0f} s"
    )
    print(f"{'':16}{'killed':>10}{'alone':>10}{'missing':>10}{'too many':>10}")
    for name, (mine, theirs) in found.rows.items():
        missing, extra = (theirs - mine).total(), (mine - theirs).total()
        print(f"{name:16}{mine.total():>10,}{theirs.total():>10,}{missing:>10,}{extra:>10,}")
    print(", ".join(f"{name} {number}" for name, number in found.left.items()))
    print(", ".join(f"{name} {number}" for name, number in found.arose.items()))
    print(f"WRONG: {', '.join(found.wrong)}" if found.wrong else "as it should be", flush=True)
    return int(bool(found.wrong))


def rows_of(settings: Settings, columns: Sequence[Column[Any]]) -> Counter[Any]:
    database = open_database(settings.url)
    with database.read() as connection:
        found = Counter(tuple(each) for each in connection.execute(select(*columns)))
    database.close()
    return found


HARMLESS = ("windows done", "runs taken over", "chains and hours overtaken", "notices sent twice")
"""The others must be none; above is said why these may be."""


def left_behind(settings: Settings, trial: Trial) -> dict[str, int]:
    """What the run table, the inbox and the locks say in the end."""
    database, run = open_database(settings.url), tables.run
    plan = Plan(settings).moments(trial.start, trial.end)
    planned = {(job, each.at) for each in plan if not each.is_hourly for job in replayed(each).jobs}
    with database.read() as connection:
        rows = connection.execute(select(run).where(run.c.window_start > trial.start)).all()
        claimed = connection.execute(
            select(func.count()).select_from(tables.notice).where(tables.notice.c.holder.is_not(None))
        ).scalar_one()
        notices = tally(connection)
    done = {(each.job, each.window_start) for each in rows if each.status == "succeeded"}
    files = sorted((settings.inbox_dir / "done").glob("*"))
    held = locks(database)
    database.close()
    return {
        "windows done": len(done),
        "runs taken over": sum(each.token - 1 for each in rows),
        "chains and hours overtaken": sum(each.status == "failed" and not each.failures for each in rows),
        "windows missing": len(planned - done),
        "runs failed": sum(bool(each.failures) for each in rows),
        "runs still running": sum(each.status == "running" for each in rows),
        "notices still claimed": claimed,
        "notices dead": notices[NoticeState.DEAD],
        "files read twice": sum(each.stem.count(".") for each in files),
        "locks left": held,
    }


def locks(database: Database) -> int:
    """Advisory locks and open transactions of others on PostgreSQL; whether SQLite can be written to at once."""
    if database.engine.dialect.name == "sqlite":
        with sqlite3.connect(str(database.engine.url.database), timeout=0, isolation_level=None) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return 1
        return 0
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    with database.read() as connection:
        idle = text(f"SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%' AND {others}")  # noqa: S608
        held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        return int(connection.execute(idle).scalar_one()) + int(connection.execute(held).scalar_one())


def wall() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
