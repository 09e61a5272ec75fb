"""`/digests`: the weekly reports as they were written, and `/digests/{week}/{name}`: one of them."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse
from markupsafe import Markup

from feedback.api.digests import NAME, digest_of, digests_of, folder
from feedback.api.principal import Seeing
from feedback.api.problems import ProblemError
from feedback.digest import owner_slug, week_span
from feedback.store.alerts import alert_rows
from feedback.web.visit import Reading

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

router = APIRouter(prefix="/digests", include_in_schema=False)

EVERYBODY = owner_slug("everybody")


@router.get("")
def digests(visit: Reading, sight: Seeing) -> HTMLResponse:
    """All digests that who looks may read, the latest week first."""
    found = sorted(digests_of(visit.service.settings, sight), key=lambda each: (each.week, each.owner != EVERYBODY))
    weeks = {week: list(each) for week, each in groupby(reversed(found), key=lambda each: each.week)}
    return visit.page("digests.html.j2", weeks={week: list(reversed(each)) for week, each in weeks.items()})


@router.get("/{week}/{name}.png")
def picture(visit: Reading, sight: Seeing, week: str, name: str) -> FileResponse:
    """A picture of a digest."""
    stem = name.rpartition("-")[0]
    digest_of(visit.service.settings, sight, week, stem)
    path = folder(visit.service.settings) / week / f"{name}.png"
    if not NAME.fullmatch(name) or not path.is_file():
        raise ProblemError(404, "unknown-picture", "There is no such picture.")
    return FileResponse(path, media_type="image/png")


@router.get("/{week}/{name}")
def digest(visit: Reading, sight: Seeing, week: str, name: str) -> HTMLResponse:
    """A digest, with the alerts of its week to go on to."""
    found = digest_of(visit.service.settings, sight, week, name)
    span = week_span(week, visit.service.settings.zone)
    with visit.service.database.read() as connection:
        alerts = [row for row in alert_rows(connection, active=span) if sight.alert(row)]
    text = Markup(_rendered(found.path.read_text("utf-8")))  # nosec B704  # noqa: S704 - HTML in it is escaped
    return visit.page("digest.html.j2", title=found.title, week=week, text=text, alerts=alerts)


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
