"""`GET /v1/digests`: the weekly reports as they were written, and one of them as HTML, Markdown or JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from feedback.api.models import SEALED
from feedback.api.pages import PageQuery, cursor_of, read_cursor
from feedback.api.principal import Seeing
from feedback.api.problems import ProblemError, documented
from feedback.api.service import Given
from feedback.digest import owner_slug
from feedback.settings import Settings
from feedback.store.sight import Sight

router = APIRouter(prefix="/v1/digests", tags=["digests"])

NAME = re.compile(r"[0-9]{4}-W[0-9]{2}-[a-z0-9-]{1,60}")
"""What a digest's file is called before the dot; pictures have a number behind it."""

_EXAMPLE: dict[str, Any] = {
    "week": "2026-W10",
    "name": "2026-W10-promotions-1a2b3c4d5e6f",
    "title": "Week 2026-W10 for promotions",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A digest's file in Markdown, with the same as HTML beside it; `owner` is the part of its name that stands for
    whom it was written."""

    week: str
    owner: str
    path: Path

    @property
    def title(self) -> str:
        """Its first line."""
        with self.path.open(encoding="utf-8") as text:
            return text.readline().lstrip("# ").strip()


class Digest(BaseModel):
    """A weekly report to an owner, or to everybody."""

    week: str = Field(description="The ISO week.")
    name: str = Field(description="What it is called.")
    title: str


class DigestText(Digest):
    """A digest with its text."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "text": "# Week 2026-W10 …"}]})

    text: str = Field(description="The whole of it in Markdown.")


class Digests(BaseModel):
    """One page of digests, the latest week first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE], "next_cursor": None}]})

    items: list[Digest]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


class FormatQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "html", "markdown"] = Field("json", description="As what to send it.")


@router.get(
    "",
    summary="List digests",
    responses={200: {"description": "A page of digests."}, **documented(401, 403, 422, 500, 503)},
)
def list_digests(service: Given, sight: Seeing, query: Annotated[PageQuery, Query()]) -> Digests:
    """The reports that the caller may read: one's own, or all."""
    last = read_cursor(query.cursor, str)[0] if query.cursor else None
    written = sorted(digests_of(service.settings, sight), key=lambda each: each.path.stem, reverse=True)
    found = [each for each in written if last is None or each.path.stem < last]
    items = [Digest(week=each.week, name=each.path.stem, title=each.title) for each in found[: query.limit]]
    return Digests(items=items, next_cursor=cursor_of(items[-1].name) if len(found) > query.limit else None)


@router.get(
    "/{week}/{name}",
    summary="Read a digest",
    response_model=DigestText,
    responses={
        200: {
            "description": "The digest.",
            "content": {each: {"schema": {"type": "string"}} for each in ("text/html", "text/markdown")},
        },
        **documented(401, 403, 404, 422, 500, 503),
    },
)
def read_digest(
    service: Given, sight: Seeing, week: str, name: str, query: Annotated[FormatQuery, Query()]
) -> Response:
    """As it was sent: a page that loads nothing from elsewhere, Markdown, or Markdown within JSON."""
    found = digest_of(service.settings, sight, week, name)
    if query.format == "html":
        return Response(found.path.with_suffix(".html").read_bytes(), media_type="text/html", headers=SEALED)
    if query.format == "markdown":
        return Response(found.path.read_bytes(), media_type="text/markdown")
    told = DigestText(week=week, name=name, title=found.title, text=found.path.read_text("utf-8"))
    return Response(told.model_dump_json(), media_type="application/json")


def digest_of(settings: Settings, sight: Sight, week: str, name: str) -> Written:
    """A digest by its week and name; a problem (404) where `sight` sees none."""
    for each in digests_of(settings, sight):
        if (each.week, each.path.stem) == (week, name):
            return each
    raise ProblemError(404, "unknown-digest", "There is no such digest.")


def digests_of(settings: Settings, sight: Sight) -> Iterator[Written]:
    """Those that `sight` lets see: everybody's and each owner's, or one owner's."""
    only = owner_slug(sight.owner) if sight.owner else None
    for path in sorted(folder(settings).glob("*/*.md")):
        week, owner = path.parent.name, path.stem.removeprefix(f"{path.parent.name}-")
        if NAME.fullmatch(path.stem) and only in (None, owner):
            yield Written(week, owner, path)


def folder(settings: Settings) -> Path:
    """Where digests are kept, by week."""
    return settings.data_dir / "digests"
