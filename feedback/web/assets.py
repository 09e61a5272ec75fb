"""What browsers load beside the pages, each file under a name that changes with its content."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from feedback.api.problems import ProblemError

PATH = "/static/"
FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    media_type: str
    etag: str


def address(name: str) -> str:
    """Where the file of that name in `static/` is found. KeyError when there is none."""
    return PATH + _addresses()[name]


@router.get(PATH + "{name}")
def asset(request: Request, name: str) -> Response:
    """A file, which never changes under this name."""
    found = _assets().get(name)
    if found is None:
        raise ProblemError(404, "not-found", "There is no such file.")
    headers = {**FOR_GOOD, "ETag": found.etag, "X-Content-Type-Options": "nosniff"}
    if request.headers.get("If-None-Match") == found.etag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


@cache
def _assets() -> Mapping[str, Asset]:
    """By the name with the hash."""
    return {hashed: _read(name) for name, hashed in _addresses().items()}


@cache
def _addresses() -> Mapping[str, str]:
    """The name with the hash, by the file's own."""
    names = [each.name for each in _folder().iterdir() if each.name.endswith((".js", ".css", ".svg"))]
    return {name: _hashed(name) for name in names}


def _hashed(name: str) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{_digest(name)}.{ending}"


def _read(name: str) -> Asset:
    media_type, _ = mimetypes.guess_type(name)
    return Asset(_folder().joinpath(name).read_bytes(), media_type or "application/octet-stream", f'"{_digest(name)}"')


def _digest(name: str) -> str:
    return hashlib.sha256(_folder().joinpath(name).read_bytes()).hexdigest()[:16]


_folder = cache(lambda: files("feedback.web") / "static")
