"""Opens a file of complaints and tells by its content how it is to be read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from feedback.errors import SourceError
from feedback.sources.csv import read_csv
from feedback.sources.json_lines import read_json_lines
from feedback.sources.mapping import FieldMapping
from feedback.sources.records import RawRecord, UnreadableRecord
from feedback.sources.stream import Line, Stream, open_stream


def read(
    path: Path, mapping: FieldMapping | None = None, encoding: str = "utf-8"
) -> Iterator[RawRecord | UnreadableRecord]:
    """The records of a file: JSON Lines or CSV, plain or gzipped, told apart by content, read as a stream.

    Memory does not grow with the file. A line that cannot be read comes as an UnreadableRecord and reading goes on;
    a truncated file yields everything up to the cut and then one such record. Raises SourceError, at the call and
    not later, when nothing can be read at all.
    """
    stream = open_stream(path, encoding)
    mapping = mapping or FieldMapping()
    skipped, first = _first_line(stream)
    stream = Stream(chain(skipped, stream.lines), stream.encoding)
    if first is None:
        raise SourceError(f"{path} holds nothing but blank lines.")
    start = first.data.strip()
    if start.startswith(b"[") or start == b"{":
        raise SourceError(f"{path} is one JSON document, not one object a line; convert it with: jq -c '.[]'.")
    if start.startswith(b"{"):
        return read_json_lines(stream, mapping)
    return read_csv(stream, mapping, path)


def _first_line(stream: Stream) -> tuple[list[Line], Line | None]:
    """The first line that is not blank, and it again to be put before the others: the blank ones keep no use."""
    for line in stream.lines:
        if not line.is_blank:
            return [line], line
    return [], None
