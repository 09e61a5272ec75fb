"""The `feedback` command."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_command

from feedback.errors import FeedbackError, SourceError
from feedback.phrases import amount
from feedback.settings import FILE_VARIABLE, LOOPBACK, Settings, commented_file, hash_key, load_settings, settings_file
from jobs.accounts_cli import accounts
from jobs.alerts_cli import alerts
from jobs.audit import noted
from jobs.audit_cli import audit
from jobs.backtest_cli import backtest
from jobs.backup_cli import backup, restore
from jobs.bootstrap import build_context
from jobs.console import MINUTES, Json, err, moment_at, open_context, out, wall
from jobs.context import Context
from jobs.doctor_cli import doctor
from jobs.events_cli import events
from jobs.exposure_cli import exposure
from jobs.faq_cli import faq
from jobs.fixes_cli import fixes
from jobs.keys_cli import keys
from jobs.kpi_cli import kpi
from jobs.models_cli import figures, models
from jobs.notices_cli import dead_words, notices
from jobs.owners_cli import owners
from jobs.privacy_cli import privacy
from jobs.progress import progress_on
from jobs.report_cli import report
from jobs.show import say, show, write_json
from jobs.topics_cli import topics

if TYPE_CHECKING:
    from feedback.store.complaints import Counts
    from jobs.up import ServiceClock

app = typer.Typer(
    help="Reads complaints in five languages, groups them into lasting topics and says when one rises beyond chance.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
rejected = typer.Typer(help="Records that could not become complaints.", no_args_is_help=True)
app.add_typer(rejected, name="rejected")
app.add_typer(accounts, name="accounts")
app.add_typer(keys, name="keys")
app.add_typer(alerts, name="alerts")
app.add_typer(topics, name="topics")
app.add_typer(owners, name="owners")
app.add_typer(models, name="models")
app.add_typer(events, name="events")
app.add_typer(exposure, name="exposure")
app.add_typer(report, name="report")
app.add_typer(fixes, name="fixes")
app.add_typer(faq, name="faq")
app.add_typer(notices, name="notices")
app.add_typer(privacy, name="privacy")
app.command()(backtest)
app.command()(kpi)
app.command()(audit)
app.command()(doctor)
app.command()(backup)
app.command()(restore)


def commands() -> Any:
    """All commands; those that change something note it in the audit log when they are done."""
    command = get_command(app)
    for path, leaf in leaves(command):
        leaf.callback = noted(path, leaf.callback)
    return command


def leaves(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The commands without commands of their own, with their names in full: "keys add"."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, each in below.items():
        yield from leaves(each, f"{path} {name}".strip())


def main() -> None:
    """Run a command; a mistake that the user can mend is one sentence and exit code 1."""
    try:
        commands()(standalone_mode=True)
    except FeedbackError as error:
        say(err, str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        say(err, "Stopped. What was finished is kept; the same command goes on from there.")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


@app.callback()
def settings_from(
    config: Annotated[Path | None, typer.Option(help="Settings file; feedback.toml here is the default.")] = None,
) -> None:
    if config:
        os.environ[FILE_VARIABLE] = str(config)


@app.command()
def init() -> None:
    """Write a commented feedback.toml if there is none, and create the database or bring it to the newest schema."""
    path = settings_file()
    if path.exists():
        say(out, f"{path} is there already and stays as it is.")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(commented_file(), "utf-8")
        say(out, f"Wrote {path}; every setting is explained in it.")
    settings = load_settings()
    hash_key(settings.data_dir)
    context = build_context(settings, progress_on(err), wall, create=True)
    context.database.close()
    say(out, f"The database is ready: {context.database.engine.url.render_as_string(hide_password=True)}")


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files of JSON Lines or CSV, plain or gzipped.")],
    source: Annotated[
        str, typer.Option(help="Where they come from; with the source id it names a complaint.")
    ] = "file",
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN[+COLUMN]", help="Which column is which field; may be repeated."),
    ] = None,
    encoding: Annotated[str, typer.Option(help="What the files are written in, such as windows-1252.")] = "utf-8",
    as_json: Json = False,
) -> None:
    """Read complaints from files. A file read twice changes nothing; bad records are kept, see `feedback rejected`."""
    from feedback.ingest import ingest_file
    from feedback.sources import FieldMapping
    from feedback.store.complaints import Counts

    columns = FieldMapping.parse(mapping or [])
    context = open_context()
    database, intake = context.database, context.parts.intake
    total, failed = Counts(), 0
    for path in paths:
        try:
            with context.progress.task(f"Reading {path.name}", None) as advance:
                total += ingest_file(database, intake, path, source, columns, wall(), advance, encoding)
        except SourceError as error:
            say(err, str(error))
            failed += 1
    _tell_counts(total, context, as_json=as_json)
    if failed:
        raise typer.Exit(1)


@rejected.command("list")
def rejected_list(
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50, as_json: Json = False
) -> None:
    """Show records that could not become complaints, with the place and the reason."""
    from feedback.store.complaints import rejected_records

    context = open_context()
    with context.database.read() as connection:
        rows = [row._asdict() for row in rejected_records(connection, limit)]
    columns = {"source": "Source", "place": "Place", "line": "Line", "reason": "Reason", "detail": "Why"}
    show(out, rows, columns, as_json=as_json, empty="No record is waiting to be mended.")


@rejected.command("retry")
def rejected_retry(as_json: Json = False) -> None:
    """Take rejected records in again, after a setting was mended."""
    from feedback.ingest import retry_rejected

    context = open_context()
    _tell_counts(retry_rejected(context.database, context.parts.intake, wall()), context, as_json=as_json)


@app.command("run")
def run_job(
    job: Annotated[
        str,
        typer.Argument(
            help="intake, embed, assign, births, count, retrain, outage, detect, outcome, retain, digest or deliver."
        ),
    ],
    at: Annotated[
        datetime | None,
        typer.Option(formats=MINUTES, help="As of when, in the operator's zone; now if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run one job as of a moment; it sees only complaints received before."""
    from feedback.store.runs import result_of
    from jobs.run import execute, job_named, others
    from jobs.service import NEWS

    job_named(job)
    context = open_context()
    moment = moment_at(context, at)
    ran = execute(replace(context, telling=wall() - moment <= NEWS), job, moment)
    if not ran and (busy := others(context, job, moment)):
        raise FeedbackError(f"{busy[0]} is at work, and {job} must not run beside it. Try again when it is done.")
    with context.database.read() as connection:
        result = result_of(connection, job, moment)
    if as_json:
        write_json(out, {"job": job, "at": moment, "ran": ran, "result": result})
    else:
        told = ", ".join(f"{name} {value}" for name, value in (result or {}).items())
        say(out, f"{job} as of {moment:%Y-%m-%d %H:%M} UTC {'is done' if ran else 'was done before'}: {told}")


