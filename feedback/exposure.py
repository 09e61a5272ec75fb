"""Exposure: what complaints are in proportion to, day by day, as the operator knows it (players, payouts, deposits)."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from feedback.errors import SourceError

DAY = ("day", "date")
"""What the column with the day may be called."""

LEAST, MOST = 1e-9, 1e15
"""Of what is not zero; beyond, it is a slip and no count of anything."""

OVERDUE, GIVEN_UP = 7, 28
"""After so many days without a number somebody is told; and after so many the column no longer serves."""

DELIMITERS = ";\t|,"

_TWO_WAYS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
"""Of a file whose numbers may have decimal commas, 1.012 is a thousand to a German and one to whoever else wrote it."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """`value` of the column `name` on the operator's `day`: zero, or from LEAST to MOST."""

    name: str
    day: date
    value: float


@dataclass(frozen=True, slots=True)
class EndedExposure:
    """A column of which nothing has been told since `last_day`; when `given_up`, complaints are held against all others
    again."""

    name: str
    last_day: date
    given_up: bool


@dataclass(frozen=True, slots=True)
class Unusable:
    """What could not be read, with the line it stands in."""

    line: int
    reason: str


def ended(name: str, last_day: date, today: date) -> EndedExposure | None:
    """The column, if by `today` its numbers have stopped coming: a week's are missing, and today's never is."""
    missing = (today - last_day).days - 1
    return EndedExposure(name, last_day, missing >= GIVEN_UP) if missing >= OVERDUE else None


def read_exposure(path: Path) -> Iterator[Exposure | Unusable]:
    """The numbers in a CSV file with a header or, by its ending, a JSON Lines file; one column has the day.

    Empty cells are passed over. A day that a column has more than once has no number: the last of them would pass for
    the sum. Raises SourceError when the file cannot be read or has no column of days.
    """
    found = list(_read(path))
    times = Counter((each.name, each.day) for _, each in found if isinstance(each, Exposure))
    for line, each in found:
        if isinstance(each, Exposure) and times[each.name, each.day] > 1:
            yield Unusable(line, f"{each.name} of {each.day} stands here more than once; write one number a day.")
        else:
            yield each


def _read(path: Path) -> Iterator[tuple[int, Exposure | Unusable]]:
    """What stands in each line."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}.") from None
    rows = _json_lines(text) if path.suffix in {".jsonl", ".ndjson"} else _csv(text, path)
    for line, row in rows:
        if isinstance(row, str):
            yield line, Unusable(line, row)
        else:
            yield from ((line, each) for each in _exposures(line, row))


def _csv(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter, restkey="", restval="")
    names = {name.strip().casefold() for name in reader.fieldnames or ()}
    if not names & set(DAY):
        raise SourceError(f"{path} has no column 'day'; its first line must name the columns, such as day,players.")
    for row in reader:
        cells = {name.strip(): str(value).strip() for name, value in row.items() if name}
        yield reader.line_num, cells if delimiter == "," else _with_points(cells)


def _with_points(cells: Mapping[str, str]) -> Mapping[str, str] | str:
    """The cells with decimal points for decimal commas; why not, where a point may part thousands as well."""
    for name, value in cells.items():
        if _TWO_WAYS.fullmatch(value):
            return f"{name} is {value!r}: write {value.replace('.', '')}, or {value.replace('.', ',')} for a fraction."
    return {name: value if "." in value else value.replace(",", ".") for name, value in cells.items()}


def _json_lines(text: str) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    for line, told in enumerate(text.splitlines(), 1):
        if told.strip():
            try:
                row = json.loads(told)
            except ValueError:
                row = None
            good = isinstance(row, dict)
            yield line, {name: _cell(value) for name, value in row.items()} if good else "This is no JSON object."


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _exposures(line: int, row: Mapping[str, str]) -> Iterator[Exposure | Unusable]:
    told = next((value for name, value in row.items() if name.casefold() in DAY), "")
    try:
        day = date.fromisoformat(told)
    except ValueError:
        yield Unusable(line, f"{told!r} is no day; write it as 2026-03-14.")
        return
    for name, value in row.items():
        if name.casefold() not in DAY and value:
            number = _number(value)
            if number is None:
                yield Unusable(line, f"{name} is {value!r}, not a number from 0 on.")
            else:
                yield Exposure(name, day, number)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number == 0 or LEAST <= number <= MOST else None
