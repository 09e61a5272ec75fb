"""Examines the set-up: what is as it should be, what is worth knowing, and what must be mended, and how."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from feedback.errors import FeedbackError, SettingError, StoreError
from feedback.exposure import EndedExposure
from feedback.inbox import failed_files
from feedback.lag import LAG, is_late
from feedback.notify.outbox import NoticeState
from feedback.phrases import ended_words
from feedback.settings import LOOPBACK, Settings, load_settings
from feedback.store import nearest, notices, runs
from feedback.store.accounts import has_administrator
from feedback.store.complaints import count_complaints
from feedback.store.database import open_database
from jobs.backup import last_backup
from jobs.context import Parts
from jobs.exposure import ended_exposure
from jobs.overdue import LeftOut, left_out
from jobs.progress import Silent
from jobs.schedule import CHAIN
from models.encoder import is_ready

LEAST_FREE = 500_000_000
GOOD_FREE = 5_000_000_000
"""Bytes: below the first nothing may be left soon, below the second somebody should look."""

LEAST_POSTGRES = 140_000
"""As `server_version_num` has it; older ones get no more corrections."""

SKEW = timedelta(seconds=10)
"""Leases are prolonged by the workers' clocks and last minutes."""

BACKUP_AGE = timedelta(days=8)


class State(StrEnum):
    """How a finding stands."""

    OK = "ok"
    NOTE = "note"
    MEND = "mend"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what to do about it, empty where that is nothing."""

    check: str
    state: State
    found: str
    advice: str = ""


def examine(wall: Callable[[], datetime]) -> list[Finding]:
    """All findings; checks that need what is broken are left out."""
    try:
        settings = load_settings()
    except SettingError as error:
        return [Finding("settings", State.MEND, str(error), "Correct it; `feedback init` writes a file to start from.")]
    return [Finding("settings", State.OK, "can be read"), *_findings(settings, wall)]


def _findings(settings: Settings, wall: Callable[[], datetime]) -> Iterator[Finding]:
    yield data_dir(settings.data_dir)
    yield disk_space(_free(settings.data_dir))
    yield hash_key(settings.data_dir / "hash.key")
    yield time_zone(settings.time_zone, chosen="time_zone" in settings.model_fields_set)
    yield encoder(settings.encoder, settings.data_dir)
    yield from files(settings)
    yield unread(failed_files(settings.inbox_dir))
    yield port(settings.port)
    yield backup(last_backup(settings.data_dir), wall())
    yield from _of_database(settings, wall)


def data_dir(folder: Path) -> Finding:
    """Whether files can be made in `folder`."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding("data_dir", State.OK, f"{folder} can be written")
    except FileNotFoundError:
        return Finding("data_dir", State.MEND, f"there is no folder {folder}", "`feedback init` makes it.")
    except OSError as error:
        advice = "Give it to the user that the service runs as, or choose another with the setting 'data_dir'."
        return Finding("data_dir", State.MEND, f"{folder} cannot be written: {error.strerror}", advice)


def disk_space(free: int) -> Finding:
    """Whether `free` bytes are enough."""
    found = f"{free / 1e9:.1f} GB free"
    if free >= GOOD_FREE:
        return Finding("disk space", State.OK, found)
    state = State.NOTE if free >= LEAST_FREE else State.MEND
    return Finding("disk space", state, found, "Make room: a full disk stops everything.")


def hash_key(path: Path) -> Finding:
    """Whether the key that customer numbers are hashed with is there, whole, and nobody else's to read."""
    if not path.exists():
        advice = (
            "`feedback init` makes one. Where there are complaints, restore theirs: by a new one all are strangers."
        )
        return Finding("hash.key", State.NOTE, "is not there", advice)
    found = path.stat()
    if found.st_size != 32:
        return Finding("hash.key", State.MEND, f"holds {found.st_size} bytes, 32 are right", "Restore it: a new one "
                       "would make every customer a stranger.")  # fmt: skip
    if found.st_mode & 0o077:
        mode = f"others may read it (mode {found.st_mode & 0o777:o})"
        return Finding("hash.key", State.MEND, mode, f"chmod 600 {path}")
    return Finding("hash.key", State.OK, "is whole, and its user's alone")


def time_zone(name: str, *, chosen: bool) -> Finding:
    """Whether somebody has said when a day begins."""
    if chosen:
        return Finding("time zone", State.OK, name)
    return Finding(
        "time zone", State.NOTE, f"{name}, by default", "Set 'time_zone' to where the operator's day begins."
    )


def encoder(setting: str, folder: Path) -> Finding:
    """Whether texts can become vectors."""
    try:
        if is_ready(setting, folder):
            return Finding("encoder", State.OK, f"{setting} is ready")
    except FeedbackError as error:
        return Finding("encoder", State.MEND, str(error), "Mend what it says, or choose another by 'encoder'.")
    return Finding("encoder", State.NOTE, "has yet to be converted", "The first run does it: seconds, and 90 MB.")


