"""Bytes of a file, gzipped or not, as numbered lines of bounded size."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from feedback.errors import SourceError
from feedback.sources.records import UnreadableRecord, shape

BLOCK = 1 << 16
RECORD_LIMIT = 4 << 20
"""Bytes of one record. A longer one is refused without ever being held in memory."""

_HEAD = 800
_ASCII = '{"a": 1};\t\r\n'
_GZIP = b"\x1f\x8b"
_WIDE_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class _DamageError(Exception):
    """The bytes end, or stop making sense, before the file says so."""


class LineError(Exception):
    """A line cannot be turned into text. Its arguments: the reason's code and the sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its line end. When `reason` is set it is not whole, and `data` only its beginning."""

    number: int
    data: bytes
    reason: str | None = None
    detail: str = ""

    @property
    def is_blank(self) -> bool:
        return self.reason is None and not self.data.strip()

    def unreadable(self, reason: str, detail: str) -> UnreadableRecord:
        return UnreadableRecord(self.number, reason, detail, shape(self.data[:_HEAD].decode("utf-8", "replace")))


@dataclass(frozen=True, slots=True)
class Stream:
    """The lines of a file and the encoding that each of them is in."""

    lines: Iterator[Line]
    encoding: str

    def text(self, line: Line) -> str:
        """Raises LineError when the line is not whole, not in the encoding, or holds NUL bytes."""
        if line.reason is not None:
            raise LineError(line.reason, line.detail)
        if b"\0" in line.data:
            raise LineError("nul_bytes", "The line holds NUL bytes: damaged, not text, or UTF-16 without its mark.")
        try:
            return line.data.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise LineError("encoding", _not_in(self.encoding, error)) from None


def _not_in(encoding: str, error: UnicodeDecodeError) -> str:
    return (
        f"Byte {error.start + 1} of the line is not {encoding.upper()}. "
        "If the whole file is in another encoding, name it (for example --encoding windows-1252)."
    )


def open_stream(path: Path, encoding: str = "utf-8") -> Stream:
    """Opens a file, plain or gzipped by its content, not its name.

    UTF-16 and UTF-32 are recognised by their byte order mark; anything else is taken to be `encoding`. Raises
    SourceError when there is nothing to read: no file, a directory, no permission, an archive, no bytes, an encoding
    Python does not know.
    """
    _check_encoding(encoding)
    if path.is_dir():
        raise SourceError(f"{path} is a directory; name the files in it, for example {path}/*.jsonl.gz.")
    blocks = _blocks(path)
    first = _first(blocks, path)
    if first.startswith(b"PK\x03\x04"):
        raise SourceError(f"{path} is a ZIP archive or an Excel workbook; unpack it, or export it as CSV (UTF-8).")
    blocks = chain([first], blocks)
    if first.startswith(_GZIP):
        blocks = _inflated(blocks)
        first = _first(blocks, path)
        blocks = chain([first], blocks)
    return _decoded(first, blocks, encoding)


def _check_encoding(encoding: str) -> None:
    try:
        _ASCII.encode(encoding)
    except (LookupError, ValueError):
        raise SourceError(
            f"There is no text encoding {encoding!r}; utf-8, windows-1252 and iso-8859-2 are usual."
        ) from None


def _decoded(first: bytes, blocks: Iterator[bytes], encoding: str) -> Stream:
    wide = next((name for mark, name in _WIDE_MARKS.items() if first.startswith(mark)), None)
    if wide is None and _keeps_ascii(encoding):
        if first.startswith(codecs.BOM_UTF8):
            blocks = chain([first.removeprefix(codecs.BOM_UTF8)], _rest(blocks))
        return Stream(lines(blocks), encoding)
    return Stream(lines(_transcoded(blocks, wide or encoding)), "utf-8")


def _rest(blocks: Iterator[bytes]) -> Iterator[bytes]:
    next(blocks)
    return blocks


def _keeps_ascii(encoding: str) -> bool:
    return _ASCII.encode(encoding) == _ASCII.encode("ascii")


def _transcoded(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    # A lone surrogate stands for what could not be decoded: it does not encode to UTF-8 proper, so that exactly the
    # lines which hold one are refused later on.
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for block in blocks:
        yield decoder.decode(block).replace("\ufffd", "\udcff").encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).replace("\ufffd", "\udcff").encode("utf-8", "surrogatepass")


def _first(blocks: Iterator[bytes], path: Path) -> bytes:
    try:
        return next(blocks)
    except StopIteration:
        raise SourceError(f"{path} is empty.") from None
    except _DamageError as damage:
        raise SourceError(f"Nothing can be read from {path}: {damage}") from None


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}.") from None
    with file:
        while block := _block(file.read):
            yield block


def _block(read: object) -> bytes:
    assert callable(read)
    try:
        block = read(BLOCK)
    except OSError as error:
        raise _DamageError(f"reading stopped ({error.strerror}).") from None
    assert isinstance(block, bytes)
    return block


def _inflated(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompresses, several members after one another too, a bounded piece at a time."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        for block in blocks:
            data = block
            while data:
                if inflater.eof:
                    data = data.lstrip(b"\0")  # tape padding between or after members
                    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16) if data else inflater
                if piece := inflater.decompress(data, BLOCK):
                    yield piece
                data = inflater.unconsumed_tail or inflater.unused_data
        if piece := inflater.flush():
            yield piece
    except zlib.error:
        raise _DamageError("the gzip data is damaged from here on; fetch the file again.") from None
    if not inflater.eof:
        raise _DamageError("the gzip file ends too early; it was cut off, fetch it again.")


def lines(blocks: Iterable[bytes], limit: int = RECORD_LIMIT) -> Iterator[Line]:
    """Splits blocks into lines of at most `limit` bytes; what is longer comes cut, with the reason `too_long`.

    Bytes that end in damage end in a line with the reason `truncated`; all whole lines before it come as they are.
    """
    splitter = _Splitter(limit)
    try:
        for block in blocks:
            yield from splitter.feed(block)
    except _DamageError as damage:
        yield Line(splitter.number, splitter.rest[:_HEAD], "truncated", f"Here {damage}")
        return
    if splitter.rest:
        yield splitter.line(splitter.rest)


class _Splitter:
    def __init__(self, limit: int) -> None:
        self.number = 1
        self.rest = b""
        self._limit = limit
        self._dropped = 0

    def feed(self, block: bytes) -> Iterator[Line]:
        *whole, self.rest = (self.rest + block).split(b"\n")
        for data in whole:
            yield self.line(data + b"\n")
        if len(self.rest) > self._limit:
            self._dropped += len(self.rest) - _HEAD
            self.rest = self.rest[:_HEAD]

    def line(self, data: bytes) -> Line:
        number, size = self.number, len(data) + self._dropped
        self.number, self._dropped = number + 1, 0
        if size <= self._limit:
            return Line(number, data)
        return Line(number, data[:_HEAD], "too_long", f"The line has {size:,} bytes; at most {self._limit:,} are read.")
