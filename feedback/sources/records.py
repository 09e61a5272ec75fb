"""What a source yields: records that could be read, and those that could not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SHAPE_LENGTH = 200
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as it came: `fields` under the names of a complaint's fields, `attributes` a mapping among them.

    `line` counts from 1 and is where the record begins.
    """

    line: int
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """A line out of which no fields could be had.

    `reason` is a short code: `bad_json`, `encoding`, `nul_bytes`, `too_long`, `wrong_cells`, `open_quote`,
    `truncated`. `shape` is the beginning of the line with every letter and digit masked: nobody knows which of its
    parts were personal.
    """

    line: int
    reason: str
    detail: str
    shape: str


def shape(text: str) -> str:
    """The first characters of `text`, letters as `x` and digits as `9`: enough to see what is wrong with a line."""
    return _DIGIT.sub("9", _LETTER.sub("x", _CONTROL.sub(" ", text[:SHAPE_LENGTH].strip())))
