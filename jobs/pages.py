"""What lies in files of the data directory: pages that quote complaints, and the inbox's originals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from feedback.errors import SourceError
from feedback.scrub import searchable, without_quotes_of
from feedback.sources import FieldMapping, RawRecord, read
from feedback.store import erasures
from jobs.context import Context

Written = TypeVar("Written")

QUOTING = ("digests/*/*.html", "digests/*/*.md", "reports/*.html", "topic_models/*/report.html")
"""Where pages are that quote complaints."""

KEPT_ORIGINALS = ("done", "failed")
"""Folders of the inbox with files that were taken in, and that could not be read."""


def scrub_pages(context: Context, texts: Iterable[str]) -> int:
    """Take the quotes of some complaints out of all pages; how many held any."""
    wanted = searchable(texts)
    return sum(_scrub(page, wanted) for page in pages(context)) if wanted else 0


def beside_erasures(context: Context, write: Callable[[], Written]) -> Written:
    """Write pages; again where a customer was erased meanwhile, so that none quotes what is gone."""
    while True:
        before = _erasures(context)
        written = write()
        if _erasures(context) == before:
            return written


def _erasures(context: Context) -> object:
    with context.database.read() as connection:
        return erasures.state(connection)


def pages(context: Context) -> list[Path]:
    """The pages that quote complaints."""
    return sorted(path for pattern in QUOTING for path in context.settings.data_dir.glob(pattern))


def originals(context: Context) -> list[Path]:
    """The files that were put into the inbox and are done with."""
    folders = (context.settings.inbox_dir / name for name in KEPT_ORIGINALS)
    return sorted(path for folder in folders for path in folder.glob("*") if path.is_file())


def drop_old_originals(context: Context, now: datetime, days: int) -> int:
    """Delete the originals that were last changed so many days ago; how many."""
    until = (now - timedelta(days=days)).timestamp()
    return _delete(path for path in originals(context) if path.stat().st_mtime < until)


def drop_originals_of(context: Context, is_theirs: Callable[[Mapping[str, object]], bool], key: str | None) -> int:
    """Delete the originals with a record of a customer: all that could be read of them is in the database. One that
    cannot be read goes where it holds the customer's `key`. How many."""
    return _delete(path for path in originals(context) if _holds(path, is_theirs, key))


def _holds(path: Path, is_theirs: Callable[[Mapping[str, object]], bool], key: str | None) -> bool:
    try:
        records = list(read(path, FieldMapping()))
    except SourceError:
        records = []
    if any(isinstance(each, RawRecord) and is_theirs(each.fields) for each in records):
        return True
    return key is not None and len(key) >= 4 and key.encode() in path.read_bytes()


def _delete(paths: Iterable[Path]) -> int:
    found = list(paths)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _scrub(page: Path, wanted: str) -> bool:
    before = page.read_text("utf-8")
    after = without_quotes_of(before, wanted)
    if after != before:
        fresh = page.with_name(f".{page.name}.new")
        fresh.write_text(after, "utf-8")
        fresh.replace(page)
    return after != before
