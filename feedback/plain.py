"""Text for a mail without HTML: lines of bounded width, and tables whose columns stand under one another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from textwrap import wrap

from feedback.language import NBSP

WIDTH = 72
"""Columns: mails are quoted with a few more before each line, and terminals and mail programs show eighty."""

GAP = "  "

NARROWEST = 9
"""A table's column is not made narrower than this."""


def filled(text: object, first: str = "", rest: str = "") -> str:
    """The text in lines of `WIDTH` at most, `first` before the first and `rest` before the others; nothing is torn, so
    an address that is longer has a line of its own."""
    return _as_typed("\n".join(_lines(str(text), WIDTH, first, rest)))


def underlined(text: object, mark: str) -> str:
    """A heading with a line of marks below it."""
    told = filled(text)
    return f"{told}\n{mark * max(map(len, told.splitlines()), default=0)}"


def unbroken(parts: Sequence[str]) -> str:
    """Parts that may stand below one another, but are not torn themselves."""
    return " ".join(each.replace(" ", NBSP) for each in parts)


def table(rows: Sequence[Sequence[str]], numbers: bool = False) -> str:
    """Rows of cells, the first the heading, in columns that fit into `WIDTH`; cells that are longer are broken into
    lines. All but the first column end on their right where they are `numbers`."""
    widths = _widths(rows)
    head, *body = (_row(each, widths, numbers=numbers) for each in rows)
    return _as_typed("\n".join([head, "-" * (sum(widths) + len(GAP) * (len(widths) - 1)), *body]))


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """As wide as its longest cell; the widest give way until all fit."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [max([NARROWEST, *(len(word) for cell in column for word in cell.split(" "))]) for column in columns]
    while sum(widths) + len(GAP) * (len(widths) - 1) > WIDTH:
        room = [place for place, width in enumerate(widths) if width > min(least[place], WIDTH // 2)]
        if not room:
            break
        widths[max(room, key=lambda place: widths[place])] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], *, numbers: bool) -> str:
    broken = [_lines(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for parts in zip_longest(*broken, fillvalue=""):
        first, *others = zip(parts, widths, strict=True)
        set_right = [part.rjust(width) if numbers else part.ljust(width) for part, width in others]
        lines.append(GAP.join([first[0].ljust(first[1]), *set_right]).rstrip())
    return "\n".join(lines)


def _lines(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    return wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def _as_typed(text: str) -> str:
    """Spaces that do not break have done their work once the lines are made."""
    return text.replace(NBSP, " ")
