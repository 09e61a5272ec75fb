"""CSV with a header: comma, semicolon, tab or bar; quoted fields may run over several lines."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from feedback.errors import SourceError
from feedback.sources.mapping import FieldMapping, Layout
from feedback.sources.records import RawRecord, UnreadableRecord
from feedback.sources.stream import RECORD_LIMIT, Line, LineError, Stream

DELIMITERS = ",;\t|"
RECORD_LINES = 1_000
"""A record with more lines than this has lost its closing quote."""


class _Feed:
    """Hands lines to the csv reader and remembers those of the record at hand, so that they can be put back."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._put_back: deque[Line] = deque()
        self._size = 0
        self.taken: list[Line] = []
        self.ended = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= RECORD_LINES or self._size > RECORD_LIMIT:
            raise LineError("open_quote", "A quotation mark opens a field that does not close again.")
        line = self._put_back.popleft() if self._put_back else next(self._stream.lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        self._size += len(line.data)
        return self._stream.text(line)

    def begin(self) -> None:
        self.taken, self._size, self.ended = [], 0, False

    def put_back_all_but_first(self) -> None:
        self._put_back.extendleft(reversed(self.taken[1:]))


def read_csv(stream: Stream, mapping: FieldMapping, path: Path) -> Iterator[RawRecord | UnreadableRecord]:
    """Rows under the header, in order. `path` is for messages.

    A row that fails costs its first line only: the others are read again as rows of their own, so that one lost
    quotation mark does not swallow the good rows after it. Raises SourceError when the header does not serve.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 2 * RECORD_LIMIT))
    header, delimiter = _header(stream, path)
    layout = _layout(mapping, header, path)
    return _records(_Feed(stream), delimiter, layout)


def _header(stream: Stream, path: Path) -> tuple[list[str], str]:
    line = next((line for line in stream.lines if not line.is_blank), None)
    if line is None:
        raise SourceError(f"{path} holds nothing but blank lines.")
    try:
        text = stream.text(line).strip("\r\n")
    except LineError as error:
        raise SourceError(f"The header of {path} (line {line.number}) cannot be read. {error.detail}") from None
    if text.lower().startswith("sep=") and len(text) == 5:  # what Excel puts first to name its delimiter
        return _header(stream, path)
    delimiter = max(DELIMITERS, key=_outside_quotes(text).count)
    return _cells(text, delimiter, path), delimiter


def _cells(text: str, delimiter: str, path: Path) -> list[str]:
    try:
        row = next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise SourceError(f"The first line of {path} is no CSV header: {error}.") from None
    return [cell.strip() for cell in row]


def _outside_quotes(text: str) -> str:
    return "".join(text.split('"')[::2])


def _layout(mapping: FieldMapping, header: list[str], path: Path) -> Layout:
    layout = mapping.layout(header)
    if layout.absent or layout.missing:
        raise SourceError(_complaint_about(layout, header, path))
    return layout


def _complaint_about(layout: Layout, header: list[str], path: Path) -> str:
    found = ", ".join(name[:40] for name in header[:40] if name) or "none"
    if layout.absent:
        return f"{path} has no column {' and no column '.join(layout.absent)}. Its columns: {found}."
    example = " ".join(f"--map {field}=COLUMN" for field in layout.missing)
    return f"{path} has no column for {' and '.join(layout.missing)}. Its columns: {found}. Name them with {example}."


def _records(feed: _Feed, delimiter: str, layout: Layout) -> Iterator[RawRecord | UnreadableRecord]:
    reader = csv.reader(feed, delimiter=delimiter)
    while True:
        feed.begin()
        try:
            cells = next(reader)
            _check(cells, layout, feed)
        except StopIteration:
            return
        except csv.Error as error:
            yield _refused(feed, "wrong_cells", f"The row is not CSV: {error}.")
        except LineError as error:
            yield _refused(feed, error.reason, error.detail)
        else:
            if cells:
                yield RawRecord(feed.taken[0].number, layout.fields(cells))


def _check(cells: list[str], layout: Layout, feed: _Feed) -> None:
    if feed.ended:
        raise LineError("open_quote", "A quotation mark opens a field that does not close before the file ends.")
    if cells and len(cells) != layout.width:
        raise LineError("wrong_cells", f"The row has {len(cells):,} cells where the header has {layout.width}.")


def _refused(feed: _Feed, reason: str, detail: str) -> UnreadableRecord:
    feed.put_back_all_but_first()
    first, last = feed.taken[0], feed.taken[-1]
    if last is not first:
        detail = f"{detail} (The row runs from line {first.number} to {last.number}.)"
    return first.unreadable(reason, detail)