def files(settings: Settings) -> Iterator[Finding]:
    """Whether the files that settings name can be used, with the variables they ask for."""
    parts = Parts(settings, Silent())
    yield _file("taxonomy", settings.taxonomy, lambda: (parts.pinned, parts.owned))
    yield _file("entities", settings.entities, lambda: parts.finder)
    if settings.channels:
        yield _file("channels", settings.channels, lambda: parts.channels)
    else:
        yield Finding("channels", State.NOTE, "nobody is told of anything", "Name a file by the setting 'channels'.")


def _file(name: str, setting: str, read: Callable[[], object]) -> Finding:
    try:
        read()
    except FeedbackError as error:
        return Finding(name, State.MEND, str(error), f"Correct the file, or the setting {name!r}.")
    return Finding(name, State.OK, f"{setting} can be read")


def unread(number: int) -> Finding:
    """Files of the inbox in which nothing could be read."""
    if not number:
        return Finding("inbox", State.OK, "every file could be read")
    advice = (
        "The worker's log (file_failed) says why. Name their columns by 'inbox_map' or their encoding by "
        "'inbox_encoding', then move them from inbox/failed back into the folder of their source."
    )
    return Finding("inbox", State.MEND, f"{number} files could not be read", advice)


def port(number: int) -> Finding:
    """Whether the API could listen on this port of 127.0.0.1, or does."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, number))
        except PermissionError:
            advice = "Choose one above 1023 by the setting 'port'."
            return Finding("port", State.MEND, f"{number} is not for this user", advice)
        except OSError:
            return _taken(number)
    return Finding("port", State.OK, f"{number} is free")


def _taken(number: int) -> Finding:
    if _is_ours(number):
        return Finding("port", State.OK, f"{number} is answered by this service")
    return Finding("port", State.MEND, f"{number} is taken by another program", "Choose another by the setting 'port'.")


def _is_ours(number: int) -> bool:
    connection = HTTPConnection(LOOPBACK, number, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer = json.loads(connection.getresponse().read(100_000))
        return isinstance(answer, dict) and ("schema" in answer or "feedback-trends" in str(answer.get("type")))
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()


def backup(taken: datetime | None, now: datetime) -> Finding:
    """Whether there is a backup that is young enough."""
    advice = "`feedback backup FILE` makes one; see the README for a timer."
    if taken is None:
        return Finding("backup", State.NOTE, "none was made with `feedback backup`", advice)
    found = f"the last is of {taken:%Y-%m-%d %H:%M} UTC"
    return (
        Finding("backup", State.NOTE, found, advice) if now - taken > BACKUP_AGE else Finding("backup", State.OK, found)
    )


def _of_database(settings: Settings, wall: Callable[[], datetime]) -> Iterator[Finding]:
    try:
        database = open_database(settings.url)
    except StoreError as error:
        yield Finding("database", State.MEND, str(error), "Do what it says; without it the service does not start.")
        return
    yield Finding("database", State.OK, "can be reached, and its schema is this release's")
    with database.read() as connection:
        if connection.dialect.name == "sqlite":
            yield privacy(Path(str(database.engine.url.database)))
            yield journal(str(connection.execute(text("PRAGMA journal_mode")).scalar_one()))
            yield integrity(list(connection.execute(text("PRAGMA quick_check(5)")).scalars()))
        else:
            yield postgres_version(int(connection.execute(text("SHOW server_version_num")).scalar_one()))
            yield search(able=nearest.is_there(connection))
            yield clock(connection.execute(text("SELECT clock_timestamp()")).scalar_one(), wall())
        yield https(settings.public_url, accounts=has_administrator(connection))
        yield from _of_runs(connection, settings, wall())
        yield dead_notices(notices.tally(connection)[NoticeState.DEAD])
    database.close()


def _of_runs(connection: Connection, settings: Settings, now: datetime) -> Iterator[Finding]:
    _, first, _ = count_complaints(connection)
    done = {each.job: each.window_start for each in runs.successes(connection)}
    for job in LAG:
        yield lag(job, done.get(job), first, now)
    yield given_up(list(runs.given_up(connection)), done, settings.zone)
    yield abandoned(len(runs.overdue(connection, now)))
    yield never_done(left_out(connection, settings, now))
    if settings.exposure:
        yield exposure(settings.exposure, ended_exposure(settings, connection, now))


def https(url: str, *, accounts: bool) -> Finding:
    """Whether cookies of people who sign in are sent encrypted alone."""
    if url.startswith("https://"):
        return Finding("https", State.OK, f"people come by {url}")
    if not accounts:
        return Finding("https", State.OK, "nobody has an administrator's account yet")
    advice = (
        "Well on loopback. Before others reach it, let a proxy bring TLS and set 'public_url' to its https:// address."
    )
    return Finding("https", State.NOTE, "passwords and cookies are sent unencrypted", advice)


def privacy(file: Path) -> Finding:
    """Whether others on this machine may read SQLite's file."""
    mode, folder = (each.stat().st_mode & 0o777 for each in (file, file.absolute().parent))
    if mode & 0o044 and folder & 0o011:
        found = f"others may read what customers wrote (mode {mode:o})"
        return Finding("database file", State.NOTE, found, f"chmod 700 {file.parent}, or chmod 600 {file}*")
    return Finding("database file", State.OK, "is its user's alone")


