"""Write the weekly digest of each owner, as Markdown with pictures and as one HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from feedback.digest import Digest, file_stem, iso_week, pictures, render_html, render_markdown, week_span
from feedback.errors import FeedbackError, SettingError
from feedback.language import Language, language_of
from feedback.series import day_of
from jobs.context import Context
from jobs.deliver import run as deliver
from jobs.notices import write_digest_notices
from jobs.pages import beside_erasures
from jobs.week import gather


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Write the digests of the last ISO week that is over as of `now`."""
    week = last_week(context, now)
    written = write(context, week, now)
    return {"week": week, "digests": len(written), "notices": write_digest_notices(context, week, now)}


def last_week(context: Context, now: datetime) -> str:
    """The last ISO week that ended by `now`, in the operator's time zone."""
    today = day_of(now, context.settings.zone)
    return iso_week(today - timedelta(days=7))


def write(context: Context, week: str, now: datetime, language: str = "") -> list[Path]:
    """Write the week's digests as known at `now`, one for all and one for each owner; the HTML files.

    Each is in its reader's language, or all are in `language`.

    SettingError when `week` is not a week such as 2026-W46 or has not begun, or there is no such `language`.
    """
    if week_span(week, context.settings.zone).start >= now:
        raise SettingError(f"The week {week} has not begun; the last that is over is {last_week(context, now)}.")
    asked_for = language_of(language) if language else None
    return beside_erasures(context, lambda: _write_all(context, week, now, asked_for))


def send(context: Context, week: str, now: datetime) -> Mapping[str, Any]:
    """Mail the week's digests to those who take them, each once however often it is asked for; how many notices were
    written, and what became of all that waited.

    FeedbackError while nobody is to be told, and for a week that is not over: it would not be told of again.
    """
    if context.parts.channels is None:
        raise FeedbackError("The setting 'channels' names no file, so nothing is sent.")
    if week_span(week, context.settings.zone).end > now:
        raise FeedbackError(f"The week {week} is not over; its digest is sent once, when it is.")
    return {"written": write_digest_notices(context, week, now), **deliver(context, now)}


def _write_all(context: Context, week: str, now: datetime, asked_for: Language | None) -> list[Path]:
    gathered = gather(context, week, now)
    folder = context.settings.data_dir / "digests" / week
    folder.mkdir(parents=True, exist_ok=True)
    digests = [gathered.digest(owner) for owner in (None, *gathered.owners)]
    return [_write(folder, each, asked_for or _read_by(context, each.owner)) for each in digests]


def _read_by(context: Context, owner: str) -> Language:
    """The language that an owner reads."""
    channels = context.parts.channels
    return Language((channels.language(owner) if channels else None) or context.settings.reader_language)


def _write(folder: Path, digest: Digest, to: Language) -> Path:
    stem = file_stem(digest)
    for name, png in pictures(digest, to).items():
        _put(folder / name, png)
    _put(folder / f"{stem}.md", render_markdown(digest, to).encode())
    page = folder / f"{stem}.html"
    _put(page, render_html(digest, to=to).encode())
    return page


def _put(path: Path, content: bytes) -> None:
    """In one step: a reader never sees half a file."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.replace(path)
