"""The picture of a rise: small, the same every time, and able to draw every series a topic can have."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from feedback.chart import HEIGHT, WIDTH, Series, rise_chart
from feedback.language import LANGUAGES, Language

FIRST = date(2026, 9, 21)


def made(observed: Sequence[int], expected: float | None = 1.7) -> Series:
    days = tuple(FIRST + timedelta(days=place) for place in range(len(observed)))
    high = None if expected is None else expected * 2 + 1
    low = None if expected is None else 0.0
    return Series(days, tuple(observed), (expected,) * len(days), (low,) * len(days), (high,) * len(days))


RISE = made([2, 1, 3, 0, 2, 1, 1] * 7 + [3, 5, 8, 9, 7, 5, 4])
OPENED = FIRST + timedelta(days=52)


def chunks(png: bytes) -> list[bytes]:
    """The names of a PNG file's chunks."""
    names, place = [], 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        names.append(png[place + 4 : place + 8])
        place += 12 + length
    return names


def test_the_picture_is_small_and_twice_as_dense_as_it_is_shown() -> None:
    png = rise_chart(RISE, OPENED, (OPENED - timedelta(days=3), OPENED + timedelta(days=3)))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (2 * WIDTH, 2 * HEIGHT)
    assert len(png) < 25_000


def test_the_same_series_is_the_same_bytes_without_metadata() -> None:
    png = rise_chart(RISE, OPENED)
    assert rise_chart(RISE, OPENED) == png
    assert set(chunks(png)) <= {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"}


def test_a_users_matplotlib_settings_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib as mpl

    png = rise_chart(RISE, OPENED)
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30, "savefig.bbox": "tight"}):
        assert rise_chart(RISE, OPENED) == png
        assert mpl.rcParams["axes.facecolor"] == "black"


def test_what_it_is_told_changes_the_picture() -> None:
    week = (OPENED, OPENED + timedelta(days=2))
    distinct = {
        rise_chart(RISE),
        rise_chart(RISE, OPENED),
        rise_chart(RISE, OPENED, week),
        rise_chart(made(RISE.observed, 3.0)),
    }
    assert len(distinct) == 4


def test_an_opening_outside_the_series_is_not_marked() -> None:
    assert rise_chart(RISE, FIRST - timedelta(days=1)) == rise_chart(RISE)


@settings(max_examples=6, deadline=None)
@given(
    observed=st.lists(st.integers(0, 100_000), min_size=1, max_size=200),
    expected=st.one_of(st.none(), st.floats(0, 1e5), st.just(math.inf)),
)
def test_every_series_can_be_drawn(observed: list[int], expected: float | None) -> None:
    assert len(rise_chart(made(observed, expected), FIRST)) < 25_000


def test_nothing_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        rise_chart(made([]))


def test_parts_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        Series((FIRST,), (1, 2), (None,), (None,), (None,))


def test_every_language_has_its_own_picture() -> None:
    assert len({rise_chart(RISE, OPENED, to=Language(code)) for code in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("events", [(), ((FIRST, OPENED),)])
def test_what_is_written_above_the_picture_fits_into_it(code: str, events: tuple[tuple[date, date], ...]) -> None:
    drawn = Image.open(BytesIO(rise_chart(RISE, events=events, to=Language(code)))).convert("L")
    edge = drawn.crop((2 * WIDTH - 8, 0, 2 * WIDTH, 2 * HEIGHT // 8))
    assert edge.getextrema() == (255, 255)