def journal(mode: str) -> Finding:
    """Whether SQLite lets readers read while something is written."""
    if mode == "wal":
        return Finding("journal", State.OK, "WAL")
    advice = "Move 'data_dir' to a local disk: WAL does not work on network file systems."
    return Finding("journal", State.MEND, f"{mode} instead of WAL", advice)


def integrity(told: Sequence[str]) -> Finding:
    """What SQLite's quick_check says: "ok", or what is damaged."""
    if list(told) == ["ok"]:
        return Finding("integrity", State.OK, "quick_check finds nothing")
    return Finding("integrity", State.MEND, "; ".join(told), "Stop the service and `feedback restore` a backup.")


def postgres_version(number: int) -> Finding:
    """Whether PostgreSQL is recent enough, by its `server_version_num`."""
    found = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number >= LEAST_POSTGRES:
        return Finding("version", State.OK, found)
    return Finding("version", State.MEND, found, f"Upgrade it to {LEAST_POSTGRES // 10_000} or later.")


def search(*, able: bool) -> Finding:
    """Whether PostgreSQL itself finds complaints that are alike."""
    if able:
        return Finding("search", State.OK, "by pgvector")
    advice = "Install pgvector 0.7 or later, have a superuser CREATE EXTENSION vector, then run `feedback init`."
    return Finding("search", State.NOTE, "similar complaints are looked for without pgvector, which is slower", advice)


def clock(theirs: datetime, ours: datetime) -> Finding:
    """Whether the database and this machine agree on the time."""
    apart = abs(theirs - ours)
    found = f"{apart.total_seconds():.1f} s between the database and this machine"
    if apart <= SKEW:
        return Finding("clock", State.OK, found)
    return Finding("clock", State.MEND, found, "Have both set by NTP: leases and windows go by these clocks.")


def lag(job: str, done: datetime | None, first: datetime | None, now: datetime) -> Finding:
    """How far a job is behind; before the first complaint, received at `first`, there is nothing to be late with."""
    late = is_late(job, done, first, now)
    if done is None and not late and (first is None or job not in CHAIN):
        return Finding(job, State.OK, "has not run yet")
    found = f"done up to {done:%Y-%m-%d %H:%M} UTC, {told_span(now - done)} ago" if done else "has never succeeded"
    if not late:
        return Finding(job, State.OK, found)
    advice = "Is `feedback up` or `feedback worker` running? Its log says what fails; `feedback run` tries by hand."
    return Finding(job, State.MEND, found, advice)


def told_span(span: timedelta) -> str:
    """A length of time in its largest unit."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def given_up(found: Sequence[tuple[str, datetime]], done: Mapping[str, datetime | None], zone: ZoneInfo) -> Finding:
    """Runs that failed so often that the schedule went on without them, but for those that a later one made up for."""
    left = [(window, job) for job, window in found if (last := done.get(job)) is None or window > last]
    if not left:
        return Finding("failed runs", State.OK, "none is left undone")
    window, job = max(left)
    told = f"{len(left)} given up, the last {job} of {window:%Y-%m-%d %H:%M} UTC"
    again = f"`feedback run {job} --at {window.astimezone(zone):%Y-%m-%dT%H:%M}` says why it fails; mend that."
    return Finding("failed runs", State.MEND, told, again)


def abandoned(number: int) -> Finding:
    """Runs whose holder is gone and that nobody has taken over."""
    if not number:
        return Finding("abandoned runs", State.OK, "none")
    advice = "A running worker takes them over by itself; start one."
    return Finding("abandoned runs", State.NOTE, f"{number} left by a worker that ended or hangs", advice)


def never_done(found: Sequence[LeftOut]) -> Finding:
    """Windows that were due while the service was down and are too old to be made up for."""
    if not found:
        return Finding("windows left out", State.OK, "none")
    told = "; ".join(
        f"{each.windows} of {each.job}, {each.within.start:%Y-%m-%d %H:%M} to {each.within.end:%Y-%m-%d %H:%M} UTC"
        for each in found
    )
    advice = (
        "They were older than 'catch_up_days' when the service came back, and stay so: what rose then opened no alert. "
        "`feedback digest --week` writes the report of such a week. After a longer pause raise the setting, or run "
        "`feedback replay` over it, before the first worker starts."
    )
    return Finding("windows left out", State.NOTE, told, advice)


def exposure(name: str, ended: EndedExposure | None) -> Finding:
    """Whether numbers of the column that complaints are held against still come."""
    if ended is None:
        return Finding("exposure", State.OK, name)
    advice = "`feedback exposure ingest FILE` takes in more; without the setting 'exposure' none are awaited."
    return Finding("exposure", State.NOTE, ended_words(ended), advice)


def dead_notices(number: int) -> Finding:
    """Messages that could not be delivered."""
    if not number:
        return Finding("dead notices", State.OK, "none")
    advice = "`feedback notices list --state dead` says why, `feedback notices retry --all` sends them again."
    return Finding("dead notices", State.MEND, f"{number} could not be delivered", advice)


def _free(folder: Path) -> int:
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free
