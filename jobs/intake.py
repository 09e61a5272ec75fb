"""Take in files that somebody put into the watched folder."""

from __future__ import annotations

import logging
import stat
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from feedback.errors import SourceError
from feedback.inbox import DONE, FAILED, is_put_away
from feedback.ingest import ingest_file
from feedback.sources.writers import is_being_written
from feedback.store.complaints import Counts
from jobs.context import Context

SETTLED_SECONDS = 5.0
"""A file that changed less long ago may still be being written."""

UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", ".swp")

log = logging.getLogger(__name__)


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Ingest each finished file of the inbox, then move it to `done/`, or to `failed/` when nothing can be read.

    The claim of the run is the claim to the folder: one worker reads at a time, and one that has lost its run writes
    nothing more, not even the rest of a file it is at. The source is the name of the folder's subfolder that holds the
    file, else `inbox`. A run that is killed or stopped reads the file again, which changes nothing. What lies in the
    inbox came in by now, even where the run is about an earlier window: only what is later than both is in the future.
    """
    total, files = Counts(), 0
    for path in waiting(context.settings.inbox_dir, context.wall()):
        with suppress(FileNotFoundError):  # somebody has taken it away
            if is_being_written(path):
                log.info("%s is still being written: it waits", path.name, extra={"event": "file_waits"})
                continue
            total += _take(context, path, max(now, context.wall()))
            files += 1
    return {"files": files, "accepted": total.accepted, "updated": total.updated, "rejected": total.rejected}


def waiting(inbox: Path, wall: datetime) -> list[Path]:
    """The files that are ready to be read, by name. The folder is made if it isn't there."""
    inbox.mkdir(parents=True, exist_ok=True)
    return sorted(path for path in (*inbox.glob("*"), *inbox.glob("*/*")) if _is_ready(path, inbox, wall))


def _is_ready(path: Path, inbox: Path, wall: datetime) -> bool:
    if path.name.startswith(".") or path.suffix in UNFINISHED or is_put_away(path, inbox):
        return False
    try:
        found = path.stat()
    except OSError:  # somebody has taken it away, or it is a link to nowhere
        return False
    return stat.S_ISREG(found.st_mode) and wall.timestamp() - found.st_mtime >= SETTLED_SECONDS


def _take(context: Context, path: Path, now: datetime) -> Counts:
    inbox = context.settings.inbox_dir
    source = "inbox" if path.parent == inbox else path.parent.name
    before = _changed(path)
    try:
        counts, folder = _read(context, path, source, now), DONE
    except SourceError as error:
        log.warning("%s cannot be read: %s", path.name, error, extra={"event": "file_failed"})
        counts, folder = Counts(), FAILED
    with context.write():
        pass  # is it still ours to put away
    if _changed(path) == before and not is_being_written(path):  # else it is read again, from the beginning
        _move(path, inbox / folder)
    return counts


def _read(context: Context, path: Path, source: str, now: datetime) -> Counts:
    mapping, encoding = context.settings.inbox_mapping(source), context.settings.inbox_encoding_of(source)
    return ingest_file(context, context.parts.intake, path, source, mapping, now, encoding=encoding)


def _changed(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _move(path: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}.{number}{path.suffix}"
    path.rename(target)