@app.command()
def retrain(
    at: Annotated[
        datetime | None,
        typer.Option(formats=MINUTES, help="As of when, in the operator's zone; now if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a candidate from the history. Nothing changes for anyone until `feedback models publish`."""
    from jobs.candidate import train_candidate
    from jobs.compare import report_candidate
    from jobs.published import published

    context = open_context()
    current, now = published(context), moment_at(context, at)
    version = train_candidate(context, current, now)
    report = report_candidate(context, current, version, now)
    if as_json:
        write_json(out, {"version": version.id, "metrics": version.metrics, "report": report})
        return
    say(out, f"Trained the candidate {str(version.id)[:8]}: " + figures(version.metrics))
    if report:
        say(out, f"What it changes, as a page: {report}")
    say(
        out,
        f"`feedback models compare` shows what it changes, `feedback models publish {str(version.id)[:8]}` does it.",
    )


@app.command("replay")
def replay_history(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")],
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Forget all topics, alerts and digests first; complaints stay.")
    ] = False,
    publish: Annotated[
        bool, typer.Option(help="Publish trained topic models that meet the conditions: no analyst was there then.")
    ] = True,
) -> None:
    """Run the whole schedule over history, as of each moment. Killed, the same command goes on where it stopped."""
    from jobs.replay import replay

    context = open_context(publish_automatically=publish)
    _read_files(context)
    done = replay(context, first.date(), last.date(), from_scratch=from_scratch)
    say(out, f"{done:,} runs. Seconds by job, over all runs:")
    show(out, _job_rows(context), {"job": "Job", "runs": "Runs", "seconds": "Seconds"}, as_json=False, empty="None.")
    say(out, "`feedback alerts` shows what was raised, `feedback topics` the topics, var/digests the weekly digests.")


@app.command()
def explain(
    alert: Annotated[str, typer.Argument(help="An alert's id, or its beginning as `feedback alerts` shows it.")],
    as_json: Json = False,
) -> None:
    """Say why there is an alert: what was expected and why, what was left out, and where the threshold comes from."""
    from feedback.explanation import as_dict
    from jobs.explain import explain_alert, tell

    found = explain_alert(open_context(), alert)
    if as_json:
        write_json(out, as_dict(found))
    else:
        tell(out, found)


@app.command()
def status(as_json: Json = False) -> None:
    """Show what is stored, which topic model is in force, and how the jobs have gone."""
    from jobs.status import facts

    context = open_context()
    found = facts(context, wall())
    if as_json:
        write_json(out, {**found, "jobs": _job_rows(context)})
        return
    for name, value in found.items():
        told = ", ".join(value) if isinstance(value, list) else value
        say(out, f"{name.replace('_', ' ')}: {told if told not in (None, '') else '–'}")
    columns = {"job": "Job", "runs": "Runs", "failed": "Failed", "seconds": "Seconds", "last": "Last window (UTC)"}
    show(out, _job_rows(context), columns, as_json=False, empty="No job has run yet.")
    if found["dead_notices"]:
        say(err, dead_words(found["dead_notices"]))


@app.command()
def digest(
    week: Annotated[
        str | None, typer.Option(help="ISO week such as 2026-W46; the last that is over if left out.")
    ] = None,
    language: Annotated[
        str, typer.Option(help="All of them in one language: en, de, pl, nb or fi. Left out, each in its reader's.")
    ] = "",
    send: Annotated[
        bool, typer.Option("--send", help="Mail them too, each in its reader's language, to mailboxes of their owners.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the weekly digest of each owner, as Markdown and as self-contained HTML."""
    from jobs.digest import last_week, write
    from jobs.digest import send as send_digests

    context = open_context()
    now = wall()
    week = week or last_week(context, now)
    sent = send_digests(context, week, now) if send else {}
    written = write(context, week, now, language)
    if as_json:
        write_json(out, [str(path) for path in written])
        return
    for path in written:
        say(out, str(path))
    if send:
        say(out, _sent_words(week, sent))


def _sent_words(week: str, sent: Mapping[str, Any]) -> str:
    if not sent["written"]:
        return f"Nobody is told anew: the digests of {week} went out before, or no mailbox takes one."
    told = f"{amount(sent['written'], 'digest')} went into the outbox; of what waited there {sent['sent']:,} were sent"
    wait = f", {sent['pending']:,} are tried again by the worker" if sent["pending"] else ""
    return f"{told}{wait}." + (f" {dead_words(sent['dead'])}" if sent["dead"] else "")


StartAt = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="For trials: let the service believe it is the beginning of this day."),
]
Speed = Annotated[float, typer.Option(help="For trials: how many times faster its time runs.", min=1.0)]


Host = Annotated[
    str, typer.Option(help="The address to listen on; only loopback until there is an administrator's account.")
]
Port = Annotated[
    int | None, typer.Option(help="The port to listen on; the setting 'port' if left out.", min=0, max=65535)
]


@app.command()
def up(host: Host = LOOPBACK, port: Port = None, start_at: StartAt = None, speed: Speed = 1.0) -> None:
    """Run the service on this machine: the schedule, API and pages, until SIGTERM or Ctrl-C."""
    from jobs.up import up as run_service

    settings, clock = _service(start_at, speed)
    run_service(_at_port(settings, port), clock, host)


@app.command()
def worker(start_at: StartAt = None, speed: Speed = 1.0) -> None:
    """Run the schedule alone, until SIGTERM or Ctrl-C. On one PostgreSQL there may be any number, on any machines."""
    from jobs.up import alone, run_schedule

    alone(run_schedule, *_service(start_at, speed))


@app.command()
def serve(host: Host = LOOPBACK, port: Port = None, start_at: StartAt = None, speed: Speed = 1.0) -> None:
    """Run API and pages alone, until SIGTERM or Ctrl-C. What they take in, a worker works off."""
    from jobs.up import alone, run_api

    settings, clock = _service(start_at, speed)
    alone(partial(run_api, host=host), _at_port(settings, port), clock)


def _at_port(settings: Settings, port: int | None) -> Settings:
    return settings if port is None else settings.model_copy(update={"port": port})


def _service(start_at: datetime | None, speed: float) -> tuple[Settings, ServiceClock]:
    """The settings and the time of a service that is about to start."""
    from jobs.bootstrap import log_to
    from jobs.up import ServiceClock

    log_to()
    context = open_context()
    _read_files(context)
    context.database.close()
    zone, now = context.settings.zone, wall()
    start = start_at.replace(tzinfo=zone).astimezone(UTC) if start_at else now
    return context.settings, ServiceClock(wall, now, start, speed)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Another seed invents another half year.")] = 7, as_json: Json = False
) -> None:
    """Invent half a year of a casino's complaints with three planted rises, replay it, and show what was found."""
    from jobs.demo.stage import clear, stage
    from jobs.demo.tell import tell
    from jobs.demo.visitor import NAME, let_in

    settings = demo_settings()
    clear(settings.data_dir)
    context = build_context(settings, progress_on(err), wall, create=True)
    staged = stage(context, seed)
    if as_json:
        write_json(out, staged.score.as_dict())
        return
    tell(out, staged)
    password = let_in(context, wall())
    say(out, f"\nThe dashboard: `make serve`, then http://127.0.0.1:{settings.port}")
    say(out, f"Sign in as {NAME} with the password {password} (each `make serve` makes and shows a new one).")


@app.command("demo-serve")
def demo_serve(port: Port = None) -> None:
    """Open the demonstration's dashboard, as of its last day: schedule and web, on loopback, until Ctrl-C."""
    from jobs.bootstrap import log_to
    from jobs.demo.visitor import last_moment, welcome
    from jobs.up import ServiceClock
    from jobs.up import up as run_service

    settings, now = demo_settings(), wall()
    context = build_context(settings, progress_on(err), wall)
    start = last_moment(context, now)
    context.database.close()
    log_to(level=logging.WARNING)
    on_ready = partial(welcome, settings, now, start.astimezone(settings.zone).date())
    run_service(_at_port(settings, port), ServiceClock(wall, now, start), on_ready=on_ready)


def demo_settings() -> Settings:
    """The demonstration keeps to its own folder and the defaults, whatever feedback.toml says; no analyst is there."""
    own = {"data_dir": Path("var/demo"), "time_zone": "Europe/Berlin"}
    return Settings(**{**_defaults(), **own, "publish_automatically": True, "publish_least_kept": 0.5})


def _defaults() -> dict[str, Any]:
    return {name: info.default for name, info in Settings.model_fields.items()}


def _read_files(context: Context) -> None:
    """Read the files that settings name: one that cannot be used stops the start, not the first alert."""
    _ = context.parts.pinned, context.parts.owned, context.parts.finder, context.parts.channels


def _tell_counts(total: Counts, context: Context, *, as_json: bool) -> None:
    tally = context.parts.intake.tally
    if as_json:
        write_json(out, {**asdict(total), "naive_dates": tally.naive_dates, "cut_texts": tally.cut_texts})
        return
    say(
        out,
        f"{total.accepted:,} accepted, {total.updated:,} updated, {total.unchanged:,} unchanged, "
        f"{total.rejected:,} rejected.",
    )
    if tally.naive_dates:
        say(out, f"{tally.naive_dates:,} dates carried no time zone and were read as {context.settings.time_zone}.")
    if tally.cut_texts:
        say(out, f"{tally.cut_texts:,} texts were longer than is kept; their end was cut off.")
    if total.rejected:
        say(out, "`feedback rejected list` shows the rejected records with the reason for each.")


def _job_rows(context: Context) -> list[dict[str, Any]]:
    from feedback.store.runs import seconds_by_job

    with context.database.read() as connection:
        return [row._asdict() for row in seconds_by_job(connection)]
