"""Tables of the command line."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from jobs.show import show


def test_a_heading_is_never_broken_within_a_word() -> None:
    told = StringIO()
    row = dict.fromkeys(("one", "two", "three", "four"), "some words that are long enough to fill a narrow window")
    columns = {"one": "Messages, customers, texts", "two": "Acknowledged", "three": "Where", "four": "Expected"}
    show(Console(file=told, width=50), [row], columns, as_json=False, empty="")
    words = told.getvalue().split()
    assert {"Messages,", "customers,", "texts", "Acknowledged", "Where", "Expected"} <= set(words)
