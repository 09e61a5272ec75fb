"""What commands print: tables for people, JSON for programs, from the same rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

Rows = Sequence[Mapping[str, Any]]


def show(console: Console, rows: Rows, columns: Mapping[str, str], *, as_json: bool, empty: str) -> None:
    """Print `rows` as a table of `columns` (field to heading), or all their fields as a JSON array."""
    if as_json:
        write_json(console, list(rows))
    elif not rows:
        console.print(empty, markup=False, highlight=False)
    else:
        console.print(_table(rows, columns))


def write_json(console: Console, value: object) -> None:
    """Print one JSON document; times as ISO 8601."""
    console.file.write(json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")


def write_csv(console: Console, rows: Rows) -> None:
    """Print rows of the same fields as CSV with a heading; nothing where there are none."""
    if rows:
        writer = csv.DictWriter(console.file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def say(console: Console, sentence: str) -> None:
    """Print a sentence as it is: complaints and names may hold what looks like mark-up."""
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _table(rows: Rows, columns: Mapping[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for field, heading in columns.items():
        numeric = all(isinstance(row.get(field), int | float | None) for row in rows)
        whole = max(map(len, heading.split()), default=0)  # a heading is never broken within a word
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold", min_width=whole)
    for row in rows:
        table.add_row(*(Text(_cell(row.get(field))) for field in columns))
    return table


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"
    return str(value)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
