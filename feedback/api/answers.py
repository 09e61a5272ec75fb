"""Answers that hold until what they follow from changes: kept as bytes, and known to the caller by their ETag."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable

from fastapi import Request, Response
from pydantic import BaseModel

from feedback.api.once import Once

KEPT = 512
"""So many answers are kept, those last asked for: some 30 MB at most where every one holds a dozen alerts."""


class Answer(Response):
    """One of `Answers`; 304 without content."""

    media_type = "application/json"

    def __init__(self, content: bytes | None, etag: str) -> None:
        super().__init__(content, 304 if content is None else 200, {"ETag": etag})
        self.etag = etag


class Answers:
    """What was answered of late. One for all threads of a process; nothing in it is written down."""

    def __init__(self, most: int = KEPT) -> None:
        self._kept: Once[bytes] = Once(most)

    def answer(self, request: Request, follows_from: Hashable, make: Callable[[], BaseModel]) -> Answer:
        """What `make` gives, or gave for the same request when it followed from the same; 304 where the caller has it.

        `follows_from` has a `repr` that tells one from another, the same in every process.
        """
        etag = _etag(request, follows_from)
        kept = self.again(request, etag)
        return kept or Answer(self._kept.get(etag, lambda: make().model_dump_json().encode()), etag)

    def again(self, request: Request, etag: str) -> Answer | None:
        """The answer of that ETag, if it is still kept; 304 where the caller has it."""
        if is_known(request, etag):
            return Answer(None, etag)
        content = self._kept.find(etag)
        return None if content is None else Answer(content, etag)


def is_known(request: Request, etag: str) -> bool:
    """Whether the caller has what the ETag stands for (RFC 9110, 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    return given == "*" or etag in [each.strip().removeprefix("W/") for each in given.split(",")]


def etag_of(content: bytes) -> str:
    """The ETag of an answer by what it says."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _etag(request: Request, follows_from: Hashable) -> str:
    asked = (request.app.version, request.url.path, sorted(request.query_params.multi_items()))
    return etag_of(repr((asked, follows_from)).encode())
