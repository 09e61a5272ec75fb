"""`/digests`: the weekly reports as they were written, and `/digests/{week}/{name}`: one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse
from markupsafe import Markup

from feedback.api.principal import Seeing
from feedback.api.problems import ProblemError
from feedback.digest import owner_slug, week_span
from feedback.settings import Settings
from feedback.store.alerts import alert_rows
from feedback.store.sight import Sight
from feedback.web.visit import Reading, Visit

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

router = APIRouter(prefix="/digests", include_in_schema=False)

EVERYBODY = owner_slug("everybody")
NAME = re.compile(r"[0-9]{4}-W[0-9]{2}-[a-z0-9-]{1,60}")
"""What a digest's file is called before the dot; pictures have a number behind it."""


@dataclass(frozen=True, slots=True)
class Written:
    """A digest's file; `owner` is the part of its name that stands for whom it was written."""

    week: str
    owner: str
    path: Path

    @property
    def address(self) -> str:
        return f"/digests/{self.week}/{self.path.stem}"

    @property
    def title(self) -> str:
        """Its first line."""
        with self.path.open(encoding="utf-8") as text:
            return text.readline().lstrip("# ").strip()


@router.get("")
def digests(visit: Reading, sight: Seeing) -> HTMLResponse:
    """All digests that who looks may read, the latest week first."""
    found = sorted(_digests(visit.service.settings, sight), key=lambda each: (each.week, each.owner != EVERYBODY))
    weeks = {week: list(each) for week, each in groupby(reversed(found), key=lambda each: each.week)}
    return visit.page("digests.html.j2", weeks={week: list(reversed(each)) for week, each in weeks.items()})


@router.get("/{week}/{name}.png")
def picture(visit: Reading, sight: Seeing, week: str, name: str) -> FileResponse:
    """A picture of a digest."""
    stem = name.rpartition("-")[0]
    _found(visit, sight, week, stem)
    path = _folder(visit.service.settings) / week / f"{name}.png"
    if not NAME.fullmatch(name) or not path.is_file():
        raise ProblemError(404, "unknown-picture", "There is no such picture.")
    return FileResponse(path, media_type="image/png")


@router.get("/{week}/{name}")
def digest(visit: Reading, sight: Seeing, week: str, name: str) -> HTMLResponse:
    """A digest, with the alerts of its week to go on to."""
    found = _found(visit, sight, week, name)
    span = week_span(week, visit.service.settings.zone)
    with visit.service.database.read() as connection:
        alerts = [row for row in alert_rows(connection, active=span) if sight.alert(row)]
    text = Markup(_rendered(found.path.read_text("utf-8")))  # nosec B704  # noqa: S704 - HTML in it is escaped
    return visit.page("digest.html.j2", title=found.title, week=week, text=text, alerts=alerts)


def _found(visit: Visit, sight: Sight, week: str, name: str) -> Written:
    mine: Mapping[str, Written] = {
        each.address: each for each in _digests(visit.service.settings, sight) if each.week == week
    }
    if f"/digests/{week}/{name}" not in mine:
        raise ProblemError(404, "unknown-digest", "There is no such digest.")
    return mine[f"/digests/{week}/{name}"]


def _digests(settings: Settings, sight: Sight) -> Iterator[Written]:
    """Those that `sight` lets see: everybody's and each owner's, or one owner's."""
    only = owner_slug(sight.owner) if sight.owner else None
    for path in _paths(settings):
        week, owner = path.parent.name, path.stem.removeprefix(f"{path.parent.name}-")
        if NAME.fullmatch(path.stem) and only in (None, owner):
            yield Written(week, owner, path)


def _paths(settings: Settings) -> Sequence[Path]:
    return sorted(_folder(settings).glob("*/*.md"))


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "digests"


def _rendered(text: str) -> str:
    """The Markdown as HTML. What is aligned gets a class: the Content-Security-Policy lets no style stand in it."""
    reader = _markdown()
    tokens = reader.parse(text)
    for token in tokens:
        if token.attrs.pop("style", "") == "text-align:right":
            token.attrs["class"] = "number"
    return str(reader.renderer.render(tokens, reader.options, {}))


@cache
def _markdown() -> MarkdownIt:
    """Reads what `feedback.digest` writes; HTML in it is shown as text."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")
