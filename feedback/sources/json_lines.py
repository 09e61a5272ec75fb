"""JSON Lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from feedback.sources.mapping import FieldMapping
from feedback.sources.records import RawRecord, UnreadableRecord
from feedback.sources.stream import Line, LineError, Stream


def read_json_lines(stream: Stream, mapping: FieldMapping) -> Iterator[RawRecord | UnreadableRecord]:
    """Blank lines are no records; every other line yields exactly one."""
    for line in stream.lines:
        if not line.is_blank:
            yield _record(line, stream, mapping)


def _record(line: Line, stream: Stream, mapping: FieldMapping) -> RawRecord | UnreadableRecord:
    try:
        return RawRecord(line.number, mapping.fields(_parsed(stream.text(line))))
    except LineError as error:
        return line.unreadable(error.reason, error.detail)


def _parsed(text: str) -> dict[str, object]:
    try:
        value = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise LineError("bad_json", f"The line is not JSON: {error.msg} at column {error.colno}.") from None
    except (ValueError, RecursionError):
        raise LineError("bad_json", "The line holds a number too long or objects nested too deeply to read.") from None
    if not isinstance(value, dict):
        raise LineError("bad_json", f"The line is a JSON {_KINDS[type(value)]}, not an object with fields.")
    return value


def _no_number(_: str) -> None:
    """NaN and Infinity, which JSON does not have, count as missing."""


_KINDS: dict[type, str] = {
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    bool: "truth value",
    type(None): "null",
}
